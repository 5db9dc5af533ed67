"""How a text codec gets from received features to words."""

from semlink.codecs.text.receivers.autoregressive import Autoregressive
from semlink.codecs.text.receivers.contract import Receiver, Words
from semlink.codecs.text.receivers.one_pass import OnePass

RECEIVERS: dict[str, type[Receiver]] = {"one_pass": OnePass, "autoregressive": Autoregressive}

__all__ = ["RECEIVERS", "Autoregressive", "OnePass", "Receiver", "Words"]
