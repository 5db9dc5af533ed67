"""Codecs on pretrained encoders: what goes in is what comes out of the encoder, and nothing else is needed later."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from semlink.channels.awgn import Awgn
from semlink.codecs.building import new_codec, new_codec_like
from semlink.codecs.bundle import _manifest, load_bundle, save_bundle
from semlink.codecs.image.configuration import ImageCodecConfig
from semlink.codecs.image.model import ImageCodec
from semlink.codecs.pretrained import load_pretrained
from semlink.errors import BundleError, CodecError, WrongField
from semlink.seeding import generator_for
from semlink.simulator.sources.contract import Record
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.scu.bounded import ScuBounded
from semlink.unlearning.methods.scu.scu import Scu

SENTENCES = ["The sender encodes.", "Noise is added, symbol by symbol!", "Don't forget the quick fox."] * 4
WIDTH = {"d_model": 16, "heads": 2, "feed_forward": 32, "decoder_layers": 1}
TEXT, IMAGE = ("bert", "roberta", "t5"), ("vit", "vit_mae")
Make = Callable[..., Any]


def pictures(height: int = 8, width: int = 8) -> list[Any]:
    return list(np.random.default_rng(0).integers(0, 256, (12, height, width), dtype=np.uint8))


def payloads(name: str) -> list[Any]:
    return SENTENCES if name in TEXT else pictures()


@pytest.fixture
def make(pretrained: Callable[[str], Path]) -> Make:
    """Makes a codec on one of the tiny encoders, or on one in a folder."""

    def codec(name: str, folder: Path | None = None, seed: int = 0, **fields: Any) -> Any:
        kind = {"symbols_per_token": 3, "max_length": 36} if name in TEXT else {"bandwidth_ratio": 0.5}
        backbone = {"backbone": str(folder or pretrained(name))}
        data = fields.pop("payloads", payloads(name))
        return new_codec("text" if name in TEXT else "image", {**WIDTH, **kind, **backbone, **fields}, data, seed)

    return codec


def learn(codec: Any, data: list[Any], steps: int = 12) -> tuple[float, float]:
    """Losses before and after some steps over a clean channel."""
    batch, channel = codec.prepare(data), Awgn()
    optimiser = torch.optim.AdamW(codec.parameters(), lr=3e-3)
    losses = []
    for _ in range(steps):
        loss = codec.loss(batch, channel(codec.encode(batch), 20.0, generator_for("noise"))).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses[0], losses[-1]


@pytest.mark.parametrize("name", ["bert", "roberta", "t5"])
def test_text_backbone_gives_the_features_of_the_published_model(
    make: Make, pretrained: Callable[[str], Path], name: str
) -> None:
    """A batch of ours, padded and without special symbols, against one sentence at a time through transformers."""
    codec = make(name)
    backbone = codec.semantic_encoder
    batch = codec.prepare(SENTENCES[:3])
    features = backbone(batch.ids, batch.mask)
    published = transformers.AutoModelForTextEncoding.from_pretrained(pretrained(name)).eval()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(pretrained(name) / "tokenizer.json"))
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    for row, sentence in enumerate(SENTENCES[:3]):
        encoded = tokenizer.backend_tokenizer.encode(sentence)
        inner = [place for place, special in enumerate(encoded.special_tokens_mask) if not special]
        expected = backbone.adapt(published(torch.tensor([encoded.ids])).last_hidden_state[0, inner])
        torch.testing.assert_close(features[row, : len(inner)], expected, atol=1e-5, rtol=1e-4)
        assert int(batch.mask[row].sum()) == len(inner)


@pytest.mark.parametrize("name", ["vit", "vit_mae"])
def test_image_backbone_gives_the_features_of_the_published_model(
    make: Make, pretrained: Callable[[str], Path], name: str
) -> None:
    """Three channels, -1 to 1, no class token; the autoencoder with its mask switched off and its order kept."""
    codec = make(name)
    batch = codec.prepare(pictures())
    published = transformers.AutoModel.from_pretrained(pretrained(name)).eval()
    pixels = batch.repeat(1, 3, 1, 1) * 2 - 1
    if name == "vit_mae":
        published.config.mask_ratio = 0.0
        torch.manual_seed(0)
        output = published(pixels)
        order = output.ids_restore.unsqueeze(-1).expand(-1, -1, 16)
        tokens = output.last_hidden_state[:, 1:].gather(1, order)
    else:
        tokens = published(pixels).last_hidden_state[:, 1:]
    expected = codec.semantic_encoder.adapt(tokens)
    torch.testing.assert_close(codec.semantic_encoder(batch), expected, atol=1e-5, rtol=1e-4)


def test_patches_keep_their_places(make: Make) -> None:
    """With attention cut off, a changed pixel moves the features of its own patch alone; so on a coarser grid."""
    for patch in (2, 4):
        codec = make("vit_mae", patch=patch)
        with torch.no_grad():
            for name, weight in codec.semantic_encoder.named_parameters():
                if "attention" in name and "o_proj" in name:
                    weight.zero_()
        grey = torch.full((1, 1, 8, 8), 0.5)
        changed = grey.clone()
        changed[0, 0, 5, 2] = 1.0
        moved = (codec.semantic_encoder(changed) - codec.semantic_encoder(grey)).abs().sum(dim=-1)[0]
        side = 8 // patch
        assert int(moved.argmax()) == (5 // patch) * side + 2 // patch
        if patch == 2:
            assert int((moved > 1e-6).sum()) == 1


def test_small_images_fill_the_backbones_input_and_its_mean_and_deviation_are_used(
    make: Make, pretrained: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(pretrained("vit"), tmp_path / "vit")
    told = {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.5, 0.25, 0.125], "do_normalize": True}
    (folder / "preprocessor_config.json").write_text(json.dumps(told))
    codec = make("vit", folder, payloads=pictures(4, 6))
    seen = []
    codec.semantic_encoder.network.register_forward_pre_hook(
        lambda _, __, given: seen.append(given["pixel_values"]), with_kwargs=True
    )
    codec.represent(torch.full((2, 1, 4, 6), 0.6))
    expected = ((0.6 - torch.tensor([0.1, 0.2, 0.3])) / torch.tensor([0.5, 0.25, 0.125])).view(1, 3, 1, 1)
    torch.testing.assert_close(seen[0], expected.expand(2, 3, 8, 8))
    assert codec.decode(Awgn()(codec.encode(codec.prepare(pictures(4, 6))), 10.0, generator_for(0))).shape[2:] == (4, 6)


@pytest.mark.parametrize("name", [*TEXT, *IMAGE])
def test_it_learns(make: Make, name: str) -> None:
    codec = make(name)
    started = copy.deepcopy(codec.semantic_encoder.network.state_dict())
    first, last = learn(codec, payloads(name))
    assert last < (0.9 if name in TEXT else 0.99) * first
    assert any(
        not torch.equal(value, started[key]) for key, value in codec.semantic_encoder.network.state_dict().items()
    )


@pytest.mark.parametrize("name", [*TEXT, *IMAGE])
def test_a_bundle_needs_neither_the_folder_nor_a_network(
    make: Make, pretrained: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    folder = shutil.copytree(pretrained(name), tmp_path / "encoder")
    codec = make(name, folder)
    learn(codec, payloads(name), steps=2)
    codec.eval()
    save_bundle(codec, {}, tmp_path / "bundle")
    shutil.rmtree(folder)
    before = torch.get_rng_state()
    bundle = load_bundle(tmp_path / "bundle")
    assert torch.equal(before, torch.get_rng_state())
    batch = codec.prepare(payloads(name))
    frame = bundle.codec.encode(bundle.codec.prepare(payloads(name)))
    assert torch.equal(frame.symbols, codec.encode(batch).symbols)
    sent = Awgn()(frame, 10.0, generator_for("test"))
    assert torch.equal(bundle.codec.loss(batch, sent), codec.loss(batch, sent))
    save_bundle(bundle.codec, {}, tmp_path / "again")
    assert load_bundle(tmp_path / "again").digest() == bundle.digest()
    learn(bundle.codec, payloads(name), steps=1)


@pytest.mark.parametrize("name", ["bert", "vit_mae"])
@pytest.mark.parametrize("freeze", [False, True])
def test_a_fresh_codec_starts_from_the_pretrained_weights(make: Make, tmp_path: Path, name: str, freeze: bool) -> None:
    """After training, storing and loading, the fresh codec is the one that training began with."""
    codec = make(name, seed=3, freeze_backbone=freeze)
    started = copy.deepcopy(codec.state_dict())
    learn(codec, payloads(name), steps=3)
    save_bundle(codec, {}, tmp_path / "bundle")
    loaded = load_bundle(tmp_path / "bundle").codec
    fresh = new_codec_like(loaded, 3)
    assert fresh.state_dict().keys() == started.keys()
    assert all(torch.equal(value, started[key]) for key, value in fresh.state_dict().items())
    learn(fresh, payloads(name), steps=2)
    again = new_codec_like(fresh, 3)
    assert all(torch.equal(value, started[key]) for key, value in again.state_dict().items())


@pytest.mark.parametrize("name", ["t5", "vit"])
def test_a_frozen_backbone_stays_and_is_stored_once(make: Make, tmp_path: Path, name: str) -> None:
    codec = make(name, freeze_backbone=True)
    network = copy.deepcopy(codec.semantic_encoder.network.state_dict())
    first, last = learn(codec, payloads(name))
    assert last < first
    save_bundle(codec, {}, tmp_path / "bundle")
    for one in (codec, load_bundle(tmp_path / "bundle").codec):
        kept = one.semantic_encoder.network
        assert all(torch.equal(value, network[key]) for key, value in kept.state_dict().items())
        assert not any(weight.requires_grad for weight in kept.parameters())
    assert codec.semantic_encoder.initial.numel() == 0


def test_a_file_cannot_name_other_attention(make: Make, pretrained: Callable[[str], Path], tmp_path: Path) -> None:
    folder = shutil.copytree(pretrained("vit"), tmp_path / "vit")
    config = json.loads((folder / "config.json").read_text())
    for key in ("attn_implementation", "_attn_implementation"):
        (folder / "config.json").write_text(json.dumps({**config, key: "somebody/else"}))
        codec = make("vit", folder)
        assert codec.semantic_encoder.network.config._attn_implementation in ("sdpa", "eager")
        assert "somebody" not in json.dumps(codec.config.facts)


def test_dropout_of_the_backbone_stays_off(make: Make) -> None:
    codec = make("bert").train()
    batch = codec.prepare(SENTENCES)
    assert codec.training
    assert torch.equal(codec.encode(batch).symbols, codec.encode(batch).symbols)


def test_half_precision_checkpoints_become_single_precision(
    make: Make, pretrained: Callable[[str], Path], tmp_path: Path
) -> None:
    transformers.AutoModel.from_pretrained(pretrained("vit")).to(torch.float16).save_pretrained(tmp_path / "half")
    codec = make("vit", tmp_path / "half")
    assert {weight.dtype for weight in codec.parameters()} == {torch.float32}
    assert "dtype" not in codec.config.facts["config"]


@pytest.mark.parametrize("name", ["bert", "vit"])
def test_erasure_runs_on_it(make: Make, name: str) -> None:
    codec = make(name).eval()
    records = [Record(f"r{index}", payload, "tests") for index, payload in enumerate(payloads(name))]
    partition = Partition(records[:3], records[3:9], records[9:11], records[11:], ())
    training = TrainingSettings(steps=4, batch=4, validate=4, warmup=1)
    context = ErasureContext(Awgn(), training, seed=0, fresh=lambda: new_codec_like(codec, 1))
    before = copy.deepcopy(codec.state_dict())
    methods = [Scu(passes=1, batch=3, stop="none"), ScuBounded(steps=1, force="share" if name == "bert" else "level")]
    for method in methods:
        erased = method.erase(codec, partition, context).codec
        changed = [key for key, value in erased.state_dict().items() if not torch.equal(value, before[key])]
        assert any("semantic_encoder.network" in key for key in changed)
        assert "semantic_encoder.initial" not in changed
        assert all(torch.equal(value, before[key]) for key, value in codec.state_dict().items())


def test_vectors_of_words_are_in_the_order_of_the_vocabulary(make: Make) -> None:
    """Erasing a word renews its rows in every table that unlearning is given."""
    codec = make("t5")
    assert len(codec.element_parameters()) == 3
    batch = codec.prepare(["sender"])
    codec.zero_grad()
    codec.represent(batch).mean[0, 0].sum().backward()
    rows = codec.element_parameters()[2].grad.abs().sum(dim=1).nonzero()[:, 0].tolist()
    end = codec.semantic_encoder.words.num_embeddings - 1  # of T5: the sentence ends with one special symbol
    assert set(rows) == {*batch.ids[0].tolist(), end}


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("gpt2", "text", 'of the type "gpt2", not a text encoder'),
        ("vit", "text", 'of the type "vit", not a text encoder'),
        ("bert", "image", 'of the type "bert", not a vision encoder'),
    ],
)
def test_other_kinds_are_refused(pretrained: Callable[[str], Path], name: str, kind: Any, sentence: str) -> None:
    with pytest.raises(CodecError, match=sentence):
        load_pretrained(str(pretrained(name)), kind)


def test_missing_and_damaged_folders_are_refused(make: Make, pretrained: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(CodecError, match="There is no folder"):
        make("bert", tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CodecError, match=r"has no config\.json"):
        make("bert", tmp_path / "empty")
    folder = shutil.copytree(pretrained("bert"), tmp_path / "bert")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(CodecError, match=r"has no tokenizer\.json"):
        make("bert", folder)
    whole = (folder / "model.safetensors").read_bytes()
    for content in (whole[:-7], b"", b"\x00" * 100, whole[8:]):
        (folder / "model.safetensors").write_bytes(content)
        with pytest.raises(CodecError, match="missing, damaged or not safetensors"):
            make("bert", folder)
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(CodecError, match="missing, damaged or not safetensors"):
        make("bert", folder)


def test_weights_of_another_network_are_refused(make: Make, pretrained: Callable[[str], Path], tmp_path: Path) -> None:
    folder = shutil.copytree(pretrained("bert"), tmp_path / "bert")
    tensors = load_file(folder / "model.safetensors")
    name = next(name for name in sorted(tensors) if "LayerNorm" in name)
    save_file({key: value for key, value in tensors.items() if key != name}, folder / "model.safetensors")
    with pytest.raises(CodecError, match=r"lack .*LayerNorm"):
        make("bert", folder)
    save_file({**tensors, name: torch.zeros(3)}, folder / "model.safetensors")
    with pytest.raises(CodecError, match="missing, damaged"):
        make("bert", folder)
    folder = shutil.copytree(pretrained("bert"), tmp_path / "other")
    shutil.copy(pretrained("roberta") / "tokenizer.json", folder)
    with pytest.raises(CodecError, match="files belong together"):
        make("bert", folder)


def test_a_name_without_a_network_is_refused(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    for name in ("hub:nobody/no-such-encoder@main",):
        with pytest.raises(CodecError, match="could not be had from the hub"):
            make("bert", Path(name))
    with pytest.raises(CodecError, match="There is no folder"):
        load_pretrained("nobody/no-such-encoder", "text", download=False)


def test_data_that_do_not_suit_the_backbone_are_refused(make: Make, pretrained: Callable[[str], Path]) -> None:
    with pytest.raises(CodecError, match="sees images of 8 x 8 pixels, so it would lose detail of those of 8 x 10"):
        make("vit", payloads=pictures(8, 10))
    with pytest.raises(CodecError, match="channels"):
        make("vit", payloads=[np.zeros((8, 8, 2), np.uint8)])
    with pytest.raises(CodecError, match="lower max_length"):
        make("bert", max_length=39)
    with pytest.raises(CodecError, match="use a source of text"):
        make("bert", payloads=pictures())


@pytest.mark.parametrize("field", ["tokenizer", "vocabulary_size", "min_count", "lower_case", "encoder_layers"])
def test_choices_that_the_backbone_makes_are_refused(make: Make, field: str) -> None:
    value = {"tokenizer": "bpe", "lower_case": False}.get(field, 3)
    with pytest.raises(WrongField, match=f"leave out {field}"):
        make("bert", **{field: value})


def test_mistakes_in_configurations_are_told(make: Make, tmp_path: Path) -> None:
    with pytest.raises(WrongField, match="freeze_backbone"):
        ImageCodecConfig(freeze_backbone=True)
    with pytest.raises(CodecError, match="make the codec with new_codec"):
        ImageCodec(ImageCodecConfig(backbone="x"))
    save_bundle(make("vit"), {}, tmp_path / "bundle")
    config = json.loads((tmp_path / "bundle" / "config.json").read_text())
    config["backbone_facts"]["config"]["model_type"] = "no-such-type"
    (tmp_path / "bundle" / "config.json").write_text(json.dumps(config))
    files = {path.name: path.read_bytes() for path in (tmp_path / "bundle").iterdir() if path.name != "manifest.json"}
    (tmp_path / "bundle" / "manifest.json").write_bytes(_manifest(files))
    with pytest.raises(BundleError, match="no-such-type"):
        load_bundle(tmp_path / "bundle")
