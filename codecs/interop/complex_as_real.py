"""A traced network without complex numbers, which neither ONNX nor TFLite knows: each becomes two real ones."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from semlink.errors import CodecError

aten = torch.ops.aten


@dataclass(frozen=True)
class Pair:
    """A complex tensor as its parts: float32 [..., 2], real and imaginary."""

    parts: Tensor


def _scaled(by: Callable[[Tensor, Any], Tensor]) -> Callable[..., Pair]:
    """Multiplies or divides both parts by a real number, or by a real tensor of the complex one's shape."""

    def scale(left: Any, right: Any) -> Pair:
        if isinstance(right, Pair):
            left, right = right, left
        if isinstance(right, Pair) or (by is operator.truediv and not isinstance(left, Pair)):
            raise CodecError("This codec multiplies complex numbers by each other, which cannot be exported yet.")
        return Pair(by(left.parts, right.unsqueeze(-1) if isinstance(right, Tensor) else right))

    return scale


def _added(by: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Pair]:
    def add(left: Any, right: Any) -> Pair:
        if not (isinstance(left, Pair) and isinstance(right, Pair)):
            raise CodecError("This codec adds real numbers to complex ones, which cannot be exported yet.")
        return Pair(by(left.parts, right.parts))

    return add


def _joined(pairs: Sequence[Any], dim: int = 0) -> Pair:
    if not all(isinstance(pair, Pair) for pair in pairs):
        raise CodecError("This codec joins real numbers and complex ones, which cannot be exported yet.")
    return Pair(torch.cat([pair.parts for pair in pairs], dim=_before_parts(dim)))


def _split(pair: Pair, sizes: Sequence[int], dim: int = 0) -> list[Pair]:
    return [Pair(parts) for parts in pair.parts.split(sizes, dim=_before_parts(dim))]


def _before_parts(dim: int) -> int:
    """A dimension of a complex tensor among those of its parts."""
    return dim if dim >= 0 else dim - 1


RULES: Mapping[Any, Callable[..., Any]] = {
    aten.view_as_complex.default: Pair,
    aten.view_as_real.default: lambda pair: pair.parts,
    aten.mul.Tensor: _scaled(operator.mul),
    aten.div.Tensor: _scaled(operator.truediv),
    aten.add.Tensor: _added(operator.add),
    aten.sub.Tensor: _added(operator.sub),
    aten.cat.default: _joined,
    aten.split_with_sizes.default: _split,
    aten.expand.default: lambda pair, size: Pair(pair.parts.expand(*size, 2)),
}


class RealValued(nn.Module):
    """A module that computes what a traced one does, with a `Pair` for every complex number inside.

    In:     traced: what `torch.export` made of a module with real inputs and outputs.
    Errors: CodecError, when it is called, for an operation on complex numbers that has no rule here.
    """

    def __init__(self, traced: torch.export.ExportedProgram) -> None:
        super().__init__()
        self.graph_module = traced.module(check_guards=False)
        self.graph_module.graph.eliminate_dead_code()  # a complex constant that nobody reads

    def forward(self, *inputs: Tensor) -> Any:
        return _Reals(self.graph_module).run(*inputs)


class _Reals(torch.fx.Interpreter):
    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        values = (part for value in args for part in (value if isinstance(value, list | tuple) else [value]))
        complex_ones = target is not operator.getitem and any(isinstance(value, Pair) for value in values)
        if target is not aten.view_as_complex.default and not complex_ones:
            return super().call_function(target, args, kwargs)
        if target not in RULES:
            raise CodecError(f"This codec does {target} with complex numbers, which cannot be exported yet.")
        return RULES[target](*args, **kwargs)
