"""Every number that can be measured declares what it is, in the file that makes it."""

import numpy as np
import pytest

from semlink.codecs.generative.configuration import GanConfig
from semlink.codecs.generative.model import Gan
from semlink.codecs.image.configuration import ImageCodecConfig
from semlink.codecs.image.model import ImageCodec
from semlink.registry import build
from semlink.simulator import image_classifier
from semlink.simulator.measures import MEASURES as SIMULATOR_MEASURES
from semlink.simulator.metrics import METRICS
from semlink.simulator.sources.contract import Record
from semlink.simulator.sweep import Entry
from semlink.unlearning.audits import AUDITS
from semlink.unlearning.audits.contract import AuditContext
from semlink.unlearning.contract import Partition
from semlink.unlearning.measures import MEASURES, measure_named

INDEXED = {**SIMULATOR_MEASURES, **MEASURES}


@pytest.mark.parametrize("family", list(METRICS))
def test_every_metric_is_found_by_its_name(family: str) -> None:
    for name, measure in METRICS[family].measures.items():
        assert measure_named(name) is measure
        assert measure.direction in ("higher", "lower")


@pytest.mark.parametrize("name", list(AUDITS))
def test_every_number_of_an_audit_is_found_by_its_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    sets = [
        [Record(f"{name}{i}", random.integers(0, 256, (8, 8), np.uint8), "tests", i % 10) for i in range(60)]
        for name in "frvt"
    ]
    monkeypatch.setattr(image_classifier, "STEPS", 2)
    codec = Gan(GanConfig(network="mlp")) if name == "generation" else ImageCodec(ImageCodecConfig())
    fields = {"relearn": {"steps": 1}, "generation": {"draws": 2, "images": 20}}
    versions = {"none": "original", "scu": "erased", "retrain": "retrained", "retrain-2": "retrained"}
    entries = [Entry(codec, "toy", version, method) for method, version in versions.items()]
    audit = build("audit", AUDITS, name, {"draws": 1} | fields.get(name, {}))
    rows = audit.run(entries, Partition(*sets, forget_test=sets[3], labels=(0,)), AuditContext("x", "awgn", 10.0, 0))
    for row in rows:
        base, _, setting = row.metric.partition(":")
        declared = audit.measures[base]
        assert measure_named(row.metric) == (declared.with_setting(setting) if setting else declared)
        assert declared.unit == row.unit


def test_the_index_holds_what_files_declare() -> None:
    """A name is looked up in one table and declared in one file; both say the same."""
    for name, declared in INDEXED.items():
        assert name in declared
        for sibling in declared:
            assert INDEXED[sibling.partition(":")[0]] is declared


def test_a_measure_is_told_in_plain_words() -> None:
    for declared in INDEXED.values():
        for name, measure in declared.items():
            assert measure.name == name
            assert "_" not in measure.label + measure.phrase + measure.meaning


def test_settings_stand_in_the_label() -> None:
    shown = measure_named("relearned_loss:shown=16")
    assert (shown.name, shown.label) == ("relearned_loss:shown=16", "Loss after relearning (shown=16)")
    assert (shown.direction, shown.scale) == ("lower", "free")
    assert measure_named("ssim:window=7").label == "SSIM, 7 × 7 window"
    assert measure_named("sentence_similarity:model=tiny").phrase == "sentence similarity (model=tiny)"


def test_an_unknown_measure_has_no_direction() -> None:
    unknown = measure_named("novelty_score:depth=2")
    assert (unknown.label, unknown.direction, unknown.unit) == ("novelty score:depth=2", "none", "")


def test_a_metric_of_another_package_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A family that is in the registry alone declares its measures itself."""
    family = METRICS["image-error"]
    index = {name: place for name, place in vars(SIMULATOR_MEASURES)["_places"].items() if name != "psnr"}
    monkeypatch.setattr(SIMULATOR_MEASURES, "_places", index)
    assert measure_named("psnr") is family.measures["psnr"]
