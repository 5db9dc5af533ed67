"""From an end of a codec to its graph of tensor operations, with sizes that stay open and no complex numbers."""

import warnings
from typing import Any

import torch
from torch.export import Dim, ExportedProgram

from semlink.codecs.interop.ends import End, size_of
from semlink.codecs.interop.real import RealValued
from semlink.errors import CodecError, SemlinkError


@torch.no_grad()
def trace(end: End) -> ExportedProgram:
    """The graph of an end, for any batch and, up to its limits, any length. Errors: CodecError when it has none."""
    names = {str(size).rpartition("*")[2] for one in end.inputs for size in one.shape if isinstance(size, str)}
    open_sizes = {name: Dim(name, min=1, max=end.most.get(name)) for name in sorted(names)}
    sizes = {name: 3 for name in names}  # at 1 and at equal sizes torch would take what is so by chance for a rule
    for place, name in enumerate(sorted(names)):
        sizes[name] = min(3 + place, end.most.get(name, 99))
    inputs = tuple(one.example(sizes) for one in end.inputs)
    shapes = tuple(
        {axis: _dimension(size, open_sizes) for axis, size in enumerate(one.shape) if isinstance(size, str)}
        for one in end.inputs
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch about itself
            traced = torch.export.export(end.module, inputs, dynamic_shapes=shapes, strict=False)
            return torch.export.export(RealValued(traced), inputs, dynamic_shapes=(shapes,), strict=False)
    except SemlinkError:
        raise
    except Exception as error:  # torch has no one kind of error for what it cannot trace
        reason = str(error).strip().split("\n")[0]
        raise CodecError(f"This codec cannot be exported, since torch cannot trace it: {reason}") from error


def _dimension(size: str, open_sizes: dict[str, Any]) -> Any:
    times, _, name = size.rpartition("*")
    return int(times) * open_sizes[name] if times else open_sizes[name]


__all__ = ["size_of", "trace"]
