"""The command line: what it makes, and that it never leaves half of it."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import semlink as sl
from semlink.codecs import CODECS
from semlink.codecs.bundle import load_bundle
from semlink.errors import RecipeError
from semlink.experiments.workflow.listing import REGISTRIES, names
from semlink.experiments.workflow.recipe import SweepPlan
from semlink.experiments.workflow.recipe_file import packaged_recipes
from semlink.experiments.workflow.run_folder import RunFolder
from semlink.experiments.workflow.run_plan import CodecSweepPlan
from semlink.experiments.workflow.sweeping import check_codecs
from semlink.progress import Progress
from semlink.simulator import optimisation
from semlink.simulator.results import read_rows
from semlink.simulator.sources.contract import Record, Source

LOADING = "Loading torch and the codecs; a few seconds.\n"  # what a command says in a new process
QUICK_SWEEP = ("--snr", "0:6:6", "--set", "records=12", "--set", "draws=1", "--workers", "1")
MODULE = (sys.executable, "-m", "semlink")


def _weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


@pytest.fixture
def at_step(monkeypatch):
    """Calls a function once training has done so many steps."""

    def arrange(step: int, call) -> None:
        class Interrupted(Progress):
            def step(self, note: str = "", count: int = 1) -> None:
                super().step(note, count)
                if self.done == step:
                    call()

        monkeypatch.setattr(optimisation, "Progress", Interrupted)

    return arrange


# ---------------------------------------------------------------------------------------------------- help and lists


def test_help_is_quick_and_light() -> None:
    """Less than half a second of the processor at best of five, and no heavy library is loaded for it."""
    seconds = []
    for _ in range(5):
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([*MODULE, "--help"], capture_output=True, text=True, check=True)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(ended.ru_utime - began.ru_utime + ended.ru_stime - began.ru_stime)
        if seconds[-1] < 0.5:
            break
    assert "sweep" in done.stdout
    assert min(seconds) < 0.5
    traced = subprocess.run([sys.executable, "-X", "importtime", *MODULE[1:], "--help"], capture_output=True, text=True)
    loaded = {line.rsplit("|")[-1].strip().split(".")[0] for line in traced.stderr.splitlines()}
    assert "typer" in loaded
    assert loaded.isdisjoint({"torch", "sionna", "tensorflow", "transformers", "numpy", "scipy", "matplotlib"})


@pytest.mark.parametrize(
    "command",
    [
        "quickstart",
        "run",
        "train",
        "sweep",
        "erase",
        "audit",
        "report",
        "list",
        "block-errors",
        "sign",
        "verify",
        "residue",
        "proof",
    ],
)
def test_every_command_explains_itself(semlink, command: str) -> None:
    ended = semlink(command, "--help")
    assert (ended.status, ended.err) == (0, "")
    assert f"semlink {command}" in ended.out


@pytest.mark.parametrize("kind", REGISTRIES)
def test_list_names_every_entry_and_field(semlink, kind: str) -> None:
    lines = semlink("list", kind).out.splitlines()
    assert lines[0] == f"{kind}:"
    assert [line.split(":")[0].strip() for line in lines[1:] if not line.startswith("    ")] == names(kind)
    if kind == "codecs":
        assert all(
            any(f"{field}=" in line for line in lines) for codec in CODECS.values() for field in codec.own_fields()
        )


def test_list_of_everything(semlink) -> None:
    out = semlink("list").out
    assert [kind for kind in (*REGISTRIES, "recipes") if f"\n{kind}:\n" not in f"\n{out}"] == []
    assert [recipe for recipe in packaged_recipes() if f"  {recipe}: " not in out] == []


# ------------------------------------------------------------------------------------------- what the commands make


def test_a_second_training_of_the_same_recipe_does_nothing(semlink, shelf: Path, contents) -> None:
    before = contents(shelf)
    ended = semlink("train", shelf / "image.yaml", "--out", shelf / "image")
    assert (ended.status, ended.err) == (0, "")
    assert contents(shelf) == before


def test_training_keeps_no_checkpoint(shelf: Path) -> None:
    assert not [path for path in shelf.iterdir() if path.name.startswith(".")]


def test_overrides_and_seed_reach_the_codec(semlink, shelf: Path, tmp_path: Path) -> None:
    recipe = shelf / "image.yaml"
    for name, options in (
        ("same", ()),
        ("seed", ("--seed", 3)),
        ("set", ("--set", "seed=3")),
        ("wide", ("--set", "codec.d_model=32", "--set", "training.steps=4")),
    ):
        assert semlink("train", recipe, "--out", tmp_path / name, *options).status == 0
    assert _weights(tmp_path / "same") == _weights(shelf / "image")
    assert _weights(tmp_path / "seed") == _weights(tmp_path / "set") != _weights(shelf / "image")
    wide = load_bundle(tmp_path / "wide")
    assert (wide.codec.config.d_model, wide.card["recipe"]["training"]["steps"], wide.card["best_step"]) == (32, 4, 4)


def test_sweep_of_two_codecs(semlink, shelf: Path, tmp_path: Path, contents) -> None:
    before = contents(shelf)
    arguments = (shelf / "image", shelf / "erased", "--channel", "awgn", "--channel", "rayleigh:coherence=symbol")
    ended = semlink("sweep", *arguments, "--out", tmp_path / "sweep", *QUICK_SWEEP)
    assert ended.status == 0
    assert str(tmp_path / "sweep" / "report.html") in ended.out
    rows = read_rows(tmp_path / "sweep" / "results.jsonl")
    assert {row.channel for row in rows} == {"awgn", "rayleigh:coherence=symbol"}
    assert {row.snr_db for row in rows if row.metric == "psnr"} == {0.0, 6.0}
    measured = {(row.version, row.method) for row in rows}
    assert measured == {("original", "none"), ("erased", "finetune")}
    assert {row.set for row in rows} == {"test"}
    assert (tmp_path / "sweep" / "report.html").stat().st_size > 1000
    assert contents(shelf) == before


def test_sweep_on_the_sets_of_a_request(semlink, shelf: Path, tmp_path: Path) -> None:
    arguments = (shelf / "image", "--request", shelf / "sevens.json", "--seed", 4, "--out", tmp_path / "sweep")
    assert semlink("sweep", *arguments, *QUICK_SWEEP).status == 0
    rows = read_rows(tmp_path / "sweep" / "results.jsonl")
    assert {row.set for row in rows} == {"forget", "forget_test", "retain", "test"}
    assert {row.seed for row in rows} == {4}


def _strict(text: str) -> object:
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


def test_what_is_stored_is_json_for_every_reader(semlink, shelf: Path, tmp_path: Path) -> None:
    """A request for one record: intervals of one record are endless."""
    request = json.loads((shelf / "sevens.json").read_text())
    source = sl.load_source("digits")
    request["selection"] = {"by": "id", "values": [source.train[0].id]}
    (tmp_path / "one.json").write_text(json.dumps(request))
    erase = ("erase", shelf / "image", "--request", tmp_path / "one.json", "--method", "finetune:share=0.25")
    assert semlink(*erase, "--out", tmp_path / "erased").status == 0
    sweep = (
        "sweep",
        shelf / "image",
        tmp_path / "erased",
        "--request",
        tmp_path / "one.json",
        "--out",
        tmp_path / "run",
    )
    assert semlink(*sweep, *QUICK_SWEEP).status == 0
    lines = (tmp_path / "run" / "results.jsonl").read_text().splitlines()
    assert any("Infinity" in line for line in lines)
    for line in lines:
        _strict(line)
    for folder in ("run", "erased"):
        for file in (tmp_path / folder).glob("*.json"):
            _strict(file.read_text(encoding="utf-8"))


def test_both_spellings_of_the_snr_are_taken(semlink, shelf: Path, tmp_path: Path) -> None:
    for number, option in enumerate(("--snr", "--snr-db")):
        arguments = (option, "6", *QUICK_SWEEP[2:])
        assert semlink("sweep", shelf / "image", "--out", tmp_path / f"sweep{number}", *arguments).status == 0
        audit = ("audit", *(shelf / name for name in ("image", "erased", "retrained")), option, "6")
        audit += ("--request", shelf / "sevens.json", "--audit", "membership:records=10")
        assert semlink(*audit, "--out", tmp_path / f"audit{number}").status == 0
    for kind in ("sweep", "audit"):
        first, second = (read_rows(tmp_path / f"{kind}{number}" / "results.jsonl") for number in (0, 1))
        assert {row.snr_db for row in first} == {row.snr_db for row in second}


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "utf-8"])
def test_a_terminal_that_lacks_letters_ends_no_command(shelf: Path, tmp_path: Path, encoding: str) -> None:
    out = tmp_path / "中文"
    command = [*MODULE, "sweep", str(shelf / "image"), "--out", str(out), *QUICK_SWEEP]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, env=environment)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert ("中文" if encoding == "utf-8" else "\\u4e2d\\u6587") in done.stdout.decode(encoding)


def test_sweep_on_another_source(semlink, shelf: Path, tmp_path: Path) -> None:
    """Sentences that the codec was not trained on; they are named with their digest, and changed ones are refused."""
    other = tmp_path / "other.txt"
    other.write_text("\n".join(f"the fox sends {number} symbols" for number in range(60)))
    arguments = (shelf / "text", "--source", f"text-file:path={other}", "--out", tmp_path / "sweep")
    assert semlink("sweep", *arguments, *QUICK_SWEEP).status == 0
    plan = RunFolder.open(tmp_path / "sweep").plan
    assert isinstance(plan, CodecSweepPlan)
    assert str(plan.source_digest).startswith("sha256:")
    assert plan.source_digest != load_bundle(shelf / "text").card["source"]["digest"]
    rows = read_rows(tmp_path / "sweep" / "results.jsonl")
    assert {row.set for row in rows} == {"test"}
    assert next(row.value for row in rows if row.metric == "word_accuracy") < 1  # the numbers are unknown words
    other.write_text(other.read_text().replace("sends", "hears"))
    assert "other settings" in semlink("sweep", *arguments, *QUICK_SWEEP).err


def test_sweep_on_images_of_another_size(semlink, shelf: Path, tmp_path: Path) -> None:
    """Faces of 64 x 64 pixels through a codec of 8 x 8: 64 times its channel uses."""
    if not (Path(os.environ.get("SEMLINK_DATA", "")) / "olivetti" / "olivetti_faces.npz").is_file():
        pytest.skip("SEMLINK_DATA does not name a folder with olivetti/olivetti_faces.npz")
    arguments = (shelf / "image", "--source", "faces", "--out", tmp_path / "sweep")
    assert semlink("sweep", *arguments, *QUICK_SWEEP).status == 0
    rows = read_rows(tmp_path / "sweep" / "results.jsonl")
    (uses,) = [row.value for row in rows if row.metric == "channel_uses"]
    assert uses == 64 * load_bundle(shelf / "image").codec.config.uses
    assert {row.n for row in rows} == {12}
    assert "ms_ssim:scales=3" in {row.metric for row in rows}


def test_images_of_other_channels_are_refused(shelf: Path) -> None:
    pixels = np.zeros((8, 8, 3), dtype=np.uint8)
    colour = Source("colour", "image", [], [], [Record("c", pixels, "tests")])
    with pytest.raises(RecipeError, match=r"cannot send the records of colour: .* images with 1 channel") as caught:
        check_codecs([load_bundle(shelf / "image")], colour, SweepPlan())
    assert str(caught.value).endswith(".")


def test_a_sweep_again_measures_nothing_again(semlink, shelf: Path, tmp_path: Path, monkeypatch) -> None:
    arguments = ("sweep", shelf / "text", "--out", tmp_path / "sweep", *QUICK_SWEEP)
    first = semlink(*arguments)
    rows = (tmp_path / "sweep" / "results.jsonl").read_bytes()
    again = semlink(*arguments)
    assert "sweep sweep awgn test: 2/2" in first.err
    assert (again.status, again.err) == (0, "")
    assert (tmp_path / "sweep" / "results.jsonl").read_bytes() == rows


def test_erase_audit_and_report(semlink, shelf: Path, tmp_path: Path) -> None:
    card = load_bundle(shelf / "erased").card
    assert card["parent"] == load_bundle(shelf / "image").digest()
    assert "best_step" not in card  # of the original's training
    certificate = json.loads((shelf / "erased" / "erasure.json").read_text())
    assert certificate["method"]["name"] == "finetune"
    assert certificate["original_digest"] == load_bundle(shelf / "image").digest()
    assert load_bundle(shelf / "retrained").card["version"] == "retrained"
    versions = (shelf / "image", shelf / "erased", shelf / "retrained")
    arguments = (
        *versions,
        "--request",
        shelf / "sevens.json",
        "--audit",
        "membership:draws=1",
        "--out",
        tmp_path / "a",
    )
    assert semlink("audit", *arguments).status == 0
    rows = read_rows(tmp_path / "a" / "results.jsonl")
    assert {(row.version, row.metric) for row in rows} >= {(name, "membership_auc") for name in ("erased", "retrained")}
    ended = semlink("report", tmp_path / "a")
    assert ended.status == 0
    assert "membership" in (tmp_path / "a" / "report.html").read_text(encoding="utf-8").lower()


def test_an_audit_takes_several_retrained_codecs(semlink, shelf: Path, tmp_path: Path) -> None:
    """One is judged by the others; the same one twice would judge itself."""
    request = ("--request", shelf / "sevens.json")
    again = tmp_path / "again"
    assert semlink("erase", shelf / "image", *request, "--method", "retrain", "--seed", 1, "--out", again).status == 0
    command = ("audit", shelf / "image", shelf / "erased", shelf / "retrained")
    options = (*request, "--audit", "calibrated-loss:draws=1")
    assert semlink(*command, again, *options, "--out", tmp_path / "a").status == 0
    rows = read_rows(tmp_path / "a" / "results.jsonl")
    assert {row.method for row in rows} == {"none", "finetune", "retrain", "retrain-2"}
    for retrained in ((), (shelf / "retrained",)):
        ended = semlink(*command, *retrained, *options, "--out", tmp_path / "b")
        assert ended.status == 2
        assert "different seeds" in ended.err or "--seed N" in ended.err
    assert semlink("run", tmp_path / "a", "--out", tmp_path / "c").status == 0
    assert (tmp_path / "c" / "results.jsonl").read_bytes() == (tmp_path / "a" / "results.jsonl").read_bytes()


def test_erasing_twice_with_one_seed_gives_the_same_codec(semlink, shelf: Path, tmp_path: Path) -> None:
    arguments = ("erase", shelf / "image", "--request", shelf / "sevens.json", "--method", "finetune:share=0.25")
    for name, seed in (("same", 0), ("other", 1)):
        assert semlink(*arguments, "--out", tmp_path / name, "--seed", seed).status == 0
    assert _weights(tmp_path / "same") == _weights(shelf / "erased") != _weights(tmp_path / "other")


# ------------------------------------------------------------------------------------------------- stopped and resumed


def test_a_killed_training_goes_on(semlink, shelf: Path, tmp_path: Path) -> None:
    """The process dies at once after six of eight steps; its checkpoint is from step four."""
    program = (
        "import os, signal, sys\n"
        "from semlink.progress import Progress\n"
        "from semlink.simulator import optimisation\n"
        "from semlink.experiments.cli.app import main\n"
        "class Killed(Progress):\n"
        "    def step(self, note='', count=1):\n"
        "        super().step(note, count)\n"
        "        if self.done == 6:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "optimisation.Progress = Killed\n"
        "main()\n"
    )
    command = ("train", str(shelf / "image.yaml"), "--out", str(tmp_path / "codec"))
    done = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert {path.name for path in tmp_path.iterdir()} == {".codec.checkpoint", ".codec.lock"}
    assert (tmp_path / ".codec.checkpoint").stat().st_mode & 0o777 == 0o600
    assert semlink(*command).status == 0
    assert _weights(tmp_path / "codec") == _weights(shelf / "image")
    assert [path.name for path in tmp_path.iterdir()] == ["codec"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupted_training_goes_on(
    semlink, shelf: Path, tmp_path: Path, at_step, monkeypatch, number, status: int
) -> None:
    monkeypatch.setattr("signal.getsignal", lambda _: signal.SIG_DFL)  # also where the tests themselves run under nohup
    command = ("train", shelf / "image.yaml", "--out", tmp_path / "codec")
    at_step(6, lambda: signal.raise_signal(number))
    stopped = semlink(*command)
    assert stopped.status == status
    assert stopped.err.splitlines()[1:] == ["Stopped. Run the same command again to go on."]  # first the progress
    assert not (tmp_path / "codec").exists()
    at_step(-1, lambda: None)
    assert semlink(*command).status == 0
    assert _weights(tmp_path / "codec") == _weights(shelf / "image")


def test_an_interrupted_retraining_goes_on(semlink, shelf: Path, tmp_path: Path, at_step) -> None:
    command = ("erase", shelf / "image", "--request", shelf / "sevens.json", "--method", "retrain")
    command = (*command, "--out", tmp_path / "codec")
    at_step(6, lambda: signal.raise_signal(signal.SIGINT))
    assert semlink(*command).status == 130
    at_step(-1, lambda: None)
    assert semlink(*command).status == 0
    assert _weights(tmp_path / "codec") == _weights(shelf / "retrained")


def test_nohup_is_respected(semlink, shelf: Path, tmp_path: Path, at_step) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    at_step(6, lambda: signal.raise_signal(signal.SIGHUP))
    try:
        assert semlink("train", shelf / "image.yaml", "--out", tmp_path / "codec").status == 0
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def test_two_commands_in_one_folder(semlink, shelf: Path, tmp_path: Path, at_step) -> None:
    """While one trains, every other command with that folder ends at once with the number of its process."""
    out, request = tmp_path / "codec", ("--request", shelf / "sevens.json")
    others = [
        ("train", shelf / "image.yaml"),
        ("erase", shelf / "image", *request),
        ("sweep", shelf / "image"),
        ("audit", shelf / "image", shelf / "erased", shelf / "retrained", *request),
        ("run", shelf / "image.yaml"),
        ("quickstart",),
        ("export", shelf / "image"),
        ("block-errors",),
    ]
    code = "import sys; from semlink.experiments.cli.app import main; main()"
    ends = []

    def start_others() -> None:
        at_step(-1, lambda: None)
        for command in others:
            arguments = map(str, (*command, "--out", out))
            ends.append(subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True))

    at_step(6, start_others)
    assert semlink("train", shelf / "image.yaml", "--out", out).status == 0
    assert _weights(out) == _weights(shelf / "image")
    told = (
        f"Error: Another semlink process ({os.getpid()}) works in {out}; wait for its end, or choose another folder.\n"
    )
    assert [end.returncode for end in ends] == [2] * len(others)
    assert [end.stderr.removeprefix(LOADING) for end in ends] == [told] * len(others)
    assert [path.name for path in tmp_path.iterdir()] == ["codec"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_stop_when_all_is_done_leaves_nothing_for_the_next_command(
    semlink, shelf: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """The bundle is there, with its secret codes; the file of these and the checkpoint lie beside it still."""
    program = (
        "import os, sys\n"
        "from semlink.experiments.workflow import versions\n"
        "from semlink.experiments.cli.app import main\n"
        "store = versions.save_bundle\n"
        "def store_and_end(*arguments):\n"
        "    store(*arguments)\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        "versions.save_bundle = store_and_end\n"
        "main()\n"
    )
    settings = ("training.mnemonic=0.5", "training.codes=secret", "codec={name: task, d_model: 16, heads: 2}")
    command = ["train", str(shelf / "image.yaml"), "--out", str(tmp_path / "codec")]
    for setting in settings:
        command += ["--set", setting]
    done = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, text=True, check=False)
    assert done.returncode == {signal.SIGKILL: -9, signal.SIGTERM: 143}[number], done.stderr
    left = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir() if path.is_file()}
    assert left.items() >= {".codec.codes": 0o600, ".codec.checkpoint": 0o600}.items()
    before = _weights(tmp_path / "codec")
    assert semlink(*command).status == 0
    assert _weights(tmp_path / "codec") == before
    assert [path.name for path in tmp_path.iterdir()] == ["codec"]


@pytest.mark.slow
def test_control_c_ends_the_workers_too(shelf: Path, tmp_path: Path) -> None:
    """The signal goes to the first process alone; the others must not work on for minutes."""
    command = (*MODULE, "run", str(shelf / "image.yaml"), str(shelf / "text.yaml"), "--out", str(tmp_path / "run"))
    long = ("--workers", "2", "--set", "training.steps=1000000")
    process = subprocess.Popen([*command, *long], stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("run/*/.original.checkpoint")):
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "Stopped. Run the same command again to go on."


# ---------------------------------------------------------------------------------------------------- places to write


@pytest.fixture
def full_disk():
    """A limit on the size of files stands for a full disk; `full_disk(size)` sets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_up_in_training(semlink, shelf: Path, tmp_path: Path, at_step, full_disk, contents) -> None:
    shutil.copytree(shelf / "image", tmp_path / "older")
    before = contents(tmp_path)
    at_step(2, lambda: full_disk(10_000))
    ended = semlink("train", shelf / "image.yaml", "--out", tmp_path / "codec")
    assert ended.status == 2
    assert ended.err.endswith("\nError: File too large; make room or choose another place, then run again.\n")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("command", ["train", "erase", "retrain", "sweep", "run", "audit"])
