"""The two ends of a codec as modules of their own, with real tensors in and out and the channel left outside."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from semlink.channels.contract import Reception
from semlink.codecs.contract import NeuralCodec
from semlink.codecs.deepsc import DeepSc
from semlink.codecs.image import ImageCodec
from semlink.codecs.pixels import PixelCodec
from semlink.codecs.prediction import IMPOSSIBLE
from semlink.codecs.representation import receiver_features
from semlink.codecs.task.batch import LabelledImages
from semlink.codecs.text import TextBatch, TextCodec
from semlink.codecs.text.receivers import Autoregressive, OnePass
from semlink.codecs.text.tokenizer import PADDING
from semlink.errors import CodecError

PARTS = ("encoder", "decoder")
_HEARD = "What was received of each token, and which tokens there are; the step looks at both."
TYPES = {"float32": torch.float32, "int64": torch.int64, "bool": torch.bool}


@dataclass(frozen=True)
class Argument:
    """An input or output tensor.

    kind: a key of `TYPES`. shape: whole numbers, and names of sizes that may differ from call to call; "8*length" is
    eight times the size called length.
    """

    name: str
    kind: str
    shape: tuple[int | str, ...]

    def example(self, sizes: Mapping[str, int]) -> Tensor:
        """A tensor of this form, of ones, which is at the same time a valid token, symbol and mask."""
        return torch.ones([size_of(size, sizes) for size in self.shape], dtype=TYPES[self.kind])


@dataclass(frozen=True)
class End:
    """One function of an exported codec.

    module:  from the inputs to a tuple of the outputs. most: the largest value of those sizes that have one.
    meaning: what the outputs are and, where that takes more, how an estimate is made of them.
    """

    module: nn.Module
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]
    meaning: str
    most: Mapping[str, int] = field(default_factory=dict)


def size_of(size: int | str, sizes: Mapping[str, int]) -> int:
    """The number that a size of an `Argument` stands for."""
    if isinstance(size, int):
        return size
    times, _, name = size.rpartition("*")
    return int(times or 1) * sizes[name]


def ends_of(codec: NeuralCodec[Any]) -> dict[str, End]:
    """The functions of a codec by their names: encoder, decoder and, where one word follows the other, step.

    A variational encoder sends its mean. Errors: CodecError for a codec whose ends cannot stand alone.
    """
    codec = copy.copy(codec).eval()
    if isinstance(codec, DeepSc):
        return _deepsc_ends(codec)
    if isinstance(codec, TextCodec):
        return _text_ends(codec)
    if codec.modality != "image" or "link" not in codec.traits:
        raise CodecError(
            f"Codecs of the type {type(codec).__name__} cannot be exported yet; export a text or image codec."
        )
    return _image_ends(codec)


def _image_ends(codec: NeuralCodec[Any]) -> dict[str, End]:
    config: Any = codec.config
    uses = _uses_of(codec)
    image = Argument("image", "float32", ("batch", config.channels, config.height, config.width))
    if codec.delivers == "class":
        told = Argument("log_probabilities", "float32", ("batch", config.classes))
        meaning = "Natural logarithms of the probabilities of the classes; the estimate is the largest."
    else:
        told, meaning = Argument("estimate", "float32", image.shape), "The image, samples in 0..1."
    return {
        "encoder": End(
            _PatchSender(codec) if isinstance(codec, ImageCodec) else _ImageSender(codec),
            (image,),
            _sent(uses),
            "The symbols, and which of them are sent: all.",
        ),
        "decoder": End(
            _PatchReceiver(codec) if isinstance(codec, ImageCodec) else _ImageReceiver(codec),
            _received(uses),
            (told,),
            meaning,
        ),
    }


def _uses_of(codec: NeuralCodec[Any]) -> int:
    config: Any = codec.config
    blank = codec.prepare([torch.zeros(config.height, config.width, config.channels, dtype=torch.uint8).numpy()])
    return int(codec.channel_uses(blank)[0])


def _text_ends(codec: TextCodec) -> dict[str, End]:
    config, receiver = codec.config, codec.semantic_decoder
    uses, most = f"{config.symbols_per_token}*length", {"length": config.max_length}
    entries = len(codec.embedding.weight)
    sentence = Argument("ids", "int64", ("batch", "length")), Argument("mask", "bool", ("batch", "length"))
    sent = f"The symbols, {config.symbols_per_token} for each token, and which of them are sent."
    ends = {"encoder": End(_TextSender(codec), sentence, _sent(uses), sent, most)}
    if isinstance(receiver, OnePass):
        said = Argument("log_probabilities", "float32", ("batch", "length", entries))
        meaning = "Natural logarithms of the probabilities of the words at each place; the estimate is the largest."
        ends["decoder"] = End(_OnePassReceiver(codec), _received(uses), (said,), meaning, most)
    elif isinstance(receiver, Autoregressive) and config.beams == 1:
        memory = Argument("memory", "float32", ("batch", "length", config.d_model)), sentence[1]
        ends["decoder"] = End(_Listener(codec), _received(uses), memory, _HEARD, most)
        before = Argument("said", "int64", ("batch", "words"))
        following = Argument("log_probabilities", "float32", ("batch", entries))
        loop = _loop(receiver.end, receiver.end, config.max_length)
        longest = {**most, "words": config.max_length}
        ends["step"] = End(_Speaker(codec), (*memory, before), (following,), loop, longest)
    else:
        raise CodecError(f"A receiver with beams={config.beams} cannot be exported; train one with beams=1.")
    return ends


def _deepsc_ends(codec: DeepSc) -> dict[str, End]:
    config = codec.config
    uses, positions = f"{config.symbols_per_token}*positions", {"positions": config.max_length + 2}
    sentence = Argument("ids", "int64", ("batch", "length")), Argument("mask", "bool", ("batch", "length"))
    memory = (
        Argument("memory", "float32", ("batch", "positions", config.d_model)),
        Argument("there", "bool", ("batch", "positions")),
    )
    before = Argument("said", "int64", ("batch", "words"))
    following = Argument("log_probabilities", "float32", ("batch", codec.end + 1))
    sent = f"The symbols, {config.symbols_per_token} for each token, of which start and end make two more: positions = length + 2."
    return {
        "encoder": End(_TextSender(codec), sentence, _sent(uses), sent, {"length": config.max_length}),
        "decoder": End(_DeepScListener(codec), _received(uses), memory, _HEARD, positions),
        "step": End(
            _DeepScSpeaker(codec),
            (*memory, before),
            (following,),
            _loop(codec.start, codec.end, config.max_length),
            {**positions, "words": config.max_length},
        ),
    }


def _loop(start: int, end: int, longest: int) -> str:
    return (
        f"Natural logarithms of the probabilities of the next word. Begin with said = [[{start}]] for each sentence, "
        f"append the largest, and go on until it is {end}, or for {longest} words."
    )


def _sent(uses: int | str) -> tuple[Argument, ...]:
    return Argument("symbols", "float32", ("batch", uses, 2)), Argument("used", "bool", ("batch", uses))


def _received(uses: int | str) -> tuple[Argument, ...]:
    symbols, used = _sent(uses)
    return symbols, Argument("noise_variance", "float32", ("batch", uses)), used


class _ImageSender(nn.Module):
    def __init__(self, codec: NeuralCodec[Any]) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        unknown = image.new_full((image.shape[0],), -1, dtype=torch.int64)
        frame = self.codec.encode(image if isinstance(self.codec, PixelCodec) else LabelledImages(image, unknown))
        return torch.view_as_real(frame.symbols), frame.mask


class _ImageReceiver(nn.Module):
    def __init__(self, codec: NeuralCodec[Any]) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, symbols: Tensor, noise_variance: Tensor, used: Tensor) -> tuple[Tensor]:
        estimate = self.codec.decode(_reception(symbols, noise_variance, used))
        return (estimate if isinstance(estimate, Tensor) else estimate.images,)


class _Patches(nn.Module):
    """An end of the codec of patches, whose places in the frame are numbers here and not computed in the graph."""

    def __init__(self, codec: ImageCodec) -> None:
        super().__init__()
        self.codec, self.places = codec, codec._places().tolist()

    def all_used(self, batch: int) -> Tensor:
        return torch.ones(batch, len(self.places), dtype=torch.bool)


class _PatchSender(_Patches):
    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        mean, _ = self.codec.channel_encoder(self.codec._features(image))
        frame = self.codec.modulate(mean.flatten(1, 2)[:, self.places], self.all_used(image.shape[0]))
        return torch.view_as_real(frame.symbols), frame.mask


class _PatchReceiver(_Patches):
    def forward(self, symbols: Tensor, noise_variance: Tensor, used: Tensor) -> tuple[Tensor]:
        codec, config = self.codec, self.codec.config
        features = receiver_features(_reception(symbols, noise_variance, used))
        there = {place: index for index, place in enumerate(self.places)}
        silent = functional.pad(features, (0, 0, 0, 1))  # a slot that no patch has used is the last, which is 0
        slots = silent[:, [there.get(slot, len(there)) for slot in range(config.patches * codec.slots)]]
        heard = codec.channel_decoder(slots.unflatten(1, (config.patches, codec.slots)).flatten(2))
        patches = codec.patch_output(codec.semantic_decoder(heard)).sigmoid().transpose(1, 2)
        return (functional.pixel_shuffle(patches.unflatten(2, config.grid), config.patch),)


class _TextSender(nn.Module):
    def __init__(self, codec: TextCodec) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        frame = self.codec.encode(TextBatch(ids, mask))
        return torch.view_as_real(frame.symbols), frame.mask


class _OnePassReceiver(nn.Module):
    def __init__(self, codec: TextCodec) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, symbols: Tensor, noise_variance: Tensor, used: Tensor) -> tuple[Tensor]:
        features, mask = self.codec._receive(_reception(symbols, noise_variance, used))
        states = self.codec.semantic_decoder(features, mask)
        return (_possible(self.codec._words().scores(states), PADDING),)


class _Listener(nn.Module):
    def __init__(self, codec: TextCodec) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, symbols: Tensor, noise_variance: Tensor, used: Tensor) -> tuple[Tensor, Tensor]:
        features, mask = self.codec._receive(_reception(symbols, noise_variance, used))
        receiver: Any = self.codec.semantic_decoder
        return receiver._memory(features), mask


class _Speaker(nn.Module):
    def __init__(self, codec: TextCodec) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, memory: Tensor, mask: Tensor, said: Tensor) -> tuple[Tensor]:
        words = self.codec._words()
        receiver: Any = self.codec.semantic_decoder
        states = receiver.decoder(
            inputs_embeds=functional.embedding(said, words.vectors),
            encoder_hidden_states=memory,
            encoder_attention_mask=mask,
            use_cache=False,
        ).last_hidden_state
        scores = words.scores(states[:, -1])
        first = torch.ones_like(said).sum(dim=1, keepdim=True) == 1  # no sentence is without a word
        ends = torch.arange(scores.shape[1], device=said.device) == receiver.end
        return (_possible(scores.masked_fill(first & ends, IMPOSSIBLE), PADDING),)


class _DeepScListener(nn.Module):
    def __init__(self, codec: DeepSc) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, symbols: Tensor, noise_variance: Tensor, used: Tensor) -> tuple[Tensor, Tensor]:
        return self.codec.listen(_reception(symbols, noise_variance, used))


class _DeepScSpeaker(nn.Module):
    def __init__(self, codec: DeepSc) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, memory: Tensor, there: Tensor, said: Tensor) -> tuple[Tensor]:
        decoder = self.codec.semantic_decoder
        scores = decoder.projection(decoder(said, memory, there)[:, -1])
        entries = torch.arange(scores.shape[1], device=said.device)
        first = torch.ones_like(said).sum(dim=1, keepdim=True) == 1  # no sentence is without a word
        never = (entries == self.codec.start) | first & (entries == self.codec.end)
        return (_possible(scores.masked_fill(never, IMPOSSIBLE), PADDING),)


def _possible(scores: Tensor, never: int) -> Tensor:
    """Log-probabilities without those of an entry that is never the answer."""
    entries = torch.arange(scores.shape[-1], device=scores.device)
    return scores.masked_fill(entries == never, IMPOSSIBLE).log_softmax(dim=-1)


def _reception(symbols: Tensor, noise_variance: Tensor, used: Tensor) -> Reception:
    return Reception(torch.view_as_complex(symbols), noise_variance, used)
