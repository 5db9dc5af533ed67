"""How a text codec gets from received features to words: receivers by the names that a configuration gives them."""

from typing import TYPE_CHECKING

from semlink.registry import Registry

if TYPE_CHECKING:
    from semlink.codecs.text.receivers.contract import Receiver

RECEIVERS: "Registry[type[Receiver]]" = Registry(
    "receiver",
    {
        "one_pass": "semlink.codecs.text.receivers.one_pass:OnePass",
        "autoregressive": "semlink.codecs.text.receivers.autoregressive:Autoregressive",
    },
)
