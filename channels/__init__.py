"""What happens to symbols in the air: frame in, equalised reception and its noise variance out."""

from semlink.channels.awgn import Awgn
from semlink.channels.cdl import CdlA, CdlB, CdlC, CdlD, CdlE
from semlink.channels.contract import Channel, Frame, Reception
from semlink.channels.power import normalise_power
from semlink.channels.rayleigh import Rayleigh
from semlink.channels.rician import Rician
from semlink.channels.tdl import TdlA, TdlB, TdlC, TdlD, TdlE
from semlink.registry import build, canonical, check_fields, parse

CHANNELS: dict[str, type[Channel]] = {
    "awgn": Awgn,
    "cdl-a": CdlA,
    "cdl-b": CdlB,
    "cdl-c": CdlC,
    "cdl-d": CdlD,
    "cdl-e": CdlE,
    "rayleigh": Rayleigh,
    "rician": Rician,
    "tdl-a": TdlA,
    "tdl-b": TdlB,
    "tdl-c": TdlC,
    "tdl-d": TdlD,
    "tdl-e": TdlE,
}

__all__ = [
    "CHANNELS",
    "Awgn",
    "Channel",
    "Frame",
    "Rayleigh",
    "Reception",
    "Rician",
    "build_channel",
    "channel_name",
    "normalise_power",
]


def build_channel(text: str) -> Channel:
    """The channel that the command line calls `text`, such as "rayleigh:coherence=symbol,csi=estimated".

    Errors: UnknownName; WrongField.
    """
    name, fields = parse(text)
    return build("channel", CHANNELS, name, fields)


def channel_name(text: str) -> str:
    """The one name of that channel, with defaults left out: "rayleigh" for "rayleigh:coherence=block".

    Errors: as `build_channel`.
    """
    build_channel(text)
    name, fields = parse(text)
    return canonical(name, CHANNELS[name], check_fields("channel", name, CHANNELS[name], fields))