def test_a_full_disk_is_found_before_the_work(
    semlink, shelf: Path, tmp_path: Path, full_disk, contents, monkeypatch, command: str
) -> None:
    request = ("--request", shelf / "sevens.json")
    arguments = {
        "train": ("train", shelf / "image.yaml"),
        "erase": ("erase", shelf / "image", *request, "--method", "finetune"),
        "retrain": ("erase", shelf / "image", *request, "--method", "retrain"),
        "sweep": ("sweep", shelf / "image", *QUICK_SWEEP),
        "run": ("run", shelf / "image.yaml", "--workers", "1"),
        "audit": ("audit", shelf / "image", shelf / "erased", shelf / "retrained", *request),
    }[command]
    for work in ("training.train", "erasure.erase", "sweeping.run_tasks", "experiment.run_tasks", "auditing.distinct"):
        monkeypatch.setattr(f"semlink.experiments.workflow.{work}", lambda *_: pytest.fail("the work began"))
    full_disk(10_000)
    ended = semlink(*arguments, "--out", tmp_path / "new" / "out")
    assert ended.status == 2
    place = tmp_path / "new"  # which goes again
    assert ended.err == f"Error: File too large ({place}); make room or choose another place, then run again.\n"
    assert contents(tmp_path) == {}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no folder that nobody may write to")
