"""Plug-ins from files, packages and scripts: what is wrong with one is told in a sentence and leaves nothing behind."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import semlink as sl
from semlink.channels import CHANNELS, build_channel, channel_name, name_of
from semlink.codecs import CODECS
from semlink.errors import PluginError, UnknownName
from semlink.experiments.workflow.listing import listing
from semlink.experiments.workflow.recipe_file import load_recipe
from semlink.experiments.workflow.source_places import named, placed
from semlink.plugins import load_environment, load_plugins, shipment
from semlink.simulator.metrics import metrics_for
from semlink.simulator.sources import SOURCES
from semlink.unlearning.methods import METHODS

QUIET = '''
import semlink as sl

@sl.register("channel", "quiet")
class Quiet(sl.Channel):
    """Less noise."""

    def __init__(self, by: float = 1.0) -> None:
        super().__init__()
        self.by = by

    def forward(self, frame, snr_db, generator):
        return sl.channel("awgn")(frame, snr_db + self.by, generator)
'''
SOURCE = '''
from dataclasses import dataclass
from pathlib import Path

import semlink as sl

@sl.register("source", "pile")
@dataclass(frozen=True)
class Pile(sl.SourceReader):
    """Nothing."""

    terms = None
    path: Path

    def read(self, data_dir): ...
'''
RECIPE = {"experiment": "own", "source": "digits", "codec": "image", "channel": "quiet:by=2"}


def _file(folder: Path, text: str = QUIET, name: str = "quiet.py") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_what_a_file_registers_is_known_by_its_name(tmp_path: Path) -> None:
    load_plugins([_file(tmp_path)])
    assert channel_name("quiet:by=1.0") == "quiet"
    assert name_of(build_channel("quiet:by=2")) == "quiet:by=2"
    assert "quiet: Less noise." in listing("channels")
    assert "from the plug-in quiet.py" in listing("channels")
    plugin = CHANNELS.plugin("quiet")
    assert plugin is not None
    assert (plugin.name, len(plugin.digest)) == ("quiet.py", 71)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def (\n", "invalid syntax in line 1"),
        ("x = 1\n", "registers nothing"),
        ("import semlink\n\n1 / 0\n", "ZeroDivisionError: division by zero in line 3"),
        ("exit(3)\n", "SystemExit: 3 in line 1"),
        ("\0", "null bytes"),
        (QUIET.replace('"quiet"', '"awgn"'), 'has a channel "awgn" of its own'),
        (QUIET.replace('"quiet"', '"Quiet"'), "lower-case letters"),
        (QUIET.replace("def forward", "def backward"), "lacks forward"),
        (QUIET.replace("sl.Channel", "sl.Metric").replace('"channel"', '"metric"'), "lacks statistics, values, aver"),
        (QUIET.replace("(sl.Channel)", ""), "derives from sl.Channel"),
        (QUIET.replace("by: float", "by: 'Float'"), "name 'Float' is not defined"),
        (QUIET + "\nraise ValueError\n", "ValueError in line"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told_and_nothing_of_it_stays(text: str, words: str, tmp_path: Path) -> None:
    before, modules = sl.names("channels"), set(sys.modules)
    with pytest.raises(PluginError, match=words) as told:
        load_plugins([_file(tmp_path, text)])
    assert str(tmp_path / "quiet.py") in str(told.value)
    assert sl.names("channels") == before
    assert not [name for name in set(sys.modules) - modules if name.startswith("semlink_plugin")]


def test_a_file_that_loads_torch_is_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise a command is silent for seconds, since what tells it later finds torch there already."""
    monkeypatch.delitem(sys.modules, "torch")
    with pytest.raises(PluginError, match="registers nothing"):
        load_plugins([_file(tmp_path, "x = 1\n")])
    assert capsys.readouterr().err == "Loading torch and the codecs; a few seconds.\n"


@pytest.mark.parametrize("name", ["nothing.py", ".", "a\0b"])
def test_what_is_no_file_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="Python file"):
        load_plugins([tmp_path / name])


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r'a channel "quiet" already, of quiet\.py'):
        load_plugins([_file(tmp_path), _file(tmp_path, QUIET + "\n# another\n", "loud.py")])


def test_a_file_is_run_once_however_often_and_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = _file(tmp_path, QUIET + "print('run')\nfrom semlink.plugins import load_plugins\nload_plugins([__file__])\n")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(json.dumps({**RECIPE, "plugins": ["quiet.py"]}))
    monkeypatch.setenv("SEMLINK_PLUGINS", os.pathsep.join([str(own), str(own)]))
    load_environment()
    assert load_recipe(recipe).channel == "quiet:by=2"
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "run\n")


def test_a_recipe_that_a_stranger_stored_runs_no_file(tmp_path: Path) -> None:
    _file(tmp_path)
    for channel in ("quiet", "awgn"):
        with pytest.raises(UnknownName, match=r"quiet|plugins"):
            sl.Recipe.model_validate({**RECIPE, "channel": channel, "plugins": [str(tmp_path / "quiet.py")]})
    assert "quiet" not in CHANNELS


def test_paths_of_a_source_of_a_plugin_are_those_of_any_source(tmp_path: Path) -> None:
    _file(tmp_path, SOURCE, "pile.py")
    (tmp_path / "heap").touch()
    recipe = tmp_path / "recipe.yaml"
    fields = {"channel": "awgn", "plugins": ["pile.py"], "source": {"name": "pile", "path": "heap"}}
    recipe.write_text(json.dumps({**RECIPE, **fields}))
    source = load_recipe(recipe).model_dump()["source"]
    assert source["path"] == str(tmp_path / "heap")
    SOURCES._added.clear()  # as where a run is read without its plug-ins
    places: dict[str, Any] = {}
    assert named({"source": source}, places) == {"source": {"name": "pile", "path": "heap"}}
    assert placed({"source": {"name": "pile", "path": "heap"}}, places) == {"source": source}


