"""A codec that another program trained, and where each of its weights is from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch import Tensor

from semlink.errors import CodecError
from semlink.untrusted import cut

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Imported(Generic[Kind]):
    """A codec and where its weights are from.

    used: parameter of the codec -> tensor of the checkpoint. unused: tensors that are no part of such a codec. digest:
    of the checkpoint's files. label_offset_db: what to add to the original's SNR labels for Es/N0 in dB.
    changed: what was done to tensors on the way, where that is more than another order or layout.
    """

    codec: Kind
    used: Mapping[str, str]
    unused: tuple[str, ...]
    digest: str
    label_offset_db: float
    changed: tuple[str, ...] = ()


def check_shapes(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor], kind: str) -> None:
    """Checks that a codec has just these tensors, in these shapes, of finite numbers.

    In:     wanted: the codec's. given: the checkpoint's by the codec's names. kind: what the codec is.
    Errors: CodecError when names or shapes differ, or a value is NaN or infinite.
    """
    for name in sorted(wanted.keys() | given.keys()):
        needed, found = (tuple(table[name].shape) if name in table else "nothing" for table in (wanted, given))
        if needed != found:
            raise CodecError(
                f"The checkpoint has {cut(found)} for {cut(name)}, not {cut(needed)}; it is no whole {kind}."
            )
        if not bool(given[name].isfinite().all()):
            raise CodecError(
                f"The checkpoint has values for {cut(name)} that are no finite numbers (NaN or infinite), so its "
                "training diverged; give one from before that."
            )
