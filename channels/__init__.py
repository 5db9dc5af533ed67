"""What happens to symbols in the air: frame in, equalised reception and its noise variance out."""

import re
from typing import TYPE_CHECKING

from semlink.errors import ChannelError
from semlink.registry import Registry, build, canonical, check_fields, fields_of, parse

if TYPE_CHECKING:
    from semlink.channels.contract import Channel

PLAIN = (str, int, float, bool, type(None))  # types of fields that a name can hold

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
    contract="semlink.channels.contract:Channel",
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


def channel_of(channel: "str | Channel") -> "Channel":
    """The channel itself, where it is given as an object or by its name. Errors: as `build_channel`."""
    return build_channel(channel) if isinstance(channel, str) else channel


def name_of(channel: "str | Channel") -> str:
    """The one name of a channel that is given as an object or by its name: "rayleigh:coherence=symbol".

    A class that is not in the registry is called after itself, `RainFade` "rain-fade", with those fields that it keeps
    as attributes of the same name and that are plain values. Its rows and its noise follow from that name, so it must
    keep every field that changes what it does.

    Errors: as `build_channel`; ChannelError when a class takes the name of a registered channel.
    """
    if isinstance(channel, str):
        return channel_name(channel)
    kind = type(channel)
    name = CHANNELS.name_of(kind)
    if name is None:
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", kind.__name__.strip("_")).lower()
        if name in CHANNELS:
            raise ChannelError(f'{kind.__module__}.{kind.__name__} is not the channel "{name}"; rename the class.')
    kept = {field: getattr(channel, field) for field in fields_of(kind) if hasattr(channel, field)}
    return canonical(name, kind, {field: value for field, value in kept.items() if isinstance(value, PLAIN)})
