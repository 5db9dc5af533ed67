"""Graphs without complex numbers compute what those with them do, or are refused."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from semlink.codecs.interop.complex_as_real import RealValued
from semlink.errors import CodecError


class Does(nn.Module):
    """A function of two complex tensors, given and returned as real ones."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, one: Tensor, two: Tensor) -> Tensor:
        return torch.view_as_real(self.function(torch.view_as_complex(one), torch.view_as_complex(two)))


def _traced(function: Callable[[Tensor, Tensor], Tensor]) -> tuple[nn.Module, nn.Module, tuple[Tensor, Tensor]]:
    inputs = torch.randn(2, 3, 4, 2, generator=torch.Generator().manual_seed(0)).unbind()
    module = Does(function)
    return module, RealValued(torch.export.export(module, inputs, strict=False)), (inputs[0], inputs[1])


@pytest.mark.parametrize(
    "function",
    [
        lambda one, two: one + two,
        lambda one, two: one - two,
        lambda one, two: one * 3.0,
        lambda one, two: one / (1 + torch.view_as_real(two)[..., 0] ** 2),
        lambda one, two: torch.view_as_real(two)[..., 1] * one,
        lambda one, two: torch.cat([one, two], dim=-1) + torch.cat([two, one], dim=1),
        lambda one, two: torch.cat(list(reversed(one.split([1, 3], dim=-1))), dim=-1) - two,
        lambda one, two: one.expand(2, 3, 4) * 2.0,
    ],
)
def test_rules_are_those_of_complex_numbers(function: Callable[[Tensor, Tensor], Tensor]) -> None:
    module, real, inputs = _traced(function)
    torch.testing.assert_close(real(*inputs), module(*inputs))


@pytest.mark.parametrize(
    "function", [lambda one, two: one * two, lambda one, two: one + 1.0, lambda one, two: one.exp()]
)
def test_what_has_no_rule_is_refused(function: Callable[[Tensor, Tensor], Tensor]) -> None:
    _, real, inputs = _traced(function)
    with pytest.raises(CodecError, match="cannot be exported yet"):
        real(*inputs)
