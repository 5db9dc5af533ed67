"""The image codec: patches become symbols, symbols become patches."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from semlink.channels.contract import Reception
from semlink.codecs.backbone import ImageBackbone, check_free, image_facts, started, started_like
from semlink.codecs.ends import CodecEnds
from semlink.codecs.image.configuration import ImageCodecConfig
from semlink.codecs.image.ends import PatchReceiver, PatchSender
from semlink.codecs.image.windows import Windows
from semlink.codecs.image_ends import ImageEnds
from semlink.codecs.pixel_codec import PixelCodec
from semlink.codecs.pixels import check_uses, size_of_images
from semlink.codecs.posterior import Posterior
from semlink.codecs.pretrained import load_pretrained
from semlink.codecs.representation import ChannelEncoder, posterior, receiver_features
from semlink.codecs.transformer import Transformer


class ImageCodec(PixelCodec):
    """A vision transformer at each end; the receiver knows the noise variance and adapts to it.

    The channel uses are spread over the patches as evenly as whole symbols allow, so that any bandwidth ratio is met
    exactly. Images of another size than that of training are sent as `Windows` of that size.

    Source: ViT (Dosovitskiy et al., An Image is Worth 16x16 Words, 2021); joint source-channel coding of images after
            Bourtsoulatze et al., Deep Joint Source-Channel Coding for Wireless Image Transmission, 2019.
    """

    config_class = ImageCodecConfig
    config: ImageCodecConfig

    def __init__(self, config: ImageCodecConfig) -> None:
        super().__init__(config)
        self.slots = -(-config.uses // config.patches)  # the most symbols that a patch sends
        shape = config.d_model, config.heads, config.feed_forward, config.patches
        samples = config.channels * config.patch**2
        self.semantic_encoder: Transformer | ImageBackbone
        if config.backbone is None:
            self.patch_embedding = nn.Linear(samples, config.d_model)
            self.semantic_encoder = Transformer(config.encoder_layers, *shape)
        else:
            self.semantic_encoder = ImageBackbone(config, config.grid)
        self.channel_encoder = ChannelEncoder(config, self.slots)
        self.channel_decoder = nn.Sequential(
            nn.Linear(3 * self.slots, config.d_model), nn.GELU(), nn.Linear(config.d_model, config.d_model)
        )
        self.semantic_decoder = Transformer(config.decoder_layers, *shape)
        self.patch_output = nn.Linear(config.d_model, samples)
        self.post_init()

    @classmethod
    def create(cls, fields: Mapping[str, Any], payloads: Sequence[Any], labels: Sequence[str], seed: int) -> Self:
        """See `NeuralCodec`. Errors: CodecError, too, when a backbone cannot be had or does not suit the images."""
        if fields.get("backbone") is None:
            return super().create(fields, payloads, labels, seed)
        config = ImageCodecConfig(**{**size_of_images(payloads), **fields})
        check_free(fields, ("encoder_layers",))
        pretrained = load_pretrained(fields["backbone"], "image")
        config.backbone_facts = image_facts(pretrained, config.height, config.width, config.channels)
        blank = torch.zeros(1, config.channels, config.height, config.width)
        return started(lambda: cls(config), seed, pretrained, blank)

    def like(self, seed: int) -> Self:
        """See `NeuralCodec`. A backbone starts from the same pretrained weights."""
        return started_like(super().like(seed), self)

    def export_ends(self) -> CodecEnds:
        return ImageEnds(self, PatchSender(self), PatchReceiver(self))

    @property
    def sender(self) -> tuple[nn.Module, ...]:
        patches = (self.patch_embedding,) if self.config.backbone is None else ()
        return (*patches, self.semantic_encoder, self.channel_encoder)

    @property
    def receiver(self) -> tuple[nn.Module, ...]:
        return self.channel_decoder, self.semantic_decoder, self.patch_output

    def resized(self, height: int, width: int) -> Windows:
        return Windows(self, height, width)

    def represent(self, batch: Tensor) -> Posterior:
        mean, sigma = self.channel_encoder(self.patch_features(batch))
        slots = self.sent_slots()
        mask = torch.ones(len(batch), len(slots), dtype=torch.bool, device=batch.device)
        used_sigma = None if sigma is None else sigma.flatten(1, 2)[:, slots]
        return posterior(mean.flatten(1, 2)[:, slots], used_sigma, mask, self.config.representation_variance)

    def decode(self, reception: Reception) -> Tensor:
        check_uses(reception, self.config.uses)
        config, features = self.config, receiver_features(reception)
        slots = features.new_zeros(len(features), config.patches * self.slots, features.shape[-1])
        slots = slots.index_copy(1, self.sent_slots(), features).view(len(features), config.patches, -1)
        patches = self.patch_output(self.semantic_decoder(self.channel_decoder(slots))).sigmoid().transpose(1, 2)
        return functional.pixel_shuffle(patches.unflatten(2, config.grid), config.patch)

    def element_losses(self, batch: Tensor, reception: Reception) -> tuple[Tensor, Tensor]:
        errors = (self.decode(reception) - batch).square().mean(dim=1, keepdim=True)
        losses = functional.avg_pool2d(errors, self.config.patch).flatten(1)
        return losses, torch.ones_like(losses, dtype=torch.bool)

    def patch_features(self, batch: Tensor) -> Tensor:
        """What the semantic encoder makes of each patch: float32 [batch, patches, d_model]."""
        if isinstance(self.semantic_encoder, ImageBackbone):
            seen = batch
        else:
            patches = functional.pixel_unshuffle(batch, self.config.patch).flatten(2).transpose(1, 2)
            seen = self.patch_embedding(patches - 0.5)
        features: Tensor = self.semantic_encoder(seen)
        return features

    def sent_slots(self) -> Tensor:
        """Which of the patches' symbol slots are sent, int64 [uses]: patch p sends an even share of the uses."""
        edges = torch.arange(self.config.patches + 1, device=self.device) * self.config.uses // self.config.patches
        sent = torch.arange(self.slots, device=self.device) < edges.diff().unsqueeze(1)
        return sent.flatten().nonzero()[:, 0]
