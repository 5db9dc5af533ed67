"""How far an exported codec is from the stored one, on the same inputs and receptions; its size and speed."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from semlink.channels.contract import Frame, Reception
from semlink.codecs.contract import NeuralCodec
from semlink.codecs.interop.ends import ends_of
from semlink.codecs.interop.exported import Exported
from semlink.codecs.text import TextBatch

TIMES = 20  # runs of which the median is told


@dataclass(frozen=True)
class Comparison:
    """What the two make of one batch.

    symbols, outputs: largest absolute differences of the sent symbols' parts, and of what the decoder gives.
    different: of the estimates' elements (pixels as bytes, words, classes), the share that differs.
    seconds: of one example, encoded and decoded in one thread: (original, exported).
    size: bytes of the exported files with functions in them. weights: bytes of the original's weights.
    """

    symbols: float
    outputs: float
    different: float
    seconds: tuple[float, float]
    size: int
    weights: int


@torch.no_grad()
def compare(exported: Exported, folder: Path, batch: Any, reception: Callable[[Frame], Reception]) -> Comparison:
    """Runs a stored codec and its export, both with both ends, on a batch. Restores torch's number of threads.

    In:  reception: what arrives of a frame; it is asked once, for the stored codec's, and both decode that.
    """
    original: NeuralCodec[Any] = exported.original
    frame, other = original.encode(batch), exported.encode(batch)
    arrived = reception(frame)
    variance = arrived.noise_variance.expand(arrived.mask.shape)
    expected = ends_of(original)["decoder"].module(torch.view_as_real(arrived.symbols), variance, arrived.mask)
    found = exported.heard(arrived)
    first = batch[torch.tensor([0])]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        alone = reception(original.encode(first))
        seconds = _median_seconds((original, exported), first, alone)
    finally:
        torch.set_num_threads(threads)
    return Comparison(
        symbols=_largest(torch.view_as_real(frame.symbols), torch.view_as_real(other.symbols)),
        outputs=max(_largest(one.float(), two.float()) for one, two in zip(expected, found, strict=True)),
        different=_share(original.decode(arrived), exported.decode(arrived)),
        seconds=(seconds[0], seconds[1]),
        size=sum(path.stat().st_size for path in folder.rglob("*") if path.suffix not in (".json", "")),
        weights=sum(weight.nbytes for weight in original.state_dict().values()),
    )


def _median_seconds(codecs: Sequence[Any], batch: Any, reception: Reception) -> list[float]:
    """Of each codec. They take turns, so that a busy machine slows all of them alike."""
    taken: list[list[float]] = [[] for _ in codecs]
    for _ in range(TIMES):
        for codec, own in zip(codecs, taken, strict=True):
            began = time.perf_counter()
            codec.encode(batch)
            codec.decode(reception)
            own.append(time.perf_counter() - began)
    return [statistics.median(own) for own in taken]


def _largest(one: Tensor, two: Tensor) -> float:
    return (one - two).abs().max().item()


def _share(one: Any, two: Any) -> float:
    """The share of elements of two estimates that differ."""
    one, two = _elements(one), _elements(two)
    length = max(one.shape[1], two.shape[1])
    if one.dim() == 2:
        one, two = (functional.pad(each, (0, length - each.shape[1])) for each in (one, two))
    differs: Tensor = one != two
    return differs.double().mean().item()


def _elements(estimate: Any) -> Tensor:
    """Words, classes, or pixels as bytes."""
    if isinstance(estimate, TextBatch):
        return estimate.ids
    values: Tensor = estimate if isinstance(estimate, Tensor) else estimate.images
    return values.argmax(dim=1, keepdim=True) if values.dim() == 2 else (255 * values).round()
