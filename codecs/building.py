"""Fresh codecs: from fields that a user gives and the records that training will use, or like another codec."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from semlink.codecs import CODECS
from semlink.errors import CodecError
from semlink.registry import check_fields, choose

if TYPE_CHECKING:
    from semlink.codecs.neural_codec import NeuralCodec


def new_codec(
    name: str, fields: Mapping[str, object], payloads: Sequence[Any], seed: int, labels: Sequence[str] = ()
) -> "NeuralCodec[Any]":
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
    return kind.create(checked, payloads, labels, seed)


def new_codec_like(codec: "NeuralCodec[Any]", seed: int) -> "NeuralCodec[Any]":
    """An untrained codec with the configuration, and where there is one the vocabulary, of another.

    A backbone starts from the same pretrained weights; they are no training data of the codec.
    """
    return codec.like(seed)
