"""What every neural codec of the registry promises."""

import copy
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import AutoConfig, AutoModel

from semlink.channels.awgn import Awgn
from semlink.channels.contract import Reception
from semlink.codecs import CODECS
from semlink.codecs.building import new_codec_like
from semlink.codecs.posterior import divergence
from semlink.seeding import generator_for

pytestmark = pytest.mark.parametrize(
    "case",
    [
        *(name for name in CODECS if name != "gan"),  # which is sent nothing; test_generative.py has its own
        "convolutional generative",
        "autoregressive text",
        "text on bert",
        "autoregressive text on bert",
        "image on vit_mae",
        "convolutional task",
        "residual task",
        "attentive task",
        "wrapped",
        "wrapped-classes",
    ],
    indirect=True,
)


def received(codec: Any, batch: Any, snr_db: float = 10.0) -> Reception:
    reception: Reception = Awgn()(codec.encode(batch), snr_db, generator_for("test"))
    return reception


def same(first: Any, second: Any) -> bool:
    if isinstance(first, Tensor):
        return torch.equal(first, second)
    return all(torch.equal(getattr(first, f.name), getattr(second, f.name)) for f in dataclasses.fields(first))


def test_every_example_has_unit_energy_and_silent_padding(case: Any) -> None:
    codec = case.codec()
    batch = case.batch(codec)
    frame = codec.encode(batch)
    assert frame.symbols.dtype == torch.complex64
    assert torch.equal(frame.mask.sum(dim=1), codec.channel_uses(batch))
    energy = frame.symbols.abs().square().sum(dim=1) / frame.mask.sum(dim=1)
    torch.testing.assert_close(energy, torch.ones(len(batch)))
    assert not frame.symbols[~frame.mask].any()


@pytest.mark.parametrize("variational", [False, True])
def test_randomness_comes_from_the_generator_alone(case: Any, variational: bool) -> None:
    before = torch.get_rng_state()
    codec = case.codec(variational=variational)
    batch = case.batch(codec)
    first, second = (codec.encode(batch, generator_for("test", 1)) for _ in range(2))
    other = codec.encode(batch, generator_for("test", 2))
    estimates = [codec.decode(received(codec, batch)) for _ in range(2)]
    assert torch.equal(first.symbols, second.symbols)
    assert torch.equal(first.symbols, other.symbols) is not variational
    assert same(*estimates)
    assert torch.equal(before, torch.get_rng_state())


def test_weights_are_a_function_of_the_seed(case: Any) -> None:
    first, again, other = case.codec(0), case.codec(0), case.codec(1)
    assert all(torch.equal(first.state_dict()[name], value) for name, value in again.state_dict().items())
    assert any(not torch.equal(first.state_dict()[name], value) for name, value in other.state_dict().items())
    alike = new_codec_like(other, 0).eval()
    batch = case.batch(first)
    assert torch.equal(alike.encode(case.batch(alike)).symbols, first.encode(batch).symbols)


def test_an_estimate_can_be_sent_again_or_is_of_classes(case: Any) -> None:
    codec = case.codec()
    batch = case.batch(codec)
    estimate = codec.decode(received(codec, batch))
    assert len(estimate) == len(batch)
    if codec.delivers == codec.modality:
        assert type(estimate) is type(batch)
        assert torch.equal(codec.encode(estimate).mask.sum(dim=1), codec.channel_uses(estimate))
        assert (codec.channel_uses(estimate) > 0).all()
    else:
        assert "reconstruction" not in codec.traits
        torch.testing.assert_close(estimate.exp().sum(dim=1), torch.ones(len(batch)))
    assert len(codec.as_metric_input(estimate)) == len(codec.reference(case.payloads)) == len(case.payloads)


def test_company_in_a_batch_does_not_matter(case: Any) -> None:
    codec = case.codec()
    together = case.batch(codec)
    frame, reception = codec.encode(together), received(codec, together, float("inf"))
    estimates = codec.decode(reception)
    losses = codec.loss(together, reception)
    for index in range(len(case.payloads)):
        alone = case.batch(codec, index)
        assert same(alone, together[torch.tensor([index])])
        symbols = codec.encode(alone).symbols
        torch.testing.assert_close(symbols[0], frame.symbols[index, : symbols.shape[1]])
        noiseless = received(codec, alone, float("inf"))
        torch.testing.assert_close(codec.loss(alone, noiseless)[0], losses[index])
        decoded, expected = codec.as_metric_input(codec.decode(noiseless))[0], codec.as_metric_input(estimates)[index]
        if isinstance(decoded, Tensor):
            torch.testing.assert_close(decoded, expected)
        else:
            assert decoded == expected


