"""Several task codecs side by side, each trained on records of its own, so that few have to forget one."""

import hashlib
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from semlink.channels.contract import Frame, Reception
from semlink.codecs.contract import Trait
from semlink.codecs.pixels import check_uses
from semlink.codecs.posterior import Posterior
from semlink.codecs.task.batch import LabelledImages
from semlink.codecs.task.configuration import TaskCodecConfig
from semlink.codecs.task.inferring import InferringCodec
from semlink.codecs.task.model import TaskCodec
from semlink.errors import WrongField


class ShardedTaskCodecConfig(TaskCodecConfig):
    """Configuration of `ShardedTaskCodec`.

    shards: task codecs in it; they divide `uses` as evenly as whole channel uses allow. Training records are divided
            among them. The others are those of each of them: see `TaskCodecConfig`.
    Errors: WrongField when there are more shards than uses.
    """

    model_type = "semlink-sharded-task"

    shards: int = 5

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if self.shards > self.uses:
            raise WrongField(f"Each shard sends something: give at most shards={self.uses}, which is uses.")

    @property
    def uses_of(self) -> list[int]:
        """Channel uses of each shard."""
        least, more = divmod(self.uses, self.shards)
        return [least + (shard < more) for shard in range(self.shards)]

    def of_shard(self, uses: int) -> TaskCodecConfig:
        """The configuration of a shard that has so many channel uses."""
        fields = {field: getattr(self, field) for field in TaskCodecConfig.own_fields()}
        return TaskCodecConfig(**{**fields, "uses": uses})


class ShardedTaskCodec(InferringCodec):
    """S task codecs send each image in turn, each with unit energy; the receiver averages their log-probabilities.

    p(class) is proportional to the geometric mean over s of p_s(class).

    A training record belongs to one shard, SHA-256(image) mod S, and only that shard learns from it: equal images,
    whoever owns them, are in one shard. The channel uses of all shards together are those of one codec.

    Source: the ensemble of Bourtoule et al., Machine Unlearning (SISA), 2021.
    Differs: averages log-probabilities instead of counting votes. There are no slices.
    """

    traits: ClassVar[frozenset[Trait]] = frozenset({*InferringCodec.traits, "sharded"})
    config_class = ShardedTaskCodecConfig
    config: ShardedTaskCodecConfig

    def __init__(self, config: ShardedTaskCodecConfig) -> None:
        super().__init__(config)
        self.shards = nn.ModuleList(TaskCodec(config.of_shard(uses)) for uses in config.uses_of)
        self.post_init()

    @property
    def parts(self) -> tuple[TaskCodec, ...]:
        return tuple(shard for shard in self.shards if isinstance(shard, TaskCodec))

    def part_of(self, payload: Any) -> int:
        digest = hashlib.sha256(np.ascontiguousarray(payload).tobytes()).digest()
        return int.from_bytes(digest[:8]) % self.config.shards

    @property
    def sender(self) -> tuple[nn.Module, ...]:
        return tuple(module for part in self.parts for module in part.sender)

    @property
    def receiver(self) -> tuple[nn.Module, ...]:
        return tuple(module for part in self.parts for module in part.receiver)

    def represent(self, batch: LabelledImages) -> Posterior:
        posteriors = [part.represent(batch) for part in self.parts]
        return Posterior(
            torch.cat([part.mean for part in posteriors], dim=1),
            torch.cat([part.log_variance for part in posteriors], dim=1),
            torch.cat([part.mask for part in posteriors], dim=1),
            posteriors[0].sampled,
        )

    def modulate(self, latent: Tensor, mask: Tensor) -> Frame:
        pieces = zip(self.parts, *(values.split(self.config.uses_of, dim=1) for values in (latent, mask)), strict=True)
        frames = [part.modulate(*values) for part, *values in pieces]
        return Frame(*(torch.cat([getattr(frame, name) for frame in frames], dim=1) for name in ("symbols", "mask")))

    def scores(self, reception: Reception) -> Tensor:
        check_uses(reception, self.config.uses)
        shape, sizes = reception.mask.shape, self.config.uses_of
        values = (reception.symbols, reception.noise_variance, reception.mask, reception.bias)
        pieces = zip(*(value.expand(shape).split(sizes, dim=1) for value in values), strict=True)
        beliefs = [part.decode(Reception(*received)) for part, received in zip(self.parts, pieces, strict=True)]
        return torch.stack(beliefs).mean(dim=0)
