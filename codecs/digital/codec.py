"""The classical chain as a codec: a compressor, then a 5G transport block that fills the channel uses it is given."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from semlink.channels.contract import Frame, Reception
from semlink.codecs.contract import Codec, Modality, Sentence
from semlink.codecs.digital.batch import DigitalBatch
from semlink.codecs.digital.budget import Budget
from semlink.codecs.digital.compression.contract import Bits, Compressor
from semlink.codecs.digital.modulation_and_coding import Mcs
from semlink.codecs.digital.transport import Transport, transport_for
from semlink.codecs.pixels import pixels_of
from semlink.codecs.text.tokenizer import TextTokenizer, readable
from semlink.errors import CodecError


class DigitalCodec(Codec[DigitalBatch]):
    """Compresses a payload to what one transport block carries, and sends it: cyclic redundancy check, LDPC code, QAM.

    The sender makes the best of its channel uses: an image is sent at the highest quality that fits, a sentence whole
    or cut after the last word that fits. The bits of the compressor are followed by a one and zeros up to the size of
    the block, so that the receiver knows where they end.
    Outage: where the check fails, nothing fitted, or the bits are of no payload, the receiver shows `blank`, and
    `arrived` says so. The receiver knows this without help; whether its guess was right is not used.

    Fields: compressor; mcs: modulation and code rate; budget: channel uses of each payload;
            reader: splits sentences into words (text only); blank: the words or the image that stand for nothing.
    Errors: CodecError when a payload is of another kind.
    """

    def __init__(
        self,
        compressor: Compressor[Any],
        mcs: Mcs,
        budget: Budget,
        reader: TextTokenizer | None = None,
        blank: Any = (),
        device: torch.device | str = "cpu",
    ) -> None:
        self.compressor, self.mcs, self.budget, self.reader, self.blank = compressor, mcs, budget, reader, blank
        self.shape: tuple[int, ...] = ()
        self._device = torch.device(device)
        self._fitted: dict[tuple[Any, int], Bits | None] = {}  # what a payload became within so many bits

    @property
    def modality(self) -> Modality:  # type: ignore[override]  # a neural codec's is that of its class
        """That of the compressor."""
        return self.compressor.modality

    @property
    def device(self) -> torch.device:
        return self._device

    def on(self, device: torch.device | str) -> Self:
        """The codec with its radio part on a device; compressors work on the CPU."""
        return self._like(_device=torch.device(device))

    def at(self, mcs: Mcs) -> Self:
        """The codec with another modulation and code rate."""
        return self if mcs == self.mcs else self._like(mcs=mcs)

    def sized(self, shape: tuple[int, ...]) -> Self:
        if (len(shape) == 0) != (self.modality == "text") or len(shape) not in (0, 2, 3):
            raise CodecError(f"A payload of shape {shape} is no {self.modality}; choose a source of {self.modality}.")
        return self if shape == self.shape else self._like(shape=shape)

    def prepare(self, payloads: Sequence[Any]) -> DigitalBatch:
        if len(payloads) == 0:
            raise CodecError("There is nothing to prepare; give at least one sentence or image.")
        reader = self.reader
        made = tuple(np.asarray(payload) if reader is None else reader.words(payload) for payload in payloads)
        uses = self.budget(payloads).to(self.device)
        return DigitalBatch(made, uses, torch.ones(len(made), dtype=torch.bool, device=self.device))

    def encode(self, batch: DigitalBatch) -> Frame:
        width = int(batch.uses.max())
        symbols = torch.zeros(len(batch), width, dtype=torch.complex64, device=self.device)
        for uses, rows in _groups(batch.uses):
            block = transport_for(self.mcs, uses, self.device)
            bits = np.stack([self._framed(batch.payloads[row], block) for row in rows.tolist()])
            symbols[rows, :uses] = block.send(torch.from_numpy(bits).to(self.device))
        return Frame(symbols, torch.arange(width, device=self.device) < batch.uses.unsqueeze(1))

    def decode(self, reception: Reception) -> DigitalBatch:
        uses = reception.mask.sum(dim=1)
        payloads: list[Any] = [None] * len(uses)
        arrived = torch.zeros(len(uses), dtype=torch.bool)
        for count, rows in _groups(uses):
            block = transport_for(self.mcs, count, self.device)
            decoded, whole = block.receive(reception[rows, count])
            for row, bits, intact in zip(rows.tolist(), decoded.cpu().numpy(), whole.tolist(), strict=True):
                payloads[row] = self._read(bits) if intact else None
                arrived[row] = payloads[row] is not None
        shown = tuple(self._blank() if payload is None else payload for payload in payloads)
        return DigitalBatch(shown, uses, arrived.to(self.device))

    def room(self, uses: int) -> int:
        """Information bits in a block of so many channel uses."""
        return transport_for(self.mcs, uses, self.device).information_bits

    def carries(self, batch: DigitalBatch, row: int) -> bool:
        """Whether anything of an example fits into its block."""
        return self._fit(batch.payloads[row], self.room(int(batch.uses[row])) - 1) is not None

    def deliver(self, batch: DigitalBatch, bits: Tensor) -> DigitalBatch:
        """What a receiver has when so many bits of each example (int64 [batch]) arrive without error."""
        versions = [self._fit(payload, int(most)) for payload, most in zip(batch.payloads, bits, strict=True)]
        arrived = torch.tensor([bits_of_version is not None for bits_of_version in versions], device=self.device)
        shown = tuple(
            self._blank() if bits_of_version is None else self.compressor.restore(bits_of_version, self.shape)
            for bits_of_version in versions
        )
        return DigitalBatch(shown, batch.uses, arrived)

    def lost(self, batch: DigitalBatch) -> DigitalBatch:
        """What a receiver shows that got nothing of a batch."""
        return DigitalBatch((self._blank(),) * len(batch), batch.uses, torch.zeros_like(batch.arrived))

    def as_metric_input(self, batch: DigitalBatch) -> Any:
        if self.reader is None:
            return self._pixels(batch.payloads)
        return [Sentence(readable(words), words, words) for words in batch.payloads]

    def reference(self, payloads: Sequence[Any]) -> Any:
        if self.reader is None:
            return self._pixels(payloads)
        return [Sentence(text, words := self.reader.words(text), words) for text in payloads]

    def channel_uses(self, batch: DigitalBatch) -> Tensor:
        return batch.uses

    def arrived(self, batch: DigitalBatch) -> Tensor:
        return batch.arrived

    def _framed(self, payload: Any, block: Transport) -> Bits:
        """The information bits of a block: those of the payload, a one, zeros; all zeros where nothing fits."""
        bits = np.zeros(block.information_bits, dtype=np.uint8)
        fitted = self._fit(payload, block.information_bits - 1)
        if fitted is not None:
            bits[: len(fitted)] = fitted
            bits[len(fitted)] = 1
        return bits

    def _read(self, bits: Bits) -> Any:
        """The payload of a block, None where there is none.

        A check of 16 bits lets one wrong block in 65 536 pass. Its payload is shown, if its bits are those of one.
        """
        ends = np.flatnonzero(bits)
        if not len(ends) or not ends[-1]:
            return None
        try:
            return self.compressor.restore(bits[: ends[-1]], self.shape)
        except CodecError:
            return None

    def _fit(self, payload: Any, most: int) -> Bits | None:
        key = (payload if isinstance(payload, tuple) else (payload.shape, payload.tobytes()), most)
        if key not in self._fitted:
            self._fitted[key] = self.compressor.fit(payload, most) if most > 0 else None
        return self._fitted[key]

    def _blank(self) -> Any:
        if self.modality == "text":
            return self.blank
        channels = self.shape[2] if len(self.shape) == 3 else 1
        colour = np.broadcast_to(np.asarray(self.blank, dtype=np.uint8), channels)
        return np.broadcast_to(colour, (*self.shape[:2], channels)).reshape(self.shape)

    def _pixels(self, images: Sequence[Any]) -> Tensor:
        height, width, channels = (*self.shape, 1)[:3]
        return pixels_of(images, height, width, channels).to(self.device)

    def _like(self, **changes: Any) -> Self:
        """A copy that shares what was fitted, with some attributes changed."""
        other = type(self).__new__(type(self))
        other.__dict__.update({**self.__dict__, **changes})
        return other


def _groups(uses: Tensor) -> Iterator[tuple[int, Tensor]]:
    """The rows of each number of channel uses."""
    for count in uses.unique().tolist():
        yield count, (uses == count).nonzero().flatten()
