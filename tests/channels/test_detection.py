"""Linear detection of several streams, and the error that it leaves."""

import math

import pytest
import torch
from torch import Tensor

from semlink.channels.csi import ChannelEstimate
from semlink.channels.detection import Detector, detect, times
from semlink.channels.equaliser import FLOOR
from semlink.channels.sionna_adapter import sionna
from semlink.seeding import generator_for

N0 = torch.tensor([[0.2], [0.05]])


def drawn(*shape: int, seed: str = "gains") -> Tensor:
    return torch.randn(shape, dtype=torch.complex64, generator=generator_for(seed, *shape))


def known(receive: int, streams: int, variance: float = 0.1) -> ChannelEstimate:
    return ChannelEstimate(drawn(2, 5, receive, streams), torch.full((2, 5, streams), variance))


@pytest.mark.parametrize("detector", ["mmse", "zf"])
@pytest.mark.parametrize(("receive", "streams"), [(1, 1), (2, 1), (3, 1), (2, 2), (4, 3), (4, 4)])
def test_error_and_bias_are_those_of_the_weights(detector: Detector, receive: int, streams: int) -> None:
    """Row by row |W M - I|^2 + r |W|^2, written out."""
    knowledge = known(receive, streams)
    detection = detect(detector, knowledge, N0)
    through = detection.weights @ knowledge.mean
    disturbance = N0.unsqueeze(2) + 0.1 * streams
    error = (through - torch.eye(streams)).abs().square().sum(dim=3)
    error = error + disturbance * detection.weights.abs().square().sum(dim=3)
    torch.testing.assert_close(detection.error, error, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(detection.bias, through.diagonal(dim1=2, dim2=3), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("receive", "streams"), [(2, 1), (2, 2), (4, 4)])
def test_mmse_leaves_the_smallest_error(receive: int, streams: int) -> None:
    """The weights are M^H (M M^H + r I)^-1, and a step away from them makes every error larger."""
    knowledge = known(receive, streams)
    detection = detect("mmse", knowledge, N0)
    covariance = knowledge.mean @ knowledge.mean.mH + (N0 + 0.1 * streams)[..., None, None] * torch.eye(receive)
    torch.testing.assert_close(detection.weights, knowledge.mean.mH @ covariance.inverse(), rtol=1e-3, atol=1e-4)
    assert (detect("zf", knowledge, N0).error > detection.error).all()


@pytest.mark.parametrize("streams", [1, 2])
def test_zero_forcing_inverts(streams: int) -> None:
    knowledge = known(3, streams, variance=0.0)
    through = detect("zf", knowledge, N0).weights @ knowledge.mean
    torch.testing.assert_close(through, torch.eye(streams, dtype=torch.complex64).expand_as(through), atol=1e-3, rtol=0)


@pytest.mark.parametrize("detector", ["mmse", "zf"])
@pytest.mark.parametrize(("receive", "streams"), [(1, 1), (2, 1), (2, 2), (3, 2)])
def test_error_is_that_of_drawn_gains_and_noise(detector: Detector, receive: int, streams: int) -> None:
    """2^17 draws at one known mean: 3 % is more than 7 standard deviations."""
    size = 1 << 17
    mean, variance = (
        drawn(1, 1, receive, streams, seed="one").expand(1, size, -1, -1),
        torch.tensor([0.1, 0.02])[:streams],
    )
    detection = detect(detector, ChannelEstimate(mean, variance.expand(1, 1, streams)), N0[:1])
    gains = mean + variance.sqrt() * drawn(1, size, receive, streams)
    sent = torch.polar(torch.tensor(1.0), 6.3 * torch.rand(1, size, streams, generator=generator_for("sent")))
    received = times(gains, sent) + N0[0].sqrt() * drawn(1, size, receive)
    measured = (detection.apply(received) - sent).abs().square().mean(dim=1)
    torch.testing.assert_close(measured, detection.error[:, 0], rtol=0.03, atol=0)


@pytest.mark.parametrize("detector", ["mmse", "zf"])
def test_one_antenna_and_two_with_a_deaf_one_are_alike(detector: Detector) -> None:
    """The formula for one stream at one antenna is the general one."""
    alone = known(1, 1)
    beside = ChannelEstimate(torch.cat([alone.mean, torch.zeros_like(alone.mean)], dim=2), alone.variance)
    first, second = detect(detector, alone, N0), detect(detector, beside, N0)
    torch.testing.assert_close(first.weights, second.weights[..., :1], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(first.error, second.error, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(first.bias, second.bias, rtol=1e-4, atol=1e-4)


def test_sionna_divides_by_the_bias() -> None:
    """Its detector is ours without the bias: x / (1 + no_eff) is our estimate, and no_eff / (1 + no_eff) its error."""
    gains, received = drawn(2, 5, 4, 3), drawn(2, 5, 4, seed="received")
    detection = detect("mmse", ChannelEstimate(gains, torch.zeros(1, 1, 1)), N0)
    covariance = N0[..., None, None] * torch.eye(4) + 0j
    theirs, left = sionna("mimo").lmmse_equalizer(received, gains, covariance.expand(2, 5, 4, 4), precision="single")
    torch.testing.assert_close(theirs / (1 + left), detection.apply(received), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(left / (1 + left), detection.error, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(1 / (1 + left), detection.bias.real, rtol=1e-3, atol=1e-4)


def test_in_a_deep_fade_sionna_leaves_the_scale_and_we_do_not() -> None:
    gains, received = torch.full((1, 1, 1, 1), 1e-6 + 0j), torch.ones(1, 1, 1, dtype=torch.complex64)
    theirs, _ = sionna("mimo").lmmse_equalizer(received, gains, torch.full((1, 1, 1, 1), 0.1 + 0j), precision="single")
    detection = detect("mmse", ChannelEstimate(gains, torch.zeros(1, 1, 1)), torch.tensor([[0.1]]))
    assert theirs.abs().item() > 1e5
    assert detection.apply(received).abs().item() < 1e-4
    assert detection.error.item() == pytest.approx(1.0)


@pytest.mark.parametrize("detector", ["mmse", "zf"])
@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e-4, 1.0])
@pytest.mark.parametrize("alike", [False, True])
def test_deep_fades_and_equal_streams_stay_finite(detector: Detector, scale: float, alike: bool) -> None:
    """Without any noise, and with streams that arrive from the same direction."""
    mean = scale * (torch.ones(1, 1, 3, 2) + 0j if alike else drawn(1, 1, 3, 2))
    detection = detect(detector, ChannelEstimate(mean, torch.zeros(1, 1, 1)), torch.zeros(1, 1))
    assert torch.isfinite(torch.view_as_real(detection.weights)).all()
    assert detection.weights.abs().max() < FLOOR**-0.5 * 1.01
    assert (detection.error >= 0).all()
    assert (detection.error < 1.05).all()
    if alike and scale == 1.0:  # only their sum is heard: half the energy of each is lost
        assert detection.error.flatten().tolist() == pytest.approx([0.5, 0.5], abs=0.05)
    assert math.isfinite(detection.bias.abs().max().item())
