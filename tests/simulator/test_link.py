"""One passage over the link, and the law of the Es/N0 that training meets."""

import math

import pytest
import torch

from semlink.channels import build_channel
from semlink.seeding import generator_for
from semlink.simulator.link import draw_snr, transmit


@pytest.fixture
def images(make_codec, digits):
    return make_codec().prepare([record.payload for record in digits.train[:6]])


def test_uniform_law() -> None:
    """10 000 draws from 0..18 dB: mean 9 and standard deviation 18 / sqrt(12), each within 5 standard errors (6e-7)."""
    drawn = draw_snr((0.0, 18.0), 10_000, generator_for(0, "law"))
    assert drawn.dtype == torch.float32
    assert 0 <= drawn.min() < 0.1
    assert 17.9 < drawn.max() <= 18
    spread = 18 / math.sqrt(12)
    assert drawn.mean().item() == pytest.approx(9, abs=5 * spread / 100)
    assert drawn.std().item() == pytest.approx(spread, abs=5 * spread / 200)


def test_each_example_has_a_draw_of_its_own() -> None:
    drawn = draw_snr((-5.0, 5.0), 32, generator_for(1, "law"))
    assert len(drawn.unique()) == 32
    assert torch.equal(drawn, draw_snr((-5.0, 5.0), 32, generator_for(1, "law")))
    assert not torch.equal(drawn, draw_snr((-5.0, 5.0), 32, generator_for(2, "law")))


@pytest.mark.parametrize("law", [7.5, 12, -3, math.inf, (4.0, 4.0)])
def test_one_number_for_all(law) -> None:
    drawn = draw_snr(law, 5, generator_for(0, "law"))
    assert drawn.dtype == torch.float32
    assert drawn.tolist() == [law[0] if isinstance(law, tuple) else law] * 5


def test_noise_is_that_of_each_example(make_codec, images) -> None:
    """Without noise the reception is the frame; at 0 dB the error energy over 32 symbols is about 1."""
    codec, snr_db = make_codec(), torch.tensor([math.inf, 0.0] * 3)
    passage = transmit(codec, build_channel("awgn"), images, snr_db, generator_for(0, "noise"))
    frame = codec.modulate(passage.latent, passage.posterior.mask)
    error = (passage.reception.symbols - frame.symbols).abs().square().mean(dim=1)
    assert error[::2].max() == 0
    assert 0.3 < error[1::2].min() < error[1::2].max() < 2.5
    assert torch.equal(passage.reception.noise_variance.flatten(), torch.tensor([0.0, 1.0] * 3))


def test_a_variational_codec_sends_a_sample_and_another_its_mean(make_codec, images) -> None:
    for variational in (True, False):
        codec = make_codec(variational=variational)
        passage = transmit(codec, build_channel("awgn"), images, 9.0, generator_for(0, "sample"))
        assert passage.posterior.sampled is variational
        assert torch.equal(passage.latent, passage.posterior.mean) is not variational


@pytest.mark.parametrize("channel", ["awgn", "rayleigh:coherence=4,csi=estimated"])
def test_all_randomness_comes_from_the_generator(make_codec, images, channel: str) -> None:
    codec, before = make_codec(variational=True), torch.get_rng_state()
    first, second, other = (
        transmit(codec, build_channel(channel), images, 9.0, generator_for(seed, "link")).reception.symbols
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert torch.equal(before, torch.get_rng_state())


def test_gradients_reach_the_whole_codec(make_codec, images) -> None:
    codec = make_codec(variational=True)
    passage = transmit(codec, build_channel("rayleigh"), images, 9.0, generator_for(0, "link"))
    codec.loss(images, passage.reception).mean().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in codec.parameters())
