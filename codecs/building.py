"""Fresh codecs: from fields that a user gives and the records that training will use, or like another codec."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import torch

from semlink.codecs.contract import NeuralCodec
from semlink.codecs.image import ImageCodec, ImageCodecConfig
from semlink.codecs.text import TextCodec, TextCodecConfig, TextTokenizer
from semlink.errors import CodecError
from semlink.registry import check_fields, choose

Made = TypeVar("Made")

CODECS: dict[str, type[NeuralCodec[Any]]] = {"text": TextCodec, "image": ImageCodec}


def new_codec(name: str, fields: Mapping[str, object], payloads: Sequence[Any], seed: int) -> NeuralCodec[Any]:
    """An untrained codec whose weights are a function of the configuration and `seed` alone.

    In:     name: of `CODECS`. fields: of its configuration. payloads: the training sentences, from which the vocabulary
            is learned, or the training images, whose size is taken where the fields do not give it.
    Errors: UnknownName, WrongField; CodecError when there are no payloads, or they are of another kind.
    """
    checked = check_fields("codec", name, choose("codec", CODECS, name), fields)
    if len(payloads) == 0:
        raise CodecError(f"A {name} codec is made from training records, but there are none; give at least one.")
    return _new_text_codec(checked, payloads, seed) if name == "text" else _new_image_codec(checked, payloads, seed)


def new_codec_like(codec: NeuralCodec[Any], seed: int) -> NeuralCodec[Any]:
    """An untrained codec with the configuration, and where there is one the vocabulary, of another."""
    if isinstance(codec, TextCodec):
        return seeded(seed, lambda: TextCodec(codec.config, codec.tokenizer))
    return seeded(seed, lambda: type(codec)(codec.config))


def seeded(seed: int, make: Callable[[], Made]) -> Made:
    """What `make` returns when torch's global stream starts from `seed`; the stream itself is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return make()


def _new_text_codec(fields: Mapping[str, Any], sentences: Sequence[str], seed: int) -> TextCodec:
    if not all(isinstance(sentence, str) for sentence in sentences):
        raise CodecError('A text codec is made from sentences; use a source of text, or the codec "image".')
    wanted = TextCodecConfig(**fields)
    tokenizer = TextTokenizer.learn(
        sentences, wanted.tokenizer, wanted.vocabulary_size, wanted.min_count, wanted.lower_case
    )
    config = TextCodecConfig(**{**fields, "vocabulary_size": len(tokenizer)})
    return seeded(seed, lambda: TextCodec(config, tokenizer))


def _new_image_codec(fields: Mapping[str, Any], images: Sequence[Any], seed: int) -> ImageCodec:
    shape = np.shape(images[0]) if not isinstance(images[0], str) else ()
    if len(shape) not in (2, 3):
        raise CodecError('An image codec is made from images; use a source of images, or the codec "text".')
    size = dict(zip(("height", "width", "channels"), (*shape, 1)[:3], strict=True))
    config = ImageCodecConfig(**{**size, **fields})
    return seeded(seed, lambda: ImageCodec(config))
