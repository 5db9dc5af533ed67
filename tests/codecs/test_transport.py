"""Transport blocks: they fill their channel uses, arrive whole or not at all, and say which."""

import math
import subprocess
import sys

import pytest
import torch
from torch import Tensor

from semlink.channels import build_channel
from semlink.channels.contract import Frame, Reception
from semlink.codecs.digital.modulation_and_coding import LADDER, Mcs, mcs_named
from semlink.codecs.digital.transport import Transport, transport_for, unbiased
from semlink.errors import CodecError, UnknownName
from semlink.seeding import generator_for

each_rung = pytest.mark.parametrize("mcs", LADDER, ids=lambda mcs: mcs.name)


def bits_for(block: Transport, batch: int, *keys: int | str) -> Tensor:
    shape = (batch, block.information_bits)
    return torch.randint(2, shape, dtype=torch.uint8, generator=generator_for("bits", *keys))


def passed(symbols: Tensor, channel: str, snr_db: float) -> Reception:
    frame = Frame(symbols, torch.ones(symbols.shape, dtype=torch.bool))
    reception: Reception = build_channel(channel)(frame, snr_db, generator_for("passage", channel))
    return reception


def test_the_ladder_is_ordered_and_named() -> None:
    assert [mcs.efficiency for mcs in LADDER] == sorted({mcs.efficiency for mcs in LADDER})
    assert all(mcs_named(mcs.name) == mcs for mcs in LADDER)
    assert mcs_named("16qam-1/2").efficiency == 2
    with pytest.raises(UnknownName, match='Did you mean "64qam-2/3"'):
        mcs_named("64qam2/3")


# Every rung with blocks that are short and of middle length. The other lengths, where a checksum begins to fit and
# where a block becomes several words, with some rungs of all modulations.
@pytest.mark.parametrize(
    ("mcs", "uses"),
    [(mcs, uses) for uses in (7, 301) for mcs in LADDER]
    + [(mcs, uses) for uses in (1, 24, 25, 100, 1000, 5003) for mcs in (*LADDER[::4], LADDER[-1])],
    ids=str,
)
def test_blocks_arrive_without_noise(mcs: Mcs, uses: int) -> None:
    """From blocks that carry nothing to blocks of several words of unequal length."""
    block = Transport(mcs, uses)
    bits = bits_for(block, 3, uses)
    symbols = block.send(bits)
    assert symbols.shape == (3, uses)
    assert symbols.dtype == torch.complex64
    found, arrived = block.receive(passed(symbols, "awgn", math.inf))
    assert found.shape == bits.shape
    assert found.dtype == torch.uint8
    assert arrived.tolist() == [block.information_bits > 0] * 3
    assert torch.equal(found, bits) or not block.information_bits


@each_rung
def test_blocks_carry_what_the_code_rate_promises(mcs: Mcs) -> None:
    """Less the checks: 16 or 24 bits for the block, 24 for each of several words, whose size is rounded up."""
    assert Transport(mcs, 1).information_bits == 0
    for uses in (256, 1000, 30_000):
        entering = mcs.efficiency * uses
        words = math.ceil(entering / (3824 if mcs.code_rate < 0.35 else 8448))
        checks = 16 if entering - 16 <= 3824 else 24
        own = 24 * words if words > 1 else 0
        assert 0 <= Transport(mcs, uses).information_bits - (entering - checks - own) < 8 * (words + 1)


@each_rung
def test_symbols_have_unit_energy(mcs: Mcs) -> None:
    """200 000 symbols: 1 % is more than 6 standard deviations. BPSK and QPSK have it in every frame."""
    block = Transport(mcs, 1000)
    energy = block.send(bits_for(block, 200)).abs().square().mean(dim=1)
    assert energy.mean().item() == pytest.approx(1.0, rel=0.01)
    if mcs.bits_per_symbol <= 2:
        torch.testing.assert_close(energy, torch.ones(200))


def test_symbols_look_random_whatever_the_bits() -> None:
    """A payload of zeros is scrambled: 5000 symbols, so 0.1 is 7 standard deviations."""
    block = Transport(mcs_named("16qam-1/2"), 5000)
    symbols = block.send(torch.zeros(1, block.information_bits, dtype=torch.uint8))
    assert abs(symbols.mean().item()) < 0.1
    assert len(torch.view_as_real(symbols).view(-1, 2).unique(dim=0)) == 16


def test_blocks_arrive_or_not_by_their_checks_alone() -> None:
    """Another block than the sender's arrives as well; one that no sender made does not."""
    block = Transport(mcs_named("qpsk-1/2"), 200)
    bits = bits_for(block, 2)
    received = passed(block.send(bits).flip(0), "awgn", 20.0)
    found, arrived = block.receive(received)
    assert arrived.all()
    assert torch.equal(found, bits.flip(0))
    noise = torch.randn(300, 200, dtype=torch.complex64, generator=generator_for("noise"))
    _, arrived = block.receive(Reception(noise, torch.full((300, 1), 0.5), torch.ones(300, 200, dtype=torch.bool)))
    assert not arrived.any()


