"""Sentence similarity: the cosine of mean hidden states, against the definition and at its ends."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from semlink.codecs.contract import Sentence
from semlink.errors import CodecError
from semlink.simulator.metrics import metrics_for
from semlink.simulator.metrics.sentence_similarity import SentenceSimilarity

TEXTS = [
    "the sender encodes .",
    "noise is added to every symbol !",
    "fox",
    "the channel , being noisy , forgets the fox",
]


def sentence(text: str, written: str | None = None) -> Sentence:
    words = tuple(text.split())
    return Sentence(written or text, words, words)


@pytest.fixture(params=["bert", "t5"])
def metric(request: pytest.FixtureRequest, pretrained: Callable[[str], Path]) -> SentenceSimilarity:
    return SentenceSimilarity(str(pretrained(request.param)))


def test_identical_sentences_are_1_however_they_were_written(metric: SentenceSimilarity) -> None:
    references = [sentence(text, text.upper()) for text in TEXTS]
    assert metric.statistics(references, [sentence(text) for text in TEXTS]).tolist() == [[1.0]] * 4


def test_it_is_symmetric_and_in_range(metric: SentenceSimilarity) -> None:
    first = [sentence(text) for text in TEXTS]
    second = [sentence(text) for text in TEXTS[1:] + TEXTS[:1]]
    found = metric.statistics(first, second)
    np.testing.assert_allclose(found, metric.statistics(second, first), atol=1e-6)
    assert (found < 1).all()
    assert (found >= -1).all()
    assert metric.statistics([], []).shape == (0, 1)
    assert np.isfinite(metric.statistics([sentence("fox")], [sentence("")])).all()


def test_it_is_the_cosine_of_mean_hidden_states(pretrained: Callable[[str], Path]) -> None:
    """One sentence at a time through transformers: no padding, no cache."""
    metric = SentenceSimilarity(str(pretrained("bert")))
    network = transformers.BertModel.from_pretrained(pretrained("bert")).eval()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(pretrained("bert") / "tokenizer.json"))
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    with torch.no_grad():
        means = [
            network(torch.tensor([tokenizer.backend_tokenizer.encode(text).ids])).last_hidden_state[0].mean(dim=0)
            for text in TEXTS
        ]
    expected = [torch.nn.functional.cosine_similarity(means[0], mean, dim=0).item() for mean in means]
    for _ in range(2):  # again from the cache
        found = metric.statistics([sentence(TEXTS[0])] * 4, [sentence(text) for text in TEXTS])
        np.testing.assert_allclose(found[:, 0], expected, atol=1e-5)


def test_company_in_a_batch_does_not_matter(metric: SentenceSimilarity) -> None:
    together = metric.statistics([sentence(TEXTS[2])] * 4, [sentence(text) for text in TEXTS])
    for row, text in enumerate(TEXTS):
        np.testing.assert_allclose(
            metric.statistics([sentence(TEXTS[2])], [sentence(text)])[0], together[row], atol=1e-6
        )


def test_the_name_tells_the_model(pretrained: Callable[[str], Path], tmp_path: Path) -> None:
    metric = SentenceSimilarity(str(pretrained("bert")))
    assert metric.values(np.array([0.5])) == {"sentence_similarity:model=tiny-bert": 0.5}
    assert metric.measures["sentence_similarity:model=tiny-bert"].label == "Sentence similarity (model=tiny-bert)"
    usual = SentenceSimilarity(str(shutil.copytree(pretrained("bert"), tmp_path / "all-MiniLM-L6-v2")))
    assert usual.measures == SentenceSimilarity.measures
    assert usual.averages == {"sentence_similarity": 0}


def test_without_a_model_it_is_not_measured_and_with_a_wrong_one_it_is_told(
    pretrained: Callable[[str], Path], tmp_path: Path
) -> None:
    assert not any(isinstance(metric, SentenceSimilarity) for metric in metrics_for("text"))
    assert len(metrics_for("text", (), str(pretrained("bert")))) == len(metrics_for("text")) + 1
    assert not any(isinstance(metric, SentenceSimilarity) for metric in metrics_for("image", (), "x"))
    with pytest.raises(CodecError, match="There is no folder"):
        SentenceSimilarity("sentence-transformers/all-MiniLM-L6-v2")  # a name on the hub: not fetched
    with pytest.raises(CodecError, match="not a text encoder"):
        SentenceSimilarity(str(pretrained("vit")))
    folder = shutil.copytree(pretrained("bert"), tmp_path / "bert")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(CodecError, match=r"has no tokenizer\.json"):
        SentenceSimilarity(str(folder))


def test_a_trained_encoder_tells_paraphrases_from_other_sentences() -> None:
    folder = Path(os.environ.get("SEMLINK_DATA", "")) / "all-MiniLM-L6-v2"
    if not (folder / "model.safetensors").is_file():
        pytest.skip("SEMLINK_DATA does not name a folder with all-MiniLM-L6-v2")
    metric = SentenceSimilarity(str(folder))
    reference = sentence("the committee will vote on the report tomorrow .")
    near, far = sentence("tomorrow the committee votes on this report ."), sentence("the cat sleeps on the mat .")
    close, distant = metric.statistics([reference, reference], [near, far])[:, 0]
    assert close > 0.8
    assert distant < 0.3
