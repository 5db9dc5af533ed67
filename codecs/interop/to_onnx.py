"""Ends of codecs as ONNX files, and such files as functions."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from semlink.codecs.interop.runner import NamedRunner
from semlink.codecs.interop.tracing import Traced
from semlink.codecs.optional_import import optional_import

OPSET = 20
PURPOSE = "Exporting to ONNX"


def write_onnx(traced: Traced, path: Path) -> None:
    """Stores an end as one ONNX file with its weights, without the exporter's notes, which hold paths of this machine.

    Errors: CodecError when a package is missing.
    """
    for module in ("onnx", "onnxscript"):
        optional_import(module, "onnx", PURPOSE)
    passes = optional_import("onnx_ir.passes.common", "onnx", PURPOSE)
    end = traced.end
    with _quiet():
        program: Any = torch.onnx.export(
            traced.program,
            dynamo=True,
            opset_version=OPSET,
            input_names=[argument.name for argument in end.inputs],
            output_names=[argument.name for argument in end.outputs],
            verbose=False,
        )
        names = {
            str(size): name
            for value, argument in zip(program.model.graph.inputs, end.inputs, strict=True)
            for size, name in zip(value.shape, argument.shape, strict=True)
            if isinstance(name, str)
        }
        program.rename_axes({size: name for size, name in names.items() if size != name and "*" not in name})
        passes.ClearMetadataAndDocStringPass()(program.model)
        program.save(path, external_data=False)


class OnnxRunner(NamedRunner):
    """An ONNX file under onnxruntime, on the CPU and in one thread."""

    def __init__(self, path: Path, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        super().__init__(inputs, outputs)
        runtime = optional_import("onnxruntime", "onnx", "Running ONNX files")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def compute(self, named: Mapping[str, NDArray[Any]]) -> Mapping[str, Any]:
        return dict(zip(self.outputs, self.session.run(self.outputs, named), strict=True))


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences the exporter's messages about its own code."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