@pytest.mark.parametrize("uses", [200, 20_000])
def test_one_lost_word_loses_the_block(uses: int) -> None:
    block = Transport(mcs_named("qpsk-2/3"), uses)
    symbols = block.send(bits_for(block, 2, uses))
    symbols[1, -uses // 8 :] = 0.7
    assert block.receive(passed(symbols, "awgn", 15.0))[1].tolist() == [True, False]


@pytest.mark.parametrize("broken", [math.nan, math.inf, 0.0])
def test_broken_receptions_do_not_arrive(broken: float) -> None:
    """Neither where one symbol is not a number, nor where all are 0, whose likelihoods speak for no bit at all."""
    block = Transport(mcs_named("16qam-1/2"), 100)
    received = passed(block.send(bits_for(block, 3)), "awgn", 25.0)
    received.symbols[1, :] = broken
    received.symbols[2, 40] = broken
    found, arrived = block.receive(received)
    assert arrived.tolist() == [True, False, broken == 0.0]  # one symbol at 0 is made up for by the code
    assert found.shape == (3, block.information_bits)


def test_silence_does_not_arrive() -> None:
    for mcs in LADDER:
        block = Transport(mcs, 200)
        silence = Reception(torch.zeros(1, 200, dtype=torch.complex64), torch.ones(1, 1), torch.ones(1, 200) > 0)
        assert not block.receive(silence)[1].any()


@pytest.mark.parametrize("name", ["qpsk-1/2", "64qam-1/2"])
def test_an_equaliser_that_shrinks_is_as_good_as_one_that_does_not(name: str) -> None:
    """Divided by its bias an mmse estimate is the zf estimate; some blocks are lost at this Es/N0."""
    block = Transport(mcs_named(name), 256)
    symbols = block.send(bits_for(block, 100, name))
    snr_db = {"qpsk-1/2": 3.5, "64qam-1/2": 13.0}[name]
    frame = Frame(symbols, torch.ones(symbols.shape, dtype=torch.bool))
    mmse, zf = (
        block.receive(
            build_channel(f"rayleigh:coherence=symbol,equaliser={name}")(frame, snr_db, generator_for("same"))
        )
        for name in ("mmse", "zf")
    )
    assert 5 <= int(mmse[1].sum()) <= 95
    assert int((mmse[1] != zf[1]).sum()) <= 1


@pytest.mark.parametrize("channel", ["awgn", "rayleigh:coherence=symbol", "rayleigh:coherence=4,csi=estimated"])
def test_unbiased_symbols_are_as_noisy_as_they_are_said_to_be(channel: str) -> None:
    """2^18 symbols of unit energy, groups of equal predicted noise: 3 % is more than 5 standard deviations of most."""
    block = Transport(mcs_named("qpsk-1/2"), 1 << 12)
    sent = block.send(bits_for(block, 64))
    symbols, variance = unbiased(passed(sent, channel, 6.0))
    ratio = ((symbols - sent).abs().square() / variance).flatten()
    for group in variance.expand(sent.shape).flatten().argsort().chunk(4):
        assert ratio[group].mean().item() == pytest.approx(1.0, rel=0.03)


def test_a_block_without_channel_uses_is_refused() -> None:
    with pytest.raises(CodecError, match="at least 1"):
        Transport(LADDER[0], 0)


def test_blocks_are_made_once_and_leave_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    block = transport_for(mcs_named("qpsk-1/3"), 91)
    block.receive(passed(block.send(bits_for(block, 2)), "awgn", 3.0))
    assert transport_for(mcs_named("qpsk-1/3"), 91) is block
    assert torch.equal(torch.get_rng_state(), before)


def test_importing_loads_no_sionna() -> None:
    modules = "semlink.codecs.digital.transport, semlink.codecs.digital.ldpc, semlink.simulator.block_errors"
    code = f"import sys, {modules}; sys.exit(any(name.partition('.')[0] == 'sionna' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.gpu
def test_on_a_gpu() -> None:
    block = Transport(mcs_named("16qam-1/2"), 3000, "cuda")
    bits = bits_for(block, 4).cuda()
    symbols = block.send(bits)
    variance = torch.full((4, 1), 0.05, device="cuda")
    noise = torch.randn(symbols.shape, dtype=torch.complex64, device="cuda")
    received = Reception(symbols + 0.05**0.5 * noise, variance, torch.ones(symbols.shape, device="cuda") > 0)
    found, arrived = block.receive(received)
    assert arrived.all()
    assert torch.equal(found, bits)
