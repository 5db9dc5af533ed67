"""Where entries of registries come from that are not semlink's own: files, scripts, modules and installed packages."""

import hashlib
import inspect
import logging
import sys
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, cast

MAIN = {"__main__", "__mp_main__"}  # modules of scripts and notebooks


@dataclass(frozen=True)
class Plugin:
    """Where an entry comes from that is not semlink's own.

    name: of its file or script ("rain.py"), of its package ("semlink-rain 1.0"), of its module, or "a notebook".
    digest: "sha256:..." over the source that defines it; empty where there is none to be read.
    path: of the file, where it was loaded as one.
    """

    name: str
    digest: str
    path: Path | None = None

    def record(self) -> dict[str, str]:
        """What run folders and bundles hold of it."""
        return {"name": self.name, "digest": self.digest}


ORIGIN: ContextVar[Plugin | None] = ContextVar("origin", default=None)  # the plug-in file that is being run


def plugin_of(entry: object) -> Plugin:
    """Where a class comes from that no plug-in file or package stands for: a script, a notebook, or its module."""
    module = getattr(entry, "__module__", "")
    try:
        source = inspect.getsource(cast(Any, entry)) if module in MAIN else inspect.getsource(sys.modules[module])
    except (KeyError, OSError, TypeError):
        source = ""
    digest = f"sha256:{hashlib.sha256(source.encode()).hexdigest()}" if source else ""
    script = getattr(sys.modules["__main__"], "__file__", None)
    here = Path(script).name if script else "a notebook"
    return Plugin(here if module in MAIN else module, digest)


def reason(error: BaseException) -> str:
    """An error of somebody else's code in one line: "NameError: name 'x' is not defined"."""
    return ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split()))))


def package_of(point: EntryPoint) -> str:
    """The package that offers an entry, with its version; the place of the entry where that cannot be told."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def installed_entries(group: str) -> dict[str, EntryPoint]:
    """What installed packages offer in a group. Of two with one name, the first that Python finds is taken."""
    try:
        found = list(entry_points(group=group))
    except Exception as error:  # the metadata of some package are damaged
        logging.getLogger(__name__).warning("Installed plug-ins cannot be looked for: %s", reason(error))
        return {}
    first: dict[str, EntryPoint] = {}
    for point in found:
        if first.setdefault(point.name, point).value != point.value:
            told = '"%s" of %s is not used: %s offers that name in %s too.'
            taken = package_of(first[point.name])
            logging.getLogger(__name__).warning(told, point.name, package_of(point), taken, group)
    return first
