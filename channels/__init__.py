"""What happens to symbols in the air: frame in, equalised reception and its noise variance out."""

from typing import TYPE_CHECKING

from semlink.registry import Registry, build, canonical, check_fields, parse

if TYPE_CHECKING:
    from semlink.channels.contract import Channel

CHANNELS: "Registry[type[Channel]]" = Registry(
    "channel",
    {
        "awgn": "semlink.channels.awgn:Awgn",
        "cdl-a": "semlink.channels.cdl:CdlA",
        "cdl-b": "semlink.channels.cdl:CdlB",
        "cdl-c": "semlink.channels.cdl:CdlC",
        "cdl-d": "semlink.channels.cdl:CdlD",
        "cdl-e": "semlink.channels.cdl:CdlE",
        "rayleigh": "semlink.channels.rayleigh:Rayleigh",
        "rician": "semlink.channels.rician:Rician",
        "tdl-a": "semlink.channels.tdl:TdlA",
        "tdl-b": "semlink.channels.tdl:TdlB",
        "tdl-c": "semlink.channels.tdl:TdlC",
        "tdl-d": "semlink.channels.tdl:TdlD",
        "tdl-e": "semlink.channels.tdl:TdlE",
    },
)


def build_channel(text: str) -> "Channel":
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


def name_of(channel: "Channel") -> str:
    """Placeholder until merged."""
    raise NotImplementedError
