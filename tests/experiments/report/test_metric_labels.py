"""Words of the report: every metric that can be measured has some."""

import numpy as np
import pytest

from semlink.codecs.generative.configuration import GanConfig
from semlink.codecs.generative.model import Gan
from semlink.codecs.image.configuration import ImageCodecConfig
from semlink.codecs.image.model import ImageCodec
from semlink.experiments.report import metric_labels
from semlink.registry import build
from semlink.simulator import image_classifier
from semlink.simulator.metrics import METRICS
from semlink.simulator.sources.contract import Record
from semlink.simulator.sweep import Entry
from semlink.unlearning.audits import AUDITS
from semlink.unlearning.audits.contract import AuditContext
from semlink.unlearning.contract import Partition


@pytest.mark.parametrize("family", METRICS)
def test_every_metric_has_words(family: str) -> None:
    assert set(METRICS[family].names) <= metric_labels.METRICS.keys()


@pytest.mark.parametrize("name", AUDITS)
def test_every_measure_of_an_audit_has_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    sets = [
        [Record(f"{name}{i}", random.integers(0, 256, (8, 8), np.uint8), "tests", i % 10) for i in range(60)]
        for name in "frvt"
    ]
    monkeypatch.setattr(image_classifier, "STEPS", 2)
    codec = Gan(GanConfig(network="mlp")) if name == "generation" else ImageCodec(ImageCodecConfig())
    fields = {"relearn": {"steps": 1}, "generation": {"draws": 2, "images": 20}}
    entries = [Entry(codec, "toy", version, "none") for version in ("original", "erased", "retrained")]
    audit = build("audit", AUDITS, name, {"draws": 1} | fields.get(name, {}))
    rows = audit.run(entries, Partition(*sets, forget_test=sets[3], labels=(0,)), AuditContext("x", "awgn", 10.0, 0))
    assert {row.metric for row in rows} <= metric_labels.METRICS.keys()


def test_words_are_not_the_bare_name() -> None:
    assert not [name for name, words in metric_labels.METRICS.items() if "_" in words.label + words.phrase]
