"""How a sender adapts to the link: not at all, by its choice of modulation and code rate, or with ideal codes."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import torch
from torch import Tensor

from semlink.channels.contract import Channel, Frame, Reception
from semlink.codecs.contract import Codec
from semlink.codecs.digital.codec import DigitalCodec
from semlink.codecs.digital.modulation_and_coding import LADDER, Mcs
from semlink.progress import Progress
from semlink.seeding import generator_for
from semlink.simulator.capacity import bits_of, carried_bits, check_error_rate, effective_snr_db, mean_information
from semlink.simulator.measure import Measure, by_name

CsiAtTransmitter = Literal["average", "instantaneous"]
# What the policies say of each record beside what arrives, the statistics of the link:
MEASURES = by_name(
    Measure(
        "outage_rate",
        "1",
        "lower",
        "Outages",
        "the share of records that do not arrive",
        "share of records of which nothing arrives: the check of the block failed, or nothing fitted into it",
        interval="rate",
    ),
    Measure(
        "spectral_efficiency",
        "bit/use",
        "higher",
        "Information bits a channel use",
        "the spectral efficiency",
        "information bits that the sender put on a channel use, by its choice of modulation and code rate",
        scale="free",
    ),
)


@dataclass(frozen=True)
class ChannelUse:
    """One use of a channel by a part of a set: the same fades and noise for every codec that takes it.

    name: of the channel, canonical (`semlink.channels.name_of`).
    keys, turn: what randomness is derived from, with the Es/N0 between them.
    """

    channel: Channel
    name: str
    keys: tuple[int | str, ...]
    turn: tuple[int, ...] = ()

    def send(self, frame: Frame, snr_db: float) -> Reception:
        """What arrives of a frame; the same again when called again."""
        received: Reception = self.channel(frame, snr_db, self.generator(snr_db, frame.symbols.device))
        return received

    def generator(self, snr_db: float, device: torch.device | str) -> torch.Generator:
        """The randomness of one Es/N0, from its beginning."""
        return generator_for(*self.keys, snr_db, *self.turn, device=device)


@dataclass(frozen=True)
class Arrival:
    """What came out at one Es/N0.

    snr_db:          Es/N0 in dB.
    estimate:        as `Codec.as_metric_input` gives it.
    link_statistics: those of `MEASURES` that the policy knows: name -> float64 [batch].
    """

    snr_db: float
    estimate: Any
    link_statistics: Mapping[str, Tensor]


class ErrorRates(Protocol):
    """Block error rates that were measured before: the part of `BlockErrors` that a sender needs."""

    def choose(self, uses: int, channel_name: str, snr_db: float, target: float) -> Mcs:
        """The choice that carries most, of those that meet the target on this channel; the most robust if none does."""

    def threshold_db(self, uses: int, mcs: Mcs, target: float) -> float:
        """The Es/N0 in dB over AWGN from which the choice meets the target."""


class LinkPolicy(ABC):
    """How the sender of a codec uses a channel: which symbols it sends, given what it knows of the link.

    joint: whether the points of one call of `transmit` are worked on together, so that a call for some of them may
           differ in the last digit.
    """

    joint: ClassVar[bool] = False

    @abstractmethod
    def frame(self, codec: Any, batch: Any) -> Frame:
        """The symbols of a batch; where they depend on the link, others in the same channel uses stand for them."""

    @abstractmethod
    def transmit(
        self, channel_use: ChannelUse, codec: Any, batch: Any, frame: Frame, points: Sequence[float]
    ) -> Iterator[Arrival]:
        """The batch as it arrives at each Es/N0 of `points`, in dB. frame: what the method `frame` returned for it."""


class Fixed(LinkPolicy):
    """The codec sends the same symbols whatever the link is: encoded once, and decoded once for all points together."""

    joint: ClassVar[bool] = True

    def frame(self, codec: Codec[Any], batch: Any) -> Frame:
        return codec.encode(batch)

    def transmit(
        self, channel_use: ChannelUse, codec: Codec[Any], batch: Any, frame: Frame, points: Sequence[float]
    ) -> Iterator[Arrival]:
        estimate = codec.decode(Reception.joined([channel_use.send(frame, snr_db) for snr_db in points]))
        rows = torch.arange(len(estimate), device=frame.symbols.device).split(len(frame.symbols))
        for snr_db, at_point in zip(points, rows, strict=True):
            arrived = estimate[at_point]
            yield Arrival(snr_db, codec.as_metric_input(arrived), _outages(codec.arrived(arrived)))


class Adaptive(LinkPolicy):
    """The sender picks modulation and code rate from block error rates that were measured before.

    Fields: errors: the measured rates.
            target: the block error rate that a choice may have at most. The sender takes the choice that carries most
            of those that meet it, and the most robust choice where none does.
            knowledge: "average": the sender knows the channel and its average Es/N0, and looks up the rates of the
            channel, which has to be a registered one. "instantaneous": it knows how much the fades of each example
            carry, and looks up the rates of AWGN.
    Where nothing of an example fits into a choice, the sender takes the next choice into which something fits: that may
    fail, but to send nothing would fail for sure. The receiver learns the choice over a control channel, whose uses are
    not counted.
    """

    def __init__(self, errors: ErrorRates, target: float = 0.1, knowledge: CsiAtTransmitter = "average") -> None:
        self.errors, self.target, self.knowledge = errors, target, knowledge

    def frame(self, codec: DigitalCodec, batch: Any) -> Frame:
        return stand_in(codec.channel_uses(batch))

    def transmit(
        self, channel_use: ChannelUse, codec: DigitalCodec, batch: Any, frame: Frame, points: Sequence[float]
    ) -> Iterator[Arrival]:
        for snr_db in points:
            looked_up = self._choices(channel_use, frame, snr_db)
            chosen = [_that_carries(codec, batch, row, mcs) for row, mcs in enumerate(looked_up)]
            symbols = torch.zeros_like(frame.symbols)
            groups = [
                (mcs, torch.tensor([row for row, choice in enumerate(chosen) if choice == mcs], device=symbols.device))
                for mcs in sorted(set(chosen), key=lambda mcs: mcs.name)
            ]
            for mcs, rows in groups:
                encoded = codec.at(mcs).encode(batch[rows]).symbols
                symbols[rows, : encoded.shape[1]] = encoded
            reception = channel_use.send(Frame(symbols, frame.mask), snr_db)
            decoded = [codec.at(mcs).decode(reception[rows]) for mcs, rows in groups]
            back = torch.argsort(torch.cat([rows for _, rows in groups]))
            estimate = type(batch).joined(decoded)[back]
            carried = [codec.at(mcs).room(uses) / uses for mcs, uses in zip(chosen, batch.uses.tolist(), strict=True)]
            efficiency = torch.tensor(carried, dtype=torch.float64)
            statistics = {**_outages(estimate.arrived), "spectral_efficiency": efficiency}
            yield Arrival(snr_db, codec.as_metric_input(estimate), statistics)

    def look_up(self, uses: Sequence[int], channel_name: str, points: Sequence[float]) -> None:
        """Measures the rates that choices for frames of so many channel uses need, unless they are known.

        In: uses: channel uses of each frame. points: Es/N0 in dB.
        """
        with Progress(f"block errors over {channel_name}", len(uses) * len(points)) as progress:
            for count in uses:
                for snr_db in points:
                    if self.knowledge == "average":
                        self.errors.choose(count, channel_name, snr_db, self.target)
                    else:
                        self._for_quality(count, snr_db)
                    progress.step()

    def _choices(self, channel_use: ChannelUse, frame: Frame, snr_db: float) -> list[Mcs]:
        uses = frame.mask.sum(dim=1).tolist()
        if self.knowledge == "average":
            known = {count: self.errors.choose(count, channel_use.name, snr_db, self.target) for count in set(uses)}
            return [known[count] for count in uses]
        qualities = effective_snr_db(channel_use.send(frame, snr_db)).tolist()
        return [self._for_quality(count, quality) for count, quality in zip(uses, qualities, strict=True)]

    def _for_quality(self, uses: int, quality_db: float) -> Mcs:
        good = [mcs for mcs in LADDER if self.errors.threshold_db(uses, mcs, self.target) <= quality_db]
        return good[-1] if good else LADDER[0]


class CapacityLimit(LinkPolicy):
    """An ideal code carries as many bits as theory allows, and they arrive: the limit of separate source and channel
    coding.

    Fields: error_rate: 0: codes of any length. Otherwise the limit of short blocks at this block error rate, and that
            share of the blocks is lost.
            knowledge: "average": one code over all fades, of which each example uses its share (ergodic capacity).
            "instantaneous": the fades of each example.
    Errors: WrongField when error_rate is not in [0, 0.5).
    """

    def __init__(self, error_rate: float = 0.0, knowledge: CsiAtTransmitter = "average") -> None:
        check_error_rate(error_rate)
        self.error_rate, self.knowledge = error_rate, knowledge

    def frame(self, codec: DigitalCodec, batch: Any) -> Frame:
        return stand_in(codec.channel_uses(batch))

    def transmit(
        self, channel_use: ChannelUse, codec: DigitalCodec, batch: Any, frame: Frame, points: Sequence[float]
    ) -> Iterator[Arrival]:
        uses = frame.mask.sum(dim=1)
        for snr_db in points:
            if self.knowledge == "average":
                information, dispersion = mean_information(channel_use.channel, snr_db)
                bits = bits_of(uses, uses * information, uses * dispersion, self.error_rate)
            else:
                bits = carried_bits(channel_use.send(frame, snr_db), self.error_rate)
            estimate = codec.deliver(batch, bits.floor().long())
            if self.error_rate:
                draws = torch.rand(len(batch), generator=channel_use.generator(snr_db, "cpu"))
                lost = (draws < self.error_rate).to(uses.device)
                both = type(batch).joined([estimate, codec.lost(estimate)])
                estimate = both[torch.arange(len(batch), device=uses.device) + len(batch) * lost]
            efficiency = bits.double() / uses.clamp_min(1)
            statistics = {**_outages(estimate.arrived), "spectral_efficiency": efficiency}
            yield Arrival(snr_db, codec.as_metric_input(estimate), statistics)


def _that_carries(codec: DigitalCodec, batch: Any, row: int, mcs: Mcs) -> Mcs:
    """The choice, or the next on the ladder into which something of the example fits, if there is one."""
    upwards = LADDER[LADDER.index(mcs) :]
    return next((rung for rung in upwards if codec.at(rung).carries(batch, row)), mcs)


def stand_in(uses: Tensor) -> Frame:
    """A frame of ones in the first uses of each example: noise and fades do not depend on what is sent."""
    mask = torch.arange(int(uses.max()), device=uses.device) < uses.unsqueeze(1)
    return Frame(mask.to(torch.complex64), mask)


def _outages(arrived: Tensor | None) -> dict[str, Tensor]:
    return {} if arrived is None else {"outage_rate": (~arrived).double()}
