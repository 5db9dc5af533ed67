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
from semlink.codecs.contract import Codec
from semlink.codecs.ends import as_decoder_inputs
from semlink.codecs.interop.exported import Exported

TIMES = 20  # runs whose median is given


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

    In:  reception: gives the reception of a frame. It is called once, with the frame of the stored codec; both decode
         the result.
    """
    original, ends = exported.original, exported.ends
    frame, exported_frame = original.encode(batch), exported.encode(batch)
    arrived = reception(frame)
    decoder_inputs = as_decoder_inputs(arrived)
    outputs = ends.functions["decoder"].module(*decoder_inputs)
    exported_outputs = exported.run("decoder", *decoder_inputs)
    first = batch[torch.tensor([0])]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        seconds = _median_seconds((original, exported), first, reception(original.encode(first)))
    finally:
        torch.set_num_threads(threads)
    return Comparison(
        symbols=_largest(torch.view_as_real(frame.symbols), torch.view_as_real(exported_frame.symbols)),
        outputs=max(_largest(*pair) for pair in zip(outputs, exported_outputs, strict=True)),
        different=_share(ends.elements(original.decode(arrived)), ends.elements(exported.decode(arrived))),
        seconds=(seconds[0], seconds[1]),
        size=sum(path.stat().st_size for path in folder.rglob("*") if path.suffix not in (".json", "")),
        weights=sum(weight.nbytes for weight in original.state_dict().values()),
    )


def _median_seconds(codecs: Sequence[Codec[Any]], batch: Any, reception: Reception) -> list[float]:
    """Of each codec. They take turns, so that a busy machine slows all of them alike."""
    seconds: list[list[float]] = [[] for _ in codecs]
    for _ in range(TIMES):
        for codec, times in zip(codecs, seconds, strict=True):
            began = time.perf_counter()
            codec.encode(batch)
            codec.decode(reception)
            times.append(time.perf_counter() - began)
    return [statistics.median(times) for times in seconds]


def _largest(values: Tensor, others: Tensor) -> float:
    return (values.float() - others.float()).abs().max().item()


def _share(elements: Tensor, others: Tensor) -> float:
    """The share of elements that differ; sentences may have different lengths."""
    if elements.dim() == 2:
        length = max(elements.shape[1], others.shape[1])
        elements, others = (functional.pad(each, (0, length - each.shape[1])) for each in (elements, others))
    differs: Tensor = elements != others
    return differs.double().mean().item()
