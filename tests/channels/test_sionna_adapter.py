"""The one door to Sionna: what it leaves alone, and whose random numbers it uses."""

import subprocess
import sys
from contextlib import suppress

import pytest
import torch

from semlink.channels import build_channel
from semlink.channels.contract import Frame
from semlink.channels.sionna_adapter import device_name, drawing_from, sionna
from semlink.seeding import generator_for


def test_only_channels_that_need_it_load_sionna_and_leave_the_random_state() -> None:
    """Importing, building, and running awgn and rayleigh do not, nor does building and counting tdl-a. When Sionna is
    first imported it seeds torch's global generator anew; behind the door it does not."""
    code = (
        "import sys, torch; from semlink.channels import build_channel, channel_name; "
        "from semlink.channels.contract import Frame; "
        "from semlink.seeding import generator_for; "
        "frame = Frame(torch.ones(2, 3, dtype=torch.complex64), torch.ones(2, 3, dtype=torch.bool)); "
        "[build_channel(name)(frame, 10.0, generator_for(0)) for name in ('awgn', 'rayleigh:csi=estimated')]; "
        "build_channel('tdl-a').total_uses(frame.mask); channel_name('tdl-d:speed_kmh=3'); "
        "early = 'sionna.phy' in sys.modules; torch.manual_seed(0); before = torch.get_rng_state(); "
        "build_channel('tdl-a')(frame, 10.0, generator_for(0)); "
        "sys.exit(early or 'sionna.phy' not in sys.modules or not torch.equal(before, torch.get_rng_state()))"
    )
    assert subprocess.run([sys.executable, "-W", "error", "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("device", "name"), [("cpu", "cpu"), (torch.device("cpu"), "cpu"), ("cuda", "cuda:0"), ("cuda:1", "cuda:1")]
)
def test_device_names_are_those_that_sionna_takes(device: str | torch.device, name: str) -> None:
    assert device_name(device) == name


def test_draws_come_from_the_generator_and_move_it_on() -> None:
    utilities, generator = sionna("utils"), generator_for(0)
    with drawing_from(generator):
        first, second = utilities.rand((4,), device="cpu"), utilities.rand((4,), device="cpu")
    again = generator_for(0)
    assert torch.equal(torch.cat([first, second]), torch.rand(8, generator=again))
    assert torch.equal(torch.rand(4, generator=generator), torch.rand(4, generator=again))


def test_streams_of_sionna_and_torch_are_restored() -> None:
    stream = sionna().config.torch_rng("cpu")
    before, global_before, identity = stream.get_state(), torch.get_rng_state(), id(stream)
    with suppress(ZeroDivisionError), drawing_from(generator_for(0)):
        sionna("utils").rand((4,), device="cpu")
        raise ZeroDivisionError
    assert id(sionna().config.torch_rng("cpu")) == identity
    assert torch.equal(before, stream.get_state())
    assert torch.equal(global_before, torch.get_rng_state())


@pytest.mark.parametrize("name", ["tdl-d", "cdl-d"])
def test_nothing_of_sionna_is_seen_from_outside_a_channel(name: str) -> None:
    """Its default device and precision are not asked for, and its stream is where it was."""
    config = sionna().config
    before = config.torch_rng("cpu").get_state()
    frame = Frame(torch.ones(2, 3, dtype=torch.complex64), torch.ones(2, 3, dtype=torch.bool))
    channel = build_channel(name)
    single = channel(frame, 10.0, generator_for(0)).symbols
    precision = config.precision
    try:
        config.precision = "double"
        assert torch.equal(channel(frame, 10.0, generator_for(0)).symbols, single)
    finally:
        config.precision = precision
    assert torch.equal(before, config.torch_rng("cpu").get_state())
