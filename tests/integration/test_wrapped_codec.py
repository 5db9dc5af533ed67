"""A user's own pair of torch modules: from a plug-in file, and the worked example as a script, as a user runs them."""

import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import semlink as sl
from semlink.codecs import CODECS
from semlink.codecs.building import new_codec
from semlink.errors import BundleError
from semlink.experiments.workflow.results import Results
from semlink.plugins import load_plugins
from semlink.testing import check_codec

EXAMPLE = Path(__file__).parents[2] / "docs" / "extend" / "wrapped_codec.py"
ZEROS = sl.ErasureRequest.of("label", ["0"], reason="An example.")
SMALL = ["records=20", "draws=1"]


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The part of the example that wraps, as a file of its own."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.py"
    path.write_text(EXAMPLE.read_text().partition("recipe = ")[0])
    return path


def test_trained_swept_erased_audited_stored_and_opened_again(plugin: Path) -> None:
    load_plugins([plugin])
    training = {"steps": 40, "batch": 16, "learning_rate": 0.003, "snr_db": [0, 18]}
    codec = {"name": "two-convolutions", "filters": 2}
    fields: dict[str, Any] = {"experiment": "mine", "source": "digits", "codec": codec, "training": training}
    mine = sl.train(sl.Recipe(**fields, channel="awgn"), "mine")
    assert mine.card["bandwidth"]["channel_uses"] == 2 * 4 * 4 / 2
    assert mine.card["plugins"][0]["name"] == "mine.py"
    rows = sl.sweep(mine, ["rayleigh", "tdl-a"], [0, 18], overrides=SMALL).filter("psnr").rows
    assert all(rows[place].value < rows[place + 1].value for place in (0, 2))
    erased, again = (sl.erase(mine, ZEROS, method, method) for method in ("finetune:share=0.1", "retrain"))
    assert erased.carries(ZEROS)
    audits = ["membership:records=20", "relearn:steps=5,batch=8", "information"]
    found = sl.audit(mine, erased, again, ZEROS, "audit", audits)
    assert {row.version for row in found} == {"original", "erased", "retrained"}
    images = [record.payload for record in sl.load_source("digits").test[:8]]
    check_codec(new_codec("two-convolutions", {}, images, 0), images)


def test_a_bundle_needs_the_plugin_and_holds_no_code(plugin: Path) -> None:
    Path("recipe.yaml").write_text(
        "experiment: mine\nsource: digits\nplugins: [mine.py]\nchannel: awgn\n"
        "codec: {name: two-convolutions, filters: 2}\ntraining: {steps: 5, batch: 8, warmup: 1}\n"
    )
    assert sl.train("recipe.yaml", "mine").codec.uses == 16
    shutil.copytree("mine", "copy")
    assert json.loads(Path("copy", "config.json").read_text())["filters"] == 2
    assert not [path for path in Path("copy").iterdir() if b"nn.Conv" in path.read_bytes()]
    CODECS._added.clear()  # as in a process that does not know of it
    with pytest.raises(BundleError, match=r'type "wrapped-two-convolutions"; it needs the plug-in mine\.py \(sha256:'):
        sl.load_codec("copy")


def test_the_page_runs(run_page: Callable[..., set[str]]) -> None:
    assert run_page("docs/extend/wrap.md") == {"python"}


def test_training_goes_on_from_a_stored_codec_with_fields_of_several_values(plugin: Path) -> None:
    sl.wrap(layers, layers, name="layers")
    fields: dict[str, Any] = {"source": "digits", "channel": "awgn", "training": {"steps": 2, "batch": 8, "warmup": 1}}
    codec = {"name": "layers", "widths": [8, 6]}
    sl.train(sl.Recipe(**fields, experiment="first", codec=codec), "first")
    second = sl.train(sl.Recipe(**fields, experiment="second", codec=codec, start="first"), "second")
    assert second.codec.config.widths == (8, 6)


def layers(height: int, width: int, widths: tuple[int, ...] = (4,)) -> nn.Module:
    sizes = (height * width, *widths, height * width)
    linear = [nn.Linear(*pair) for pair in itertools.pairwise(sizes)]
    return nn.Sequential(nn.Flatten(), *linear, nn.Unflatten(1, (1, height, width)))


@pytest.mark.slow
def test_the_worked_example(tmp_path: Path) -> None:
    """At most 30 lines, with two worker processes that know the codec of the script."""
    assert len(EXAMPLE.read_text().splitlines()) <= 30
    shutil.copy(EXAMPLE, tmp_path)
    subprocess.run([sys.executable, EXAMPLE.name], cwd=tmp_path, check=True, capture_output=True, timeout=600)
    curves = Results.read(tmp_path / "curves").filter("psnr")
    assert {row.codec for row in curves} == {"mine", "digital:jpeg"}
    assert Results.read(tmp_path / "audit").filter("membership_auc").rows
    assert "name: wrapped_codec.py\n  digest: sha256:" in (tmp_path / "curves" / "run.yaml").read_text()