def test_a_place_where_nobody_may_write(semlink, shelf: Path, monkeypatch) -> None:
    monkeypatch.setattr("semlink.experiments.workflow.training.train", lambda *_: pytest.fail("the work began"))
    ended = semlink("train", shelf / "image.yaml", "--out", "/proc/self/codec")
    assert ended.status == 2
    assert ended.err.startswith("Error: ")
    assert len(ended.err.splitlines()) == 1
    assert "choose another place" in ended.err


def test_a_full_disk_in_a_sweep(semlink, shelf: Path, tmp_path: Path, full_disk, contents) -> None:
    """What the sweep wrote before stays whole, and the same command goes on from it."""
    arguments = ("sweep", shelf / "image", "--out", tmp_path / "sweep", *QUICK_SWEEP)
    assert semlink(*arguments).status == 0
    before = contents(tmp_path)
    (tmp_path / "sweep" / "results.jsonl").unlink()
    full_disk(1000)
    ended = semlink(*arguments)
    assert (ended.status, len(ended.err.splitlines())) == (2, 1)
    assert contents(tmp_path).items() < before.items()
    full_disk(resource.RLIM_INFINITY)
    assert semlink(*arguments).status == 0
    assert (tmp_path / "sweep" / "results.jsonl").read_bytes() == before["sweep/results.jsonl"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(semlink, shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    ended = semlink("train", shelf / "image.yaml", "--out", tmp_path / "locked" / "codec")
    assert ended.status == 2
    assert "choose another place" in ended.err
