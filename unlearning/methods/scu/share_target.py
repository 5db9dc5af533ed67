"""The share target: an erased image without the content that only erased images carry, such as a logo or a trigger.

It is the counterpart of `WordShares` for images: what kept images show too at the same place stays,
what they never show there gives way to what a kept image shows.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from semlink.codecs.neural_codec import NeuralCodec
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.methods.scu.forget_target import ForgetTarget, SentRecords

STEPS = 0.015  # of those of training
RATE = 0.25  # of that of training; at twice this a trigger goes as well, and PSNR falls 0.07 dB further

BLOCK = 4  # pixels a side, or the largest number below that divides the images
BANDWIDTH = 0.125  # of the kernel, in brightness: blocks whose pixels differ less (rms) count as the same
ERASED, KEPT = 512, 2048  # images looked at; more would cost more than the unlearning itself
SURE = 0.9  # share from which content counts as shown by erased images alone


@dataclass(frozen=True)
class ShareTargets(ForgetTarget):
    """Some of the erased images are received as a codec that never saw them would receive them.

    rows: which images, int64 [images]. images: float32 [images, channels, height, width].
    shares: w of each block, float32 [images, blocks].
    """

    rows: Tensor
    images: Tensor
    shares: Tensor
    name: ClassVar[str] = "share"

    def plan(self, training: TrainingSettings) -> tuple[int, float]:
        return math.ceil(STEPS * training.steps), RATE * training.learning_rate

    def loss(self, codec: NeuralCodec[Any], lost: SentRecords, kept: SentRecords, weight: float) -> Tensor:
        forgetting = codec.loss(self.aim(lost), lost.sent.reception).mean()
        return codec.loss(kept.batch, kept.sent.reception).mean() + weight * forgetting

    def chosen(self, forget: Any) -> Any:
        return forget[self.rows]

    def aim(self, lost: SentRecords) -> Any:
        return self.images[lost.rows]

    def notes(self) -> dict[str, float | str]:
        return {"own_content": self.exclusive_share()}

    def exclusive_share(self) -> float:
        """Share of the images with a block whose content surely only erased images show."""
        return (self.shares.amax(dim=1) >= SURE).float().mean().item()


def make_share_targets(forget: Tensor, retain: Tensor, power: float, generator: torch.Generator) -> ShareTargets:
    """T = (1 - w^power) x + w^power n, block by block, with n the kept image nearest to x in the other blocks.

    w = the part that erased images have in the density of a block's content at its place, both estimated with a
    Gaussian kernel over the mean squared difference of pixels. An image's nearest is sought with blocks weighted by
    1 - w^power.

    In:  forget, retain: all images of each set, float32 [images, channels, height, width] in 0..1.
    """
    rows, kept = (
        torch.randperm(len(images), generator=generator, device=images.device)[:limit]
        for images, limit in ((forget, ERASED), (retain, KEPT))
    )
    side = math.gcd(*forget.shape[-2:], BLOCK)
    erased, others = _blocks(forget[rows], side), _blocks(retain[kept], side)
    among_erased, among_kept = (_density(erased, blocks) for blocks in (erased, others))
    among_erased, among_kept = among_erased * (len(forget) / len(rows)), among_kept * (len(retain) / len(kept))
    shares = among_erased / (among_erased + among_kept)
    weights = (1 - shares.pow(power)).unsqueeze(-1)
    # The squared distance to each kept image, without the term that is the same for all of them.
    far = weights[..., 0] @ others.square().sum(dim=-1).T - 2 * (weights * erased).flatten(1) @ others.flatten(1).T
    nearest = others[far.argmin(dim=1)]
    mixed = nearest + weights * (erased - nearest)
    return ShareTargets(rows, _images(mixed, side, forget.shape), shares)


def _density(blocks: Tensor, others: Tensor) -> Tensor:
    """Sum over `others` of the kernel at each block, place by place: [images, places]."""
    size = blocks.shape[-1]
    places = [
        torch.cdist(here, there).square().div_(-2 * size * BANDWIDTH**2).exp_().sum(dim=1)
        for here, there in zip(blocks.unbind(dim=1), others.unbind(dim=1), strict=True)
    ]
    return torch.stack(places, dim=1)


def _blocks(images: Tensor, side: int) -> Tensor:
    """Images as their blocks: [images, places, samples]."""
    return functional.pixel_unshuffle(images, side).flatten(2).transpose(1, 2).contiguous()


def _images(blocks: Tensor, side: int, shape: torch.Size) -> Tensor:
    """Blocks put together again."""
    return functional.pixel_shuffle(blocks.transpose(1, 2).unflatten(2, (shape[-2] // side, shape[-1] // side)), side)