@pytest.mark.parametrize("wrong", [5, [5], {"a": "b"}, [""]])
def test_plugins_of_a_recipe_are_files(wrong: object, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(json.dumps({**RECIPE, "plugins": wrong}))
    with pytest.raises(sl.SemlinkError, match="list of Python files"):
        load_recipe(recipe)


def test_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    load_plugins([_file(tmp_path)])
    with pytest.raises(PluginError, match="changed after it was loaded"):
        load_plugins([_file(tmp_path, QUIET + "# changed\n")])


def _installed(folder: Path, points: str, **modules: str) -> None:
    """A package as pip leaves it, with entry points."""
    about = folder / "semlink_more-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: semlink-more\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(points)
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text.replace('@sl.register("channel", "quiet")\n', ""))


def test_an_installed_package_is_found_and_a_broken_one_breaks_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = "[semlink.channels]\nhush = more_quiet:Quiet\nawgn = more_quiet:Quiet\nbroken = more_broken:Loud\n"
    points += "bare = more_quiet:QUIET\n[semlink.metrics]\nbad = more_broken:Bad\n"
    _installed(tmp_path, points, more_quiet=QUIET + "QUIET = 1\n", more_broken="import nowhere_to_be_found\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert name_of(build_channel("hush:by=3")) == "hush:by=3"
    assert type(build_channel("awgn")).__module__ == "semlink.channels.awgn"
    plugin = CHANNELS.plugin("hush")
    assert plugin is not None
    assert plugin.name == "semlink-more 1.0"
    shown = listing("channels")
    assert "hush: Less noise." in shown
    assert "broken: The channel" in shown
    assert "nowhere_to_be_found" in shown
    assert "from the plug-in semlink-more 1.0" in shown
    with pytest.raises(PluginError, match=r"semlink-more 1\.0 cannot be loaded \(ModuleNotFoundError"):
        build_channel("broken")
    with pytest.raises(PluginError, match=r"cannot be used: .* derives from sl\.Channel"):
        build_channel("bare")
    assert next(type(metric).__name__ for metric in metrics_for("image")) == "ImageError"


def test_a_registered_metric_is_measured_where_it_fits(tmp_path: Path) -> None:
    load_plugins([Path(__file__).parents[2] / "docs" / "extend" / "edge_error.py"])
    assert "EdgeError" in [type(metric).__name__ for metric in metrics_for("image")]
    assert "EdgeError" not in [type(metric).__name__ for metric in metrics_for("text")]


def test_a_script_without_a_main_guard_has_workers_that_know_what_it_registers(tmp_path: Path) -> None:
    script = _file(
        tmp_path,
        "from __future__ import annotations\nimport torch\nFloat = float\n"
        + QUIET.replace("by: float", "by: Float")
        + "from semlink.channels import channel_name\n"
        "from semlink.experiments.workflow.tasks import Task, run_tasks\n"
        "from dataclasses import dataclass\n"
        "from semlink.simulator.sources import build_source\n"
        "@sl.register('source', 'few')\n"
        "@dataclass(frozen=True)\n"
        "class Few(sl.SourceReader):\n"
        "    terms = sl.Terms('', '', '')\n"
        "    count: Float = 1\n"
        "    def read(self, data_dir): return sl.Source('few', 'text', [], [], [])\n"
        "def sent(channel): return channel.by, build_source('few', {'count': 2}).name\n"
        "tasks = {'name': Task(channel_name, ('quiet:by=2.0',)), 'object': Task(sent, (sl.channel('quiet:by=3'),))}\n"
        "print(sorted(run_tasks(tasks, 2).items()))\n",
    )
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=300)
    assert ran.stdout == "[('name', 'quiet:by=2'), ('object', (3.0, 'few:count=2'))]\n"


def test_a_class_that_cannot_be_sent_to_workers_is_told() -> None:
    text = QUIET.replace("return sl.channel", "lock.acquire(); return sl.channel")
    exec(text, {"__name__": "__main__", "lock": threading.Lock()})
    with pytest.raises(PluginError, match=r'channel "quiet" of .* cannot be sent to worker processes'):
        shipment()


def test_an_object_of_a_class_that_is_not_registered_is_told() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(QUIET.replace('@sl.register("channel", "quiet")', ""), names)
    with pytest.raises(sl.SemlinkError, match=r'@sl\.register\("channel", NAME\)'):
        sl.sweep("image-digits", names["Quiet"](), snr_db=6.0)


def test_a_cell_of_a_notebook_may_be_run_again() -> None:
    for by in ("1.0", "4.0"):
        exec(QUIET.replace("1.0", by), {"__name__": "__main__"})
    assert build_channel("quiet").by == 4.0  # type: ignore[attr-defined]


def test_a_codec_needs_a_type_of_its_own() -> None:
    image: Any = CODECS["image"]
    for kind, words in ((image.config_class, "semlink-image"), (None, "config_class")):
        with pytest.raises(PluginError, match=words):
            sl.register("codec", "own", type("Own", (image,), {"config_class": kind}))


def test_a_class_that_is_inherited_from_semlink_has_a_name_of_its_own() -> None:
    method: Any = type("Mine", (METHODS["finetune"],), {})
    sl.register("method", "mine", method)
    assert (method.name, METHODS["finetune"].name) == ("mine", "finetune")
    with pytest.raises(PluginError, match='calls itself "mine"'):
        sl.register("method", "yours", method)
