"""Encoder-only unlearning: the erased become noise to the sender, the receiver stays."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from semlink.codecs.contract import NeuralCodec
from semlink.codecs.task.model import TaskCodec
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.training import mean_loss
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.baselines.encoder_only import EncoderOnly, noise_like

Codec = NeuralCodec[Any]


def test_erased_records_look_like_noise(
    trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    """Representations of noise have one mean; that of the erased records comes near it, that of others stays."""
    context = context_for()
    erased = EncoderOnly(steps=300, forget_weight=1).erase(trained, partition, context).codec
    forget, test = (batch_of(trained, part) for part in (partition.forget, partition.test))
    noise = noise_like(trained, forget.repeat(20, 1, 1, 1), test, generator_for(0, "noise"))
    with torch.no_grad():
        aim = trained.represent(noise).mean.mean(dim=0)
        before, after = ((codec.represent(forget).mean.mean(dim=0) - aim).norm() for codec in (trained, erased))
        moved = (erased.represent(test).mean - trained.represent(test).mean).square().mean()
        size = trained.represent(test).mean.square().mean()
    assert after < 0.4 * before
    assert moved < 0.2 * size
    for name, parameter in trained.named_parameters():
        assert torch.equal(erased.get_parameter(name), parameter) == name.startswith("decoder")
    losses = [mean_loss(codec, forget, context.channel, (5.0, 15.0), 0) for codec in (trained, erased)]
    assert losses[1] > 1.5 * losses[0]


def test_noise_has_the_moments_of_the_images(trained: Codec) -> None:
    kept = 0.3 + 0.1 * torch.randn(50, 1, 6, 6, generator=generator_for(1))
    noise = noise_like(trained, kept[:30].repeat(100, 1, 1, 1), kept, generator_for(2))
    assert noise.shape == (3000, 1, 6, 6)
    assert noise.mean().item() == pytest.approx(kept.mean().item(), abs=0.002)
    assert noise.std().item() == pytest.approx(kept.std().item(), rel=0.02)


def test_noise_of_sentences_is_as_many_words(speaker: Codec, lines: Partition) -> None:
    batch = batch_of(speaker, lines.forget)
    noise = noise_like(speaker, batch, batch, generator_for(0))
    assert torch.equal(noise.mask, batch.mask)
    assert not torch.equal(noise.ids, batch.ids)


def test_it_needs_something_to_reconstruct() -> None:
    assert not EncoderOnly.defined_on(TaskCodec)
