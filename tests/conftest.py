"""Tests run one thread a process: more would be slower beside each other, and would change the last digits.

Pretrained encoders are stood in for by tiny ones with random weights, saved as published ones are.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from semlink import plugins

torch.set_num_threads(1)
hypothesis.settings.register_profile(  # a busy machine is slow, which is no failure
    "semlink", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("semlink")

START: pytest.StashKey[float] = pytest.StashKey()  # when this process began
TRAINING_TEXT = [
    "The sender encodes. A receiver decodes what the channel left, symbol by symbol.",
    "Noise is added to every symbol! Do not forget the sender; don't forget (the) channel.",
    "The quick brown fox jumps over the lazy dog, 0 1 2 3 4 5 6 7 8 9.",
]
VOCABULARY = 160
SMALL: dict[str, Any] = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
PICTURE: dict[str, Any] = {**SMALL, "hidden_size": 16, "image_size": 8, "patch_size": 2}
BERT: dict[str, Any] = {**SMALL, "hidden_size": 16, "vocab_size": VOCABULARY, "max_position_embeddings": 40}
T5: dict[str, Any] = {"vocab_size": VOCABULARY, "d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}
GPT: dict[str, Any] = {"vocab_size": VOCABULARY, "n_embd": 16, "n_layer": 1, "n_head": 2, "bos_token_id": 2}
MAE: dict[str, Any] = {"decoder_hidden_size": 16, "decoder_num_hidden_layers": 1, "decoder_num_attention_heads": 2}


def _bert_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(TRAINING_TEXT, trainer)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_truncation(6)  # as the files of sentence encoders have it
    tokenizer.enable_padding(length=8)
    return tokenizer


def _t5_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<pad>", "</s>", "<unk>", "<extra_id_0>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=120, special_tokens=special, unk_token="<unk>", show_progress=False, max_piece_length=8
    )
    tokenizer.train_from_iterator(TRAINING_TEXT, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return tokenizer


def _roberta_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TRAINING_TEXT, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def _network(name: str) -> Any:
    match name:
        case "bert":
            return transformers.BertForMaskedLM(transformers.BertConfig(**BERT))
        case "roberta":
            return transformers.RobertaModel(transformers.RobertaConfig(**{**BERT, "vocab_size": 400}))
        case "t5":
            return transformers.T5Model(transformers.T5Config(**T5))
        case "gpt2":
            return transformers.GPT2Model(transformers.GPT2Config(**GPT, eos_token_id=2))
        case "vit":
            return transformers.ViTForImageClassification(transformers.ViTConfig(**PICTURE))
        case "vit_mae":
            return transformers.ViTMAEForPreTraining(transformers.ViTMAEConfig(**PICTURE, **MAE))
    raise KeyError(name)


@pytest.fixture(scope="session")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives a folder with a tiny encoder: bert, roberta, t5, gpt2, vit or vit_mae. Tests leave it as it is."""
    made: dict[str, Path] = {}
    tokenizers = {"bert": _bert_tokenizer, "t5": _t5_tokenizer, "roberta": _roberta_tokenizer}

    def give(name: str) -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp("pretrained") / f"tiny-{name}"
            with torch.random.fork_rng():
                torch.manual_seed(len(name))
                _network(name).save_pretrained(made[name])
            if name in tokenizers:
                tokenizers[name]().save(str(made[name] / "tokenizer.json"))
        return made[name]

    return give


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seconds", type=float, help="leave out the tests that would start later than this")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[START] = time.monotonic()


def pytest_runtest_setup(item: pytest.Item) -> None:
    seconds = item.config.getoption("--seconds")
    if seconds is not None and time.monotonic() - item.config.stash[START] > seconds:
        pytest.skip(f"no time: {seconds:g} s were over")


@pytest.fixture(autouse=True)
def plugins_end_with_their_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test registers, or finds installed, is gone after it."""
    monkeypatch.setattr(plugins, "_LOADED", plugins.Loaded())
    before = {kind: registry.added() for kind, registry in plugins.registries()}
    yield
    for kind, registry in plugins.registries():
        registry._added = dict(before.get(kind, {}))
        registry._loaded = {name: registry._loaded[name] for name in registry.own() if name in registry._loaded}
        registry._installed, registry._told = None, set()
