"""Fresh codecs: from fields that a user gives and the records that training will use, or like another codec."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import torch

from semlink.codecs import CODECS
from semlink.codecs.backbone import Backbone, image_facts, text_facts
from semlink.codecs.contract import NeuralCodec
from semlink.codecs.deepsc import DeepSc, DeepScConfig
from semlink.codecs.image import ImageCodec, ImageCodecConfig
from semlink.codecs.pretrained import Pretrained, load_pretrained
from semlink.codecs.text import TextBatch, TextCodec, TextCodecConfig, TextTokenizer
from semlink.codecs.text.backbone_tokenizer import BackboneTokenizer
from semlink.errors import CodecError, WrongField
from semlink.registry import check_fields, choose

Made = TypeVar("Made")


def new_codec(
    name: str, fields: Mapping[str, object], payloads: Sequence[Any], seed: int, labels: Sequence[str] = ()
) -> NeuralCodec[Any]:
    """An untrained codec whose weights are a function of the configuration and `seed` alone.

    In:     name: of `CODECS`. fields: of its configuration. payloads: the training sentences, from which the vocabulary
            is learned, or the training images, whose size is taken where the fields do not give it.
            labels: the names of the classes of the records; a codec that works with classes has as many, where the
            fields do not say otherwise.
    Errors: UnknownName, WrongField; CodecError when there are no payloads, they are of another kind, or a backbone
            cannot be had.
    """
    kind = choose("codec", CODECS, name)
    checked = check_fields("codec", name, kind, fields)
    if len(payloads) == 0:
        raise CodecError(f"A {name} codec is made from training records, but there are none; give at least one.")
    if kind.modality == "text":
        return _new_text_codec(kind, checked, payloads, seed)
    if "classes" in kind.own_fields() and labels:
        checked = {"classes": len(labels), **checked}
    return _new_image_codec(kind, checked, payloads, seed)


def new_codec_like(codec: NeuralCodec[Any], seed: int) -> NeuralCodec[Any]:
    """An untrained codec with the configuration, and where there is one the vocabulary, of another.

    A backbone starts from the same pretrained weights; they are no training data of the codec.
    """
    extra = (codec.tokenizer,) if isinstance(codec, TextCodec) else ()
    fresh = seeded(seed, lambda: type(codec)(codec.config, *extra))
    if isinstance(backbone := getattr(codec, "semantic_encoder", None), Backbone):
        started: Any = fresh.semantic_encoder
        started.start_like(backbone)
    return fresh


def seeded(seed: int, make: Callable[[], Made]) -> Made:
    """What `make` returns when torch's global stream starts from `seed`; the stream itself is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return make()


def _new_text_codec(
    kind: type[NeuralCodec[Any]], fields: Mapping[str, Any], sentences: Sequence[str], seed: int
) -> TextCodec:
    if not all(isinstance(sentence, str) for sentence in sentences):
        raise CodecError('A text codec is made from sentences; use a source of text, or the codec "image".')
    if kind is DeepSc:
        return _new_deepsc(fields, sentences, seed)
    wanted = TextCodecConfig(**fields)
    if wanted.backbone is not None:
        return _text_codec_on(wanted.backbone, wanted.max_length, fields, seed)
    tokenizer = TextTokenizer.learn(
        sentences, wanted.tokenizer, wanted.vocabulary_size, wanted.min_count, wanted.lower_case
    )
    config = TextCodecConfig(**{**fields, "vocabulary_size": len(tokenizer)})
    return seeded(seed, lambda: TextCodec(config, tokenizer))


def _new_deepsc(fields: Mapping[str, Any], sentences: Sequence[str], seed: int) -> DeepSc:
    wanted = DeepScConfig(**fields)
    tokenizer = TextTokenizer.learn(sentences, "word", wanted.vocabulary_size, wanted.min_count, wanted.lower_case)
    config = DeepScConfig(**{**fields, "vocabulary_size": len(tokenizer)})
    return seeded(seed, lambda: DeepSc(config, tokenizer))


def _text_codec_on(backbone: str, max_length: int, fields: Mapping[str, Any], seed: int) -> TextCodec:
    _refuse(fields, ("tokenizer", "vocabulary_size", "min_count", "lower_case", "encoder_layers"))
    pretrained = load_pretrained(backbone, "text")
    tokenizer = BackboneTokenizer.from_json(pretrained.tokenizer())
    facts = text_facts(pretrained, *tokenizer.rows(pretrained.config.get("pad_token_id") or 0))
    config = TextCodecConfig(**{**fields, "vocabulary_size": len(tokenizer)})
    config.backbone_facts = facts
    longest = TextBatch(torch.zeros(1, max_length, dtype=torch.int64), torch.ones(1, max_length, dtype=torch.bool))
    return _started(lambda: TextCodec(config, tokenizer), seed, pretrained, longest)


def _new_image_codec(
    kind: type[NeuralCodec[Any]], fields: Mapping[str, Any], images: Sequence[Any], seed: int
) -> NeuralCodec[Any]:
    shape = np.shape(images[0]) if not isinstance(images[0], str) else ()
    if len(shape) not in (2, 3):
        raise CodecError('An image codec is made from images; use a source of images, or the codec "text".')
    size = dict(zip(("height", "width", "channels"), (*shape, 1)[:3], strict=True))
    config = kind.config_class(**{**size, **fields})
    if isinstance(config, ImageCodecConfig) and config.backbone is not None:
        return _image_codec_on(config.backbone, config, fields, seed)
    return seeded(seed, lambda: kind(config))


def _image_codec_on(backbone: str, config: ImageCodecConfig, fields: Mapping[str, Any], seed: int) -> ImageCodec:
    _refuse(fields, ("encoder_layers",))
    pretrained = load_pretrained(backbone, "image")
    config.backbone_facts = image_facts(pretrained, config.height, config.width, config.channels)
    blank = torch.zeros(1, config.channels, config.height, config.width)
    return _started(lambda: ImageCodec(config), seed, pretrained, blank)


def _refuse(fields: Mapping[str, Any], taken: Sequence[str]) -> None:
    """Errors: WrongField when a user chose what the backbone decides."""
    for field in fields.keys() & set(taken):
        raise WrongField(f"A codec with a backbone takes its {field} from there; leave out {field}.")


def _started(make: Callable[[], Made], seed: int, pretrained: Pretrained, largest: Any) -> Made:
    """A codec with the weights of its backbone, tried on the largest batch that it has to take. Errors: CodecError."""
    codec: Any = seeded(seed, make)
    try:
        codec.semantic_encoder.start(pretrained.network)
        with torch.no_grad():
            codec.represent(largest)
    except (RuntimeError, ValueError, IndexError, TypeError, AttributeError) as error:
        raise CodecError(
            f"The backbone {pretrained.name} cannot encode the largest of the data; lower max_length for sentences, "
            "or choose another backbone."
        ) from error
    made: Made = codec
    return made
