"""Each operation in TensorFlow, and again in TFLite, gives what torch gives."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from semlink.codecs.ends import Argument, End
from semlink.codecs.interop.to_tensorflow import tensorflow_module
from semlink.codecs.interop.to_tflite import TfliteRunner, write_tflite
from semlink.codecs.interop.tracing import trace
from semlink.codecs.optional_import import install_command
from semlink.errors import CodecError
from semlink.seeding import generator_for

if not all(map(importlib.util.find_spec, ("tensorflow", "ai_edge_litert"))):
    pytest.skip(install_command("tensorflow"), allow_module_level=True)


class Computes(nn.Module):
    """A function of values [batch, 3, 7, 6] as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, values: Tensor) -> tuple[Tensor]:
        return (self.function(values),)


def normalisation() -> nn.Module:
    layer = nn.BatchNorm2d(3)
    for weight in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
        assert weight is not None
        nn.init.uniform_(weight, 0.5, 2.0)
    return layer


def whole(values: Tensor) -> Tensor:
    return (4 * values).to(torch.int64)


CASES: dict[str, Callable[[Tensor], Tensor]] = {
    "convolution, strided": nn.Conv2d(3, 5, 3, stride=2, padding=1),
    "convolution, uneven": nn.Conv2d(3, 5, (2, 3), stride=(1, 2), padding=(0, 2), bias=False),
    "convolution, with gaps": nn.Conv2d(3, 5, 3, dilation=2, padding=2),
    "transposed convolution": nn.ConvTranspose2d(3, 5, 4, stride=2, padding=1),
    "transposed convolution, uneven": nn.ConvTranspose2d(3, 5, (3, 2), stride=(2, 1), padding=(1, 0)),
    "transposed convolution, with more": nn.ConvTranspose2d(3, 5, 3, stride=2, padding=1, output_padding=1),
    "transposed convolution, with gaps between pixels": nn.ConvTranspose2d(3, 5, 2, stride=3, output_padding=2),
    "batch norm": normalisation(),
    "layer norm of two axes": nn.LayerNorm((7, 6)),
    "layer norm without weights": nn.LayerNorm(6, elementwise_affine=False),
    "prelu": nn.PReLU(3),
    "leaky relu": nn.LeakyReLU(0.2),
    "gelu": nn.GELU(),
    "gelu by tanh": nn.GELU(approximate="tanh"),
    "tanh, sigmoid": lambda values: values.tanh() + values.sigmoid(),
    "softmax of an inner axis": lambda values: values.softmax(dim=1),
    "log softmax of an inner axis": lambda values: values.log_softmax(dim=-3),
    "roots and powers": lambda values: (values.abs() + 1).rsqrt() + values.pow(2) - values.abs().sqrt() * values**3,
    "power of a number": lambda values: 2.0**values + values.exp() - (1 + values.abs()).log(),
    "waves": lambda values: values.sin() * (-values).cos(),
    "sum of truth": lambda values: (values > 0).sum(dim=(1, 3)),
    "mean with its axis": lambda values: values.mean(dim=(2, 3), keepdim=True) + values.amax(dim=1, keepdim=True),
    "all axes": lambda values: values.sum() + values.sum(dim=(0, 1, 2, 3)),
    "any": lambda values: (values > 0.9).any(dim=-1),
    "whole by whole": lambda values: whole(values) / 3,
    "whole and real": lambda values: whole(values) + values + 0.5,
    "whole times a real number": lambda values: whole(values) * 0.5,
    "truth times number": lambda values: (values > 0) * 2,
    "remainder": lambda values: whole(values) % 3,
    "clamped": lambda values: whole(values).clamp(-1, 2) + values.clamp(min=0.1),
    "least and most": lambda values: torch.minimum(values, -values) + torch.maximum(values, values**2),
    "difference with a factor": lambda values: torch.sub(values, values.abs(), alpha=3),
    "comparisons": lambda values: ((values >= 0.1) & (values <= 0.5)) | ~(values < 0.9) | (whole(values) == 1),
    "both": lambda values: torch.logical_and(values < 0.5, values > 0.2),
    "chosen": lambda values: torch.where(values > 0, whole(values), 0.5),
    "padded": lambda values: functional.pad(values, (1, 2, 0, 3), value=-1.0),
    "padded whole": lambda values: functional.pad(whole(values), (0, 0, 0, 0, 1, 0), value=7),
    "slices": lambda values: values[:, -2:, 1:-1:2],
    "one place": lambda values: values[:, :, -1] + values[..., 2, :],
    "places": lambda values: values[:, :, [0, -1, 3]],
    "places along two axes": lambda values: values[:, :, torch.tensor([[0], [-2]]), torch.tensor([1, -1, 5])],
    "selected": lambda values: values.index_select(1, torch.tensor([2, 0])),
    "turned and laid out": lambda values: values.permute(0, 2, 3, 1).reshape(values.shape[0], -1, 9),
    "axes of one": lambda values: values[:, :1].squeeze((1, 2)).unsqueeze(-2),
    "split": lambda values: torch.cat([part.sum(dim=2) for part in values.split([1, 4, 2], dim=2)], dim=-1),
    "split truth": lambda values: torch.cat((values > 0).split([5, 1], dim=-1)[::-1], dim=3),
    "expanded": lambda values: values[:, :1].expand(-1, 4, -1, -1) + torch.zeros(2, 1, 1, 1, 1),
    "filled": lambda values: torch.full((values.shape[0], 2), 3.0) + torch.ones_like(values[:, :2, 0, 0]),
    "numbered": lambda values: torch.arange(values.shape[0]) * 2,
    "products": lambda values: values.flatten(0, 1) @ values.flatten(0, 1).transpose(1, 2),
    "affine": nn.Linear(6, 4),
    "looked up": lambda values: functional.embedding(whole(values) % 3, torch.arange(6.0).view(3, 2)),
}


