"""The rule of scores: forgotten images like unseen ones, and nothing else lost."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from semlink.simulator.sources.contract import Record
from semlink.unlearning.contract import Partition
from semlink.unlearning.methods.cascaded.score_rule import ScoreRule


class Batch(SimpleNamespace):
    def __len__(self) -> int:
        return len(self.images)

    def to(self, device: Any) -> "Batch":
        return self


class Scorer:
    """Scores an image by its only pixel, times `scale`, and one that was erased by `shift` more."""

    device = torch.device("cpu")

    def __init__(self, scale: float = 1.0, shift: float = 0.0) -> None:
        self.scale, self.shift = scale, shift

    def prepare(self, payloads: Sequence[Any]) -> Batch:
        return Batch(images=torch.tensor(np.stack(payloads)))

    def labelled(self, batch: Batch, labels: Tensor) -> Batch:
        return Batch(images=batch.images, labels=labels)

    def scores(self, images: Tensor, labels: Tensor) -> Tensor:
        return self.scale * images + self.shift * (labels == 1)


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    generator = np.random.default_rng(0)
    return {
        "forget": generator.normal(2, 1, 64),
        "retain": generator.normal(2, 1, 300),
        "validation": generator.normal(0, 1, 400),
    }


@pytest.fixture(scope="module")
def partition(values: dict[str, Any]) -> Partition:
    sets = {
        name: [Record(f"{name}-{i}", value, "x", int(name == "forget")) for i, value in enumerate(found)]
        for name, found in values.items()
    }
    return Partition(**sets, test=[])


def test_what_it_measures(partition: Partition, values: dict[str, Any]) -> None:
    rule = ScoreRule(Scorer(), partition, 0)
    found = rule.measure(Scorer())
    assert rule.before == found
    assert found.p == pytest.approx(stats.ks_2samp(values["forget"], values["validation"]).pvalue)
    above = np.mean(values["retain"][:, None] > values["validation"][None])
    assert found.area == pytest.approx(above)
    assert rule.samples == 764


def test_enough(partition: Partition) -> None:
    """Moving the erased alone is enough; moving nothing, or shaking everything, is not."""
    rule = ScoreRule(Scorer(), partition, 0)
    assert not rule.enough(rule.measure(Scorer()))
    assert rule.enough(rule.measure(Scorer(shift=-2.0)))
    assert not rule.enough(rule.measure(Scorer(shift=-4.0)))
    shaken = rule.measure(Scorer(scale=0.0))
    assert shaken.p == 1
    assert not rule.enough(shaken)
