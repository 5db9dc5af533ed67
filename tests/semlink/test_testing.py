"""The checks for classes of others pass what keeps the contract and tell what does not."""

import dataclasses
import doctest
from typing import Any

import numpy as np
import pytest
import torch

import semlink as sl
from semlink import testing
from semlink.channels import CHANNELS, build_channel
from semlink.codecs.building import new_codec
from semlink.errors import PluginError
from semlink.testing import check_channel, check_codec

IMAGES = [np.random.default_rng(number).integers(0, 256, (8, 8), np.uint8) for number in range(5)]
CODEC: Any = new_codec("image", {}, IMAGES, seed=0)


@pytest.mark.parametrize("name", [name for name in CHANNELS if not name.startswith(("cdl", "tdl"))] + ["tdl-a"])
def test_channels_of_semlink_pass(name: str) -> None:
    assert check_channel(build_channel(name)) < 11


def test_its_example_runs() -> None:
    assert doctest.testmod(testing).failed == 0


class _Wrong(sl.Channel):
    def __init__(self, change: Any) -> None:
        super().__init__()
        self.change = change

    def forward(self, frame: sl.Frame, snr_db: Any, generator: torch.Generator) -> sl.Reception:
        result: sl.Reception = self.change(build_channel("awgn")(frame, snr_db, generator), frame)
        return result


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r, _: dataclasses.replace(r, noise_variance=r.noise_variance / 2), "3.01 dB below"),
        (lambda r, _: dataclasses.replace(r, symbols=r.symbols + 1), "unused places"),
        (lambda r, _: dataclasses.replace(r, symbols=r.symbols + 0 * torch.randn(1)), "of its own"),
        (lambda r, _: dataclasses.replace(r, symbols=r.symbols.detach()), "gradient"),
        (lambda r, f: dataclasses.replace(r, symbols=f.symbols), "no noise"),
        (lambda r, _: dataclasses.replace(r, symbols=r.symbols.to(torch.complex128)), "complex64"),
        (lambda r, _: dataclasses.replace(r, symbols=r.symbols / 0), "unused places|no numbers"),
        (lambda r, _: dataclasses.replace(r, mask=~r.mask), "mask"),
    ],
)  # fmt: skip
def test_a_channel_that_breaks_the_contract_is_told(change: Any, words: str) -> None:
    with pytest.raises(PluginError, match=words):
        check_channel(_Wrong(change))


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("encode", lambda codec, made: sl.Frame(2 * made.symbols, made.mask), "power"),
        ("channel_uses", lambda codec, made: made + 1, "channel uses"),
        ("loss", lambda codec, made: made.mean(), "one for each"),
        ("loss", lambda codec, made: made / 0, "no number"),
        ("represent", lambda codec, made: dataclasses.replace(made, mean=made.mean.detach()), "sender that does not"),
    ],
)
def test_a_codec_that_breaks_the_contract_is_told(
    name: str, change: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_codec(CODEC, IMAGES)
    right = getattr(type(CODEC), name)
    monkeypatch.setattr(type(CODEC), name, lambda self, *given: change(self, right(self, *given)))
    with pytest.raises(PluginError, match=words):
        check_codec(CODEC, IMAGES)
