"""The OFDM channel: symbols on resource blocks of a carrier, through paths with delays that change with time."""

import math
from abc import abstractmethod
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from semlink.channels.contract import Channel, Frame, Reception
from semlink.channels.csi import ChannelEstimate
from semlink.channels.detection import Detector, detect, times
from semlink.channels.grid_estimation import Estimator, build_estimator
from semlink.channels.multipath import (
    carrier_interference,
    delays_of,
    doppler_hz,
    frequency_response,
    late_power,
    turns,
)
from semlink.channels.noise import complex_normal
from semlink.channels.profiles import Profile
from semlink.channels.resource_grid import (
    ELEMENTS,
    PILOT_SYMBOLS,
    SHORTEST_PREFIX,
    SYMBOLS,
    USES_OF_A_BLOCK,
    Allocation,
    Placement,
    ResourceGrid,
)
from semlink.channels.snr import noise_variance
from semlink.errors import WrongField

Spacing = Literal[15, 30, 60, 120]
GridCsi = Literal["perfect", "estimated"]
MOST_LOST = 0.01  # share of the power that may leave its OFDM symbol or its subcarrier unmodelled
MOST_BLOCKS = 275  # of a carrier: TS 38.211, section 4.4.2
GAINS_AT_ONCE = 2**20  # examples are sent in groups with about as many gains, so that memory stays bounded


