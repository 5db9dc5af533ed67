"""The audit of information: nothing from noise, more at a higher SNR, and the same records for each version."""

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from semlink.codecs.contract import NeuralCodec
from semlink.errors import AuditError, WrongField
from semlink.simulator.results import Row
from semlink.simulator.sweep import Entry
from semlink.unlearning.audits import AUDITS
from semlink.unlearning.audits.contract import AuditContext
from semlink.unlearning.audits.information import Information, content
from semlink.unlearning.contract import Partition

Codec = NeuralCodec[Any]
CONTEXT = AuditContext("toy-run", "awgn", 10.0, 0)


@pytest.fixture
def entries(stored: dict[bool, Codec], fresh_toy: Callable[..., Codec]) -> list[Entry]:
    """A trained codec, one whose sender always sends the same, and another trained one as the retrained codec."""
    mute = copy.deepcopy(stored[False])
    with torch.no_grad():
        for parameter in mute.encoder[0].parameters():
            parameter.zero_()
    return [
        Entry(stored[False], "toy", "original"),
        Entry(mute, "toy", "erased", "mute"),
        Entry(copy.deepcopy(stored[False]), "toy", "retrained", "retrain"),
    ]


def found(rows: list[Row], version: str, name: str, minus: str | None = None) -> Row:
    (row,) = (row for row in rows if (row.version, row.set, row.minus) == (version, name, minus))
    return row


@pytest.mark.parametrize("name", ["forget", "test"])
def test_a_sender_that_says_nothing_tells_nothing(name: str, entries: list[Entry], partition: Partition) -> None:
    """Five dimensions at 90 records: the standard deviation of 0 nats is about sqrt(25 / 2) / 90 = 0.04 a draw."""
    rows = AUDITS["information"]().run(entries, partition, CONTEXT)
    original, mute = found(rows, "original", name), found(rows, "erased", name)
    assert original.value > 1
    assert abs(mute.value) < 0.2
    assert found(rows, "retrained", name).value == original.value
    apart = found(rows, "erased", name, "retrained")
    assert apart.value == pytest.approx(mute.value - original.value)
    assert apart.high < 0
    assert {row.metric for row in rows} == {"information"}
    assert {row.n for row in rows} == {min(len(partition.forget), len(partition.test))}


@pytest.mark.parametrize("estimator", ["gaussian", "nearest"])
def test_more_arrives_through_less_noise(estimator: str, entries: list[Entry], partition: Partition) -> None:
    audit = Information(estimator=estimator, components=2, draws=2)
    values = [
        found(audit.run(entries, partition, replace(CONTEXT, snr_db=snr_db)), "original", "test").value
        for snr_db in (-10.0, 0.0, 10.0)
    ]
    assert values[0] + 0.1 < values[1] < values[2] - 0.1


def test_small_sets_have_fewer_components(entries: list[Entry], partition: Partition) -> None:
    rows = Information(draws=1).run(entries, replace(partition, forget=partition.forget[:30]), CONTEXT)
    assert {row.metric for row in rows} == {"information:components=2"}
    assert all(math.isfinite(row.low) and row.low <= row.value <= row.high for row in rows)
    with pytest.raises(AuditError, match="choose a wider request"):
        Information().run(entries, replace(partition, forget=partition.forget[:10]), CONTEXT)


def test_content_of_sentences_is_how_often_words_occur(speaker: Codec, lines: Partition) -> None:
    counts = content(speaker, lines.forget)
    assert counts.shape[0] == len(lines.forget)
    ids = speaker.element_ids(speaker.prepare([lines.forget[3].payload]))
    assert ids is not None
    assert counts[3].sum() == (ids >= 0).sum()
    assert all(counts[3, one] == (ids == one).sum() for one in ids.flatten() if one >= 0)


def test_wrong_fields() -> None:
    with pytest.raises(WrongField, match=r"estimator=club.*gaussian, nearest"):
        Information(estimator="club")
    with pytest.raises(WrongField, match="components=0"):
        Information(components=0)
