"""After an erasure nothing of the request lies about: in bundles, runs, reports, shared copies, and after kills."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from semlink.codecs import bundle as bundles
from semlink.experiments.workflow.component import component_from
from semlink.experiments.workflow.erasure import erase_bundle
from semlink.experiments.workflow.machine import Machine
from semlink.unlearning.request import read_request

SMALL = {"d_model": 16, "heads": 2, "feed_forward": 32, "encoder_layers": 1, "decoder_layers": 1}
QUICK = ("--snr", "6", "--set", "records=12", "--set", "draws=1", "--workers", "1")
SUBJECTS = ("Weber", "the minister", "a noisy channel", "one quiet codec")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, semlink: Callable[..., Any]) -> Path:
    """`own` has what the owner of the data keeps: text, request and recipe; `made` what semlink made of it."""
    place = tmp_path_factory.mktemp("left")
    own, made = place / "own", place / "made"
    own.mkdir()
    made.mkdir()
    lines = [
        f"{subject} {verb} {thing} in session {number}"
        for number in range(3)
        for subject in SUBJECTS
        for verb in ("sends", "hears", "loses")
        for thing in ("a word", "every symbol", "its reply")
    ]
    (own / "text.txt").write_text("\n".join(lines) + "\n")
    request = {"id": "erase-weber", "time": "2026-11-01", "reason": "Mrs Weber withdrew her consent.",
               "selection": {"by": "term", "values": ["Weber"]}}  # fmt: skip
    (own / "request.json").write_text(json.dumps(request))
    recipe = {
        "experiment": "speech", "source": {"name": "text-file", "path": str(own / "text.txt")},
        "codec": {"name": "text", **SMALL}, "training": {"steps": 20, "batch": 16, "warmup": 2, "validate": 10},
        "sweep": {"channels": ["awgn"], "snr_db": "0:6:6", "records": 12, "draws": 1},
    }  # fmt: skip
    (own / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    erasure = {"request": request, "method": "finetune:share=0.2", "audits": ["membership"]}
    (own / "experiment.yaml").write_text(yaml.safe_dump({**recipe, "erasure": erasure}))
    assert semlink("train", own / "recipe.yaml", "--out", own / "original").status == 0
    return place


def traces(semlink: Callable[..., Any], place: Path, *folders: Path) -> tuple[int, str]:
    """Status and lines of a search for everything of the request, its records' ids and sentences among it."""
    ended = semlink(
        "residue", *folders, "--request", place / "own" / "request.json", "--source", place / "own" / "original"
    )
    return ended.status, ended.out


def test_every_command_leaves_nothing(semlink: Callable[..., Any], place: Path) -> None:
    own, made = place / "own", place / "made"
    request = ("--request", own / "request.json")
    for name, method in (("erased", "finetune:share=0.2"), ("retrained", "retrain")):
        ended = semlink("erase", own / "original", *request, "--method", method, "--out", made / name)
        assert ended.status == 0, ended.err
        assert traces(semlink, place, made)[0] == 0, traces(semlink, place, made)[1]
    codecs = (own / "original", made / "erased", made / "retrained")
    for command in (
        ("sweep", *codecs, *request, "--out", made / "sweep", *QUICK),
        ("audit", *codecs, *request, "--out", made / "audit"),
        ("report", made / "sweep"),
        ("report", made / "audit"),
        ("share", made / "erased", "--out", made / "shared"),
        ("proof", made / "erased", "--out", made / "proof.html"),
        ("run", own / "experiment.yaml", "--out", made / "run", "--workers", "1"),
    ):
        ended = semlink(*command)
        assert ended.status == 0, ended.err
        looked_at = [path for path in made.iterdir() if path.name != "run"]
        run = made / "run"
        looked_at += [
            path for path in (*run.glob("*"), *run.glob("speech/*")) if path.name not in ("speech", "original")
        ]
        status, told = traces(semlink, place, *looked_at)
        assert status == 0, (command[0], told)
    assert "kept: " in told  # the register of requests, which the owner has to keep


def test_the_search_finds_what_was_left_before(semlink: Callable[..., Any], place: Path, tmp_path: Path) -> None:
    """The same search of what shows erased records on purpose, and of the codec before the erasure, is not empty."""
    own = place / "own"
    shown = tmp_path / "shown"
    assert semlink("run", own / "experiment.yaml", "--out", shown, "--workers", "1", "--show-erased").status == 0
    for folder, kind in (
        (shown / "report.html", "sentence"),
        (shown / "samples.json", "sentence"),
        (own / "original", "term"),
    ):
        status, told = traces(semlink, place, folder)
        assert status == 1
        assert kind in told


@pytest.mark.parametrize("moment", [0.0, 0.1, 0.2, 0.3, 0.5, 0.8])
def test_a_killed_erasure_leaves_nothing(
    semlink: Callable[..., Any], place: Path, tmp_path: Path, moment: float
) -> None:
    """Killed at any moment, and then carried out: the same codec, and nothing but it."""
    own, out = place / "own", tmp_path / "erased"
    request = read_request(own / "request.json")

    def erase() -> None:
        erase_bundle(own / "original", request, component_from("finetune:share=0.5"), out, Machine())

    child = os.fork()
    if child == 0:
        erase()
        os._exit(0)
    time.sleep(moment)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert not any(tmp_path.iterdir()) or traces(semlink, place, tmp_path)[0] == 0
    ended = semlink(
        "erase", own / "original", "--request", own / "request.json", "--method", "finetune:share=0.5", "--out", out
    )
    assert ended.status == 0, ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["erased"]
    status, told = traces(semlink, place, tmp_path)
    assert status == 0, told
    assert bundles.load_bundle(out).card["version"] == "erased"