def ended(function: Callable[[Tensor], Tensor]) -> End:
    inputs = (Argument("values", "float32", ("batch", 3, 7, 6)),)
    return End(Computes(function).eval(), inputs, (Argument("found", "float32", ("batch",)),), "A number.")


@pytest.mark.parametrize("title", CASES)
def test_operation(title: str, tmp_path: Path) -> None:
    end = ended(CASES[title])
    traced = trace(end)
    compute = tensorflow_module(traced, "Testing", variables=True).compute
    write_tflite(traced, tmp_path / "end.tflite")
    runner = TfliteRunner(tmp_path / "end.tflite", ["values"], ["found"])
    for batch in (2, 5, 1):
        values = 2 * torch.rand(batch, 3, 7, 6, generator=generator_for(0, title, batch)) - 1
        with torch.no_grad():
            expected = end.module(values)[0].numpy()
        in_tensorflow = compute(_constant(values))["found"].numpy()
        for found in (in_tensorflow, runner(values.numpy())[0]):
            assert found.dtype == expected.dtype
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6)


def _constant(values: Tensor) -> Any:
    import tensorflow

    return tensorflow.constant(values.numpy())


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (nn.Conv2d(3, 6, 3, groups=3), "in groups"),
        (nn.ConvTranspose2d(3, 6, 3, dilation=2), "gaps"),
        (lambda values: values[:, torch.tensor([0, 1]), :, torch.tensor([0, 1])], "axes apart"),
        (lambda values: values.mean(dim=1, dtype=torch.float64), "in a form that is not known"),
        (lambda values: whole(values).logical_not(), "bits"),
        (lambda values: values.cumsum(dim=1), "aten.cumsum.default"),
    ],
)
def test_what_has_no_counterpart_is_told(function: Callable[[Tensor], Tensor], told: str) -> None:
    with pytest.raises(CodecError, match=told):
        tensorflow_module(trace(ended(function)), "Testing", variables=False)


def test_what_tflite_has_not_is_told(tmp_path: Path) -> None:
    with pytest.raises(CodecError, match=r"tf\.Abs.*savedmodel"):
        write_tflite(trace(ended(lambda values: whole(values).abs())), tmp_path / "end.tflite")
