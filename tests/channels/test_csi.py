"""What the receiver knows of the gains."""

import pytest
import torch

from semlink.channels.csi import perfect_estimate, pilot_estimate, prior_estimate
from semlink.channels.gains import GainLaw, draw_gains
from semlink.seeding import generator_for

LAWS = [GainLaw(0.0, 1.0), GainLaw(0.8, 0.36)]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("pilots", [1, 4])
@pytest.mark.parametrize("n0", [1.0, 0.1])
def test_estimate_is_the_conditional_mean(law: GainLaw, pilots: int, n0: float) -> None:
    """2^18 gains: 2 % is 10 standard deviations of the error; the correlations are held to 5, false alarm 1e-5."""
    gains = draw_gains(law, 1 << 17, 2, generator_for("gains", pilots, n0))
    variance = torch.full((len(gains), 1), n0)
    known = pilot_estimate(gains, law, variance, pilots, generator_for("pilots", pilots, n0))
    error = gains - known.mean
    assert known.variance.mean().item() == pytest.approx(1 / (1 / law.variance + pilots / n0))
    assert error.abs().square().mean().item() == pytest.approx(known.variance.mean().item(), rel=0.02)
    # An error that is uncorrelated with what was observed leaves nothing to be estimated.
    assert abs(error.mean().item()) < 5 * error.abs().std().item() / 2**9
    centred = known.mean - law.mean
    assert abs((error * centred.conj()).mean().item()) < 5 * (error.abs() * centred.abs()).std().item() / 2**9


@pytest.mark.parametrize("law", [*LAWS, GainLaw(1.0, 1e-10)])
def test_pilots_without_noise_tell_the_gains(law: GainLaw) -> None:
    gains = draw_gains(law, 4, 3, generator_for("gains"))
    known = pilot_estimate(gains, law, torch.zeros(4, 1), 1, generator_for("pilots"))
    torch.testing.assert_close(known.mean, perfect_estimate(gains).mean)
    assert not known.variance.any()


@pytest.mark.parametrize("law", LAWS)
def test_pilots_in_overwhelming_noise_tell_nothing(law: GainLaw) -> None:
    gains = draw_gains(law, 4, 3, generator_for("gains"))
    known = pilot_estimate(gains, law, torch.full((4, 1), 1e30), 1, generator_for("pilots"))
    prior = prior_estimate(law, torch.device("cpu"))
    torch.testing.assert_close(known.mean, prior.mean.expand(4, 3))
    torch.testing.assert_close(known.variance, prior.variance.expand(4, 1))
