"""What a sender does with what it knows of the link: nothing, choose modulation and code rate, or code ideally."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from semlink.channels.contract import Channel, Frame, Reception
from semlink.codecs.contract import Codec
from semlink.codecs.digital.codec import DigitalCodec
from semlink.codecs.digital.modulation_and_coding import LADDER, Mcs
from semlink.progress import Progress
from semlink.seeding import generator_for
from semlink.simulator.capacity import bits_of, carried_bits, check_error_rate, effective_snr_db, mean_information

CsiAtTransmitter = Literal["average", "instantaneous"]
UNITS = {"outage_rate": "1", "spectral_efficiency": "bit/use"}  # of the facts that senders tell of each record


@dataclass(frozen=True)
class ChannelUse:
    """One use of a channel by a part of a set: the same fades and noise for every codec that takes it.

    name: of the channel, canonical. keys, turn: what randomness is derived from, with the Es/N0 between them.
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
    """What came out at one Es/N0. estimate: as `Codec.as_metric_input` gives it. facts: of `UNITS`, float64 [batch] each."""

    snr_db: float
    estimate: Any
    facts: Mapping[str, Tensor]


class ErrorRates(Protocol):
    """Block error rates that were measured before; see `BlockErrors`."""

    def choose(self, uses: int, channel_name: str, snr_db: float, target: float) -> Mcs:
        """What carries most of all that fails at most at the target rate on this channel, else the most robust."""

    def threshold_db(self, uses: int, mcs: Mcs, target: float) -> float:
        """The Es/N0 in dB over AWGN from which this fails at most at the target rate."""


class LinkPolicy(ABC):
    """How a batch of one codec gets over a passage."""

    @abstractmethod
    def frame(self, codec: Any, batch: Any) -> Frame:
        """What does not depend on the link: the symbols, or symbols that stand for them in the same channel uses."""

    @abstractmethod
    def over(
        self, passage: ChannelUse, codec: Any, batch: Any, frame: Frame, points: Sequence[float]
    ) -> Iterator[Arrival]:
        """The batch as it arrives at each Es/N0 of `points`, in dB. frame: what `frame` gave for it."""


class Fixed(LinkPolicy):
    """The codec sends the same symbols whatever the link is: encoded once, and decoded once for all points together."""

    def frame(self, codec: Codec[Any], batch: Any) -> Frame:
        return codec.encode(batch)

    def over(
        self, passage: ChannelUse, codec: Codec[Any], batch: Any, frame: Frame, points: Sequence[float]
    ) -> Iterator[Arrival]:
        estimate = codec.decode(Reception.joined([passage.send(frame, snr_db) for snr_db in points]))
        rows = torch.arange(len(estimate), device=frame.symbols.device).split(len(frame.symbols))
        for snr_db, own in zip(points, rows, strict=True):
            found = estimate[own]
            yield Arrival(snr_db, codec.as_metric_input(found), _outages(codec.arrived(found)))


