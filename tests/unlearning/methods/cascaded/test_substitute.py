"""Latents by inversion, and the images that stand in for erased ones."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from semlink.seeding import generator_for
from semlink.unlearning.methods.cascaded.inversion import invert
from semlink.unlearning.methods.cascaded.substitute import Exchange, MeanCondition, mean_of_others, substituted


class Linear:
    """G(z, y) = A z + 10 y_2, 4 by 4 pixels from two channel uses; y_2 is the condition's share of class 2."""

    config = SimpleNamespace(classes=3)

    def __init__(self) -> None:
        self.weight = torch.randn(16, 4, generator=generator_for(0, "linear"))

    def prior(self, count: int, generator: torch.Generator) -> Tensor:
        drawn = torch.randn(count, 2, 2, generator=generator)
        return drawn * (2 / drawn.square().sum(dim=(1, 2), keepdim=True)).sqrt()

    def generate(self, latent: Tensor, labels: Tensor) -> Tensor:
        condition = torch.nn.functional.one_hot(labels, 3).float() if labels.ndim == 1 else labels
        images = latent.flatten(1) @ self.weight.T + 10 * condition[:, 2:]
        return images.view(-1, 1, 4, 4)


class Batch(SimpleNamespace):
    def __len__(self) -> int:
        return len(self.images)


@pytest.fixture(scope="module")
def sets() -> tuple[Any, Any]:
    generator = generator_for(0, "images")
    forget, retain = (torch.randn(count, 1, 4, 4, generator=generator) for count in (300, 40))
    return tuple(
        Batch(images=images, labels=torch.zeros(len(images), dtype=torch.int64)) for images in (forget, retain)
    )


def test_inversion_finds_what_was_made() -> None:
    """Images of a generator come from latents of unit energy that it finds again; the codec knows nothing of it."""
    codec, generator = Linear(), generator_for(1, "noise")
    latents, labels = codec.prior(20, generator), torch.arange(20) % 3
    found = invert(codec, codec.generate(latents, labels), labels, generator)  # type: ignore[arg-type]
    torch.testing.assert_close(found, latents, rtol=0, atol=0.02)
    further = invert(codec, codec.generate(2 * latents, labels), labels, generator)  # type: ignore[arg-type]
    torch.testing.assert_close(further.square().sum(dim=(1, 2)), torch.full((20,), 2.0))


def test_mean_of_the_others() -> None:
    torch.testing.assert_close(mean_of_others(torch.tensor([1]), 5), torch.tensor([0.25, 0.0, 0.25, 0.25, 0.25]))
    torch.testing.assert_close(mean_of_others(torch.tensor([0, 2]), 4), torch.tensor([0.0, 0.5, 0.0, 0.5]))


def test_mean_condition() -> None:
    codec: Any = Linear()
    batch = MeanCondition(codec, torch.tensor([0, 1])).draw(codec, 50, generator_for(2, "draw"))
    assert set(batch.labels.tolist()) == {0, 1}
    torch.testing.assert_close(batch.wanted, batch.made + 10)
    assert len(batch.made.unique(dim=0)) == 50


def test_neighbours(sets: tuple[Any, Any]) -> None:
    """Against the distances one by one."""
    (forget, retain), codec = sets, cast(Any, Linear())
    found = {
        kind: substituted(kind, codec, forget, retain, torch.empty(0), generator_for(3, "random"))
        for kind in ("nearest", "neighbours")
    }
    for index in (0, 17, 299):
        apart = torch.stack([(forget.images[index] - other).square().sum() for other in retain.images])
        order = apart.argsort()
        torch.testing.assert_close(found["nearest"][index], retain.images[order[0]])
        torch.testing.assert_close(found["neighbours"][index], retain.images[order[:5]].mean(dim=0))


def test_random_and_truncated(sets: tuple[Any, Any]) -> None:
    (forget, retain), codec = sets, cast(Any, Linear())
    found = substituted("random", codec, forget, retain, torch.empty(0), generator_for(3, "random"))
    rows = (found[:, None] == retain.images[None]).flatten(2).all(dim=2)
    assert (rows.sum(dim=1) == 1).all()
    assert rows.any(dim=0).sum() > 30
    latents = torch.randn(300, 2, 2, generator=generator_for(4, "latents"))
    found = substituted("truncated", codec, forget, retain, latents, generator_for(3, "random"))
    torch.testing.assert_close(2 * found, codec.generate(latents, forget.labels))


def test_exchange_keeps_pairs() -> None:
    codec: Any = Linear()
    latents = codec.prior(30, generator_for(4, "latents"))
    labels = torch.arange(30) % 3
    wanted = codec.generate(latents, labels) + 1
    batch = Exchange(latents, labels, wanted, noise=0.0).draw(codec, 20, generator_for(5, "draw"))
    torch.testing.assert_close(batch.wanted, batch.made + 1)
    assert len(batch.made.unique(dim=0)) == 20
