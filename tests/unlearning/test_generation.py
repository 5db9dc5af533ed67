"""The audit of GANs: its numbers against their definitions, on GANs whose images and scores are known."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from semlink.codecs import Gan, new_codec
from semlink.errors import AuditError, WrongField
from semlink.simulator import judge
from semlink.simulator.results import Row
from semlink.simulator.sources.contract import Record
from semlink.simulator.sweep import Entry
from semlink.unlearning.audits import Generation, Setting
from semlink.unlearning.contract import Partition

SETTING = Setting("demo", "awgn", 12.0, 0)


def half(label: int, bright: float, random: np.random.Generator) -> np.ndarray[Any, Any]:
    """Class 0 is bright at the top, class 1 on the left, class 2 nowhere."""
    pixels = random.uniform(0, 0.2, (8, 8))
    pixels[(slice(4), slice(None)) if label == 0 else (slice(None), slice(4)) if label == 1 else slice(0)] += bright
    return pixels


def records(name: str, count: int, bright: float) -> list[Record]:
    random = np.random.default_rng(len(name))
    return [
        Record(f"{name}-{index}", (255 * half(index % 3, bright, random)).astype(np.uint8), "a", index % 3)
        for index in range(count)
    ]


class Puppet(Gan):
    """Makes images of the class that `answers` says for a request; its score is the mean brightness, times a gain."""

    answers: tuple[int, ...] = (0, 1, 2)
    gain: float = 1.0

    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        assert labels is not None
        random = np.random.default_rng(len(latent))
        images = [half(self.answers[int(label)], 0.7, random) for label in labels]
        return torch.tensor(np.stack(images), dtype=torch.float32).unsqueeze(1)

    def scores(self, images: Tensor, labels: Tensor | None) -> Tensor:
        return self.gain * images.mean(dim=(1, 2, 3))


def puppet(answers: tuple[int, ...], gain: float = 1.0) -> Puppet:
    fresh = new_codec("gan", {"classes": 3, "network": "mlp"}, [np.zeros((8, 8), np.uint8)], 0)
    made = Puppet(fresh.config)
    made.answers, made.gain = answers, gain
    return made


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    train, test = records("train", 240, 0.7), records("test", 120, 0.5)
    partition = Partition(
        forget=[record for record in train if record.label == 0],
        retain=[record for record in train if record.label != 0],
        validation=(),
        test=[record for record in test if record.label != 0],
        forget_test=[record for record in test if record.label == 0],
        labels=(0,),
    )
    entries = [
        Entry(puppet((0, 1, 2)), "demo"),
        Entry(puppet((2, 1, 2)), "demo", "erased", "hides"),
        Entry(puppet((0, 1, 1), -1.0), "demo", "erased", "damages"),
        Entry(puppet((1, 1, 2)), "demo", "retrained", "retrain"),
        Entry(puppet((2, 1, 2), 2.0), "demo", "retrained", "retrain-2"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "STEPS", 150)
        return Generation(images=60, draws=3).run(entries, partition, SETTING)


def values(rows: list[Row], metric: str, set_name: str = "forget") -> dict[str, float]:
    found = [row for row in rows if (row.metric, row.set) == (metric, set_name)]
    assert all(row.low <= row.value <= row.high for row in found)
    return {row.method: row.value for row in found}


def test_what_comes_on_request(rows: list[Row]) -> None:
    shares = values(rows, "share_on_request")
    assert shares == {"none": 1.0, "hides": 0.0, "damages": 1.0, "retrain": 0.0, "retrain-2": 0.0}
    apart = values(rows, "histogram_distance")
    assert apart == {"none": 1.0, "hides": 1.0, "damages": 1.0, "retrain-2": 1.0}
    distances = values(rows, "request_distance")
    assert distances["hides"] == distances["retrain-2"]
    assert distances["hides"] != distances["none"]


def test_quality_is_judged_on_kept_classes(rows: list[Row]) -> None:
    distances = values(rows, "frechet_distance", "test")
    assert distances["hides"] == distances["none"] == distances["retrain"]
    assert distances["damages"] > 2 * distances["none"]


def test_scores_tell_erased_from_unseen_of_their_kind(rows: list[Row]) -> None:
    """Erased images are brighter than unseen ones of their class, by more than they differ among themselves."""
    areas = values(rows, "score_auc")
    assert areas["none"] == areas["retrain-2"] == 1.0
    assert areas["damages"] == 0.0
    spreads = values(rows, "score_spread")
    assert spreads["retrain-2"] == pytest.approx(2 * spreads["none"])
    assert all(p < 1e-9 for p in values(rows, "score_ks_p").values())


def test_mistakes(trained: Any, partition: Partition, fresh_toy: Callable[..., Any]) -> None:
    toys = [Entry(fresh_toy(), "toy", version) for version in ("original", "erased", "retrained")]
    with pytest.raises(AuditError, match="asks a discriminator, which toy has not"):
        Generation().run(toys, partition, SETTING)
    with pytest.raises(WrongField, match="give at least 2"):
        Generation(draws=1)