class Adaptive(LinkPolicy):
    """The sender picks modulation and code rate from block error rates that were measured before.

    Fields: errors: the measured rates. target: the block error rate that a choice may have at most; of those the
            choice carries most, and where none is that good it is the most robust.
            knowledge: "average" (the sender knows channel and average Es/N0, and looks the channel up) or
            "instantaneous" (it knows how much each example's own fades carry, and looks AWGN up).
    Where nothing of an example fits into what was chosen, the next choice into which something does is tried instead: it
    may fail, but sending nothing would fail for sure. The receiver is told the choice beside the link, as by a control
    channel, which is not counted.
    """

    def __init__(self, errors: ErrorRates, target: float = 0.1, knowledge: CsiAtTransmitter = "average") -> None:
        self.errors, self.target, self.knowledge = errors, target, knowledge

    def frame(self, codec: DigitalCodec, batch: Any) -> Frame:
        return stand_in(codec.channel_uses(batch))

    def over(
        self, passage: ChannelUse, codec: DigitalCodec, batch: Any, frame: Frame, points: Sequence[float]
    ) -> Iterator[Arrival]:
        for snr_db in points:
            looked_up = self._choices(passage, frame, snr_db)
            chosen = [_that_carries(codec, batch, row, mcs) for row, mcs in enumerate(looked_up)]
            symbols = torch.zeros_like(frame.symbols)
            groups = [(mcs, torch.tensor([i for i, one in enumerate(chosen) if one == mcs])) for mcs in set(chosen)]
            groups = [(mcs, rows.to(symbols.device)) for mcs, rows in sorted(groups, key=lambda group: group[0].name)]
            for mcs, rows in groups:
                own = codec.at(mcs).encode(batch[rows]).symbols
                symbols[rows, : own.shape[1]] = own
            reception = passage.send(Frame(symbols, frame.mask), snr_db)
            found = [codec.at(mcs).decode(reception[rows]) for mcs, rows in groups]
            back = torch.argsort(torch.cat([rows for _, rows in groups]))
            estimate = type(batch).joined(found)[back]
            carried = [codec.at(mcs).room(uses) / uses for mcs, uses in zip(chosen, batch.uses.tolist(), strict=True)]
            efficiency = {"spectral_efficiency": torch.tensor(carried, dtype=torch.float64)}
            facts = {**_outages(estimate.arrived), **efficiency}
            yield Arrival(snr_db, codec.as_metric_input(estimate), facts)

    def look_up(self, uses: Sequence[int], channel_name: str, points: Sequence[float]) -> None:
        """Measures what choices for frames of these channel uses rest on, where it was not measured before."""
        with Progress(f"block errors over {channel_name}", len(uses) * len(points)) as progress:
            for count in uses:
                for snr_db in points:
                    if self.knowledge == "average":
                        self.errors.choose(count, channel_name, snr_db, self.target)
                    else:
                        self._for_quality(count, snr_db)
                    progress.step()

    def _choices(self, passage: ChannelUse, frame: Frame, snr_db: float) -> list[Mcs]:
        uses = frame.mask.sum(dim=1).tolist()
        if self.knowledge == "average":
            known = {count: self.errors.choose(count, passage.name, snr_db, self.target) for count in set(uses)}
            return [known[count] for count in uses]
        qualities = effective_snr_db(passage.send(frame, snr_db)).tolist()
        return [self._for_quality(count, quality) for count, quality in zip(uses, qualities, strict=True)]

    def _for_quality(self, uses: int, quality_db: float) -> Mcs:
        good = [mcs for mcs in LADDER if self.errors.threshold_db(uses, mcs, self.target) <= quality_db]
        return good[-1] if good else LADDER[0]


class CapacityLimit(LinkPolicy):
    """The sender's code carries as many bits as there are in theory, and they arrive: the limit of separation.

    Fields: error_rate: 0: codes of any length; else the short-block limit at this block error rate, and so many blocks
            are lost.
            knowledge: "average" (a code over all fades, of which each example uses its share: ergodic capacity) or
            "instantaneous" (each example's own fades).
    Errors: WrongField when error_rate is not in [0, 0.5).
    """

    def __init__(self, error_rate: float = 0.0, knowledge: CsiAtTransmitter = "average") -> None:
        check_error_rate(error_rate)
        self.error_rate, self.knowledge = error_rate, knowledge

    def frame(self, codec: DigitalCodec, batch: Any) -> Frame:
        return stand_in(codec.channel_uses(batch))

    def over(
        self, passage: ChannelUse, codec: DigitalCodec, batch: Any, frame: Frame, points: Sequence[float]
    ) -> Iterator[Arrival]:
        uses = frame.mask.sum(dim=1)
        for snr_db in points:
            if self.knowledge == "average":
                information, dispersion = mean_information(passage.name, snr_db)
                bits = bits_of(uses, uses * information, uses * dispersion, self.error_rate)
            else:
                bits = carried_bits(passage.send(frame, snr_db), self.error_rate)
            estimate = codec.deliver(batch, bits.floor().long())
            if self.error_rate:
                draws = torch.rand(len(batch), generator=passage.generator(snr_db, "cpu"))
                lost = (draws < self.error_rate).to(uses.device)
                both = type(batch).joined([estimate, codec.lost(estimate)])
                estimate = both[torch.arange(len(batch), device=uses.device) + len(batch) * lost]
            facts = {**_outages(estimate.arrived), "spectral_efficiency": bits.double() / uses.clamp_min(1)}
            yield Arrival(snr_db, codec.as_metric_input(estimate), facts)


def _that_carries(codec: DigitalCodec, batch: Any, row: int, mcs: Mcs) -> Mcs:
    """The choice, or the next one on the ladder into which something of the example fits, if there is one."""
    upwards = LADDER[LADDER.index(mcs) :]
    return next((rung for rung in upwards if codec.at(rung).carries(batch, row)), mcs)


def stand_in(uses: Tensor) -> Frame:
    """A frame of ones in the first uses of each example: noise and fades do not depend on what is sent."""
    mask = torch.arange(int(uses.max()), device=uses.device) < uses.unsqueeze(1)
    return Frame(mask.to(torch.complex64), mask)


def _outages(arrived: Tensor | None) -> dict[str, Tensor]:
    return {} if arrived is None else {"outage_rate": (~arrived).double()}
