"""Audits see memory where there is memory, and none where there is none."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels import build_channel
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import AuditError, WrongField
from semlink.registry import build
from semlink.simulator.results import Row
from semlink.simulator.sources.contract import Record
from semlink.simulator.sweep import Entry
from semlink.simulator.training import train
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.audits import AUDITS
from semlink.unlearning.audits.contract import AuditContext
from semlink.unlearning.audits.losses import record_losses
from semlink.unlearning.audits.membership import Membership
from semlink.unlearning.audits.relearn import Relearn
from semlink.unlearning.contract import Partition

CONTEXT = AuditContext("toy-run", "awgn", 10.0, 0)
CHANNEL = build_channel("awgn")


def noise(name: str, count: int, seed: int) -> list[Record]:
    """Images with nothing in common: what a codec knows of them it has by heart."""
    pixels = np.random.default_rng(seed).integers(0, 256, size=(count, 6, 6), dtype=np.uint8)
    return [Record(f"{name}-{index}", image, "tests") for index, image in enumerate(pixels)]


@pytest.fixture(scope="module")
def learned(fresh_toy: Callable[..., NeuralCodec[Any]]) -> tuple[Partition, list[Entry]]:
    """Original, unchanged "erased" and retrained codec of records that can only be learned by heart."""
    forget, retain = noise("forget", 30, 10), noise("retain", 30, 1)
    partition = Partition(forget, retain, noise("validation", 5, 2), noise("test", 200, 3))
    settings = TrainingSettings(steps=300, batch=30, learning_rate=1e-2, snr_db=15.0, validate=300)
    original, retrained = fresh_toy(seed=0), fresh_toy(seed=1)
    train(original, [*forget, *retain], partition.validation, CHANNEL, settings, 0)
    train(retrained, retain, partition.validation, CHANNEL, settings, 0)
    entries = [
        Entry(original, "toy", "original"),
        Entry(copy.deepcopy(original), "toy", "erased", "nothing"),
        Entry(retrained, "toy", "retrained", "retrain"),
    ]
    return partition, entries


def value(rows: Sequence[Row], version: str, metric: str, set_name: str = "forget", minus: str | None = None) -> Row:
    (found,) = (
        row for row in rows if (row.version, row.metric, row.set, row.minus) == (version, metric, set_name, minus)
    )
    return found


def test_membership_finds_what_was_learned_by_heart(learned: tuple[Partition, list[Entry]]) -> None:
    """The interval of the retrained codec misses 0.5 for one seed in twenty; the seeds here are fixed."""
    partition, entries = learned
    rows = Membership().run(entries, partition, CONTEXT)
    assert len(rows) == 7
    original, retrained = (value(rows, version, "membership_auc") for version in ("original", "retrained"))
    assert original.low > 0.8
    assert retrained.low < 0.5 < retrained.high
    assert value(rows, "erased", "membership_auc").value == original.value
    difference = value(rows, "erased", "membership_auc", minus="retrained")
    assert difference.value == pytest.approx(original.value - retrained.value)
    assert difference.low > 0.2
    assert value(rows, "original", "membership_tpr_at_1_percent_fpr").low > 0.1
    assert value(rows, "retrained", "membership_tpr_at_1_percent_fpr").value < 0.1
    assert (original.snr_db, original.channel, original.n, original.draws) == (10.0, "awgn", 30, 8)
    assert (original.experiment, original.codec, original.method, original.unit) == ("toy-run", "toy", "none", "1")


def test_membership_of_a_twin_of_the_retrained_codec_differs_by_nothing(learned: tuple[Partition, list[Entry]]) -> None:
    partition, entries = learned
    twin = [entries[0], Entry(entries[2].codec, "toy", "erased", "retrain"), entries[2]]
    row = value(Membership().run(twin, partition, CONTEXT), "erased", "membership_auc", minus="retrained")
    assert (row.low, row.value, row.high) == (0, 0, 0)


def test_relearning_shows_what_was_hidden(learned: tuple[Partition, list[Entry]]) -> None:
    """A codec that still knows the records stays below the retrained one; the retrained one against itself is even."""
    partition, entries = learned
    relearn = Relearn(steps=20)
    rows = relearn.run(entries, partition, CONTEXT)
    assert value(rows, "erased", "relearned_psnr", minus="retrained").low > 0
    for metric in ("loss", "relearned_loss"):
        assert value(rows, "erased", metric, minus="retrained").high < 0
        assert value(rows, "erased", metric).value < value(rows, "retrained", metric).value
        assert value(rows, "retrained", metric, "test").n == 200
    twin = [entries[0], Entry(entries[2].codec, "toy", "erased", "retrain"), entries[2]]
    for row in relearn.run(twin, partition, CONTEXT):
        if row.minus:
            assert (row.low, row.value, row.high) == (0, 0, 0)


def test_relearning_from_a_few_shown_records_measures_the_others(learned: tuple[Partition, list[Entry]]) -> None:
    """Half of what is trained on are the shown records, and the others are measured. Noise cannot be generalised."""
    partition, entries = learned
    rows = Relearn(steps=20, batch=10, shown=6).run(entries, partition, CONTEXT)
    assert {row.metric for row in rows} == {"relearned_loss:shown=6", "relearned_psnr:shown=6"}
    assert value(rows, "erased", "relearned_loss:shown=6").n == 24
    assert value(rows, "erased", "relearned_psnr:shown=6", minus="retrained").low > 0
    shown, hidden = Relearn(steps=20, batch=10, shown=6)._training_records(partition, 0)
    names = [record.id for record in shown]
    assert sum(name.startswith("forget") for name in names) == sum(name.startswith("retain") for name in names) == 30
    assert not {record.id for record in hidden} & set(names)
    assert len(hidden) == 24
    with pytest.raises(AuditError, match=r"all 30 erased records.*smaller shown"):
        Relearn(shown=30).run(entries, partition, CONTEXT)
    with pytest.raises(WrongField, match="shown=-1"):
        Relearn(shown=-1)


def test_relearning_of_sentences_gives_losses_where_the_request_names_no_words(
    lines: Partition, speaker: NeuralCodec[Any]
) -> None:
    """As when an owner asks: nothing but the loss can be measured then."""
    entries = [Entry(copy.deepcopy(speaker), "toy", version) for version in ("original", "erased", "retrained")]
    for terms, metrics in ((), set()), (lines.terms, {"relearned_term_recall"}):
        rows = Relearn(steps=2, draws=1, records=4).run(entries, replace(lines, terms=terms), CONTEXT)
        assert {row.metric for row in rows} == {"loss", "relearned_loss"} | metrics


@pytest.mark.parametrize("name", [name for name in AUDITS if name != "generation"])  # which asks a discriminator
def test_contract(
    name: str, learned: tuple[Partition, list[Entry]], fresh_toy: Callable[..., NeuralCodec[Any]]
) -> None:
    """Same rows each time; no codec, order of entries or global stream matters or changes."""
    partition, entries = learned
    if name == "calibrated-loss":  # which needs two retrained codecs
        entries = [*entries, replace(entries[2], codec=fresh_toy(seed=2), method="retrain-2")]
    audit = build("audit", AUDITS, name, {"steps": 3} if name == "relearn" else {})
    codecs: list[Any] = [entry.codec for entry in entries]
    before = [copy.deepcopy(codec.state_dict()) for codec in codecs]
    stream = torch.get_rng_state()
    rows = audit.run(entries, partition, CONTEXT)
    backwards = [
        entry for version in ("retrained", "erased", "original") for entry in entries if entry.version == version
    ]
    assert rows == audit.run(backwards, partition, CONTEXT)
    assert torch.equal(torch.get_rng_state(), stream)
    for codec, state in zip(codecs, before, strict=True):
        assert all(torch.equal(value, state[key]) for key, value in codec.state_dict().items())
    assert all(row.low <= row.value <= row.high for row in rows)
    with pytest.raises(AuditError, match=r"no retrained codec.*semlink erase \.\.\. --method retrain"):
        audit.run(entries[:2], partition, CONTEXT)
    with pytest.raises(AuditError, match="no erased codec"):
        audit.run([entry for entry in entries if entry.version != "erased"], partition, CONTEXT)
    with pytest.raises(AuditError, match="test set"):
        audit.run(entries, replace(partition, test=[]), CONTEXT)
    with pytest.raises(WrongField, match="draws=0"):
        build("audit", AUDITS, name, {"draws": 0})


def test_losses_average_over_draws_and_keep_the_order(learned: tuple[Partition, list[Entry]]) -> None:
    """64 draws come near the expectation: twice as many differ by less than a tenth. One record, one value."""
    partition, entries = learned
    codec: Any = entries[0].codec
    found = [record_losses(codec, partition.forget, CHANNEL, 5.0, draws, 0, "forget") for draws in (64, 128)]
    assert found[0].shape == (30,)
    assert np.abs(found[0] / found[1] - 1).mean() < 0.1
    silent = record_losses(codec, partition.forget, CHANNEL, float("inf"), 1, 0, "forget")
    back = record_losses(codec, partition.forget[::-1], CHANNEL, float("inf"), 1, 0, "forget")[::-1]
    np.testing.assert_allclose(silent, back, rtol=1e-4)


@pytest.mark.parametrize("name", list(AUDITS))
def test_an_audit_carries_the_name_of_its_registry(name: str) -> None:
    assert AUDITS[name].name == name


def test_a_channel_is_given_as_an_object_or_by_its_name(learned: tuple[Partition, list[Entry]]) -> None:
    partition, entries = learned
    few = replace(partition, test=partition.test[:20])
    by_name = replace(CONTEXT, channel="rayleigh:coherence=symbol")
    by_object = replace(CONTEXT, channel=build_channel("rayleigh:coherence=symbol"))
    for audit in (Membership(draws=1), Relearn(steps=1, draws=1)):
        rows = audit.run(entries, few, by_name)
        assert rows == audit.run(entries, few, by_object)
        assert {row.channel for row in rows} == {"rayleigh:coherence=symbol"}


@pytest.mark.parametrize("audit", [Membership(), Relearn(steps=2)])
def test_of_several_retrained_codecs_each_has_its_rows(
    audit: Membership | Relearn, learned: tuple[Partition, list[Entry]], fresh_toy: Callable[..., NeuralCodec[Any]]
) -> None:
    """Their spread is the margin of a verdict; differences are taken from the first."""
    partition, entries = learned
    others = [replace(entries[2], codec=fresh_toy(seed=n), method=f"retrain-{n}") for n in (2, 3)]
    alone, beside = audit.run(entries, partition, CONTEXT), audit.run([*entries, *others], partition, CONTEXT)
    assert alone == [row for row in beside if row.method not in ("retrain-2", "retrain-3")]
    metric = "membership_auc" if isinstance(audit, Membership) else "relearned_loss"
    values = {row.value for row in beside if (row.metric, row.version, row.set) == (metric, "retrained", "forget")}
    assert len(values) == 3
