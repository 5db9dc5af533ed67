"""ONNX files of strangers: what is in them is checked before a runtime sees them, and they are run as functions."""

import contextlib
import io
import math
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semlink.codecs.optional_import import optional_import
from semlink.errors import CodecError
from semlink.untrusted import cut, read_bytes

PURPOSE = "Running ONNX files"
FILE_MOST = 512 << 20  # bytes of a file with its external data
NODES_MOST, VALUES_MOST = 50_000, 1 << 28  # operations of a graph; elements of a tensor in it, where that is known
STANDARD = ("", "ai.onnx")
CONTROL = ("If", "Loop", "Scan", "SequenceMap")  # whose number of steps nobody can know before
FLOAT = "tensor(float)"


@dataclass(frozen=True)
class Port:
    """An input or output of a graph. shape: numbers, and None where a size is open; None: nothing is known of it."""

    name: str
    kind: str
    shape: tuple[int | None, ...] | None


class OnnxGraph:
    """A checked graph as a function of arrays. It is never changed, so that copies share it.

    content: the file, with all of its weights in it. name: what error sentences call it.
    Errors: CodecError when it is no ONNX file, holds what is not taken, or a package is missing.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self.content, self.name = content, name
        _check(content, name)
        runtime = optional_import("onnxruntime", "onnx", PURPOSE)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong is raised too
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # where it prints before it raises
                self.session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has an exception of its own for each kind of fault
            raise CodecError(f"{name} cannot be run: {_first_line(error)}; export it again.") from error
        self.inputs = tuple(_port(port) for port in self.session.get_inputs())
        self.outputs = tuple(_port(port) for port in self.session.get_outputs())
        for port in (*self.inputs, *self.outputs):
            if port.kind != FLOAT:
                raise CodecError(
                    f"{name} has {cut(port.name)} of the type {port.kind}; only float32 goes in and comes out here, so "
                    "export the network before it was quantised."
                )

    def __deepcopy__(self, memo: dict[int, Any]) -> "OnnxGraph":
        return self

    def __reduce__(self) -> tuple[type["OnnxGraph"], tuple[bytes, str]]:
        return OnnxGraph, (self.content, self.name)

    def __call__(self, *arrays: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Arrays in the order of the inputs -> those of the outputs, all of whose values are finite numbers.

        Errors: CodecError when the runtime fails, or the graph gives something else.
        """
        named = {port.name: array for port, array in zip(self.inputs, arrays, strict=True)}
        try:
            outputs = [np.asarray(output) for output in self.session.run(None, named)]
        except Exception as error:
            shapes = ", ".join(f"{cut(name)} {list(array.shape)}" for name, array in named.items())
            raise CodecError(f"{self.name} cannot be run with {shapes}: {_first_line(error)}.") from error
        for port, output in zip(self.outputs, outputs, strict=True):
            if not np.isfinite(output).all():
                raise CodecError(
                    f"{self.name} gives values of {cut(port.name)} that are no finite numbers (NaN or infinite); check "
                    "--pixels, and the network before it was exported."
                )
        return outputs


def read_onnx(path: Path) -> tuple[bytes, tuple[str, ...]]:
    """The content of an ONNX file with its weights in it, and the names of the external files that some came from.

    Errors: CodecError when it is none, is too large, or its external data lie outside its folder.
    """
    onnx = optional_import("onnx", "onnx", PURPOSE)
    content = _content(path, FILE_MOST, path)
    model = _parsed(onnx, content, str(path))
    files: dict[str, bytes] = {}
    for tensor in _tensors(model):
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        facts = {entry.key: entry.value for entry in tensor.external_data}
        name = facts.get("location", "")
        if name not in files:
            place = _inside(path, name)
            files[name] = _content(place, FILE_MOST - len(content) - sum(map(len, files.values())), path)
        try:
            first = int(facts.get("offset", 0))
            last = first + int(facts["length"]) if "length" in facts else len(files[name])
        except ValueError:
            first, last = -1, -1
        if not 0 <= first <= last <= len(files[name]):
            raise CodecError(f"{path} looks for weights beyond the end of {cut(name)}; fetch both again.")
        tensor.raw_data = files[name][first:last]
        tensor.ClearField("external_data")
        tensor.data_location = onnx.TensorProto.DEFAULT
    return (model.SerializeToString() if files else content), tuple(sorted(files))


