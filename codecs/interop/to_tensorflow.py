"""Ends of codecs as functions of TensorFlow: the graph of torch, computed by the table of `tf_operations`."""

import inspect
import operator
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind
from torch.fx import Node
from torch.fx.node import map_arg

from semlink.codecs.interop.tf_operations import OPERATIONS, UNCHANGED
from semlink.codecs.interop.tracing import Traced
from semlink.codecs.optional_import import optional_import
from semlink.errors import CodecError

PLACEMENT = ("device", "layout", "pin_memory", "memory_format")  # of tensors; means nothing for their values


def tensorflow_module(traced: Traced, purpose: str, variables: bool) -> Any:
    """A tf.Module with the concrete function `compute`: inputs and outputs have the names of the end's.

    Sizes with a name stay open. What does not depend on the inputs is computed here, once, by torch.

    In:     purpose: what needs TensorFlow, as the beginning of a sentence.
            variables: whether weights are variables of the module; if not, they are constants of the function.
    Errors: CodecError when TensorFlow is missing, or for an operation that `OPERATIONS` does not have.
    """
    end = traced.end
    with quiet_tensorflow(purpose) as tensorflow:
        graph = _TensorGraph(traced.program.run_decompositions())
        module = tensorflow.Module()
        weights: dict[Node, Any] = dict(graph.constants)
        if variables:
            for node, value in graph.constants.items():
                if value.ndim > 0 and value.dtype == np.float32:
                    weights[node] = tensorflow.Variable(value, name=graph.name_of(node))
            module.weights = [weight for weight in weights.values() if isinstance(weight, tensorflow.Variable)]

        def compute(*inputs: Any) -> dict[str, Any]:
            # Constants are made in here: those from outside would be captured, which the converter of TFLite loses.
            values = {node: tensorflow.convert_to_tensor(weight) for node, weight in weights.items()}
            values.update(zip(graph.inputs, inputs, strict=True))
            for node in graph.calls:
                values[node] = _call(tensorflow, node, values)
            outputs = (values[node] for node in graph.outputs)
            return {
                argument.name: tensorflow.identity(value) for argument, value in zip(end.outputs, outputs, strict=True)
            }

        signature = [
            tensorflow.TensorSpec(
                [size if isinstance(size, int) else None for size in argument.shape], argument.kind, argument.name
            )
            for argument in end.inputs
        ]
        function = tensorflow.function(compute, input_signature=signature, autograph=False)
        module.compute = function.get_concrete_function()
        return module


@contextmanager
def quiet_tensorflow(purpose: str) -> Iterator[Any]:
    """TensorFlow, without the messages of TensorFlow and torch about their own code.

    Errors: CodecError when it is missing.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read when it is loaded
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tensorflow = optional_import("tensorflow", "tensorflow", purpose)
        log = tensorflow.get_logger()
        level = log.level
        log.setLevel("ERROR")
        try:
            yield tensorflow
        finally:
            log.setLevel(level)


class _TensorGraph:
    """What TensorFlow has to compute of a program.

    inputs:    of the program, in order.
    calls:     operations that depend on the inputs and that an output depends on, in order.
    constants: the values that these, or the outputs, take beside.
    outputs:   of the program, in order.
    """

    def __init__(self, program: ExportedProgram) -> None:
        nodes = list(program.graph.nodes)
        self._weights = {
            spec.arg.name: str(spec.target)
            for spec in program.graph_signature.input_specs
            if spec.kind is not InputKind.USER_INPUT
        }
        self.inputs = [node for node in nodes if node.op == "placeholder" and node.name not in self._weights]
        self.outputs: Sequence[Node] = nodes[-1].args[0]
        wanted, depends = {nodes[-1]}, set(self.inputs)
        for node in reversed(nodes):
            wanted.update(node.all_input_nodes if node in wanted else ())
        for node in nodes:
            if depends.intersection(node.all_input_nodes):
                depends.add(node)
        self.calls = [node for node in nodes if node.op == "call_function" and node in wanted & depends]
        for node in self.calls:
            if _name(node.target) not in OPERATIONS:
                raise CodecError(
                    f"This codec computes {_name(node.target)}, for which there is no TensorFlow operation here; "
                    "export it to onnx, or add the operation to OPERATIONS in codecs/interop/tf_operations.py."
                )
        used = {
            input_node
            for node in [*self.calls, nodes[-1]]
            for input_node in node.all_input_nodes
            if input_node not in depends
        }
        self.constants = {node: value.numpy() for node, value in self._computed(program).items() if node in used}

    @torch.no_grad()
    def _computed(self, program: ExportedProgram) -> dict[Node, Tensor]:
        """The value of each node that does not depend on the inputs."""
        values: dict[Node, Any] = {}
        for node in program.graph.nodes:
            if node.op == "placeholder" and node.name in self._weights:
                target = self._weights[node.name]
                values[node] = (program.state_dict if target in program.state_dict else program.constants)[target]
            elif node.op == "call_function" and all(input_node in values for input_node in node.all_input_nodes):
                values[node] = node.target(*map_arg(node.args, values.get), **map_arg(node.kwargs, values.get))
        return {node: value.detach() for node, value in values.items() if isinstance(value, Tensor)}

    def name_of(self, node: Node) -> str:
        """The name of a constant, which is that of an unchanged weight. TensorFlow needs a letter first."""
        return self._weights.get(node.name, node.name).removeprefix("graph_module.").lstrip("_")


def _call(tensorflow: Any, node: Node, values: dict[Node, Any]) -> Any:
    traced_value = node.meta.get("val")
    if _name(node.target) in UNCHANGED and _sizes(node) == _sizes(node.all_input_nodes[0]):
        return values[node.all_input_nodes[0]]
    args: Any = map_arg(node.args, values.__getitem__)
    kwargs: Any = map_arg(
        {name: argument for name, argument in node.kwargs.items() if name not in PLACEMENT}, values.__getitem__
    )
    function = OPERATIONS[_name(node.target)]
    try:
        inspect.signature(function).bind(tensorflow, *args, **kwargs)
    except TypeError as error:
        raise CodecError(
            f"This codec computes {node.target} in a form that is not known here; export it to onnx."
        ) from error
    value = function(tensorflow, *args, **kwargs)
    if isinstance(traced_value, Tensor):
        value.set_shape([size if isinstance(size, int) else None for size in traced_value.shape])
        assert value.dtype.name == str(traced_value.dtype).removeprefix("torch."), (
            node,
            value.dtype,
            traced_value.dtype,
        )
    return value


def _sizes(node: Node) -> list[str]:
    """Of its tensor, where an open one is an expression of the sizes of the inputs."""
    return [str(size) for size in node.meta["val"].shape]


def _name(target: Any) -> str:
    """`aten.add.Tensor`, or `operator.add` of whole numbers."""
    name: str = target.__name__
    return f"operator.{name}" if getattr(operator, name, None) is target else str(target)
