"""Every metric family keeps the contract: named values that follow from mean statistics."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from semlink.codecs.contract import Sentence
from semlink.seeding import seeded
from semlink.simulator.image_classifier import ImageClassifier
from semlink.simulator.metrics import METRICS, metrics_for
from semlink.simulator.metrics.contract import Metric
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.trigger import Trigger

CLASSIFIER = seeded(0, lambda: ImageClassifier(channels=1, places=6 * 6, classes=4))


@pytest.fixture(scope="module")
def families(pretrained: Callable[[str], Path]) -> list[Metric]:
    return [
        *metrics_for("text", ("cat",), str(pretrained("bert"))),
        *metrics_for("image", trigger=Trigger(), classifier=CLASSIFIER),
        *metrics_for("class"),
    ]


@pytest.fixture(params=METRICS)
def metric(request: pytest.FixtureRequest, families: list[Metric]) -> Metric:
    return next(family for family in families if type(family) is METRICS[request.param])


def sentence(text: str) -> Sentence:
    words = tuple(text.split())
    return Sentence(text, words, words)


def pairs(metric: Metric) -> tuple[Any, Any]:
    if metric.modality == "text":
        references = [
            sentence(text) for text in ("the cat sat on the mat today", "a cat is a cat", "one two three four")
        ]
        estimates = [sentence(text) for text in ("the cat sat on a mat", "a dog is a cat today", "one two three four")]
        return references, estimates
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(3, 1, 24, 21, generator=generator)
    images[..., 20:22, 17:19] = 1  # where the trigger is
    if metric.modality == "class":
        return images, torch.rand(3, 4, generator=generator).log_softmax(dim=1)
    return images, (images + 0.1 * torch.rand(images.shape, generator=generator)).clamp(0, 1)


def statistics_of(metric: Metric) -> Any:
    """Of three pairs, where a metric asks for that each of a record of the trigger's owner."""
    records = [Record(f"r-{index}", None, Trigger.OWNER, index) for index in range(3)]
    return metric.about(records).statistics(*pairs(metric))


def test_every_registered_family_is_chosen_for_its_modality(families: list[Metric]) -> None:
    assert [type(metric) for metric in families] == list(METRICS.values())
    plain = [*metrics_for("text"), *metrics_for("image"), *metrics_for("class")]
    names = {name.partition(":")[0] for metric in plain for name in metric.measures}
    assert names.isdisjoint(
        {"term_recall", "sentence_similarity", "patch_brightness", "class_accuracy", "backdoor_accuracy"}
    )


def test_values_follow_from_statistics(metric: Metric) -> None:
    statistics = statistics_of(metric)
    assert statistics.dtype == np.float64
    assert len(statistics) == 3
    values = metric.values(statistics.mean(axis=0))
    assert values.keys() == metric.measures.keys()
    averages = {name for name, measure in metric.measures.items() if measure.interval in ("mean", "rate")}
    assert averages == metric.averages.keys()
    assert {measure.interval for measure in metric.measures.values()} <= {"mean", "rate", "bootstrap"}
    for name, column in metric.averages.items():
        np.testing.assert_allclose(values[name], statistics[:, column].mean(), rtol=1e-12)


def test_values_of_many_resamples_at_once_are_those_of_each(metric: Metric) -> None:
    statistics = statistics_of(metric)
    together = metric.values(np.stack([statistics, statistics[::-1] / 2]))
    for name, value in together.items():
        assert value.shape == (2, 3)
        np.testing.assert_allclose(value[0, 1], metric.values(statistics[1])[name])


def test_no_records_give_no_rows(metric: Metric) -> None:
    empty: Any = [] if metric.modality == "text" else torch.zeros(0, 1, 24, 21)
    assert len(metric.statistics(empty, empty)) == 0