def _inside(path: Path, name: str) -> Path:
    """A file of external data in the folder of its graph. Errors: CodecError when it is elsewhere, or a link."""
    place = path.parent / name
    plain = bool(name) and not Path(name).is_absolute() and ".." not in Path(name).parts and "\0" not in name
    if not plain or place.resolve().parent != path.parent.resolve() / Path(name).parent or place.is_symlink():
        raise CodecError(
            f"{path} has weights in {cut(name)}, which is no file of its own folder; export it with its weights inside."
        )
    return place


def _content(path: Path, most: int, asked: Path) -> bytes:
    """Errors: CodecError."""
    try:
        if stat.S_ISLNK(path.lstat().st_mode) and not path.exists():
            raise FileNotFoundError(2, "the link leads nowhere")
        return read_bytes(path, most)
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        of = "" if path == asked else f" of {asked}"
        raise CodecError(f"{path}{of} cannot be used ({reason}); give an ONNX file.") from error


def _parsed(onnx: Any, content: bytes, name: str) -> Any:
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # of protobuf
        raise CodecError(f"{name} is no ONNX file; export the network with torch.onnx.export or the like.") from error
    if not model.graph.node or not model.opset_import:
        raise CodecError(f"{name} is no ONNX file, or an empty one; export the network again.")
    return model


def _tensors(model: Any) -> Iterator[Any]:
    """All tensors that hold weights or constants."""
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def _check(content: bytes, name: str) -> None:
    """Checks what a graph computes with, as far as it says so itself. Errors: CodecError."""
    onnx = optional_import("onnx", "onnx", PURPOSE)
    model = _parsed(onnx, content, name)
    graph = model.graph
    foreign = sorted({node.domain for node in graph.node if node.domain not in STANDARD})
    if foreign or model.functions:
        what = f"operators of {cut(foreign[0])}" if foreign else "functions of its own"
        raise CodecError(f"{name} has {what}; export it with the standard operators of ONNX alone.")
    nested = (attribute for node in graph.node for attribute in node.attribute)
    if any(node.op_type in CONTROL for node in graph.node) or any(
        attribute.HasField("g") or attribute.graphs for attribute in nested
    ):
        raise CodecError(f"{name} has loops or branches ({', '.join(CONTROL)}); export a network without them.")
    if len(graph.node) > NODES_MOST or model.training_info or graph.sparse_initializer:
        raise CodecError(
            f"{name} has more than {NODES_MOST} operations, a training, or sparse weights; export the network for "
            "inference."
        )
    for tensor in _tensors(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise CodecError(f"{name} has weights outside; import it again with: semlink import onnx.")
        if min(tensor.dims, default=1) < 0 or math.prod(tensor.dims) > 8 * len(content):
            raise CodecError(f"{name} has weights that say to be larger than the file; export it again.")
    try:
        known = onnx.shape_inference.infer_shapes(model, data_prop=True).graph.value_info
    except Exception as error:
        raise CodecError(f"{name} does not fit together: {_first_line(error)}; export it again.") from error
    for value in known:
        sizes = [axis.dim_value for axis in value.type.tensor_type.shape.dim if axis.HasField("dim_value")]
        if math.prod(max(1, size) for size in sizes) > VALUES_MOST:
            raise CodecError(f"{name} makes a tensor of more than {VALUES_MOST} elements; export a smaller network.")


def _port(port: Any) -> Port:
    """A port as onnxruntime describes it."""
    shape = None if port.shape is None else tuple(size if isinstance(size, int) else None for size in port.shape)
    return Port(port.name, port.type, shape)


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return cut(lines[0] if lines else type(error).__name__, 200).rstrip(".")
