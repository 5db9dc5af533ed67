"""The lower bound on the information between sent and received symbols, on Gaussians whose information is known."""

import copy
import math
from dataclasses import replace

import pytest
import torch

from semlink.channels.awgn import Awgn
from semlink.channels.contract import Frame, Reception
from semlink.channels.noise import complex_normal
from semlink.seeding import generator_for
from semlink.simulator.information_term import InformationTerm


def gaussians(uses: int, snr: float, *keys: object) -> tuple[Frame, Reception, torch.Generator]:
    """x ~ CN(0, 1) over a Gaussian channel: I(x; y) = ln(1 + snr) nats, 0 for snr 0. Half of the uses are silent."""
    generator = generator_for("gaussians", *map(str, keys))
    sent, noise = (complex_normal(torch.ones(2, 1), uses, generator) for _ in range(2))
    mask = torch.tensor([[True], [False]]).expand(2, uses)
    received = math.sqrt(snr) * sent + noise
    return Frame(sent, mask), Reception(received * mask, torch.ones(2, 1), mask), generator


def learned(snr: float, steps: int = 300) -> InformationTerm:
    term = InformationTerm(seed=0)
    for step in range(steps):
        (-term.bound(*gaussians(1024, snr, step))).backward()
        term.step()
    return term


@pytest.mark.parametrize("snr", [0.0, 1.0, 3.0])
def test_the_bound_comes_close_from_below(snr: float) -> None:
    """50 000 fresh uses: the standard deviation is 0.01 at snr 3, and values are over 5 of them from each limit."""
    term = learned(snr)
    with torch.no_grad():
        found = term.bound(*gaussians(50_000, snr, "test")).item()
    assert 0.93 * math.log(1 + snr) - 0.02 < found < math.log(1 + snr) + 0.04


def test_an_untrained_network_knows_nothing() -> None:
    with torch.no_grad():
        assert abs(InformationTerm(seed=0).bound(*gaussians(10_000, 3.0, "test")).item()) < 0.1


def test_what_is_unused_does_not_count() -> None:
    term = InformationTerm(seed=0)
    frame, reception, _ = gaussians(100, 1.0, "test")
    loud = replace(reception, symbols=torch.where(frame.mask, reception.symbols, 1e6))
    bounds = [term.bound(frame, one, generator_for("order")).item() for one in (reception, loud)]
    assert bounds[0] == bounds[1]


def test_the_gradient_tells_the_sender_to_speak_up() -> None:
    """Received power is what the information lacks, so a larger gain raises the bound."""
    term = learned(1.0)
    frame, reception, generator = gaussians(20_000, 1.0, "test")
    noise = reception.symbols - frame.symbols * frame.mask
    gain = torch.ones((), requires_grad=True)
    term.bound(frame, replace(reception, symbols=gain * frame.symbols * frame.mask + noise), generator).backward()
    assert gain.grad is not None
    assert gain.grad.item() == pytest.approx(1.0, abs=0.3)  # d/dg ln(1 + g^2) at 1


def test_randomness_is_seed_and_generator_alone() -> None:
    before = torch.get_rng_state()
    values = [InformationTerm(seed).bound(*gaussians(100, 1.0, "test")).item() for seed in (0, 0, 1)]
    assert values[0] == values[1] != values[2]
    assert torch.equal(before, torch.get_rng_state())


def test_a_restored_term_goes_on_as_if_never_stopped() -> None:
    whole, again = learned(1.0, 3), InformationTerm(seed=1)
    again.restore(copy.deepcopy(whole.state()))
    for term in (whole, again):
        (-term.bound(*gaussians(100, 1.0, "next"))).backward()
        term.step()
    first, second = (term.network.state_dict() for term in (whole, again))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_awgn_fits() -> None:
    """Frames and receptions of a real channel, complex64 with their own noise variance."""
    frame = Frame(torch.ones(2, 8, dtype=torch.complex64), torch.ones(2, 8, dtype=torch.bool))
    bound = InformationTerm(0).bound(frame, Awgn()(frame, 10.0, generator_for("a")), generator_for("b"))
    assert bound.isfinite()
