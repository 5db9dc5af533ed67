"""Senders that know their link: what they choose, what arrives, and that all meet the same fades and noise."""

from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels import build_channel
from semlink.codecs.digital.budget import for_each_sample
from semlink.codecs.digital.codec import DigitalCodec
from semlink.codecs.digital.compression.contract import Bits, Compressor
from semlink.codecs.digital.modulation_and_coding import LADDER, Mcs, mcs_named
from semlink.simulator.link_adaptation import Adaptive, CapacityLimit, ChannelUse, Fixed, stand_in


class Grey(Compressor[Any]):
    """An image as the most significant bits of its mean: one bit more for each bit that there is, up to 8."""

    modality = "image"

    def fit(self, payload: Any, most: int) -> Bits | None:
        return np.unpackbits(np.array([round(payload.mean())], dtype=np.uint8))[: min(most, 8)] if most > 0 else None

    def restore(self, bits: Bits, shape: tuple[int, ...]) -> Any:
        whole = np.concatenate([bits, np.zeros(8 - len(bits), dtype=np.uint8)])
        return np.full(shape, np.packbits(whole)[0], dtype=np.uint8)


class Picky(Grey):
    """Sends nothing unless it may take 90 bits."""

    def fit(self, payload: Any, most: int) -> Bits | None:
        return super().fit(payload, most) if most >= 90 else None


class Table:
    """Block error rates as an engineer would guess them: a rung works from its Shannon limit on, plus 3 dB."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str, float]] = []

    def threshold_db(self, uses: int, mcs: Mcs, target: float) -> float:
        return float(10 * np.log10(2**mcs.efficiency - 1) + 3)

    def choose(self, uses: int, channel_name: str, snr_db: float, target: float) -> Mcs:
        self.asked.append((uses, channel_name, snr_db))
        return ([LADDER[0]] + [mcs for mcs in LADDER if self.threshold_db(uses, mcs, target) <= snr_db])[-1]


def codec_and_batch(count: int = 12) -> tuple[DigitalCodec, Any]:
    codec = DigitalCodec(Grey(), mcs_named("qpsk-1/2"), for_each_sample(2.0), blank=(0,)).sized((8, 8))
    return codec, codec.prepare([np.full((8, 8), (20 * index + 7) % 256, dtype=np.uint8) for index in range(count)])


def channel_use(name: str) -> ChannelUse:
    return ChannelUse(build_channel(name), name, (0, "test"), (0, 0))


def arrivals_of(policy: Any, name: str, points: list[float]) -> list[Any]:
    codec, batch = codec_and_batch()
    return list(policy.transmit(channel_use(name), codec, batch, policy.frame(codec, batch), points))


def test_a_sender_that_knows_the_average_looks_the_channel_up() -> None:
    table = Table()
    arrivals = arrivals_of(Adaptive(table), "rayleigh", [0.0, 12.0, 24.0])
    assert table.asked == [(128, "rayleigh", 0.0), (128, "rayleigh", 12.0), (128, "rayleigh", 24.0)]
    used = [arrival.link_statistics["spectral_efficiency"].unique().tolist() for arrival in arrivals]
    assert all(len(values) == 1 for values in used)
    assert used[0] < used[1] < used[2]


def test_a_sender_that_knows_the_fades_chooses_for_each_record() -> None:
    (average,) = arrivals_of(Adaptive(Table()), "rayleigh", [15.0])
    (instant,) = arrivals_of(Adaptive(Table(), knowledge="instantaneous"), "rayleigh", [15.0])
    assert len(instant.link_statistics["spectral_efficiency"].unique()) > 2
    assert instant.link_statistics["outage_rate"].sum() < average.link_statistics["outage_rate"].sum()
    assert instant.link_statistics["outage_rate"].sum() == 0


def test_records_of_several_choices_come_back_in_their_order() -> None:
    codec, batch = codec_and_batch()
    (arrival,) = arrivals_of(Adaptive(Table(), knowledge="instantaneous"), "rayleigh", [15.0])
    assert torch.equal(arrival.estimate, codec.reference(batch.payloads))


def test_a_choice_into_which_nothing_fits_gives_way_to_the_next_that_takes_something() -> None:
    codec, batch = codec_and_batch()
    picky = DigitalCodec(Picky(), codec.mcs, codec.budget, blank=(0,)).sized((8, 8))
    policy = Adaptive(Table())
    (arrival,) = policy.transmit(channel_use("awgn"), picky, batch, policy.frame(picky, batch), [2.0])
    used = arrival.link_statistics["spectral_efficiency"].unique().tolist()
    assert used == [(128 - 16) / 128]  # qpsk-1/2 less its check; what was looked up carries 2/3
    assert Table().choose(128, "awgn", 2.0, 0.1).efficiency == pytest.approx(2 / 3)


def test_a_fixed_choice_falls_off_a_cliff() -> None:
    codec, batch = codec_and_batch()
    low, high = arrivals_of(Fixed(), "awgn", [-4.0, 6.0])
    assert low.link_statistics["outage_rate"].tolist() == [1.0] * len(batch)
    assert high.link_statistics["outage_rate"].tolist() == [0.0] * len(batch)
    assert torch.equal(high.estimate, codec.reference(batch.payloads))
    assert low.estimate.max() == 0


def test_an_ideal_code_delivers_what_the_channel_can_carry() -> None:
    _, batch = codec_and_batch()
    arrivals = arrivals_of(CapacityLimit(), "awgn", [-30.0, -20.0, 0.0])
    efficiency = [arrival.link_statistics["spectral_efficiency"][0].item() for arrival in arrivals]
    assert efficiency == pytest.approx([np.log2(1 + 10 ** (snr_db / 10)) for snr_db in (-30, -20, 0)], rel=1e-4)
    assert arrivals[0].link_statistics["outage_rate"].tolist() == [1.0] * len(batch)  # 0.18 bits
    assert (arrivals[1].estimate * 255).unique().tolist() == [0, 128]  # 1.8 bits, and so one
    assert arrivals[2].estimate.unique().numel() == len(batch)


def test_short_blocks_are_lost_at_their_error_rate() -> None:
    codec, batch = codec_and_batch(2000)
    policy = CapacityLimit(error_rate=0.1)
    (arrival,) = policy.transmit(channel_use("awgn"), codec, batch, policy.frame(codec, batch), [10.0])
    assert arrival.link_statistics["outage_rate"].mean().item() == pytest.approx(0.1, abs=0.027)  # 4 standard errors


def test_all_senders_meet_the_same_fades() -> None:
    codec, batch = codec_and_batch()
    of_stand_in = channel_use("rayleigh").send(stand_in(codec.channel_uses(batch)), 5.0)
    of_symbols = channel_use("rayleigh").send(codec.encode(batch), 5.0)
    assert torch.equal(of_stand_in.noise_variance, of_symbols.noise_variance)
