"""One transmission over the link: data, representation, symbols, channel."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from semlink.channels.contract import Channel, Frame, Reception
from semlink.codecs.neural_codec import NeuralCodec
from semlink.codecs.posterior import Posterior
from semlink.simulator.training_settings import SnrLaw


@dataclass(frozen=True)
class Transmission:
    """What a step of training or unlearning needs of one transmission.

    posterior: q(z|x). latent: the z that was sent, float32 [batch, uses, 2]. frame: its symbols.
    reception: what arrived.
    """

    posterior: Posterior
    latent: Tensor
    frame: Frame
    reception: Reception


def transmit(
    codec: NeuralCodec[Any], channel: Channel, batch: Any, snr_db: float | Tensor, generator: torch.Generator
) -> Transmission:
    """Sends a batch through encoder and channel; differentiable in the codec's parameters.

    A variational encoder sends a sample of its posterior. All randomness comes from `generator`.
    """
    posterior = codec.represent(batch)
    latent = posterior.sample(generator)
    frame = codec.modulate(latent, posterior.mask)
    return Transmission(posterior, latent, frame, channel(frame, snr_db, generator))


def draw_snr(law: SnrLaw, count: int, generator: torch.Generator) -> Tensor:
    """Es/N0 in dB for each of `count` examples: the same for all, or uniform between two limits. float32 [count]."""
    if not isinstance(law, tuple):
        return torch.full((count,), float(law), device=generator.device)
    low, high = law
    return low + (high - low) * torch.rand(count, generator=generator, device=generator.device)
