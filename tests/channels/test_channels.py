"""Names of channels, as the command line and result rows write them."""

import subprocess
import sys

import pytest
import torch
from torch import Tensor

from semlink.channels import CHANNELS, build_channel, channel_name, channel_of, name_of
from semlink.channels.contract import Channel, Frame, Reception
from semlink.channels.rayleigh import Rayleigh
from semlink.channels.rician import Rician
from semlink.errors import ChannelError, SemlinkError, UnknownName, WrongField
from semlink.registry import fields_of

OTHER_FIELDS = {  # a value of every field that is not its default; those of one line go together
    "rayleigh": ["coherence=symbol", "coherence=16", "csi=none,equaliser=none", "csi=estimated,equaliser=zf,pilots=2"],
    "rician": ["k_factor_db=3.5,coherence=8", "k_factor_db=-100", "csi=estimated,equaliser=none,pilots=4"],
    "tdl-c": [
        "delay_spread_ns=300,speed_kmh=30.5,carrier_ghz=2.6,subcarrier_spacing_khz=15",
        "resource_blocks=106,allocation=contiguous,transmit=2,receive=3,equaliser=zf",
        "csi=estimated,estimator=lmmse,pilot_symbols=4",
    ],
}
OTHER_FIELDS["cdl-b"] = OTHER_FIELDS["tdl-c"]
WRITTEN = [*CHANNELS, *(f"{name}:{fields}" for name, lines in OTHER_FIELDS.items() for fields in lines)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("awgn", "awgn"),
        ("rayleigh:coherence=block", "rayleigh"),
        ("rayleigh:equaliser=mmse,csi=perfect,pilots=1", "rayleigh"),
        ("rayleigh:csi=estimated, coherence=symbol", "rayleigh:coherence=symbol,csi=estimated"),
        ("rayleigh:coherence=16", "rayleigh:coherence=16"),
        ("rician:k_factor_db=9", "rician"),
        ("rician:k_factor_db=3", "rician:k_factor_db=3"),
        ("tdl-c:300", "tdl-c:delay_spread_ns=300"),
        ("cdl-a:receive=2,speed_kmh=3,transmit=2", "cdl-a:transmit=2,receive=2"),
    ],
)
def test_one_name_for_one_channel(text: str, name: str) -> None:
    assert channel_name(text) == name
    assert channel_name(name) == name


def test_fields_reach_the_channel() -> None:
    channel = build_channel("rayleigh:coherence=16,csi=estimated,equaliser=zf,pilots=2")
    assert isinstance(channel, Rayleigh)
    assert (channel.coherence, channel.csi, channel.equaliser, channel.pilots) == (16, "estimated", "zf", 2)


@pytest.mark.parametrize(
    ("text", "error", "cure"),
    [
        ("raleigh", UnknownName, 'Did you mean "rayleigh"'),
        ("awgn:csi=none", WrongField, "Its fields: none"),
        ("rayleigh:coherance=symbol", WrongField, 'Did you mean "coherence"'),
        ("rayleigh:coherence=packet", WrongField, "'symbol' or 'block'"),
        ("rayleigh:coherence=0", WrongField, "choose symbol, block or a whole number"),
        ("rayleigh:coherence=2.5", WrongField, "cannot take"),
        ("rayleigh:csi=none", WrongField, "use equaliser=none"),
        ("rayleigh:pilots=2", WrongField, "use csi=estimated"),
        ("rician:k_factor_db=.nan", WrongField, "give a number from"),
    ],
)
def test_mistakes_are_told_with_their_cure(text: str, error: type[SemlinkError], cure: str) -> None:
    for read in (build_channel, channel_name):
        with pytest.raises(error, match=cure) as caught:
            read(text)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", WRITTEN)
def test_an_object_has_the_name_that_it_was_built_from(text: str) -> None:
    channel = channel_of(text)
    assert name_of(channel) == name_of(text) == channel_name(text) == text
    assert channel_of(channel) is channel


def test_every_field_is_covered_above() -> None:
    for name, lines in OTHER_FIELDS.items():
        assert {part.partition("=")[0] for line in lines for part in line.split(",")} == {*fields_of(CHANNELS[name])}


def test_fields_of_objects_are_written_as_those_of_names() -> None:
    assert name_of(Rician(k_factor_db=3)) == name_of(Rician(k_factor_db=3.0)) == "rician:k_factor_db=3"
    assert name_of(Rayleigh(16, pilots=1)) == "rayleigh:coherence=16"


class RainFade(Channel):
    """A channel that no registry knows."""

    def __init__(self, millimetres: float, table: Tensor, often: bool = False) -> None:
        super().__init__()
        self.millimetres, self.table, self.often = millimetres, table, often

    def forward(self, frame: Frame, snr_db: float | Tensor, generator: torch.Generator) -> Reception:
        return Reception(frame.symbols, torch.ones(1), frame.mask)


def test_a_class_of_ones_own_is_called_after_itself() -> None:
    assert name_of(RainFade(5.0, torch.ones(3))) == "rain-fade:millimetres=5"
    assert name_of(RainFade(2.5, torch.ones(3), often=True)) == "rain-fade:millimetres=2.5,often=True"
    for written, name in (("LEOLink", "leo-link"), ("Tdl2Copy", "tdl2-copy"), ("_Plain", "plain")):
        assert name_of(type(written, (RainFade,), {})(0.5, torch.ones(1))) == f"{name}:millimetres=0.5"


def test_a_class_of_ones_own_cannot_take_a_registered_name() -> None:
    with pytest.raises(ChannelError, match='is not the channel "awgn"; rename the class'):
        name_of(type("Awgn", (RainFade,), {})(0.5, torch.ones(1)))


def test_import_loads_no_sionna_and_leaves_the_random_state() -> None:
    code = (
        "import sys, torch; torch.manual_seed(0); before = torch.get_rng_state(); import semlink.channels; "
        "sys.exit('sionna' in sys.modules or not torch.equal(before, torch.get_rng_state()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
