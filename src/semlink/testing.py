"""Checks for classes of your own: does a channel, or a codec, keep the contract of its kind?

>>> import semlink as sl
>>> from semlink.testing import check_channel
>>> round(check_channel(sl.channel("awgn")))
10
"""

import math
from collections.abc import Sequence
from typing import Any

import torch

from semlink.channels.awgn import Awgn
from semlink.channels.contract import Channel, Frame
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import PluginError
from semlink.seeding import generator_for

BATCH, USES, SNR_DB = 64, 512, 10.0
TOLERANCE_DB = 0.3  # of the stated against the measured error: bursts of noise spread widely over this many uses


def check_channel(channel: Channel) -> float:
    """Sends QPSK symbols at an Es/N0 of 10 dB and checks what arrives.

    Shapes and types; unused places silent; randomness from the generator alone; the same generator, the same result;
    the frame left as it was; gradients to the symbols; no fault without noise; and that the mean squared error of the
    estimates is what `noise_variance` says, within 0.3 dB.

    Out:    Es/N0 in dB of the estimates, as measured. Where nothing fades it should be near 10.
    Errors: PluginError, which says what is wrong.
    """
    frame = _qpsk()
    sent, mask = frame.symbols.clone(), frame.mask.clone()
    state = torch.get_rng_state()
    first, second, other = (channel(frame, SNR_DB, generator_for(seed)) for seed in (0, 0, 1))
    per_example = channel(frame, torch.linspace(0, 20, BATCH), generator_for(0))
    _check(torch.equal(state, torch.get_rng_state()), "draws random numbers of its own; take them from the generator")
    for each in (first, per_example):
        right = each.symbols.dtype == torch.complex64 and each.symbols.shape == frame.symbols.shape
        _check(right, f"gives symbols {each.symbols.dtype} {list(each.symbols.shape)}; give complex64 [batch, uses]")
        _check(torch.equal(each.mask, mask), "changes the mask; hand on that of the frame")
        _check(bool(each.symbols[~mask].eq(0).all()), "sends at unused places; make these 0")
        _check(bool(each.symbols.abs().isfinite().all()), "gives symbols that are no numbers")
    _check(torch.equal(first.symbols, second.symbols), "gives different results for equal generators")
    _check(not torch.equal(first.symbols, other.symbols), "adds no noise, or the same for every generator")
    _check(torch.equal(frame.symbols, sent) and torch.equal(frame.mask, mask), "changes the frame that it is given")
    error = (first.symbols - sent).abs().square()[mask].double().mean().item()
    stated = first.noise_variance.expand(mask.shape)[mask].double().mean().item()
    gap, side = abs(10 * math.log10(stated / error)), "above" if stated > error else "below"
    _check(gap < TOLERANCE_DB, f"states a noise variance {gap:.2f} dB {side} the squared error of its estimates")
    quiet = channel(frame, math.inf, generator_for(0))
    _check(bool(quiet.symbols.abs().isfinite().all()), "gives no numbers without noise (an Es/N0 of inf)")
    symbols = sent.clone().requires_grad_()
    power = channel(Frame(symbols, mask), SNR_DB, generator_for(0)).symbols.abs().square().sum()
    _check(power.requires_grad, "lets no gradient through to the symbols")
    torch.autograd.backward(power)
    _check(symbols.grad is not None and bool(symbols.grad[mask].any()), "lets no gradient through to the symbols")
    return -10 * math.log10(error)


def check_codec(codec: NeuralCodec[Any], payloads: Sequence[Any]) -> None:
    """Sends payloads and checks frame, loss and gradients.

    Power 1 over the used symbols of each example; as many uses as `channel_uses` says; equal results for equal inputs;
    one finite loss for each example; gradients to both ends.

    Errors: PluginError, which says what is wrong.
    """
    codec = codec.eval()
    batch = codec.prepare(payloads)
    frame, again = codec.encode(batch), codec.encode(batch)
    _check(torch.equal(frame.symbols, again.symbols), "sends different symbols for equal payloads")
    energy = frame.symbols.abs().square().sum(dim=1) / frame.mask.sum(dim=1)
    _check(bool((energy - 1).abs().max() < 1e-3), "sends with another power than 1; make frames with self.modulate")
    _check(torch.equal(frame.mask.sum(dim=1), codec.channel_uses(batch)), "counts its channel uses wrongly")
    reception = Awgn()(frame, SNR_DB, generator_for(0))
    loss = codec.loss(batch, reception)
    _check(loss.shape == (len(payloads),), f"gives a loss {list(loss.shape)}; give one for each example")
    _check(bool(loss.isfinite().all()), "gives a loss that is no number")
    torch.autograd.backward(loss.mean())
    for end, modules in (("sender", codec.sender), ("receiver", codec.receiver)):
        learning = [weights for module in modules for weights in module.parameters()]
        moved = any(weights.grad is not None and bool(weights.grad.any()) for weights in learning)
        _check(moved, f"has a {end} that does not learn: no gradient reaches its weights")
    codec.zero_grad()


def _qpsk() -> Frame:
    bits = torch.randint(2, (BATCH, USES, 2), generator=generator_for("qpsk"))
    mask = torch.arange(USES) < torch.linspace(USES // 2, USES, BATCH).round().unsqueeze(1)
    symbols = torch.view_as_complex((2.0 * bits - 1) / math.sqrt(2))
    return Frame(symbols.masked_fill(~mask, 0), mask)


def _check(holds: bool, wrong: str) -> None:
    if not holds:
        raise PluginError(f"It {wrong}.")
