"""Names of channels, as the command line and result rows write them."""

import subprocess
import sys

import pytest

from semlink.channels import build_channel, channel_name
from semlink.channels.rayleigh import Rayleigh
from semlink.errors import SemlinkError, UnknownName, WrongField


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
        ("rayleigh:coherence=0", WrongField, "choose symbol, block or a number"),
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


def test_import_loads_no_sionna_and_leaves_the_random_state() -> None:
    code = (
        "import sys, torch; torch.manual_seed(0); before = torch.get_rng_state(); import semlink.channels; "
        "sys.exit('sionna' in sys.modules or not torch.equal(before, torch.get_rng_state()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
