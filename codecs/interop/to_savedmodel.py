"""Ends of codecs as SavedModels of TensorFlow, and such folders as functions."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from semlink.codecs.interop.runner import NamedRunner
from semlink.codecs.interop.to_tensorflow import quiet_tensorflow, tensorflow_module
from semlink.codecs.interop.tracing import Traced

PURPOSE, RUNNING = "Exporting to SavedModel", "Running SavedModels"
SIGNATURE = "serving_default"  # what TensorFlow calls the function of a model that has only one


def write_savedmodel(traced: Traced, path: Path) -> None:
    """Stores an end as the folder of a SavedModel with its weights as variables.

    Errors: CodecError when TensorFlow is missing, or does not have an operation of the codec.
    """
    module = tensorflow_module(traced, PURPOSE, variables=True)
    with quiet_tensorflow(PURPOSE) as tensorflow:
        tensorflow.saved_model.save(module, str(path), signatures={SIGNATURE: module.compute})


class SavedModelRunner(NamedRunner):
    """A SavedModel under TensorFlow, on the CPU; in one thread, where TensorFlow has not begun to compute before."""

    def __init__(self, path: Path, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        super().__init__(inputs, outputs)
        with quiet_tensorflow(RUNNING) as tensorflow:
            with contextlib.suppress(RuntimeError):
                tensorflow.config.threading.set_intra_op_parallelism_threads(1)
                tensorflow.config.threading.set_inter_op_parallelism_threads(1)
            self.tensorflow, self.model = tensorflow, tensorflow.saved_model.load(str(path))
        self.signature = self.model.signatures[SIGNATURE]

    def compute(self, named: Mapping[str, NDArray[Any]]) -> Mapping[str, Any]:
        with self.tensorflow.device("CPU:0"):
            outputs = self.signature(**{name: self.tensorflow.constant(value) for name, value in named.items()})
        return {name: value.numpy() for name, value in outputs.items()}
