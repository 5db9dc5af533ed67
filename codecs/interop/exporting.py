"""A codec for others: each end as a file of a format that other runtimes read, and a sidecar that explains them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semlink.codecs.contract import NeuralCodec
from semlink.codecs.interop.ends import PARTS, ends_of
from semlink.codecs.interop.runner import Runner
from semlink.codecs.interop.sidecar import SIDECAR, describe, write_sidecar
from semlink.codecs.interop.to_onnx import OnnxRunner, write_onnx
from semlink.codecs.interop.to_savedmodel import SavedModelRunner, write_savedmodel
from semlink.codecs.interop.to_tflite import TfliteRunner, write_tflite
from semlink.codecs.interop.tracing import Traced, trace
from semlink.codecs.text import TextCodec
from semlink.codecs.text.model import TOKENIZER_FILE
from semlink.errors import CodecError
from semlink.files import whole_folder
from semlink.registry import choose


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
    parts = choose("part", {**{one: (one,) for one in PARTS}, "both": PARTS}, part)
    codec = _sized(codec, size)
    wanted = {name: end for name, end in ends_of(codec).items() if _owner(name) in parts}
    files = {name: f"{name}{chosen.ending}" for name in wanted}
    if folder.exists() and not (folder / SIDECAR).exists() and (folder.is_file() or any(folder.iterdir())):
        raise CodecError(f"{folder} holds something that is no export; choose another --out.")
    with whole_folder(folder) as unfinished:
        traced = {name: trace(end) for name, end in wanted.items()}
        for name, one in traced.items():
            chosen.write(one, unfinished / files[name])
        if isinstance(codec, TextCodec):
            assert codec.tokenizer is not None
            (unfinished / TOKENIZER_FILE).write_text(codec.tokenizer.to_json(), encoding="utf-8")
        ends = {name: one.end for name, one in traced.items()}
        write_sidecar(describe(codec, ends, files, kind, digest), unfinished)


def _owner(name: str) -> str:
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
