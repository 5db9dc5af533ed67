"""Channel, codec, source, metric, method and audit of a user: the examples of docs/extend, run as a user would."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import semlink as sl
from semlink.errors import BundleError, PluginError, RecipeError
from semlink.experiments.workflow.results import Results
from semlink.experiments.workflow.run_folder import RunFolder
from semlink.experiments.workflow.running import plan_for
from semlink.plugins import load_plugins

EXAMPLES = Path(__file__).parents[2] / "docs" / "extend"
FILES = ["impulsive_noise.py", "tiny_codec.py", "stripes.py", "edge_error.py", "shake.py", "loss_gap.py"]
IN_RECIPE = ["tiny_codec.py", "stripes.py"]


def carry_out(folder: Path, out: str, workers: int) -> None:
    """A run of all examples, as a user starts it."""
    given = [part for name in FILES if name not in IN_RECIPE for part in ("--plugin", f"{folder / name}")]
    small = [
        f"plugins={json.dumps(IN_RECIPE)}",
        "training.steps=30",
        "sweep.snr_db=6",
        "sweep.records=12",
        "sweep.draws=1",
    ]
    options = [part for each in small for part in ("--set", each)]
    options += ["--out", out, "--workers", f"{workers}"]
    command = [sys.executable, "-m", "semlink", "run", f"{folder / 'recipe.yaml'}"]
    subprocess.run([*command, *options, *given], cwd=folder, check=True, capture_output=True, timeout=600)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a user, with the examples and a run of all of them in `out`."""
    folder = tmp_path_factory.mktemp("user")
    for name in (*FILES, "recipe.yaml"):
        shutil.copy(EXAMPLES / name, folder)
    carry_out(folder, "out", workers=1)
    return folder


def test_a_run_of_everything_own(folder: Path) -> None:
    rows = Results.read(folder / "out").rows  # without any plug-in
    assert {row.channel for row in rows} == {"impulsive", "awgn"}
    assert {row.method for row in rows} == {"none", "shake", "retrain"}
    assert {"edge_error", "loss_gap", "psnr"} <= {row.metric for row in rows}
    text = (folder / "out" / "run.yaml").read_text()
    assert all(f"- name: {name}\n  digest: sha256:" in text for name in FILES)


@pytest.mark.slow
def test_worker_processes_find_the_same(folder: Path) -> None:
    carry_out(folder, "spread", workers=2)
    for metric in ("psnr", "edge_error", "loss_gap"):
        spread, alone = (Results.read(folder / name).filter(metric).rows for name in ("spread", "out"))
        assert spread == alone != []


def test_a_report_needs_no_plugin(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "out", tmp_path / "out")
    assert sl.report(tmp_path / "out").read_bytes() != b""
    assert "loss_gap" in (tmp_path / "out" / "report.html").read_text()


def test_bundles_name_their_plugins_and_hold_no_code(folder: Path) -> None:
    erased, original = (folder / "out" / "stripes" / name for name in ("erased", "original"))
    named = [entry["name"] for entry in json.loads((erased / "card.json").read_text())["plugins"]]
    assert named == ["stripes.py", "tiny_codec.py", "impulsive_noise.py", "shake.py"]
    assert json.loads((erased / "erasure.json").read_text())["plugins"][-1]["name"] == "shake.py"
    assert "tiny_codec.py (sha256:" in (original / "README.md").read_text()
    assert not list((folder / "out").rglob("*.py"))
    assert not [path for path in (folder / "out" / "stripes").rglob("*.*") if b"nn.Linear" in path.read_bytes()]


def test_a_bundle_of_a_kind_that_is_not_known_says_what_it_needs(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        BundleError, match=r'type "tiny"; it needs the plug-in .*tiny_codec\.py \(sha256:\w+\.\.\.\).*--plugin'
    ):
        sl.load_codec(folder / "out" / "stripes" / "original")
    load_plugins([folder / "tiny_codec.py"])
    codec = sl.load_codec(folder / "out" / "stripes" / "original")
    with pytest.raises(PluginError, match=r"needs the plug-in stripes\.py"):
        sl.sweep(codec, snr_db=6, overrides=["records=5", "draws=1"])
    assert sl.sweep(codec, snr_db=6, source="digits", overrides=["records=5", "draws=1"]).filter("psnr").rows


def test_another_version_of_a_plugin_is_told_and_loads(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = tmp_path / "tiny_codec.py"
    changed.write_text((folder / "tiny_codec.py").read_text() + "\n# another version\n")
    load_plugins([changed])
    shutil.copytree(folder / "out" / "stripes" / "original", tmp_path / "codec")
    assert sl.load_codec(tmp_path / "codec").codec.config.model_type == "tiny"
    assert "another version of the plug-in tiny_codec.py" in capsys.readouterr().err


def test_a_run_is_repeated_with_its_plugins_only(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PluginError, match="needs the plug-in"):
        plan_for([folder / "out"], (), ())
    load_plugins([folder / name for name in FILES if name != "edge_error.py"])
    with pytest.raises(PluginError, match=r"needs the plug-in edge_error\.py \(sha256:"):
        plan_for([folder / "out"], (), ())
    edges = folder / "again" / "edge_error.py"
    edges.parent.mkdir()
    edges.write_text((folder / "edge_error.py").read_text() + "\n# another version\n")
    load_plugins([edges])
    plan = plan_for([folder / "out"], (), ())
    assert "another version of the plug-in edge_error.py" in capsys.readouterr().err
    with pytest.raises(RecipeError, match="other plug-ins or versions"):
        RunFolder.reserve(folder / "out", plan, "again")


@pytest.mark.parametrize("named", ["evil.py", "../evil.py", "/evil.py", 5, None, {"name": ["a"]}])
def test_a_path_in_a_stored_plugin_list_is_never_opened(
    named: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the code lies beside it: what the card names is a name."""
    from semlink.codecs.bundle import CARD, _manifest
    from semlink.codecs.manifest import MANIFEST

    bundle = tmp_path / "bundle"
    shutil.copytree(folder / "out" / "stripes" / "original", bundle)
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    shutil.copy(tmp_path / "evil.py", bundle)
    card = json.loads((bundle / CARD).read_text())
    card["plugins"] = [{"name": str(tmp_path / named), "digest": "x"}] if isinstance(named, str) else [named]
    (bundle / CARD).write_text(json.dumps(card))
    stored = json.loads((bundle / MANIFEST).read_text())
    names = [*stored["files"], *stored["accounts"]]
    files = {name: (bundle / name).read_bytes() for name in names}
    (bundle / MANIFEST).write_bytes(_manifest(files, stored.get("protected"), tuple(stored["accounts"])))
    monkeypatch.chdir(bundle)
    with pytest.raises(BundleError, match='type "tiny"'):
        sl.load_codec(bundle)
    assert not (tmp_path / "ran").exists()


@pytest.mark.slow
def test_the_page_runs_as_it_stands(run_page: Any) -> None:
    assert run_page("docs/extend/README.md") == {"python", "console"}


def test_examples_are_short() -> None:
    lengths = {name: len((EXAMPLES / name).read_text().splitlines()) for name in FILES}
    assert [name for name, lines in lengths.items() if lines > 30] == ["tiny_codec.py"]
