"""The weights of a class's condition, and nothing else, become those of an untrained GAN."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from semlink.codecs.building import new_codec, new_codec_like
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import ErasureError
from semlink.seeding import generator_for
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.baselines.fresh_condition import FreshCondition

CLASS_2 = Partition((), (), (), (), labels=(2,))


@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_other_classes_hear_nothing_of_it(network: str, records: Any, setting: Callable[..., ErasureContext]) -> None:
    """Bit for bit in both players; the answer for the class is that of a GAN with untrained weights there."""
    payloads = [record.payload for record in records["train"]]
    codec: Any = new_codec(
        "gan", {"network": network, "uses": 4, "classes": 3, "hidden": 16, "filters": 4}, payloads, 0
    )
    before = {name: value.clone() for name, value in codec.state_dict().items()}
    result = FreshCondition().erase(codec, CLASS_2, setting(codec))
    erased: Any = result.codec
    assert all(torch.equal(value, before[name]) for name, value in codec.state_dict().items())
    latent, images = codec.prior(6, generator_for(0, "z")), torch.rand(6, 1, 8, 8, generator=generator_for(0, "x"))
    for label in range(3):
        labels = torch.full((6,), label)
        assert torch.equal(codec.generate(latent, labels), erased.generate(latent, labels)) == (label != 2)
        assert torch.equal(codec.scores(images, labels), erased.scores(images, labels)) == (label != 2)
    fresh: Any = new_codec_like(codec, 9)
    old, new, untrained = (version.state_dict() for version in (codec, erased, fresh))
    changed = {name: (new[name] != old[name]) for name in old if not torch.equal(new[name], old[name])}
    assert set(changed) == {"generator.layers.0.weight", "discriminator.features.0.weight"}
    for name, where in changed.items():
        assert torch.equal(new[name][where], untrained[name][where])
        assert where.any(dim=0).flatten(1).any(dim=1).sum() == 1 if where.ndim == 4 else where.any(dim=0).sum() == 1
    assert (result.reads, result.steps, result.samples) == ((), 0, 0)


def test_the_class_is_gone(make_gan: Callable[[str], NeuralCodec[Any]], setting: Callable[..., ErasureContext]) -> None:
    """The diagonal no longer comes on request."""
    codec: Any = make_gan("conditional")
    erased: Any = FreshCondition().erase(codec, CLASS_2, setting(codec)).codec
    latent, labels = codec.prior(200, generator_for(0, "z")), torch.full((200,), 2)
    with torch.no_grad():
        bars = [
            torch.diagonal(one.generate(latent, labels)[:, 0], dim1=1, dim2=2)[:, 3:].mean() for one in (codec, erased)
        ]
    assert bars[1] < 0.7 * bars[0]


def test_what_it_refuses(make_gan: Callable[[str], NeuralCodec[Any]], setting: Callable[..., ErasureContext]) -> None:
    for kind in ("plain", "link"):
        codec = make_gan(kind)
        with pytest.raises(ErasureError, match="needs a GAN that is told the class"):
            FreshCondition().erase(codec, CLASS_2, setting(codec))
    codec = make_gan("conditional")
    with pytest.raises(ErasureError, match="forgets classes"):
        FreshCondition().erase(codec, replace(CLASS_2, labels=()), setting(codec))
