"""What a demapper needs of an equalised symbol: its bias and the noise around it, at any energy of the symbol."""

import pytest
import torch

from semlink.channels import build_channel
from semlink.channels.contract import Frame, Reception
from semlink.seeding import generator_for

CHANNELS = [
    "awgn",
    "rayleigh:coherence=symbol",
    "rayleigh:coherence=symbol,equaliser=zf",
    "rayleigh:coherence=symbol,equaliser=none",
    "rayleigh:coherence=symbol,csi=estimated",
    "rician:coherence=symbol,csi=none,equaliser=none",
    "tdl-a",
    "tdl-a:receive=2",
]


@pytest.mark.parametrize("amplitude", [0.4, 1.5])
@pytest.mark.parametrize("text", CHANNELS)
def test_noise_around_the_bias(text: str, amplitude: float) -> None:
    """400 000 symbols of one energy that is not 1. With zero forcing the noise has no mean: its ratio is looked at."""
    symbols = torch.full((400, 1000), amplitude, dtype=torch.complex64)
    frame = Frame(symbols, torch.ones(400, 1000, dtype=torch.bool))
    reception = build_channel(text)(frame, 8.0, generator_for(0))
    noise = (reception.symbols - reception.bias * symbols).abs().square()
    expected = (reception.noise_variance - (reception.bias - 1).abs().square()).expand(noise.shape)
    known = "estimated" not in text and "csi=none" not in text  # else a larger symbol makes more noise of unknown gain
    if known:
        assert (noise / expected).mean().item() == pytest.approx(1, abs=0.01)
    else:
        assert expected.min() > 0


def test_parts_of_a_reception_go_together_again() -> None:
    frame = Frame(torch.ones(5, 6, dtype=torch.complex64), torch.ones(5, 6, dtype=torch.bool))
    reception = build_channel("rayleigh")(frame, 3.0, generator_for(0))
    parts = [reception[torch.tensor([0, 1])], reception[torch.tensor([2, 3, 4])]]
    whole = Reception.joined(parts)
    for name in ("symbols", "noise_variance", "mask", "bias"):
        expected = getattr(reception, name).expand(5, 6)
        assert torch.equal(getattr(whole, name), expected)
        assert torch.equal(getattr(reception[torch.tensor([3]), 2], name), expected[[3], :2])
