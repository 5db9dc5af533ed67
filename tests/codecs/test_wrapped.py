"""What `wrap` takes and refuses, and how the parameters of a user's modules become the fields of a codec."""

import pickle
from typing import Any, Literal

import cloudpickle
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import semlink as sl
from semlink.codecs import CODECS
from semlink.codecs.building import new_codec, new_codec_like
from semlink.errors import PluginError, SemlinkError, WrongField
from semlink.registry import fields_of

IMAGES = list(np.random.default_rng(0).integers(0, 256, (3, 8, 6), dtype=np.uint8))
pytestmark = pytest.mark.usefixtures("wrapped_codecs")  # which also takes away what a test wraps


def made(name: str, seed: int = 0) -> Any:
    return new_codec(name, {}, IMAGES, seed)


def down(channels, filters: int = 4, depth=1, widths: tuple[int, ...] = (3,), body: Literal["a", "b"] = "a"):  # type: ignore[no-untyped-def]
    return nn.Conv2d(channels, filters, 2, stride=2)


def up(channels, filters: int = 4, slope: float = 0.0):  # type: ignore[no-untyped-def]
    return nn.ConvTranspose2d(filters, channels, 2, stride=2)


def test_parameters_of_both_modules_are_the_fields_of_the_codec() -> None:
    codec = sl.wrap(down, up, name="pair")
    assert CODECS["pair"] is codec
    fields = {field: default for field, (_, default) in fields_of(codec).items()}
    assert fields == {
        "filters": 4, "depth": 1, "widths": (3,), "body": "a", "slope": 0.0,
        "height": 8, "width": 8, "channels": 1, "variational": False, "representation_variance": 0.05,
    }  # fmt: skip
    made = new_codec("pair", {"filters": 6, "slope": -0.5, "widths": [1, 2]}, IMAGES, 0)
    assert (made.config.slope, made.config.widths, made.config.width) == (-0.5, (1, 2), 6)
    assert made.channel_uses(made.prepare(IMAGES)).tolist() == [6 * 4 * 3 // 2] * 3


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"filter": 3}, 'has no field "filter". Did you mean "filters"?'),
        ({"filters": "many"}, "cannot take filters='many'"),
        ({"body": "c"}, "Input should be 'a' or 'b'"),
        ({"slope": float("nan")}, "cannot take slope"),
        ({"filters": 1 << 30}, "cannot take filters"),
        ({"widths": [1] * 5000}, "cannot take widths"),
        (
            {"filters": -1},
            r"encoder cannot be made with channels=1, filters=-1.* \(test_wrapped.py, line",
        ),
    ],
)
def test_fields_are_checked(fields: dict[str, object], told: str) -> None:
    sl.wrap(down, up, name="pair")
    with pytest.raises(SemlinkError, match=told.replace("?", r"\?")):
        new_codec("pair", fields, IMAGES, 0)


def test_weights_are_those_that_the_modules_draw_themselves() -> None:
    class Halves(nn.Linear):
        def __init__(self, height: int, width: int) -> None:
            super().__init__(height * width, height * width)
            nn.init.constant_(self.weight, 0.5)

        def forward(self, values: Tensor) -> Tensor:
            return super().forward(values.flatten(1)).view(values.shape)

    sl.wrap(Halves, Halves, name="halves")
    codec = made("halves")
    assert (codec.encoder.weight == 0.5).all()
    other: Any = new_codec_like(codec, 1)
    assert not torch.equal(codec.encoder.bias, other.encoder.bias)


def test_a_module_is_made_anew_for_every_seed() -> None:
    first_layer = nn.Conv2d(1, 4, 2, stride=2)
    encoder = nn.Sequential(first_layer, nn.BatchNorm2d(4), nn.PReLU())
    sl.wrap(encoder, nn.ConvTranspose2d(4, 1, 2, stride=2), name="modules")
    first, again, other = (made("modules", seed) for seed in (0, 0, 1))
    assert torch.equal(first.encoder[0].weight, again.encoder[0].weight)
    assert not torch.equal(first.encoder[0].weight, other.encoder[0].weight)
    assert not torch.equal(first.encoder[0].weight, first_layer.weight)


class Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, values: Tensor) -> Tensor:
        return values * self.scale


def _named(width: int = 64) -> nn.Module:
    return Scale()


def _without(filters: int) -> nn.Module:
    return Scale()


def _typed(norm: type[nn.Module] = nn.BatchNorm2d) -> nn.Module:
    return Scale()


def _other(filters: int = 5) -> nn.Module:
    return Scale()


def _unknown(filters: "Nowhere" = 5) -> nn.Module:  # type: ignore[name-defined]  # noqa: F821
    return Scale()


def _framework(architectures: int = 5) -> nn.Module:
    return Scale()


@pytest.mark.parametrize(
    ("encoder", "options", "told"),
    [
        (
            Scale(),
            {},
            r'Scale "itself" has weights and no reset_parameters\(\).* give the class of the encoder',
        ),
        (nn.Sequential(nn.ReLU(), Scale()), {}, 'encoder\'s Scale "1" has weights'),
        (7, {}, "cannot take 7 as its encoder; give a class"),
        (_named, {}, '"width" with the default 64. semlink hands over the width of the data'),
        (_without, {}, 'parameter "filters" without a default; give it one'),
        (_typed, {}, 'parameter "norm" is of the type .* which a recipe cannot hold'),
        (_other, {}, '"filters" with another type or default'),
        (_unknown, {}, "cannot be read .*Nowhere"),
        (_framework, {}, '"architectures", since every configuration has one; rename it'),
        (Scale, {"name": "My Codec"}, "use lower-case letters"),
        (Scale, {"name": "image"}, "of its own; give yours another name"),
        (Scale, {"name": "wrapped"}, '"wrapped" already'),
        (Scale, {"delivers": "text"}, 'choose "image" or "class"'),
        (Scale, {"loss": 3}, "give a function of estimate and data"),
        (Scale, {"multiple": 0}, "cannot take multiple=0; give a whole number"),
        (Scale, {"uses": 2.5}, "cannot take uses=2.5"),
    ],
)
def test_what_cannot_be_a_codec_is_told_at_once(encoder: Any, options: dict[str, Any], told: str) -> None:
    with pytest.raises((WrongField, PluginError), match=told):
        sl.wrap(encoder, up, **{"name": "pair", **options})
    assert "pair" not in CODECS


def test_a_codec_is_found_by_pickle_where_it_was_wrapped() -> None:
    """As worker processes need it, whose copy of the module has wrapped it too."""
    codec = sl.wrap(down, up, name="up")  # as a function here
    assert pickle.loads(pickle.dumps(codec)) is codec
    assert pickle.loads(cloudpickle.dumps(codec)) is codec
    assert callable(up)
    made_codec = made("up")
    again = pickle.loads(pickle.dumps(made_codec))
    assert type(again) is codec
    assert torch.equal(again.encoder.weight, made_codec.encoder.weight)