class Ofdm(Channel):
    """Sends symbols on the subcarriers of an OFDM link over a 3GPP channel, and detects them.

    y = H s / sqrt(streams) + n at each resource element, with H [receive, streams], E|H_rt|^2 = 1, n ~ CN(0, N0 I).
    The symbols of an example go to the streams in turn, one stream from each transmit antenna; an element, summed over
    the antennas, has unit energy, and N0 is that of each receive antenna. Each example has gains of its own, which are
    the same process in all its blocks and slots; the received energy of an example fades with them.

    Every subcarrier is taken to stand alone. Where that would hide more than 1 % of the power the fields are refused:
    paths later than the cyclic prefix, or Doppler shifts that reach the neighbours (`carrier_interference`).

    Fields: delay_spread_ns: root-mean-square delay spread in ns. The default is the nominal one of TR 38.901, table
            7.7.3-1.
            speed_kmh: of the receiver in km/h. carrier_ghz: carrier frequency in GHz.
            subcarrier_spacing_khz: 15, 30, 60 or 120. resource_blocks: of the carrier; 51 blocks at 30 kHz are 20 MHz
            (TS 38.101-1, table 5.3.2-1).
            allocation: "interleaved" spreads the granted blocks over the carrier, "contiguous" does not.
            transmit, receive: antennas; as many streams as transmit antennas, 1 to 4, and at least as many to receive.
            csi: "perfect", or "estimated" from the pilots of each block.
            estimator: "ls", "nearest" or "lmmse", as in `build_estimator`; for csi "estimated".
            equaliser: "mmse" or "zf", as in `detect`.
            pilot_symbols: OFDM symbols with pilots among the 14 of a slot: 1 (symbol 2), 2 (2, 11), 3 (2, 7, 11) or 4
            (2, 5, 8, 11). They are sent, and counted, with perfect csi too.
    Errors: WrongField when a field has another value, or the fields contradict each other or the model.
    Source: 3GPP TR 38.901, section 7.7; TS 38.211, sections 4 and 7.
    """

    profile: ClassVar[Profile]

    def __init__(
        self,
        delay_spread_ns: float = 100.0,
        speed_kmh: float = 3.0,
        carrier_ghz: float = 3.5,
        subcarrier_spacing_khz: Spacing = 30,
        resource_blocks: int = 51,
        allocation: Allocation = "interleaved",
        transmit: int = 1,
        receive: int = 1,
        csi: GridCsi = "perfect",
        estimator: Estimator = "ls",
        equaliser: Detector = "mmse",
        pilot_symbols: int = 2,
    ) -> None:
        super().__init__()
        for field, value, valid in (
            ("subcarrier_spacing_khz", subcarrier_spacing_khz, get_args(Spacing)),
            ("allocation", allocation, get_args(Allocation)),
            ("transmit", transmit, (1, 2, 3, 4)),
            ("csi", csi, get_args(GridCsi)),
            ("estimator", estimator, get_args(Estimator)),
            ("equaliser", equaliser, get_args(Detector)),
            ("pilot_symbols", pilot_symbols, tuple(PILOT_SYMBOLS)),
        ):
            if value not in valid:
                raise WrongField(f"{field} cannot be {value}; choose one of: {', '.join(map(str, valid))}.")
        if receive < transmit:
            raise WrongField(
                f"{receive} antennas cannot tell {transmit} streams apart; give receive={transmit} or more."
            )
        if estimator != "ls" and csi != "estimated":
            raise WrongField(f"With csi={csi} nothing is estimated; use csi=estimated or leave estimator out.")
        for field, number, low, high in (
            ("delay_spread_ns", delay_spread_ns, 0, math.inf),
            ("speed_kmh", speed_kmh, 0, math.inf),
            ("carrier_ghz", carrier_ghz, 0.5, 100),  # where TR 38.901 holds
            ("resource_blocks", resource_blocks, 1, MOST_BLOCKS),
        ):
            if not (low <= number <= high and math.isfinite(number)):
                above = f"from {low}" if high == math.inf else f"from {low} to {high}"
                raise WrongField(f"{field} cannot be {number}; give a number {above}.")
        self.delay_spread_ns, self.speed_kmh, self.carrier_ghz = delay_spread_ns, speed_kmh, carrier_ghz
        self.subcarrier_spacing_khz, self.resource_blocks = subcarrier_spacing_khz, resource_blocks
        self.allocation = allocation
        self.transmit, self.receive, self.pilot_symbols = transmit, receive, pilot_symbols
        self.csi, self.estimator, self.equaliser = csi, estimator, equaliser
        self.grid = ResourceGrid(subcarrier_spacing_khz, resource_blocks, allocation, transmit, pilot_symbols)
        self._refuse_what_would_be_hidden()
        self._turned = turns(self.grid.frequencies(), self._delays()).to(torch.complex64)
        self._estimator = build_estimator(estimator, self.grid, self.correlation)

    @abstractmethod
    def draw(self, batch: int, slots: int, generator: torch.Generator) -> Tensor:
        """Gains of the paths: complex64 [batch, receive, streams, paths, slots x 14], one for each OFDM symbol.

        The first slots do not depend on how many follow. Keep them to send something else over the same fades.
        """

    @abstractmethod
    def path_correlation(self, seconds: Tensor) -> Tensor:
        """E[a(t + b) a(t)*] of each path for time offsets b, float64: complex128 [paths, *seconds]."""

    def correlation(self, hertz: Tensor, seconds: Tensor) -> Tensor:
        """E[h(f + a, t + b) h(f, t)*] for frequency offsets a and time offsets b, float64 of one shape: complex128."""
        return (turns(hertz, self._delays()).movedim(-1, 0) * self.path_correlation(seconds)).sum(dim=0)

    def forward(self, frame: Frame, snr_db: float | Tensor, generator: torch.Generator) -> Reception:
        # The gains come first: codecs with different numbers of uses meet the same fades.
        gains = self.draw(len(frame.symbols), self.grid.slots(frame.mask), generator)
        return self.send(frame, gains, snr_db, generator)

    def send(self, frame: Frame, paths: Tensor, snr_db: float | Tensor, generator: torch.Generator) -> Reception:
        """Sends a frame over given gains of the paths, as `draw` makes them."""
        batch = len(frame.symbols)
        variance = noise_variance(snr_db, batch, frame.symbols.device)
        widest = int(self.grid.blocks(frame.mask).max()) if batch else 1
        most = max(1, GAINS_AT_ONCE // (self.receive * self.transmit * ELEMENTS * max(1, widest)))
        groups = [slice(start, start + most) for start in range(0, max(1, batch), most)]
        parts = [
            self._send(Frame(frame.symbols[rows], frame.mask[rows]), paths[rows], variance[rows], generator)
            for rows in groups
        ]
        return parts[0] if len(parts) == 1 else Reception.joined(parts)

    def _send(self, frame: Frame, paths: Tensor, variance: Tensor, generator: torch.Generator) -> Reception:
        """The same for a few examples; draws pilot noise, then data noise."""
        placement = self.grid.place(frame.mask)
        if not placement.blocks:
            return Reception(frame.symbols.masked_fill(~frame.mask, 0), variance, frame.mask)
        responses = self.responses(paths, placement.blocks)
        subcarrier, symbol = (places.to(paths.device) for places in self.grid.data_places())
        gains = placement.pick(responses, subcarrier * SYMBOLS + symbol)
        known = self._know(responses, gains, placement, variance, generator)
        sent = placement.pack(frame.symbols, frame.mask)
        if self.transmit > 1:
            # A stream without a symbol is silent, and the receiver knows; the others have equal shares of the energy.
            share = placement.active / self.transmit**0.5
            known = ChannelEstimate(known.mean * share.unsqueeze(2), known.variance * share.square())
            sent = sent * share
        detection = detect(self.equaliser, known, variance)
        batch, elements, receive, _ = gains.shape
        received = complex_normal(variance, elements * receive, generator).view(batch, elements, receive)
        received.add_(times(gains, sent))
        estimate = placement.unpack(detection.apply(received)).masked_fill(~frame.mask, 0)
        return Reception(estimate, placement.unpack(detection.error), frame.mask, placement.unpack(detection.bias))

    def responses(self, paths: Tensor, blocks: int) -> Tensor:
        """The gain of each resource element: complex64 [batch, receive, streams, blocks, 12 x 14].

        In: paths: as `draw` makes them. blocks: how many of those that would be granted.
        """
        batch, receive, streams, count, _ = paths.shape
        a_slot = min(blocks, self.grid.resource_blocks)
        turned = self._turned[:a_slot].to(paths.device).reshape(-1, count)
        in_slots = paths.view(batch, receive, streams, count, -1, SYMBOLS).movedim(4, 3)
        responses = frequency_response(in_slots, turned)
        return responses.reshape(batch, receive, streams, -1, ELEMENTS)[:, :, :, :blocks]

    def data_uses(self, mask: Tensor) -> Tensor:
        """Resource elements that carry the symbols of each example, one of each stream in every element: [batch]."""
        return self.grid.elements(mask).double()

    def total_uses(self, mask: Tensor) -> Tensor:
        """All resource elements of the granted blocks, filled or not, with their pilots and cyclic prefixes.

        180 for each block: 12 subcarriers over a slot, which lasts as long as 15 OFDM symbols without prefix. That is
        also the product of its time and its bandwidth.
        """
        return self.grid.blocks(mask).double() * USES_OF_A_BLOCK

    def _delays(self) -> Tensor:
        return delays_of(self.profile, self.delay_spread_ns)

    def _know(
        self, responses: Tensor, gains: Tensor, placement: Placement, variance: Tensor, generator: torch.Generator
    ) -> ChannelEstimate:
        """Of the placed elements: mean [batch, elements, receive, streams], variance [batch, elements, streams]."""
        if self.csi == "perfect":
            return ChannelEstimate(gains, torch.zeros((1, 1, 1), device=gains.device))
        places = [self.grid.pilot_places(stream) for stream in range(self.transmit)]
        where = torch.stack([subcarrier * SYMBOLS + symbol for subcarrier, symbol in places]).to(gains.device)
        at_pilots = where[None, None, :, None].expand(*responses.shape[:2], -1, responses.shape[3], -1)
        noise = complex_normal(variance, at_pilots[0].numel(), generator).view(at_pilots.shape)
        known = self._estimator.estimate(noise + responses.gather(4, at_pilots), variance)
        everywhere = known.variance.expand(-1, -1, -1, placement.blocks, -1)
        everything = torch.arange(self.grid.data_elements, device=gains.device)
        return ChannelEstimate(placement.pick(known.mean, everything), placement.pick(everywhere, everything)[:, :, 0])

    def _refuse_what_would_be_hidden(self) -> None:
        guard = SHORTEST_PREFIX * self.grid.symbol_seconds
        late = late_power(self.profile, self.delay_spread_ns, guard)
        if late > MOST_LOST:
            raise WrongField(
                f"With delay_spread_ns={self.delay_spread_ns:g}, {late:.0%} of the power arrives after the cyclic "
                f"prefix of {guard * 1e9:.0f} ns; give a smaller delay_spread_ns or subcarrier_spacing_khz."
            )
        moved = carrier_interference(doppler_hz(self.speed_kmh, self.carrier_ghz), self.grid.symbol_seconds)
        if moved > MOST_LOST:
            raise WrongField(
                f"At speed_kmh={self.speed_kmh:g} and carrier_ghz={self.carrier_ghz:g}, Doppler moves up to "
                f"{moved:.0%} of the power to other subcarriers; give a smaller speed_kmh or a larger "
                "subcarrier_spacing_khz."
            )
