"""The audit of GANs: its numbers against their definitions, on GANs whose images and scores are known."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from semlink.channels.contract import Reception
from semlink.codecs.building import new_codec
from semlink.codecs.generative.model import Gan, GenerativeCodec
from semlink.codecs.posterior import Posterior
from semlink.codecs.representation import posterior
from semlink.codecs.task.batch import LabelledImages
from semlink.errors import AuditError, WrongField
from semlink.simulator import image_classifier
from semlink.simulator.results import Row
from semlink.simulator.sources.contract import Record
from semlink.simulator.sweep import Entry
from semlink.unlearning.audits.contract import AuditContext
from semlink.unlearning.audits.generation import Generation
from semlink.unlearning.contract import Partition

CONTEXT = AuditContext("demo", "awgn", 12.0, 0)


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


class Relay(GenerativeCodec):
    """Sends each pixel as an angle, so that all have one energy; what arrives is shown times a gain."""

    gain: float = 1.0

    def represent(self, batch: LabelledImages) -> Posterior:
        angles = batch.images.flatten(1)
        sent = torch.stack([angles.cos(), angles.sin()], dim=2)
        return posterior(sent, None, torch.ones(angles.shape, dtype=torch.bool), 0.05)

    def decode(self, reception: Reception) -> LabelledImages:
        pixels = self.gain * reception.symbols.angle().view(-1, 1, 8, 8)
        return LabelledImages(pixels, torch.full((len(pixels),), -1))


def puppet(answers: tuple[int, ...], gain: float = 1.0, conditional: bool = True) -> Puppet:
    fields = {"classes": 3, "network": "mlp", "conditional": conditional}
    fresh = new_codec("gan", fields, [np.zeros((8, 8), np.uint8)], 0)
    made = Puppet(fresh.config)
    made.answers, made.gain = answers, gain
    return made


def relay(gain: float) -> Relay:
    made = Relay(new_codec("generative", {"classes": 3, "uses": 64}, [np.zeros((8, 8), np.uint8)], 0).config)
    made.gain = gain
    return made


def without(*labels: int) -> Partition:
    train, test = records("train", 240, 0.7), records("test", 120, 0.5)
    return Partition(
        forget=[record for record in train if record.label in labels],
        retain=[record for record in train if record.label not in labels],
        validation=(),
        test=[record for record in test if record.label not in labels],
        forget_test=[record for record in test if record.label in labels],
        labels=labels,
    )


def audited(entries: list[Entry], partition: Partition, snr_db: float = 12.0) -> list[Row]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image_classifier, "STEPS", 150)
        return Generation(images=60, draws=3).run(entries, partition, replace(CONTEXT, snr_db=snr_db))


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    entries = [
        Entry(puppet((0, 1, 2)), "demo", "original"),
        Entry(puppet((2, 1, 2)), "demo", "erased", "hides"),
        Entry(puppet((0, 1, 1), -1.0), "demo", "erased", "damages"),
        Entry(puppet((1, 1, 2)), "demo", "retrained", "retrain"),
        Entry(puppet((2, 1, 2), 2.0), "demo", "retrained", "retrain-2"),
    ]
    return audited(entries, without(0))


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


def test_a_request_for_two_classes_has_one_answer_each() -> None:
    """One row a version: of the images made on request of either, those of the class that was asked for."""
    entries = [
        Entry(puppet((0, 1, 2)), "demo", "original"),
        Entry(puppet((2, 1, 2)), "demo", "erased", "half"),
        Entry(puppet((1, 0, 2)), "demo", "erased", "swaps"),
        Entry(puppet((2, 2, 2)), "demo", "retrained", "retrain"),
    ]
    shares = values(audited(entries, without(0, 1)), "share_on_request")
    assert shares == {"none": 1.0, "half": 0.5, "swaps": 0.0, "retrain": 0.0}


def test_a_gan_that_takes_no_request_is_judged_by_all_that_it_makes() -> None:
    class Chance(Puppet):
        """One image in so many is of class 0, the others of class 1."""

        every: int

        def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
            return super().generate(latent, (torch.arange(len(latent)) % self.every > 0).long())

    entries = []
    for version, every in (("original", 2), ("erased", 4), ("retrained", 60)):
        made = Chance(puppet((0, 1, 2), conditional=False).config)
        made.every = every
        entries.append(Entry(made, "demo", version, version))
    rows = audited(entries, without(0))
    shares = values(rows, "share_generated")
    assert shares == {"original": 1 / 2, "erased": 1 / 4, "retrained": 1 / 60}
    assert not values(rows, "share_on_request")
    assert values(rows, "histogram_distance")["original"] == pytest.approx(1 / 2 - 1 / 60)


def test_links_are_judged_by_what_arrives() -> None:
    entries = [
        Entry(relay(1.0), "demo", "original"),
        Entry(relay(0.2), "demo", "erased", "dims"),
        Entry(relay(1.0), "demo", "retrained", "retrain"),
    ]
    noisy, clear = (audited(entries, without(0), snr_db) for snr_db in (0.0, 40.0))
    distances = values(clear, "frechet_distance", "test")
    assert distances["none"] == distances["retrain"] < 0.1 * distances["dims"]
    assert values(noisy, "frechet_distance", "test")["none"] > 10 * distances["none"]
    assert not values(clear, "share_on_request") | values(clear, "share_generated")


def test_mistakes(partition: Partition, fresh_toy: Callable[..., Any]) -> None:
    toys = [Entry(fresh_toy(), "toy", version) for version in ("original", "erased", "retrained")]
    with pytest.raises(AuditError, match="asks a discriminator, which toy has not"):
        Generation().run(toys, partition, CONTEXT)
    with pytest.raises(WrongField, match="give at least 2"):
        Generation(draws=1)
