"""What a safetensors file says of its tensors, read without the tensors."""

import math
from dataclasses import dataclass

from semlink.untrusted import json_of

HEADER_MOST, TENSORS_MOST, AXES_MOST = 16 << 20, 100_000, 8
WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


@dataclass(frozen=True)
class StoredTensor:
    """kind: as safetensors names it ("F32"). shape: its axes."""

    kind: str
    shape: tuple[int, ...]


def stored_tensors(content: bytes) -> dict[str, StoredTensor]:
    """Name, type and shape of each tensor.

    In:     content: of the file, which has to be all of it.
    Errors: ValueError when it is not a safetensors file, or its tensors do not fill it byte for byte.
    """
    size = int.from_bytes(content[:8], "little")
    if len(content) < 8 or size > min(HEADER_MOST, len(content) - 8):
        raise ValueError("its header is longer than the file")
    header = json_of(content[8 : 8 + size], dict)
    header.pop("__metadata__", None)
    if len(header) > TENSORS_MOST:
        raise ValueError("too many tensors")
    found: dict[str, StoredTensor] = {}
    places = []
    for name, entry in header.items():
        if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
            raise ValueError("an entry of its header is none")
        kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        if (
            not isinstance(kind, str)
            or kind not in WIDTHS
            or not _sizes(shape)
            or len(shape) > AXES_MOST
            or not _sizes(offsets, 2)
        ):
            raise ValueError("an entry of its header is none")
        if offsets[1] - offsets[0] != math.prod(shape) * WIDTHS[kind]:
            raise ValueError("a tensor has another length than its shape")
        places.append((offsets[0], offsets[1]))
        found[name] = StoredTensor(kind, tuple(shape))
    end = 0
    for first, last in sorted(places):
        if first != end:
            raise ValueError("there are gaps between its tensors")
        end = last
    if end != len(content) - 8 - size:
        raise ValueError("its tensors do not fill it")
    return found


def _sizes(value: object, count: int | None = None) -> bool:
    return (
        isinstance(value, list)
        and all(type(item) is int and 0 <= item < 2**48 for item in value)
        and count in (None, len(value))
    )
