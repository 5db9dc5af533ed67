"""What is registered, as text: the names that recipes and the command line take, their fields and defaults."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from semlink.channels import CHANNELS
from semlink.codecs import CODECS
from semlink.errors import UnknownName
from semlink.experiments.recipe import packaged_recipes
from semlink.registry import choose, fields_of
from semlink.simulator.metrics import METRICS
from semlink.simulator.sources import SOURCES
from semlink.unlearning.audits import AUDITS
from semlink.unlearning.methods import METHODS

REGISTRIES: dict[str, Mapping[str, Callable[..., Any]]] = {
    "channels": CHANNELS,
    "codecs": CODECS,
    "sources": SOURCES,
    "metrics": METRICS,
    "methods": METHODS,
    "audits": AUDITS,
}
