"""The calibrated attack finds what a codec knows of single records, part by part, and clears one that was retrained."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels import build_channel
from semlink.codecs.building import new_codec
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import AuditError, WrongField
from semlink.simulator.results import Row
from semlink.simulator.sources.contract import Record
from semlink.simulator.sweep import Entry
from semlink.simulator.training import train
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.audits.calibrated import CalibratedLoss, calibrated_area
from semlink.unlearning.audits.contract import AuditContext
from semlink.unlearning.audits.losses import exclusive_ids, part_losses, record_losses
from semlink.unlearning.contract import Partition

CONTEXT = AuditContext("toy-run", "awgn", 10.0, 0)
CHANNEL = build_channel("awgn")
SETTINGS = TrainingSettings(steps=300, batch=30, learning_rate=1e-2, snr_db=15.0, validate=300)


def noise(name: str, count: int, seed: int, spread: bool = False) -> list[Record]:
    """Images of noise; with `spread`, of contrasts between none and full: some are hard for every codec."""
    draws = np.random.default_rng(seed)
    contrast = draws.uniform(0, 1, size=(count, 1, 1)) if spread else 1.0
    pixels = 128 + contrast * draws.integers(-128, 128, size=(count, 6, 6))
    return [Record(f"{name}-{index}", image.astype(np.uint8), "tests") for index, image in enumerate(pixels)]


@pytest.fixture(scope="module")
def learned(fresh_toy: Callable[..., NeuralCodec[Any]]) -> tuple[Partition, list[Entry]]:
    """An original codec, two that were retrained, and an erased one that is a copy of the original."""
    forget, retain = noise("forget", 30, 10, spread=True), noise("retain", 30, 1, spread=True)
    partition = Partition(forget, retain, noise("validation", 5, 2), noise("test", 200, 3, spread=True))
    original, *retrained = (fresh_toy(seed=seed) for seed in range(3))
    train(original, [*forget, *retain], partition.validation, CHANNEL, SETTINGS, 0)
    for seed, codec in enumerate(retrained):
        train(codec, retain, partition.validation, CHANNEL, SETTINGS, seed)
    entries = [
        Entry(original, "toy", "original"),
        Entry(copy.deepcopy(original), "toy", "erased", "nothing"),
        Entry(retrained[0], "toy", "retrained", "retrain"),
        Entry(retrained[1], "toy", "retrained", "retrain-2"),
    ]
    return partition, entries


def found(rows: list[Row], method: str, metric: str) -> Row:
    (row,) = (row for row in rows if (row.method, row.metric) == (method, metric))
    return row


def test_knowledge_shows_where_the_loss_alone_shows_less(learned: tuple[Partition, list[Entry]]) -> None:
    """Contrast makes the loss of a record; calibrated, what was learned by heart stands out, retrained codecs do not.

    The interval of a retrained codec misses 0.5 for one seed in twenty; the seeds here are fixed.
    """
    partition, entries = learned
    rows = CalibratedLoss().run(entries, partition, CONTEXT)
    original = found(rows, "none", "calibrated_auc")
    assert original.low > 0.8
    plain = [
        -record_losses(entries[0].codec, records, CHANNEL, 10.0, 8, 0, name)  # type: ignore[arg-type]
        for name, records in (("forget", partition.forget), ("test", partition.test))
    ]
    above = (plain[0][:, None] > plain[1]).mean()
    assert original.value > above + 0.05
    assert found(rows, "nothing", "calibrated_auc").value == original.value
    assert found(rows, "none", "excess_loss").high < 0
    for method in ("retrain", "retrain-2"):
        retrained = found(rows, method, "calibrated_auc")
        assert retrained.low < 0.5 < retrained.high
    assert found(rows, "none", "calibrated_tpr_at_1_percent_fpr").low > 0.1
    assert (original.n, original.draws, original.set, original.unit) == (30, 8, "forget", "1")


def test_unseen_records_are_those_that_the_request_matches(learned: tuple[Partition, list[Entry]]) -> None:
    """Where unseen records match the request, they and not the test set are the others; the names of the rows say so.

    With only 50 of them one false alarm would be two in a hundred, so that the rate at one in a hundred is left out.
    """
    partition, entries = learned
    rows = CalibratedLoss().run(entries, replace(partition, forget_test=noise("kind", 50, 5, spread=True)), CONTEXT)
    assert {row.metric for row in rows} == {"calibrated_auc:others=matched", "excess_loss:others=matched"}


def test_one_retrained_codec_cannot_judge_itself(learned: tuple[Partition, list[Entry]]) -> None:
    partition, entries = learned
    with pytest.raises(AuditError, match=r"two retrained codecs.*--method retrain --seed N"):
        CalibratedLoss().run(entries[:3], partition, CONTEXT)
    with pytest.raises(AuditError, match="forget and test set"):
        CalibratedLoss().run(entries, replace(partition, forget=partition.forget[:1]), CONTEXT)
    with pytest.raises(WrongField, match="records=1"):
        CalibratedLoss(records=1)


SENTENCES = {
    "forget": ["alice sends the first word", "the channel hides what alice knows", "so alice asks again"],
    "retain": ["the sender sends the first word", "the channel hides what bob knows", "so bob asks again"],
    "test": ["the channel knows the word", "what the sender hides"],
}


@pytest.fixture(scope="module")
def words() -> tuple[NeuralCodec[Any], dict[str, list[Record]]]:
    sets = {
        name: [Record(f"{name}-{number}", text, "tests") for number, text in enumerate(texts)]
        for name, texts in SENTENCES.items()
    }
    torch.manual_seed(0)
    fields = {"d_model": 16, "heads": 2, "feed_forward": 32, "encoder_layers": 1, "decoder_layers": 1}
    codec: NeuralCodec[Any] = new_codec("text", fields, [*SENTENCES["forget"], *SENTENCES["retain"]], seed=0)
    return codec.eval(), sets


def test_the_parts_of_a_sentence_make_the_whole(words: tuple[NeuralCodec[Any], dict[str, list[Record]]]) -> None:
    """Named and other tokens, weighted by their numbers, give the loss of the record; some records have no name."""
    codec, sets = words
    named = exclusive_ids(codec, sets["forget"], sets["retain"])
    assert named is not None
    assert len(named) == 1
    records = [*sets["forget"], *sets["test"]]
    parts = part_losses(codec, records, named, CHANNEL, 8.0, 3, 0, "mixed")
    whole = record_losses(codec, records, CHANNEL, 8.0, 3, 0, "mixed")
    assert np.isnan(parts[0]).tolist() == [False, False, False, True, True]
    lengths = np.array([len(record.payload.split()) for record in records])
    names = np.array([record.payload.split().count("alice") for record in records])
    total = np.nan_to_num(parts[0]) * names + parts[1] * (lengths - names)
    np.testing.assert_allclose(total / lengths, whole, rtol=1e-5)


def test_a_name_that_is_gone_does_not_hide_the_sentence() -> None:
    """Of a codec that lost the name alone, the other tokens show that it still knows the sentences."""
    draws = np.random.default_rng(0)
    texts = [" ".join(draws.permutation([f"word{number}" for number in range(40)])[:6]) for _ in range(40)]
    forget = [Record(f"forget-{number}", f"alice {text}", "tests") for number, text in enumerate(texts[:16])]
    retain, unseen = ([Record(text, text, "tests") for text in part] for part in (texts[16:32], texts[32:]))
    partition, settings = Partition(forget, retain, unseen, unseen), replace(SETTINGS, steps=200, batch=16)
    fields = {"d_model": 32, "heads": 2, "feed_forward": 32, "encoder_layers": 1, "decoder_layers": 1}
    payloads = [record.payload for record in (*forget, *retain)]
    original, *retrained = (new_codec("text", fields, payloads, seed) for seed in range(3))
    train(original, [*forget, *retain], unseen, CHANNEL, settings, 0)
    for seed, other in enumerate(retrained):
        train(other, retain, unseen, CHANNEL, settings, seed)
    nameless = copy.deepcopy(original)
    named = exclusive_ids(original, forget, retain)
    assert named is not None
    with torch.no_grad():
        nameless.element_parameters()[1][named[:1]] = -30.0
    entries = [
        Entry(original, "text", "original"),
        Entry(nameless, "text", "erased", "nameless"),
        *(Entry(other, "text", "retrained", f"retrain-{number}") for number, other in enumerate(retrained)),
    ]
    rows = CalibratedLoss(draws=2).run(entries, partition, CONTEXT)
    assert found(rows, "none", "excess_loss:part=named").high < 0
    assert found(rows, "nameless", "excess_loss:part=named").low > 0
    assert found(rows, "nameless", "excess_loss:part=others").high < 0
    assert found(rows, "nameless", "excess_loss:part=others").unit == "nats/token"
    assert not [row for row in rows if row.metric == "calibrated_auc:part=named"]  # no unseen record holds the name


def test_the_interval_covers_records_and_references() -> None:
    """Where each reference leans another way, the interval still holds 0.5 nineteen times in twenty.

    False alarm: 400 trials at 5 %; more than 34 misses happen by chance once in 1,000 such tests.
    """
    draws = np.random.default_rng(0)
    missed = 0
    for _ in range(400):
        lean = draws.normal(scale=0.5, size=(5, 1))  # a reference that finds all erased records easy
        interval = calibrated_area(lean + draws.normal(size=(5, 40)), draws.normal(size=(5, 60)))
        missed += not interval.low <= 0.5 <= interval.high
    assert missed <= 34
