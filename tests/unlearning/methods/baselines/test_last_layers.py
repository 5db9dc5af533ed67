"""CF-k and EU-k: which layers learn, and from where."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import ErasureError, WrongField
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.baselines.last_layers import CatastrophicallyForgetLast, ExactlyUnlearnLast, last_layers

Codec = NeuralCodec[Any]
KINDS = [CatastrophicallyForgetLast, ExactlyUnlearnLast]


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_last_layers_change(
    kind: Callable[..., Any], trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    result = kind(layers=1).erase(trained, partition, context_for())
    changed = {
        name
        for name, parameter in trained.named_parameters()
        if not torch.equal(parameter, result.codec.get_parameter(name))
    }
    assert changed == {"decoder.2.weight", "decoder.2.bias"}
    assert result.notes["weights_learned"] == 64 * 36 + 36
    assert all(parameter.requires_grad for parameter in result.codec.parameters())


def test_from_where_they_begin(
    trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    """At a rate of nearly 0, CF-k is the original and EU-k has the last layers of an untrained codec."""
    context = context_for()
    kept, drawn = (kind(layers=1, rate=1e-12).erase(trained, partition, context).codec for kind in KINDS)
    fresh = context.fresh()
    for name, parameter in trained.named_parameters():
        torch.testing.assert_close(kept.get_parameter(name), parameter, rtol=0, atol=1e-9)
        source = fresh if name.startswith("decoder.2") else trained
        torch.testing.assert_close(drawn.get_parameter(name), source.get_parameter(name), rtol=0, atol=1e-9)


def test_layers_are_counted_from_the_end_of_the_receiver(speaker: Codec) -> None:
    """A normalisation is no layer of its own but comes along; data pass through the channel decoder first."""
    layers = [
        module for part in speaker.receiver for module in part.modules() if list(module.parameters(recurse=False))
    ]
    everything = sum(any(parameter.dim() > 1 for parameter in module.parameters(recurse=False)) for module in layers)
    last = last_layers(speaker, everything)
    assert last[0] is next(
        module for module in layers if any(parameter.dim() > 1 for parameter in module.parameters(recurse=False))
    )
    assert last[-1] is layers[-1]
    for count in (1, 2, 3):
        chosen = last_layers(speaker, count)
        assert (
            sum(any(parameter.dim() > 1 for parameter in module.parameters(recurse=False)) for module in chosen)
            == count
        )
        assert chosen == layers[len(layers) - len(chosen) :]
    assert any(isinstance(module, torch.nn.LayerNorm) for module in last)


def test_too_many_layers(trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]) -> None:
    with pytest.raises(ErasureError, match="has 2 layers, fewer than layers=3"):
        CatastrophicallyForgetLast(layers=3).erase(trained, partition, context_for())
    with pytest.raises(WrongField, match="cannot take layers=0"):
        ExactlyUnlearnLast(layers=0)
