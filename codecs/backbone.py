"""A public pretrained encoder as the semantic encoder of a codec.

What it learned before is not training data of the codec: a fresh codec starts from the same pretrained weights, and so
does the retrained reference of an erasure. They are kept with the codec (or are its own, where it is frozen), so that
neither the original folder nor a network is needed. An erasure of the codec does not
reach what the public model itself may know of a record.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from semlink.codecs.backbone_configuration import Kind
from semlink.codecs.configuration import TransformerCodecConfig
from semlink.codecs.pretrained import PREPROCESSOR, Pretrained, build_network
from semlink.errors import CodecError, WrongField
from semlink.seeding import seeded
from semlink.untrusted import json_of

SPECIAL_MOST = 16  # special symbols before a sentence, and after it
Made = TypeVar("Made", bound=Any)  # a codec whose `semantic_encoder` is a `Backbone`


class BackboneConfig(TransformerCodecConfig):
    """Fields of a codec whose semantic encoder can be a pretrained one.

    backbone:        folder of a pretrained transformers encoder, or hub:owner/name@revision; None: our own encoder.
    freeze_backbone: whether training and unlearning leave the backbone as it is.
    """

    backbone: str | None = None
    freeze_backbone: bool = False

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if self.freeze_backbone and self.backbone is None:
            raise WrongField("freeze_backbone=True needs a backbone; name one, or leave it out.")

    @property
    def facts(self) -> dict[str, Any]:
        """What a codec has to know to build its backbone without the original folder. Errors: CodecError."""
        facts: dict[str, Any] | None = getattr(self, "backbone_facts", None)
        if facts is None:
            raise CodecError(f"The backbone {self.backbone} was not read; make the codec with new_codec.")
        return facts


class Backbone(nn.Module):
    """A pretrained network, a linear map of its features to d_model, and the weights that it started from.

    The network stays in evaluation mode: its dropout would draw from the global stream, and codecs have none.
    """

    kind: ClassVar[Kind]
    initial: Tensor

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.network = build_network(config.facts["config"], self.kind).eval()
        self.network.requires_grad_(not config.freeze_backbone)
        self.adapt = nn.Linear(self.network.config.hidden_size, config.d_model)  # type: ignore[union-attr, arg-type]
        size = 0 if config.freeze_backbone else sum(weight.numel() for weight in self.network.parameters())
        self.register_buffer("initial", torch.zeros(size))

    def train(self, mode: bool = True) -> "Backbone":
        super().train(mode)
        self.network.eval()
        return self

    @torch.no_grad()
    def start(self, network: nn.Module) -> None:
        """Takes over pretrained weights, and keeps a copy where training will change them."""
        self.network.load_state_dict(network.state_dict())
        if len(self.initial):
            self.initial.copy_(torch.cat([weight.flatten() for weight in self.network.parameters()]))

    @torch.no_grad()
    def start_like(self, other: "Backbone") -> None:
        """Starts from what another started from."""
        self.start(other.network)
        if len(self.initial):
            self.initial.copy_(other.initial)
            weights = list(self.network.parameters())
            for weight, values in zip(weights, self.initial.split([w.numel() for w in weights]), strict=True):
                weight.copy_(values.view_as(weight))


class TextBackbone(Backbone):
    """Tokens to features, between the special symbols that the network expects around a sentence.

    Its word vectors are in the order of the codec's vocabulary, followed by those of the special symbols: first the
    ones before a sentence, then those after it.

    In:  ids int64 [batch, length]; mask bool [batch, length].
    Out: float32 [batch, length, d_model].
    """

    kind: ClassVar[Kind] = "text"

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__(config)
        self.before, self.after = config.facts["before"], config.facts["after"]
        if not all(type(count) is int and 0 <= count <= SPECIAL_MOST for count in (self.before, self.after)):
            raise CodecError("The facts of the backbone have no numbers of special symbols; make the codec again.")
        self.words.padding_idx = None  # it would shut one word out from training

    @property
    def words(self) -> nn.Embedding:
        """The vectors of words, and of the special symbols."""
        words: nn.Embedding = self.network.get_input_embeddings()  # type: ignore[operator]
        return words

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        first = self.words.num_embeddings - self.before - self.after  # of the special symbols
        special = torch.arange(first, self.words.num_embeddings, device=ids.device).expand(len(ids), -1)
        end = self.before + mask.sum(dim=1, keepdim=True)
        around = torch.cat([special[:, : self.before], ids, ids.new_zeros(len(ids), self.after)], dim=1)
        places = torch.arange(around.shape[1], device=ids.device)
        around = around.scatter(1, end + places[: self.after], special[:, self.before :])
        attended = (places < end + self.after).long()
        output = self.network(inputs_embeds=self.words(around), attention_mask=attended)
        features: Tensor = self.adapt(output.last_hidden_state[:, self.before : self.before + ids.shape[1]])
        return features


class ImageBackbone(Backbone):
    """Images to features of the codec's patches.

    An image is resized to the size that the network was trained for, a grey one is repeated for each of its channels,
    and samples are normalised as in its training. Its patch tokens, without those for the whole image, are resized to
    the codec's grid of patches. A masked autoencoder sees all patches, in their order.

    In:  float32 [batch, channels, height, width] in 0..1.
    Out: float32 [batch, patches, d_model].
    """

    kind: ClassVar[Kind] = "image"

    def __init__(self, config: BackboneConfig, grid: tuple[int, int]) -> None:
        super().__init__(config)
        self.grid = grid
        self.channels: int = config.facts["config"]["num_channels"]
        self.size, self.own_grid = input_size(config.facts["config"])
        self.mean, self.deviation = config.facts["mean"], config.facts["deviation"]
        for values in (self.mean, self.deviation):
            if not (isinstance(values, list) and all(type(value) is float for value in values)):
                raise CodecError("The facts of the backbone have no mean and deviation; make the codec again.")
        self.masks = "mask_ratio" in config.facts["config"]

    def forward(self, images: Tensor) -> Tensor:
        mean, deviation = (images.new_tensor(values).view(-1, 1, 1) for values in (self.mean, self.deviation))
        pixels = (_resized(images.expand(-1, self.channels, -1, -1), self.size) - mean) / deviation
        count = self.own_grid[0] * self.own_grid[1]
        order: dict[str, Tensor] = {}
        if self.masks:  # the noise whose ranks are the order of patches; by default it is drawn, and shuffles them
            order["noise"] = torch.arange(count, device=images.device).expand(len(images), -1)
        tokens = self.network(pixel_values=pixels, **order).last_hidden_state[:, -count:]
        features = self.adapt(tokens).transpose(1, 2).unflatten(2, self.own_grid)
        return _resized(features, self.grid).flatten(2).transpose(1, 2)


def check_free(fields: Mapping[str, Any], taken: Sequence[str]) -> None:
    """Errors: WrongField when a user chose what the backbone decides."""
    for field in fields.keys() & set(taken):
        raise WrongField(f"A codec with a backbone takes its {field} from there; leave out {field}.")


def started(make: Callable[[], Made], seed: int, pretrained: Pretrained, largest: Any) -> Made:
    """A codec with the weights of its backbone.

    In:     largest: the largest batch that it has to encode, which is tried.
    Errors: CodecError when that fails.
    """
    codec = seeded(seed, make)
    try:
        codec.semantic_encoder.start(pretrained.network)
        with torch.no_grad():
            codec.represent(largest)
    except (RuntimeError, ValueError, IndexError, TypeError, AttributeError) as error:
        raise CodecError(
            f"The backbone {pretrained.name} cannot encode the largest of the data; lower max_length for sentences, "
            "or choose another backbone."
        ) from error
    return codec


def started_like(fresh: Made, other: Any) -> Made:
    """A codec whose backbone, if it has one, starts from the same pretrained weights as that of another."""
    if isinstance(other.semantic_encoder, Backbone):
        fresh.semantic_encoder.start_like(other.semantic_encoder)
    return fresh


def text_facts(pretrained: Pretrained, rows: Sequence[int], before: int, after: int) -> dict[str, Any]:
    """What a codec stores of a text backbone; puts its word vectors into the order of the codec's vocabulary.

    In:     rows: of the pretrained word vectors, for each entry of the vocabulary, then each special symbol around
            a sentence: `before` and `after` of them.
    Errors: CodecError when the tokenizer names rows that the network does not have.
    """
    words: nn.Embedding = pretrained.network.get_input_embeddings()  # type: ignore[operator]
    if max(rows) >= words.num_embeddings:
        raise CodecError(
            f"The tokenizer of {pretrained.name} names entry {max(rows)}, but its network knows "
            f"{words.num_embeddings}; give a folder whose files belong together."
        )
    digest = pretrained.digest()
    with torch.no_grad():
        words.weight = nn.Parameter(words.weight[list(rows)])
    words.num_embeddings, words.padding_idx = len(rows), None
    config = {**pretrained.config, "vocab_size": len(rows)}
    return {"config": config, "before": before, "after": after, "digest": digest}


def image_facts(pretrained: Pretrained, height: int, width: int, channels: int) -> dict[str, Any]:
    """What a codec stores of a vision backbone. Errors: CodecError when images of this shape do not suit it."""
    name, config = pretrained.name, pretrained.config
    size, _ = input_size(config)
    if height > size[0] or width > size[1]:
        raise CodecError(
            f"The backbone {name} sees images of {size[0]} x {size[1]} pixels, so it would lose detail of those of "
            f"{height} x {width}; cut them into tiles, or choose another backbone."
        )
    if channels not in (1, config["num_channels"]):
        raise CodecError(
            f"The backbone {name} sees images of {config['num_channels']} channels, which those with {channels} "
            "cannot become; choose another backbone."
        )
    try:
        content = json_of(pretrained.file(PREPROCESSOR) or "{}", dict)
        used = content if content.get("do_normalize", True) else {"image_mean": 0.0, "image_std": 1.0}
        mean, deviation = (_each(used.get(key, 0.5), config["num_channels"]) for key in ("image_mean", "image_std"))
    except (ValueError, TypeError, AttributeError) as error:
        raise CodecError(f"The {PREPROCESSOR} of {name} does not fit its network; fetch it again.") from error
    return {"config": config, "mean": mean, "deviation": deviation, "digest": pretrained.digest()}


def input_size(config: dict[str, Any]) -> tuple[tuple[int, int], tuple[int, int]]:
    """(height, width) of the images that a vision encoder takes, and its grid of patches."""
    height, width = _pair(config["image_size"])
    patch_height, patch_width = _pair(config["patch_size"])
    return (height, width), (height // patch_height, width // patch_width)


def _pair(value: Any) -> tuple[int, int]:
    return (value[0], value[1]) if isinstance(value, list | tuple) else (value, value)


def _each(value: Any, channels: int) -> list[float]:
    values = [float(part) for part in (value if isinstance(value, list) else [value] * channels)]
    if len(values) != channels:
        raise ValueError("another number of channels")
    return values


def _resized(images: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(images.shape[2:]) == size:
        return images
    return functional.interpolate(images, size, mode="bilinear", antialias=True)