@pytest.mark.parametrize("variational", [False, True])
def test_saved_and_loaded_is_exactly_the_same(case: Any, variational: bool, tmp_path: Path) -> None:
    codec = case.codec(variational=variational)
    codec.save_pretrained(tmp_path)
    batch = case.batch(codec)
    for loaded in (CODECS[case.name].from_pretrained(tmp_path), AutoModel.from_pretrained(tmp_path)):
        assert type(loaded) is CODECS[case.name]
        assert loaded.config.to_diff_dict() == AutoConfig.from_pretrained(tmp_path).to_diff_dict()
        assert same(case.batch(loaded), batch)
        assert torch.equal(loaded.encode(batch).symbols, codec.encode(batch).symbols)
        assert same(loaded.decode(received(codec, batch)), codec.decode(received(codec, batch)))


@pytest.mark.parametrize("variational", [False, True])
def test_loss_of_each_example_reaches_every_weight(case: Any, variational: bool) -> None:
    codec = case.codec(variational=variational)
    batch = case.batch(codec)
    frame = codec.encode(batch, generator_for("sample"))
    loss = codec.loss(batch, Awgn()(frame, 10.0, generator_for("noise")))
    assert loss.shape == (len(batch),)
    objective = codec.objective(batch, Awgn()(frame, 10.0, generator_for("noise")), generator_for("objective"))
    (objective if "adversary" in codec.traits else loss.mean()).backward()
    still = [name for name, weight in codec.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert still == []


def test_a_step_against_the_gradient_lowers_the_loss(case: Any) -> None:
    codec = case.codec()
    batch = case.batch(codec)
    reception = received(codec, batch)
    optimiser = torch.optim.SGD(codec.parameters(), lr=0.01)
    before = codec.loss(batch, reception).mean()
    before.backward()
    optimiser.step()
    assert codec.loss(batch, received(codec, batch)).mean() < before


def test_embedding_has_one_size_and_sees_the_used_latent_only(case: Any) -> None:
    codec = case.codec(variational=True)
    posterior = codec.represent(case.batch(codec))
    embedded = codec.embed(posterior.mean, posterior.mask)
    noisy = torch.where(posterior.mask.unsqueeze(-1), posterior.mean, 7.0)
    assert torch.equal(codec.embed(noisy, posterior.mask), embedded)
    alone = codec.represent(case.batch(codec, 0))
    assert codec.embed(alone.mean, alone.mask).shape == (1, embedded.shape[1])
    assert not torch.equal(codec.embed(2 * posterior.mean, posterior.mask), embedded)


def test_variational_posterior_starts_with_little_noise_and_is_sampled(case: Any) -> None:
    codec = case.codec(variational=True)
    posterior = codec.represent(case.batch(codec))
    torch.testing.assert_close(posterior.log_variance.exp().sqrt(), torch.full_like(posterior.mean, 0.1))
    assert posterior.sampled
    draws = torch.stack([posterior.sample(generator_for("draw", index)) for index in range(400)])
    # 400 draws of each: the mean of all relative variances has a relative standard deviation under 0.01 (10 of them:
    # no alarm).
    assert draws.var(dim=0).mean().item() == pytest.approx(0.01, rel=0.1)


def test_fixed_variance_belongs_to_a_latent_of_unit_power(case: Any) -> None:
    codec = case.codec(representation_variance=0.2)
    batch = case.batch(codec)
    posterior = codec.represent(batch)
    assert not posterior.sampled
    torch.testing.assert_close(posterior.log_variance.exp(), torch.full_like(posterior.mean, 0.2))
    torch.testing.assert_close(torch.view_as_complex(posterior.mean), codec.encode(batch).symbols)


@pytest.mark.parametrize("variational", [False, True])
def test_a_copy_has_no_divergence_and_another_codec_has(case: Any, variational: bool) -> None:
    codec = case.codec(variational=variational)
    batch = case.batch(codec)
    original, copied = codec.represent(batch), copy.deepcopy(codec).represent(batch)
    assert torch.equal(divergence(copied, original), torch.zeros(len(batch)))
    assert (divergence(case.codec(1, variational=variational).represent(batch), original) > 0).all()


def test_receiver_adapts_to_the_noise_variance(case: Any) -> None:
    codec = case.codec()
    batch = case.batch(codec)
    reception = received(codec, batch)
    noisier = dataclasses.replace(reception, noise_variance=10 * reception.noise_variance)
    assert (codec.loss(batch, reception) != codec.loss(batch, noisier)).all()


@pytest.mark.parametrize("variance", [0.0, 1e-30, 1e30])
def test_extreme_noise_variance_gives_finite_losses_and_gradients(case: Any, variance: float) -> None:
    codec = case.codec()
    batch = case.batch(codec)
    frame = codec.encode(batch)
    loss = codec.loss(batch, Reception(frame.symbols, torch.full((len(batch), 1), variance), frame.mask)).mean()
    loss.backward()
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in codec.parameters())


def test_at_its_own_size_a_codec_is_itself(case: Any) -> None:
    codec = case.codec()
    assert codec.sized(np.shape(case.payloads[0])) is codec
