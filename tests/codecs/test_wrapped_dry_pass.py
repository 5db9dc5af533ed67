"""Modules that do not fit together, or do what a link cannot use, are told in a sentence when a codec is made."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import semlink as sl
from semlink.codecs.building import new_codec
from semlink.errors import CodecError

IMAGES = list(np.random.default_rng(0).integers(0, 256, (3, 8, 8), dtype=np.uint8))
pytestmark = pytest.mark.usefixtures("wrapped_codecs")


class Does(nn.Module):
    """A linear layer, and then what a test asks for."""

    def __init__(self, then: Callable[[Tensor], Any], before: int = 64, after: int = 64):
        super().__init__()
        self.layer, self.then = nn.Linear(before, after), then

    def forward(self, values: Tensor) -> Any:
        return self.then(self.layer(values.flatten(1)))


class AsksForSnr(Does):
    def forward(self, values: Tensor, snr: Tensor) -> Any:  # type: ignore[override]
        return super().forward(values)


def image_of(values: Tensor) -> Tensor:
    return values.view(-1, 1, 8, 8)


class InPlace(Does):
    def forward(self, values: Tensor) -> Any:
        return super().forward(values.sub_(0.5))


def made(encoder: Any, decoder: Any, name: str = "tried", fields: Any = None, **options: Any) -> Any:
    sl.wrap(lambda: encoder, lambda: decoder, name=name, **options)
    return new_codec(name, fields or {}, IMAGES, 0)


@pytest.mark.parametrize(
    ("then", "told"),
    [
        (lambda z: z[:, :25], r"encoder of tried returns 25 real values an example \(float32 \[2, 25\]\); .*even"),
        (lambda z: z[:, :0], "returns 0 real values"),
        (lambda z: z.sum(), r"returns float32 \[\] for two examples"),
        (lambda z: z[:1], r"returns float32 \[1, 64\] for two examples"),
        (lambda z: z.long(), r"returns int64 \[2, 64\]"),
        (lambda z: (z, z), "returns 2 values; return one tensor"),
        (lambda z: [z], "returns a list; return one tensor"),
        (lambda z: z / 0, "not finite"),
        (lambda z: z / z.square().mean().sqrt(), "something else of an example when others are in its batch"),
        (lambda z: z + torch.randn_like(z), "draws random numbers in evaluation mode; .* channels add the noise"),
        (
            lambda z: z @ torch.ones(3),
            r"encoder of tried fails on \[2, 1, 8, 8\]: RuntimeError: .*\(test_wr",
        ),
    ],
)
def test_encoders(then: Callable[[Tensor], Any], told: str) -> None:
    with pytest.raises(CodecError, match=told):
        made(Does(then), Does(image_of))


@pytest.mark.parametrize(
    ("then", "told"),
    [
        (
            lambda x: x.view(-1, 1, 4, 16),
            r"decoder of tried returns float32 \[2, 1, 4, 16\] .*, not \[2, 1, 8, 8\]; if its strides",
        ),
        (lambda x: x, r"returns float32 \[2, 64\] for two examples, not \[2, 1, 8, 8\]\.$"),
        (lambda x: image_of(x).log(), "decoder of tried returns values that are not finite"),
        (lambda x: image_of(functional.dropout(x)), "decoder of tried draws random numbers"),
        (lambda x: image_of(x - x.mean(dim=0)), "decoder of tried makes something else"),
        (lambda x: image_of(x[:, :32]), r"decoder of tried fails on \[2, 64\]"),
        (lambda x: (image_of(x),), "decoder of tried returns a tuple; return a tensor"),
    ],
)
def test_decoders(then: Callable[[Tensor], Any], told: str) -> None:
    with pytest.raises(CodecError, match=told):
        made(Does(lambda z: z), Does(then))


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        (nn.MSELoss(), r"loss of tried returns one number for 2 examples; return one for each example, \[2\]"),
        (lambda estimate, data: (estimate - data).mean(dim=0), r"returns \[1, 8, 8\] for 2 examples"),
        (lambda estimate, data: 0.0, "returns float for 2 examples"),
        (lambda estimate, data: (estimate - data).sum(dim=(1, 2, 3)) / 0, "is not finite for a fresh codec"),
        (lambda estimate, data: (estimate.detach() - data).square(), "depends on no weight"),
        (lambda estimate: estimate, "loss of tried fails: TypeError"),
    ],
)
def test_losses(loss: Any, told: str) -> None:
    with pytest.raises(CodecError, match=told):
        made(Does(lambda z: z), Does(image_of), loss=loss)


def test_arguments_that_nobody_hands_over() -> None:
    with pytest.raises(CodecError, match=r'decoder of tried needs an argument "snr" .* noise_variance alone'):
        made(Does(lambda z: z), AsksForSnr(image_of))
    with pytest.raises(CodecError, match='encoder of other needs an argument "snr" in forward; it is handed data'):
        made(AsksForSnr(lambda z: z), Does(image_of), "other")


def test_an_input_that_is_changed_in_place() -> None:
    with pytest.raises(CodecError, match="encoder of tried changes its input in place"):
        made(InPlace(lambda z: z), Does(image_of))


def test_declared_uses_are_held() -> None:
    assert made(Does(lambda z: z), Does(image_of), uses=32).config.height == 8
    with pytest.raises(CodecError, match="makes 32 channel uses of an example, but wrap was told uses=16"):
        made(Does(lambda z: z), Does(image_of), "other", uses=16)


def test_variational_needs_both_values() -> None:
    with pytest.raises(CodecError, match="returns a Tensor; return a pair"):
        made(Does(lambda z: z), Does(image_of), fields={"variational": True})
    with pytest.raises(CodecError, match=r"log-variance of float32 \[2, 1\], not real \[2, 64\]"):
        made(Does(lambda z: (z, z[:, :1])), Does(image_of), "other", {"variational": True})


def test_scores_of_all_classes() -> None:
    with pytest.raises(CodecError, match=r"returns float32 \[2, 64\] for two examples, not \[2, 10\]\.$"):
        made(Does(lambda z: z), Does(lambda x: x), delivers="class")


def test_a_pass_leaves_no_trace() -> None:
    encoder, decoder = Does(nn.Sequential(nn.BatchNorm1d(64), nn.Dropout(0.5))), Does(image_of)
    before = torch.get_rng_state()
    codec = made(encoder, decoder)
    assert codec.encoder.then[0].num_batches_tracked == 0
    assert codec.training
    assert all(weight.grad is None for weight in codec.parameters())
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_that_could_not_be_stored() -> None:
    twice = Does(image_of)
    twice.again = twice.layer
    with pytest.raises(CodecError, match=r"decoder of tried holds the weights again\.weight under another name too"):
        made(Does(lambda z: z), twice)
    with pytest.raises(CodecError, match=r"encoder of lazy has weights without a size, 1\.weight"):
        made(nn.Sequential(nn.Flatten(), nn.LazyLinear(64)), Does(image_of), "lazy")


def test_a_part_that_fails_in_training_alone_is_told() -> None:
    """As batch norm does on a batch of one; see https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d."""
    codec = made(nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.BatchNorm1d(8)), Does(image_of, before=8)).train()
    with pytest.raises(CodecError, match=r"encoder of tried fails on \[1, 1, 8, 8\]: ValueError: Expected more than 1"):
        codec.represent(codec.prepare(IMAGES[:1]))
