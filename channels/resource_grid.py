"""Time and frequency as a carrier hands them out: slots, resource blocks, pilots, and the place of each symbol.

Source: 3GPP TS 38.211, sections 4.3 (slots), 4.4 (resource blocks) and 7.4.1.1.2 (symbols with pilots).
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Allocation = Literal["interleaved", "contiguous"]

SUBCARRIERS, SYMBOLS = 12, 14  # of a resource block over one slot
ELEMENTS = SUBCARRIERS * SYMBOLS
# A slot lasts as long as 15 OFDM symbols without cyclic prefix (1 ms at 15 kHz), so its 14 prefixes take up one more.
USES_OF_A_BLOCK = SUBCARRIERS * (SYMBOLS + 1)
SHORTEST_PREFIX = 144 / 2048  # of an OFDM symbol; the first prefix of each half millisecond is longer
# OFDM symbols that carry pilots, by how many do: table 7.4.1.1.2-3, mapping type A, 14 symbols, the first in symbol 2.
PILOT_SYMBOLS = {1: (2,), 2: (2, 11), 3: (2, 7, 11), 4: (2, 5, 8, 11)}


@dataclass(frozen=True)
class Placement:
    """Where the symbols of a batch go. An element is a vector of one symbol for each stream.

    rank:     int64 [batch, uses], how many used symbols of the example come before; 0 where there are none.
    active:   bool [batch, elements, streams], which of them carry a symbol.
    block:    int64 [batch, elements], which of the granted blocks; those of the largest grant are numbered alike.
    position: int64 [batch, elements], which data element of that block.
    blocks:   in the largest grant.
    """

    rank: Tensor
    active: Tensor
    block: Tensor
    position: Tensor
    blocks: int

    def pack(self, symbols: Tensor, mask: Tensor) -> Tensor:
        """Symbols [batch, uses] as [batch, elements, streams], 0 where inactive; what is masked is not looked at."""
        nowhere = self.active[0].numel()  # a place behind the last, which takes what is masked
        rank = self.rank.masked_fill(~mask, nowhere)
        packed = symbols.new_zeros(len(symbols), nowhere + 1).scatter(1, rank, symbols.masked_fill(~mask, 0))
        return packed[:, :-1].view(self.active.shape)

    def unpack(self, values: Tensor) -> Tensor:
        """Values [batch, elements, streams] of the symbols as [batch, uses]; anything where masked."""
        return values.flatten(1).gather(1, self.rank)

    def pick(self, values: Tensor, places: Tensor) -> Tensor:
        """The values [batch, elements, receive, streams] of the placed elements.

        In: values: [batch, receive, streams, blocks, places in a block]. places: int64 [data elements], those of the
            data elements.
        """
        where = self.block * values.shape[-1] + places[self.position]
        picked = values.flatten(-2).gather(-1, where[:, None, None].expand(-1, *values.shape[1:3], -1))
        return picked.movedim(-1, 1).contiguous()


@dataclass(frozen=True)
class ResourceGrid:
    """A carrier of `resource_blocks` blocks of 12 subcarriers, slot after slot of 14 OFDM symbols.

    An example with N symbols over `streams` streams is granted as many blocks as hold them, in one slot or several
    that follow each other. Its n-th element goes to block n mod (blocks granted), so that every part of the example
    meets all granted blocks, good and bad: frequency diversity. Inside a block, data elements are filled over the
    subcarriers first, then over the OFDM symbols.

    The subcarriers of a pilot symbol belong to the streams in turn (a comb): each pilot is sent by one antenna alone.
    """

    subcarrier_spacing_khz: int
    resource_blocks: int
    allocation: Allocation
    streams: int
    pilot_symbols: int

    @property
    def symbol_seconds(self) -> float:
        """An OFDM symbol without its cyclic prefix."""
        return 1e-3 / self.subcarrier_spacing_khz

    @property
    def symbol_rate(self) -> float:
        """OFDM symbols in a second, with cyclic prefixes, averaged over a slot."""
        return SYMBOLS / ((SYMBOLS + 1) * self.symbol_seconds)

    @property
    def data_elements(self) -> int:
        """Data elements in a block."""
        return SUBCARRIERS * (SYMBOLS - self.pilot_symbols)

    def order(self) -> list[int]:
        """The blocks of the carrier in the order in which they are granted.

        "contiguous": one beside the other. "interleaved": with the bits of their number reversed, so that any grant
        lies spread over the carrier (the sequence of van der Corput), as interleaved mapping does in TS 38.211,
        section 7.3.1.6.
        """
        blocks = range(self.resource_blocks)
        if self.allocation == "contiguous":
            return list(blocks)
        bits = (self.resource_blocks - 1).bit_length()
        return sorted(blocks, key=lambda block: int(f"{block:0{bits}b}"[::-1], 2))

    def frequencies(self) -> Tensor:
        """Frequencies of the subcarriers in Hz, around that of the carrier: float64 [blocks as granted, 12]."""
        first = torch.tensor(self.order()).unsqueeze(1) * SUBCARRIERS
        places = first + torch.arange(SUBCARRIERS) - self.resource_blocks * SUBCARRIERS / 2
        return places.double() * self.subcarrier_spacing_khz * 1e3

    def data_places(self) -> tuple[Tensor, Tensor]:
        """Subcarrier and OFDM symbol of each data element of a block: int64 [data elements], twice."""
        symbols = [symbol for symbol in range(SYMBOLS) if symbol not in PILOT_SYMBOLS[self.pilot_symbols]]
        symbol, subcarrier = torch.meshgrid(torch.tensor(symbols), torch.arange(SUBCARRIERS), indexing="ij")
        return subcarrier.flatten(), symbol.flatten()

    def pilot_places(self, stream: int) -> tuple[Tensor, Tensor]:
        """Subcarrier and OFDM symbol of each pilot of a stream in a block: int64 [pilots], twice."""
        comb, symbols = torch.arange(stream, SUBCARRIERS, self.streams), torch.tensor(PILOT_SYMBOLS[self.pilot_symbols])
        subcarrier, symbol = torch.meshgrid(comb, symbols, indexing="ij")
        return subcarrier.flatten(), symbol.flatten()

    def elements(self, mask: Tensor) -> Tensor:
        """Data elements that the symbols of each example occupy: int64 [batch], from bool [batch, uses]."""
        return -(-mask.sum(dim=1) // self.streams)

    def blocks(self, mask: Tensor) -> Tensor:
        """Blocks that each example is granted: int64 [batch], from bool [batch, uses]."""
        return -(-self.elements(mask) // self.data_elements)

    def slots(self, mask: Tensor) -> int:
        """Slots that the largest grant of a batch reaches over; 0 where no example has symbols."""
        return -(-_largest(self.blocks(mask)) // self.resource_blocks)

    def place(self, mask: Tensor) -> Placement:
        """Where the symbols of a batch go, whose places in the frame are `mask`, bool [batch, uses]."""
        used, granted = mask.sum(dim=1, keepdim=True), self.blocks(mask).clamp_min(1).unsqueeze(1)
        number = torch.arange(_largest(self.elements(mask)), device=mask.device)
        rank = number.unsqueeze(1) * self.streams + torch.arange(self.streams, device=mask.device)
        return Placement(
            rank=(mask.cumsum(dim=1) - 1).clamp_min(0),
            active=rank < used.unsqueeze(2),
            block=number % granted,
            position=(number // granted).clamp_max(self.data_elements - 1),
            blocks=_largest(self.blocks(mask)),
        )


def _largest(counts: Tensor) -> int:
    return int(counts.max()) if len(counts) else 0
