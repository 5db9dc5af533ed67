"""Samples in the report: word differences and images."""

import base64
import io

import matplotlib.image
import numpy as np
import pytest

from semlink.errors import ResultsError
from semlink.experiments.report.samples import (
    Sample,
    check_samples,
    compare,
    data_uri,
    exhibits,
    mark_terms,
)


def marks(reference: str, estimate: str) -> list[tuple[str, str]]:
    return [(word.text, word.mark) for word in compare(reference, estimate)]


def test_wrong_missing_and_unknown_words_are_marked() -> None:
    assert marks("the task was cancelled twice", "the [UNK] is cancelled") == [
        ("the", "right"),
        ("[UNK]", "unknown"),
        ("is", "wrong"),
        ("cancelled", "right"),
        ("twice", "missing"),
    ]


def test_letter_case_is_no_difference_and_extra_words_are() -> None:
    assert marks("Return The list", "return the the list") == [
        ("return", "right"),
        ("the", "right"),
        ("the", "wrong"),
        ("list", "right"),
    ]


@pytest.mark.parametrize("unknown", ["<unk>", "[UNK]", "⟨unk⟩", "<unknown>"])
def test_spellings_of_the_unknown_word(unknown: str) -> None:
    assert marks("a task", f"a {unknown}")[1] == (unknown, "unknown")


def test_spaces_around_a_hyphen_are_no_difference() -> None:
    """A tokenizer sets hyphens apart; a wrong half of a word still counts, and a leading hyphen is part of its word."""
    right = [(word, "right") for word in ("a", "post", "-", "mortem", "run")]
    assert marks("a post-mortem run", "a post - mortem run") == right
    assert marks("a post - mortem run", "a post-mortem run") == right
    assert marks("a post-mortem run", "a post - war run")[3] == ("war", "wrong")
    assert marks("pass -1", "pass 1") == [("pass", "right"), ("1", "wrong")]


def test_nothing_arrived() -> None:
    assert marks("a task", "") == [("a", "missing"), ("task", "missing")]


def test_named_words_of_the_reference_are_marked() -> None:
    found = [(word.text, word.mark) for word in mark_terms("Use asyncio, not threads.", ["Asyncio"])]
    assert found == [("Use", "right"), ("asyncio,", "term"), ("not", "right"), ("threads.", "right")]


def decoded(uri: str) -> np.ndarray:
    data = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    return np.asarray(matplotlib.image.imread(io.BytesIO(data)))[:, :, :3]


def test_images_keep_their_pixels() -> None:
    """8-bit PNG: half a level of error, 1 / 510. An 8 x 8 image is enlarged to 64 x 64 by repetition."""
    image = np.random.default_rng(0).random((3, 8, 8))
    shown = decoded(data_uri(image.tolist()))
    assert shown.shape == (64, 64, 3)
    assert np.abs(shown[::8, ::8] - image.transpose(1, 2, 0)).max() <= 1 / 255
    assert np.array_equal(shown[0, 0], shown[7, 7])


def test_grey_images_show_black_as_zero_and_white_as_one() -> None:
    shown = decoded(data_uri([[[0.2, 0.2], [0.4, 0.4]]]))
    assert np.allclose(shown[0, 0], 0.2, atol=1 / 255)
    assert np.allclose(shown[-1, -1], 0.4, atol=1 / 255)


def test_damaged_values_and_large_images_survive() -> None:
    assert decoded(data_uri([[[float("nan"), 7.0]]]))[0, :, 0].tolist() == [0.0] * 32 + [1.0] * 32
    assert max(decoded(data_uri(np.zeros((1, 300, 2)).tolist())).shape) <= 96


@pytest.mark.parametrize("image", [[[0.0, 1.0]], "text", [[[1.0], [1.0, 2.0]]], [[[]]], np.zeros((2, 4, 4)).tolist()])
def test_what_is_no_image_is_told(image: object) -> None:
    with pytest.raises(ResultsError, match="image among the samples"):
        data_uri(image)


def sample(set_name: str, record: str, channel: str = "awgn", snr_db: float = 0.0) -> Sample:
    return Sample("x", "text", channel, set_name, snr_db, record, "a b", {"original": "a b"})


def test_exhibits_show_erased_records_first_over_the_wanted_channel() -> None:
    samples = [sample("test", "t", "awgn", snr) for snr in (18.0, 0.0)]
    samples += [sample("forget", f"f{i}", channel) for i in range(9) for channel in ("rayleigh", "awgn")]
    found = exhibits(samples, "awgn")
    assert [(e.set, e.record) for e in found] == [("forget", f"f{i}") for i in range(4)] + [("test", "t")]
    assert {e.channel for e in found} == {"awgn"}
    assert [s.snr_db for s in found[-1].samples] == [0.0, 18.0]


def test_large_images_are_fewer() -> None:
    image = np.zeros((3, 96, 96)).tolist()
    samples = [
        Sample("x", "image", "awgn", "forget", s, f"f{i}", image, {}) for i in range(4) for s in (0.0, 6.0, 12.0)
    ]
    assert 1 <= len(exhibits(samples, "awgn")) * 3 * 3 * 96 * 96 <= 400_000


def test_text_samples_hold_text() -> None:
    good = {"experiment": "x", "modality": "text", "channel": "awgn", "set": "test", "snr_db": 0, "record": "r"}
    assert check_samples([good | {"reference": "a", "estimates": {"original": "a"}}], "samples.json")
    with pytest.raises(ResultsError, match=r"Sample 1 of samples\.json"):
        check_samples([good | {"reference": "a", "estimates": {"original": [1]}}], "samples.json")


def test_samples_of_classes_hold_an_image_and_say_a_class() -> None:
    """Only what was sent counts among the pixels of a page."""
    good = {"experiment": "x", "modality": "class", "channel": "awgn", "set": "test", "snr_db": 0, "record": "r"}
    sent = np.zeros((1, 8, 8)).tolist()
    (sample,) = check_samples([good | {"reference": sent, "estimates": {"original": "7 (98%)"}, "label": "7"}], "s")
    assert sample.images == (sent,)
    with pytest.raises(ResultsError, match="Sample 1 of s"):
        check_samples([good | {"reference": sent, "estimates": {"original": sent}}], "s")
