"""From an end of a codec to its graph of tensor operations, with sizes that stay open and no complex numbers."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch._dynamo.exc import UserError
from torch.export import Dim, ExportedProgram

from semlink.codecs.ends import End
from semlink.codecs.interop.complex_as_real import RealValued
from semlink.errors import CodecError


@dataclass(frozen=True)
class Traced:
    """An end and its graph. The end's inputs and outputs are those of the graph."""

    end: End
    program: ExportedProgram


def trace(end: End) -> Traced:
    """The graph of an end for any length up to its limit, and for any batch, or for one example where it needs that.

    Errors: CodecError when it has none.
    """
    try:
        return Traced(end, _program(end))
    except UserError:
        alone = _for_one(end)
        try:
            return Traced(alone, _program(alone))
        except UserError as error:
            reason = str(error).strip().split("\n")[0]
            raise CodecError(f"This codec cannot be exported, since torch cannot trace it: {reason}") from error


@torch.no_grad()
def _program(end: End) -> ExportedProgram:
    """Errors: UserError of torch."""
    names = sorted(
        {str(size).rpartition("*")[2] for argument in end.inputs for size in argument.shape if isinstance(size, str)}
    )
    open_sizes = {name: Dim(name, min=1, max=end.most.get(name)) for name in names}
    # Sizes that are 1, or equal, torch would take for a rule.
    sizes = {name: min(3 + place, end.most.get(name, 99)) for place, name in enumerate(names)}
    inputs = tuple(argument.example(sizes) for argument in end.inputs)
    shapes = tuple(
        {axis: _dimension(size, open_sizes) for axis, size in enumerate(argument.shape) if isinstance(size, str)}
        for argument in end.inputs
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings of torch about its own code
        traced = torch.export.export(end.module, inputs, dynamic_shapes=shapes, strict=False)
        return torch.export.export(RealValued(traced), inputs, dynamic_shapes=(shapes,), strict=False)


def _for_one(end: End) -> End:
    """The end for batches of one example."""
    inputs, outputs = (
        tuple(
            replace(argument, shape=tuple(1 if size == "batch" else size for size in argument.shape))
            for argument in arguments
        )
        for arguments in (end.inputs, end.outputs)
    )
    return replace(end, inputs=inputs, outputs=outputs)


def _dimension(size: str, open_sizes: dict[str, Any]) -> Any:
    times, _, name = size.rpartition("*")
    return int(times) * open_sizes[name] if times else open_sizes[name]
