"""Samples show what each codec makes of the same records under the same noise."""

import json
import math

import pytest
import torch

from semlink.codecs.building import new_codec
from semlink.simulator.packed_image import unpacked
from semlink.simulator.samples import _plain, take_samples
from semlink.simulator.sources.contract import Record
from semlink.simulator.sweep import Entry

POINTS = (0.0, math.inf)


def _take(entries, records, channel="awgn", count=3, seed=0, points=POINTS):
    return take_samples(entries, records, channel, "test", points, count, "toy", seed)


@pytest.fixture
def versions(pixel_qpsk):
    return [Entry(pixel_qpsk, "qpsk", version) for version in ("original", "erased")]


def test_every_record_at_every_point(versions, black_and_white) -> None:
    samples = _take(versions, black_and_white)
    assert len({sample["record"] for sample in samples}) == 3
    assert [sample["snr_db"] for sample in samples] == [*POINTS] * 3
    assert {tuple(sample["estimates"]) for sample in samples} == {("original", "erased")}
    described = {(sample["experiment"], sample["modality"], sample["channel"], sample["set"]) for sample in samples}
    assert described == {("toy", "image", "awgn", "test")}


def test_references_are_the_records(versions, black_and_white) -> None:
    by_id = {record.id: record for record in black_and_white}
    for sample in _take(versions, black_and_white):
        assert unpacked(sample["reference"]) == [(by_id[sample["record"]].payload / 255).tolist()]


def test_without_noise_the_estimate_is_the_record_and_with_noise_it_is_not(versions, black_and_white) -> None:
    for sample in _take(versions, black_and_white):
        same = sample["estimates"]["original"] == sample["reference"]
        assert same == (sample["snr_db"] == math.inf)


@pytest.mark.parametrize("channel", ["awgn", "rayleigh:coherence=symbol"])
def test_versions_meet_the_same_noise(versions, black_and_white, channel: str) -> None:
    for sample in _take(versions, black_and_white, channel):
        assert sample["estimates"]["original"] == sample["estimates"]["erased"]


def test_a_sample_depends_on_its_record_point_and_seed_alone(versions, black_and_white) -> None:
    samples = _take(versions, black_and_white, count=60)
    alone = _take(versions[:1], black_and_white[7:8], points=(0.0,))[0]
    (same,) = (sample for sample in samples if (sample["record"], sample["snr_db"]) == (alone["record"], 0.0))
    assert same["estimates"]["original"] == alone["estimates"]["original"]
    other = _take(versions[:1], black_and_white[7:8], points=(0.0,), seed=1)[0]
    assert other["estimates"] != alone["estimates"]


def test_which_records_are_shown_depends_on_the_seed_alone(versions, black_and_white) -> None:
    shown = [
        {sample["record"] for sample in _take(versions, records, seed=seed)}
        for records, seed in ((black_and_white, 0), (black_and_white[::-1], 0), (black_and_white, 1))
    ]
    assert shown[0] == shown[1] != shown[2]


def test_samples_are_plain_data(versions, black_and_white) -> None:
    samples = _take(versions, black_and_white)
    assert json.loads(json.dumps(samples)) == samples


def test_sentences_are_text() -> None:
    sentences = ["the sender sends a word", "the receiver hears a word"]
    codec = new_codec("text", {"d_model": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1}, sentences, 0)
    records = [Record(f"s{index}", sentence, "tests") for index, sentence in enumerate(sentences)]
    sample = _take([Entry(codec.eval(), "text", "original")], records, count=1, points=(9.0,))[0]
    assert sample["modality"] == "text"
    assert sample["reference"] in sentences
    vocabulary = {word for sentence in sentences for word in sentence.split()} | {"<unk>"}
    assert set(sample["estimates"]["original"].split()) <= vocabulary


def test_global_randomness_is_left_alone(versions, black_and_white) -> None:
    before = torch.get_rng_state()
    _take(versions, black_and_white, "rayleigh")
    assert torch.equal(before, torch.get_rng_state())


def test_of_a_large_image_the_middle_is_kept() -> None:
    image = torch.zeros(1, 100, 240)
    image[0, 2:98, 72:168] = 0.5
    assert unpacked(_plain(image)) == [[[0.5] * 96] * 96]
    assert unpacked(_plain(image[:, :8, :8])) == [[[0.0] * 8] * 8]
