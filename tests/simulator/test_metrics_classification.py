"""Classes that a receiver infers, beside hand-made beliefs; and over a channel, beside the loss of the codec."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels import build_channel
from semlink.codecs.building import new_codec
from semlink.errors import CodecError
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.metrics import metrics_for
from semlink.simulator.metrics.classification import Classification
from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sweep import Entry, measure
from semlink.simulator.sweep_settings import SweepSettings


def test_beliefs_beside_labels() -> None:
    beliefs = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.6, 0.3, 0.1]]).log()
    records = [Record("a", None, "ann", 0), Record("b", None, "ben", 1), Record("c", None, "cleo")]
    found = Classification().about(records).statistics(torch.zeros(3, 1, 1, 1), beliefs)
    nan = math.nan
    np.testing.assert_allclose(found, [[1, 0.5, math.log(2)], [0, 0.2, math.log(5)], [nan, nan, nan]], rtol=1e-6)
    values = Classification().values(np.nanmean(found, axis=0))
    assert values["label_accuracy"] == 0.5
    assert values["label_confidence"] == pytest.approx(0.35)
    assert values["cross_entropy"] == pytest.approx(math.log(10) / 2)


def test_a_class_that_the_codec_does_not_know() -> None:
    family = Classification().about([Record("r-7", None, "ann", 3)])
    with pytest.raises(CodecError, match="r-7 is of class 3, but the codec knows 3 classes"):
        family.statistics(torch.zeros(1, 1, 1, 1), torch.zeros(1, 3))


def test_swept_cross_entropy_is_the_loss_of_the_codec(digits: Source) -> None:
    """At infinite Es/N0 over AWGN nothing is random; rows of a sweep give the loss and the share of right answers."""
    payloads = [record.payload for record in digits.train]
    codec: Any = new_codec("task", {"encoder": "mlp", "hidden": 16}, payloads, 0, digits.labels).eval()
    records = digits.test[:50]
    settings = SweepSettings((math.inf,), len(records), 1, batch=16)
    rows = measure([Entry(codec, "c")], records, "awgn", "test", metrics_for("class"), settings, "x", 0)
    found = {row.metric: row for row in rows}
    batch = batch_of(codec, records)
    reception = build_channel("awgn")(codec.encode(batch), math.inf, generator_for("noise"))
    with torch.no_grad():
        assert found["cross_entropy"].value == pytest.approx(codec.loss(batch, reception).mean().item(), rel=1e-4)
        right = (codec.decode(reception).argmax(dim=1) == batch.labels).double()
    assert found["label_accuracy"].value == right.mean().item()
    assert (found["label_accuracy"].unit, found["cross_entropy"].unit) == ("1", "nats")
    assert 0 <= found["label_accuracy"].low < found["label_accuracy"].value
