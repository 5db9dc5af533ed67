"""A codec for others: each end as a file of a format that other runtimes read, and a sidecar that explains them."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semlink.codecs.interop.runner import Runner
from semlink.codecs.interop.sidecar import SIDECAR, describe, write_sidecar
from semlink.codecs.interop.to_onnx import OnnxRunner, write_onnx
from semlink.codecs.interop.to_savedmodel import SavedModelRunner, write_savedmodel
from semlink.codecs.interop.to_tflite import TfliteRunner, write_tflite
from semlink.codecs.interop.tracing import Traced, trace
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import CodecError
from semlink.files import content_of, whole_folder
from semlink.registry import choose

PARTS = ("encoder", "decoder")


@dataclass(frozen=True)
class Format:
    """A format of files, or of folders where `ending` is empty.

    ending: of their names. write: stores an end. open_file: what was stored, under its runtime, from the path and the
    names of the inputs and of the outputs in their order.
    """

    ending: str
    write: Callable[[Traced, Path], None]
    open_file: Callable[[Path, Sequence[str], Sequence[str]], Runner]


FORMATS: Mapping[str, Format] = {
    "onnx": Format(".onnx", write_onnx, OnnxRunner),
    "savedmodel": Format("", write_savedmodel, SavedModelRunner),
    "tflite": Format(".tflite", write_tflite, TfliteRunner),
}


def export_codec(
    codec: NeuralCodec[Any],
    digest: str,
    kind: str,
    part: str,
    folder: Path,
    size: tuple[int, int] | None = None,
) -> None:
    """Stores the ends of a codec for another runtime: the whole folder is there afterwards, or what was there before.

    In:     digest: of the bundle that the codec is from. kind: a name of `FORMATS`. part: encoder, decoder or both.
            size: height and width of the images, where they shall differ from those of the training.
    Errors: UnknownName; CodecError when the codec cannot be exported, or a package is missing,
            or `folder` holds something else; OSError.
    """
    chosen = choose("export format", FORMATS, kind)
    parts = choose("part", {**{name: (name,) for name in PARTS}, "both": PARTS}, part)
    codec = copy.copy(_sized(codec, size)).eval()
    ends = codec.export_ends()
    exported = {name: end for name, end in ends.functions.items() if _part_of(name) in parts}
    files = {name: f"{name}{chosen.ending}" for name in exported}
    if folder.exists() and not (folder / SIDECAR).exists() and (folder.is_file() or content_of(folder)):
        raise CodecError(f"{folder} holds something that is no export; choose another --out.")
    with whole_folder(folder, replace=True) as unfinished:
        traced = {name: trace(end) for name, end in exported.items()}
        for name, end in traced.items():
            chosen.write(end, unfinished / files[name])
        for name, content in codec.extra_files().items():
            (unfinished / name).write_bytes(content)
        described = describe(codec, {name: end.end for name, end in traced.items()}, files, kind, digest)
        write_sidecar({**described, **ends.description(traced.keys())}, unfinished)


def _part_of(name: str) -> str:
    """The part that an end belongs to: what is not the encoder is the receiver's."""
    return "encoder" if name == "encoder" else "decoder"


def _sized(codec: NeuralCodec[Any], size: tuple[int, int] | None) -> NeuralCodec[Any]:
    if size is None:
        return codec
    if codec.modality != "image":
        raise CodecError("Sentences have no height and width; export this codec without --size.")
    channels: int = codec.config.channels
    sized = codec.sized((*size, channels))
    if not isinstance(sized, NeuralCodec):
        raise CodecError("This codec sends images of another size in windows of its own; export it without --size.")
    return sized
