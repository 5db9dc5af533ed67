"""Ends of codecs as files of TFLite, and such files as functions."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from semlink.codecs.interop.runner import NamedRunner
from semlink.codecs.interop.to_tensorflow import quiet_tensorflow, tensorflow_module
from semlink.codecs.interop.tracing import Traced
from semlink.codecs.optional_import import optional_import
from semlink.errors import CodecError

PURPOSE, RUNNING = "Exporting to TFLite", "Running TFLite files"


def write_tflite(traced: Traced, path: Path) -> None:
    """Stores an end as one TFLite file of builtin operations only, with its weights as constants.

    Errors: CodecError when TensorFlow is missing, or an operation of the codec has no counterpart in it or in TFLite.
    """
    module = tensorflow_module(traced, PURPOSE, variables=False)
    with quiet_tensorflow(PURPOSE) as tensorflow:
        converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([module.compute], module)
        try:
            with _silent():
                content = converter.convert()
        except Exception as error:  # TensorFlow's own class for it has no public name
            missing = sorted(set(re.findall(r"'(tf\.\w+)' op", str(error)))) or str(error).strip().split("\n")[:1]
            raise CodecError(
                f"This codec computes what TFLite does not know ({', '.join(missing)}); "
                "export it to savedmodel or onnx."
            ) from error
    path.write_bytes(content)


class TfliteRunner(NamedRunner):
    """A TFLite file under LiteRT, on the CPU and in one thread."""

    def __init__(self, path: Path, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        super().__init__(inputs, outputs)
        runtime = optional_import("ai_edge_litert.interpreter", "tensorflow", RUNNING)
        self.interpreter = runtime.Interpreter(str(path), num_threads=1)
        # Not allocate_tensors: before the inputs have sizes, all open ones are 1, which need not fit each other.
        self.signature = self.interpreter.get_signature_runner()

    def compute(self, named: Mapping[str, NDArray[Any]]) -> Mapping[str, Any]:
        outputs: Mapping[str, Any] = self.signature(**named)  # fits the sizes of the graph to those of the inputs
        return outputs


@contextmanager
def _silent() -> Iterator[None]:
    """Silences what compiled code writes to the standard error; errors are exceptions all the same."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
