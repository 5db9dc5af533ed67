"""Plug-ins: channels, codecs, sources, metrics, methods and audits from outside semlink.

A plug-in is a Python file that registers classes as it is run, or an installed package with entry points, or a class
that a script or notebook registers. Files are run only where the user names them, never because a stored thing does.
"""

import contextlib
import hashlib
import importlib
import inspect
import io
import os
import pickle
import re
import sys
import threading
import traceback
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any

from semlink.errors import PluginError, SemlinkError
from semlink.progress import tell_loading
from semlink.registry import MAIN, ORIGIN, Plugin, Registry, choose, reason
from semlink.untrusted import cut, read_bytes

KINDS: Mapping[str, str] = {
    "channel": "semlink.channels:CHANNELS",
    "codec": "semlink.codecs:CODECS",
    "source": "semlink.simulator.sources:SOURCES",
    "metric": "semlink.simulator.metrics:METRICS",
    "method": "semlink.unlearning.methods:METHODS",
    "audit": "semlink.unlearning.audits:AUDITS",
}
VARIABLE = "SEMLINK_PLUGINS"  # files, as PATH lists folders
FILE_MOST = 4 << 20  # bytes


class Loaded:
    """The files that were run in this process, by their digests, with their text; and those being run."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[Plugin, bytes]] = {}
        self.running: dict[str, Plugin] = {}
        self.lock = threading.RLock()


_LOADED = Loaded()


def registry_of(kind: str) -> Registry[Any]:
    """The registry of a kind of entry. Errors: UnknownName."""
    module, _, table = choose("kind of plug-in", KINDS, kind).partition(":")
    registry: Registry[Any] = getattr(importlib.import_module(module), table)
    return registry


def load_plugins(files: Iterable[str | Path]) -> None:
    """Runs plug-in files; each content is run once in a process. Errors: PluginError."""
    for file in files:
        path = Path(file).expanduser().absolute()
        try:
            text = read_bytes(path, FILE_MOST)
        except FileNotFoundError as error:
            raise PluginError(f"There is no plug-in {path}; give the path of a Python file.") from error
        except (OSError, ValueError) as error:
            raise PluginError(f"The plug-in {path} cannot be read; give a Python file of at most 4 MiB.") from error
        tell_loading()  # which a plug-in does with its first line
        _run(text, path)


def load_environment() -> None:
    """Runs the plug-in files that the environment variable SEMLINK_PLUGINS lists. Errors: PluginError."""
    load_plugins(filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)))


@dataclass(frozen=True)
class Shipment:
    """What a worker process needs to know the same plug-ins. It travels from parent to child alone, never to a disk.

    files: path and text of each that was run. classes: those that a script or notebook registered, as cloudpickle
    writes (kind, name, class, plug-in); empty where there are none.
    """

    files: tuple[tuple[str, bytes], ...] = ()
    classes: bytes = b""

    def unpack(self) -> None:
        """Makes the plug-ins known in this process. Errors: PluginError."""
        for path, text in self.files:
            _run(text, Path(path))
        if not self.classes:
            return
        try:
            shipped = pickle.loads(self.classes)
        except Exception as error:  # a module that a worker process cannot import, or whatever that raises
            raise PluginError(
                f"A registered class cannot be had in a worker process ({cut(reason(error), 200)}); put it in a file "
                "and name that as a plug-in, or take workers=1."
            ) from error
        for kind, name, entry, plugin in shipped:
            if entry.__module__ in MAIN:  # results that hold one of its objects name it so
                setattr(sys.modules["__main__"], entry.__name__, entry)
            registry_of(kind).register(name, entry, plugin)


def shipment() -> Shipment:
    """The plug-ins of this process, for its worker processes. Errors: PluginError when a class cannot be sent."""
    files = tuple((str(plugin.path), text) for plugin, text in _LOADED.files.values())
    classes, packed = [], []
    for kind, registry in registries():
        for name, (entry, plugin) in registry.added().items():
            if plugin.path is None:
                classes.append((kind, name, entry, plugin))
    if not classes:
        return Shipment(files)
    for kind, name, entry, plugin in classes:
        _resolve(entry)
        try:
            packed.append((kind, name, entry, plugin))
            data = by_value(packed)
        except Exception as error:  # whatever the class refers to
            raise PluginError(
                f'The {kind} "{name}" of {plugin.name} cannot be sent to worker processes ({cut(reason(error), 200)}); '
                "put it in a file and name that as a plug-in, or take workers=1."
            ) from error
    return Shipment(files, data)


def by_value(content: object) -> bytes:
    """A pickle for worker processes, with the classes and functions of the script that runs in it.

    Errors: whatever its content raises.
    """
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        """In which the mark of a field without a default stays one object, as dataclasses need it."""

        dispatch_table = cloudpickle.Pickler.dispatch_table.new_child({type(MISSING): lambda _: "MISSING"})

    packed = io.BytesIO()
    Pickler(packed).dump(content)
    return packed.getvalue()


def _run(text: bytes, path: Path) -> None:
    """Runs a plug-in file, unless its content was run already or is being run. Errors: PluginError."""
    digest = hashlib.sha256(text).hexdigest()
    plugin = Plugin(path.name, f"sha256:{digest}", path)
    with _LOADED.lock:
        if digest in _LOADED.files or digest in _LOADED.running:
            return
        changed = [other for other, _ in _LOADED.files.values() if other.path == path]
        if changed:
            raise PluginError(f"The plug-in {path} was changed after it was loaded; start Python anew to load it.")
        _LOADED.running[digest] = plugin
        module = types.ModuleType(f"semlink_plugin_{re.sub(r'[^a-zA-Z0-9]', '_', path.stem)}_{digest[:12]}")
        module.__file__ = str(path)
        sys.modules[module.__name__] = module  # what pickles of its classes name
        origin = ORIGIN.set(plugin)
        try:
            with contextlib.redirect_stdout(sys.stderr):  # what it prints is no part of a command's answer
                exec(compile(text, str(path), "exec"), module.__dict__)
            if not any(added == plugin for _, registry in registries() for _, added in registry.added().values()):
                raise PluginError("it registers nothing; put @sl.register(KIND, NAME) above a class of it")
        except BaseException as error:
            _forget(plugin)
            del sys.modules[module.__name__]
            if isinstance(error, KeyboardInterrupt) or not isinstance(error, Exception | SystemExit):
                raise
            told = str(error).rstrip(".") if isinstance(error, SemlinkError) else _told(error, path)
            raise PluginError(f"The plug-in {path} cannot be used: {cut(told, 600)}.") from error
        finally:
            ORIGIN.reset(origin)
            del _LOADED.running[digest]
        _LOADED.files[digest] = plugin, text


def _told(error: BaseException, path: Path) -> str:
    """An error in a plug-in file, with the line in which it shows."""
    if isinstance(error, SyntaxError):
        return f"{error.msg}{f' in line {error.lineno}' if error.lineno else ''}; correct it"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{reason(error)}{f' in line {lines[-1]}' if lines else ''}; correct it"


def _forget(plugin: Plugin) -> None:
    for _, registry in registries():
        registry.remove(plugin)


def registries() -> Iterator[tuple[str, Registry[Any]]]:
    """The registries that are loaded; in others nothing was registered."""
    for kind, place in KINDS.items():
        module, _, table = place.partition(":")
        if module in sys.modules and hasattr(sys.modules[module], table):
            yield kind, getattr(sys.modules[module], table)


def _resolve(entry: Any) -> None:
    """Turns annotations of a script's class that are texts into types: a worker process lacks the script's names."""
    for owner in (entry, entry.__dict__.get("__init__")):
        if owner is not None and entry.__module__ in MAIN:
            with contextlib.suppress(Exception):  # one that cannot be read was refused, or is no field
                owner.__annotations__ = inspect.get_annotations(owner, eval_str=True)
