"""The same recipes and seed give the same rows: over one process or two, at once or after a stop."""

import dataclasses
from itertools import product
from pathlib import Path

import pytest

from semlink.experiments.workflow import bench
from semlink.experiments.workflow.experiment import run_experiments
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.recipe import Recipe
from semlink.experiments.workflow.recipe_file import recipe_from
from semlink.experiments.workflow.run_plan import ExperimentPlan
from semlink.simulator.results import Row, read_rows

SMALL = {"d_model": 16, "heads": 2, "feed_forward": 32, "encoder_layers": 1, "decoder_layers": 1}
COMMON = {
    "channel": "rayleigh",
    "training": {"steps": 8, "batch": 16, "warmup": 2, "validate": 4},
    "sweep": {"channels": ["rayleigh:coherence=symbol"], "snr_db": "0:9:9", "records": 12, "draws": 1},
}
REQUEST = {"id": "test", "time": "2026-03-01", "reason": "A test."}


@pytest.fixture(scope="module")
def sentences(tmp_path_factory) -> Path:
    """So few words that a codec learns some of them in a few steps."""
    subjects, verbs = ("the fox", "a receiver", "the noisy channel", "one codec"), ("sends", "hears", "loses")
    objects = ("a word", "every symbol", "the old sentence", "two quiet pilots")
    path = tmp_path_factory.mktemp("source") / "sentences.txt"
    path.write_text("".join(f"{' '.join(words)}\n" for words in product(subjects, verbs, objects)))
    return path


def _recipes(sentences: Path, seed: int) -> list[Recipe]:
    """Images with SCU, and text with fine-tuning: both variational, so that the encoder's own noise counts too."""
    image = {
        **COMMON,
        "experiment": "image",
        "source": "digits",
        "codec": {"name": "image", "variational": True, **SMALL},
        "erasure": {
            "request": {**REQUEST, "selection": {"by": "label", "values": [7]}},
            "method": "scu:passes=1,stop=none,batch=64",
            "audits": ["membership:draws=1"],
        },
    }
    text = {
        **COMMON,
        "experiment": "text",
        "training": {"steps": 40, "batch": 8, "learning_rate": 1e-2, "validate": 20},
        "source": {"name": "text-file", "path": str(sentences)},
        "codec": {"name": "text", "variational": True, **SMALL, "symbols_per_token": 2},
        "erasure": {
            "request": {**REQUEST, "selection": {"by": "term", "values": ["fox"]}},
            "method": "finetune:share=0.25",
            "audits": ["membership:draws=1"],
        },
    }
    return [recipe_from({**content, "seed": seed}, "a test") for content in (image, text)]


def _run(sentences: Path, out: Path, seed: int = 0, workers: int = 1) -> list[Row]:
    plan = ExperimentPlan(recipes=tuple(_recipes(sentences, seed)))
    return run_experiments(plan, out, Machine(workers=workers), "semlink run").rows()


def _numbers(rows: list[Row]) -> list[dict[str, object]]:
    """Rows without what a clock says."""
    return [dataclasses.asdict(row) for row in rows if row.metric not in ("seconds", "peak_memory_mib")]


@pytest.fixture(scope="module")
def reference(tmp_path_factory, sentences) -> tuple[Path, list[Row]]:
    out = tmp_path_factory.mktemp("reference") / "run"
    return out, _run(sentences, out)


def test_rows_are_written_as_they_are_returned(reference) -> None:
    out, rows = reference
    assert read_rows(out / "results.jsonl") == rows
    assert {row.experiment for row in rows} == {"image", "text"}
    assert {row.version for row in rows} == {"original", "erased", "retrained"}


def test_the_number_of_workers_changes_no_number(reference, sentences, tmp_path: Path) -> None:
    out, rows = reference
    assert _numbers(_run(sentences, tmp_path / "run", workers=2)) == _numbers(rows)
    assert (tmp_path / "run" / "samples.json").read_bytes() == (out / "samples.json").read_bytes()


def test_a_stopped_run_ends_with_the_same_rows(reference, sentences, tmp_path: Path, monkeypatch) -> None:
    """Stopped before its first measurement and again before its third: what was made stays, and no number moves."""
    out, rows = reference
    for job in (0, 2):
        _stop_before(job, monkeypatch)
        with pytest.raises(KeyboardInterrupt):
            _run(sentences, tmp_path / "run")
        monkeypatch.undo()
    made = sorted((tmp_path / "run").glob("*/*/model.safetensors"))
    stamps = [path.stat().st_mtime_ns for path in made]
    assert len(made) == 6
    assert _numbers(_run(sentences, tmp_path / "run")) == _numbers(rows)
    assert [path.stat().st_mtime_ns for path in made] == stamps
    assert (tmp_path / "run" / "samples.json").read_bytes() == (out / "samples.json").read_bytes()


def test_another_seed_gives_other_numbers(reference, sentences, tmp_path: Path) -> None:
    _, rows = reference
    others = _run(sentences, tmp_path / "run", seed=1)
    for name, metric in product(("image", "text"), ("psnr", "token_accuracy", "membership_auc")):
        first, second = (
            [row.value for row in found if (row.experiment, row.metric) == (name, metric)] for found in (rows, others)
        )
        expected = {"psnr": "image", "token_accuracy": "text"}.get(metric, name) == name
        assert (first != second) is expected


def _stop_before(job: int, monkeypatch) -> None:
    done = []

    def run_job(*arguments):
        if len(done) == job:
            raise KeyboardInterrupt
        done.append(arguments)
        return run_job.original(*arguments)

    run_job.original = bench.run_job
    monkeypatch.setattr(bench, "run_job", run_job)
