"""Every mistake ends in status 2 and one sentence that says what to do, and changes nothing."""

import shutil
from pathlib import Path

import pytest
import torch

IMAGE, TEXT, OUT = "{shelf}/image", "{shelf}/text", "{tmp}/out"
TRAIN = ("train", "{shelf}/image.yaml", "--out", OUT)
TRAIN_TEXT = ("train", "{shelf}/text.yaml", "--out", OUT)
SWEEP = ("sweep", IMAGE, "--out", OUT, "--workers", "1", "--set", "records=8")
ERASE = ("erase", IMAGE, "--out", OUT, "--method", "finetune")
AUDIT = ("audit", IMAGE, "{shelf}/erased", "{shelf}/retrained", "--out", OUT, "--request", "{shelf}/sevens.json")
RUN = ("run", "{shelf}/image.yaml", "--out", OUT, "--workers", "1")

MISTAKES = {
    "recipe: missing": (("train", "nothing.yaml", "--out", OUT), "give the path of a YAML file, or one of: "),
    "recipe: misspelt": (("train", "quickstart-txt", "--out", OUT), "quickstart-text"),
    "recipe: a folder": (("train", "{shelf}", "--out", OUT), "There is no recipe"),
    "recipe: not a recipe": (("train", "{shelf}/sentences.txt", "--out", OUT), "must be a mapping"),
    "recipe: not YAML": (("train", "{shelf}/broken.json", "--out", OUT), "not valid YAML"),
    "recipe: field": ((*TRAIN, "--set", "trainning.steps=3"), 'Did you mean "training"'),
    "recipe: field of training": ((*TRAIN, "--set", "training.step=3"), 'Did you mean "steps"'),
    "recipe: field of sweep": ((*RUN, "--set", "sweep.recordz=3"), 'Did you mean "records"'),
    "recipe: field of erasure": ((*RUN, "--set", "erasure.audit=membership"), 'Did you mean "audits"'),
    "recipe: method and methods": ((*RUN, "--set", "erasure.methods=scu"), "give one of them"),
    "recipe: value": ((*TRAIN, "--set", "training.steps=many"), "training.steps"),
    "recipe: seed": ((*TRAIN, "--set", f"seed={10**30}"), "seed"),
    "recipe: no assignment": ((*TRAIN, "--set", "training.steps"), "write it as key=value"),
    "recipe: broken value": ((*TRAIN, "--set", "training.steps=[1"), "cannot be read"),
    "recipe: two of one name": ((*RUN, "{shelf}/image.yaml"), "--set experiment=NAME"),
    "source: name": ((*TRAIN, "--set", "source=digit"), 'Did you mean "digits"'),
    "source: field": ((*TRAIN_TEXT, "--set", "source.limits=3"), 'Did you mean "limit"'),
    "source: file missing": ((*TRAIN_TEXT, "--set", "source.path=nothing.txt"), "nothing.txt"),
    "source: folder missing": ((*TRAIN, "--set", "source=mnist", "--data-dir", "{tmp}/none"), "--data-dir"),
    "source: of another kind": ((*TRAIN, "--set", "codec=text"), 'or the codec "image"'),
    "source: of the other kind": ((*TRAIN_TEXT, "--set", "codec=image"), 'or the codec "text"'),
    "codec: name": ((*TRAIN, "--set", "codec.name=imag"), 'Did you mean "image"'),
    "codec: field": ((*TRAIN, "--set", "codec.d_modle=16"), 'Did you mean "d_model"'),
    "codec: value": ((*TRAIN, "--set", "codec.d_model=wide"), "d_model='wide'"),
    "codec: size": ((*TRAIN, "--set", "codec.height=16"), "does not fit this codec"),
    "codec: patch": ((*TRAIN, "--set", "codec.patch=3"), "patch that divides"),
    "codec: heads": ((*TRAIN, "--set", "codec.heads=3"), "heads that divide"),
    "codec: sentences too long": ((*TRAIN_TEXT, "--set", "codec.max_length=3"), "larger max_length"),
    "channel: name": ((*TRAIN, "--set", "channel=raylegh"), 'Did you mean "rayleigh"'),
    "channel: field": ((*TRAIN, "--set", "channel=rayleigh:coherance=block"), 'Did you mean "coherence"'),
    "training: diverges": ((*TRAIN, "--set", "training.learning_rate=1.0e+30"), "lower its learning rate"),
    "training: Es/N0": ((*TRAIN, "--set", "training.snr_db=[18, 0]"), "low <= high"),
    "device: none": ((*TRAIN, "--device", "gpu"), 'use "auto" or "cpu"'),
    "out: a file": ((*TRAIN[:3], "{shelf}/sentences.txt"), "choose another --out"),
    "out: below a file": ((*TRAIN[:3], "{shelf}/sentences.txt/codec"), "choose another"),
    "out: another codec": ((*TRAIN[:3], TEXT), "holds another codec (of another recipe); choose another --out"),
    "out: not a codec": ((*TRAIN[:3], "{tmp}/full"), "choose another --out"),
    "bundle: missing": (("sweep", "{tmp}/none", *SWEEP[2:]), "make a stored codec with: semlink train"),
    "bundle: a foreign folder": (("sweep", "{tmp}/full", *SWEEP[2:]), "not a stored codec"),
    "bundle: a file": (("sweep", "{shelf}/sentences.txt", *SWEEP[2:]), "There is no folder"),
    "bundle: text beside images": ((*SWEEP, TEXT), "sweep each kind into its own folder"),
    "sweep: source": ((*SWEEP, "--source", "digit"), 'Did you mean "digits"'),
    "sweep: field of a source": ((*SWEEP, "--source", "kodak:limits=3"), 'Did you mean "limit"'),
    "sweep: source of another kind": ((*SWEEP, "--source", "python-docs"), "the records of python-docs are text"),
    "sweep: source of the other kind": (("sweep", TEXT, *SWEEP[2:], "--source", "digits"), "choose another --source"),
    "sweep: source and request": (
        (*SWEEP, "--source", "digits", "--request", "{shelf}/sevens.json"), "leave out --request or --source",
    ),
    "sweep: channel": ((*SWEEP, "--channel", "awgm"), 'Did you mean "awgn"'),
    "sweep: channel value": ((*SWEEP, "--channel", "rayleigh:coherence=often"), "coherence"),
    "sweep: Es/N0 in words": ((*SWEEP, "--snr", "abc"), "such as 0:18:3"),
    "sweep: Es/N0 nan": ((*SWEEP, "--snr", "nan"), "snr_db"),
    "sweep: Es/N0 without step": ((*SWEEP, "--snr", "0:18:0"), "such as 0:18:3"),
    "sweep: Es/N0 empty": ((*SWEEP, "--snr", ""), "such as 0:18:3"),
    "sweep: Es/N0 endless": ((*SWEEP, "--snr", "0:inf"), "such as 0:18:3"),
    "sweep: Es/N0 too low": ((*SWEEP, "--snr=-400"), "-300"),
    "sweep: Es/N0 too high": ((*SWEEP, "--snr", "101"), "to 100, or inf"),
    "sweep: Es/N0 of another kind": ((*SWEEP, "--snr", "nan"), "snr_db"),
    "sweep: out is a link to nothing": ((*SWEEP, "--out", "{tmp}/full/nothing"), "is a link"),
    "export: out is a link to nothing": (("export", IMAGE, "--out", "{tmp}/full/nothing"), "is a link"),
    "erase: out is a link to nothing": (
        (*ERASE, "--request", "{shelf}/sevens.json", "--out", "{tmp}/full/nothing"), "is a link",
    ),
    "sweep: no draws": ((*SWEEP, "--set", "draws=0"), "draws of at least 1"),
    "sweep: out is a file": ((*SWEEP, "--out", "{shelf}/sentences.txt"), "choose another --out, a folder"),
    "sweep: out is not empty": ((*SWEEP, "--out", "{tmp}/full"), "not empty"),
    "sweep: out is a codec": ((*SWEEP, "--out", IMAGE), "not empty"),
    "request: missing": ((*ERASE, "--request", "{tmp}/none.json"), "give its path as --request"),
    "request: not JSON": ((*ERASE, "--request", "{shelf}/broken.json"), "not JSON; write the request as"),
    "request: not a request": ((*ERASE, "--request", "{shelf}/image/config.json"), "the fields are"),
    "request: empty": ((*ERASE, "--request", "{shelf}/nothing.json"), "name at least one value"),
    "request: matches nothing": ((*ERASE, "--request", "{shelf}/nobody.json"), 'has the owner "nobody"'),
    "request: matches everything": ((*ERASE, "--request", "{shelf}/everybody.json"), "narrow its selection"),
    "request: words in images": ((*ERASE, "--request", "{shelf}/fox.json"), "by id, owner or label"),
    "request: in a sweep": ((*SWEEP, "--request", "{shelf}/nobody.json"), 'has the owner "nobody"'),
    "request: in a recipe": ((*RUN, "--set", "erasure.request.selection.values=[]"), "name at least one value"),
    "records: name": (("records", "python-doc"), "or name a source: bsds500"),
    "records: a folder of images": (("records", "{shelf}"), "of images write image-folder:path="),
    "records: a table": (("records", "{shelf}/sentences.txt"), "is a file; write records:path="),
    "records: field": (("records", "python-docs:limit=3"), "limit"),
    "records: of nobody": (("records", IMAGE, "--request", "{shelf}/nobody.json"), 'has the owner "nobody"'),
    "records: words in images": (("records", IMAGE, "--request", "{shelf}/fox.json"), "select by id, owner or label"),
    "method: name": ((*ERASE, "--method", "fine-tune", "--request", "{shelf}/sevens.json"), 'Did you mean "finetune"'),
    "method: field": ((*ERASE, "--method", "scu:rat=1", "--request", "{shelf}/sevens.json"), 'Did you mean "rate"'),
    "method: value": ((*ERASE, "--method", "scu:rate=-1", "--request", "{shelf}/sevens.json"), "positive number"),
    "method: in a recipe": ((*RUN, "--set", "erasure.method=finetun"), 'Did you mean "finetune"'),
    "erase: out is the codec": ((*ERASE, "--request", "{shelf}/sevens.json", "--out", IMAGE), "choose another --out"),
    "audit: name": ((*AUDIT, "--audit", "memberships"), 'Did you mean "membership"'),
    "audit: field": ((*AUDIT, "--audit", "membership:draw=1"), 'Did you mean "draws"'),
    "audit: in a recipe": ((*RUN, "--set", "erasure.audits=[member]"), "Choose one of: calibrated-loss, generation"),
    "audit: Es/N0": ((*AUDIT, "--snr", "nan"), "--snr a number such as 12"),
    "audit: Es/N0 too high": ((*AUDIT, "--snr", "101"), "--snr a number such as 12"),
    "channel: a field twice": ((*SWEEP, "--channel", "rayleigh:pilots=1,pilots=2"), 'the field "pilots" twice'),
    "channel: coherence": ((*SWEEP, "--channel", "rayleigh:coherence=sym"), "or a whole number"),
    "audit: of another codec": (("audit", TEXT, *AUDIT[2:]), "was not made from"),
    "audit: another request": ((*AUDIT, "--request", "{shelf}/nobody.json"), "does not carry request sevens"),
    "report: nothing there": (("report", "{tmp}/none"), "make one with: semlink run"),
    "report: of a codec": (("report", IMAGE), "holds no run"),
    "usage: nothing to train": (("train",), "; see: semlink train --help."),
    "usage: option": (("train", "quickstart-text", "--oot", OUT), "--out"),
    "usage: command": (("fly",), "; see: semlink --help."),
    "usage: value": ((*TRAIN, "--seed", "x"), "--seed"),
    "usage: range": ((*TRAIN, "--seed", "-1"), "--seed"),
    "usage: one argument too many": ((*TRAIN, "quickstart-text"), "; see: semlink train --help."),
    "usage: option without value": (("report", "--out"), "--out"),
    "list: kind": (("list", "channelz"), 'Did you mean "channels"'),
}  # fmt: skip


@pytest.fixture
def fails(semlink, shelf: Path, tmp_path: Path, contents):
    """Runs a command that has to fail, and gives its sentence."""

    def check(*arguments: str) -> str:
        before = contents(shelf), contents(tmp_path)
        ended = semlink(*(argument.format(shelf=shelf, tmp=tmp_path) for argument in arguments))
        assert ended.status == 2
        assert (contents(shelf), contents(tmp_path)) == before
        *progress, sentence = ended.err.splitlines()
        assert all(line.endswith(", started") for line in progress)  # of work that had begun
        assert sentence.startswith("Error: ")
        assert sentence.endswith((".", "?"))
        assert ended.out == ""
        return sentence

    return check


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_ends_in_one_sentence_and_changes_nothing(fails, tmp_path: Path, mistake: str) -> None:
    arguments, words = MISTAKES[mistake]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("not of semlink")
    (tmp_path / "full" / "nothing").symlink_to(tmp_path / "nothing")
    assert words in fails(*arguments)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_device_that_is_not_there(fails) -> None:
    assert "no CUDA device" in fails(*TRAIN, "--device", "cuda")


def test_no_command_at_all_shows_the_help(semlink) -> None:
    ended = semlink()
    assert (ended.status, ended.err) == (0, "")
    assert "quickstart" in ended.out


@pytest.mark.parametrize(
    "name", ["manifest.json", "config.json", "card.json", "README.md", "model.safetensors", "tokenizer.json"]
)
@pytest.mark.parametrize("place", [0.1, 0.8])
def test_a_changed_byte_of_a_bundle(fails, shelf: Path, tmp_path: Path, name: str, place: float) -> None:
    bundle = shutil.copytree(shelf / "text", tmp_path / "bundle")
    content = bytearray((bundle / name).read_bytes())
    content[int(place * len(content))] ^= 1
    (bundle / name).write_bytes(content)
    sentence = fails("sweep", "{tmp}/bundle", *SWEEP[2:])
    assert "bundle" in sentence
    assert "fetch or store the codec again" in sentence or "was changed after it was stored" in sentence


@pytest.mark.parametrize("name", ["manifest.json", "config.json", "model.safetensors"])
def test_a_lost_file_of_a_bundle(fails, shelf: Path, tmp_path: Path, name: str) -> None:
    (shutil.copytree(shelf / "text", tmp_path / "bundle") / name).unlink()
    assert name in fails("sweep", "{tmp}/bundle", *SWEEP[2:])


@pytest.mark.parametrize("content", [b"", b"not a checkpoint" * 100])
def test_a_damaged_checkpoint(fails, tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".out.checkpoint").write_bytes(content)
    assert "delete it to start again" in fails(*TRAIN)


def test_the_checkpoint_of_another_training(fails, semlink, shelf: Path, tmp_path: Path, monkeypatch) -> None:
    """A training that was stopped after its first checkpoint, and then another recipe for the same folder."""
    monkeypatch.setattr(
        "semlink.experiments.workflow.versions.save_bundle", lambda *_: (_ for _ in ()).throw(OSError("stopped"))
    )
    assert semlink("train", shelf / "image.yaml", "--out", tmp_path / "out").status == 2
    assert [path.name for path in tmp_path.iterdir()] == [".out.checkpoint"]
    monkeypatch.undo()
    assert "is of other work" in fails(*TRAIN, "--set", "training.learning_rate=0.002")


def test_a_folder_that_holds_another_run(fails, semlink, shelf: Path, tmp_path: Path) -> None:
    arguments = ("sweep", shelf / "image", "--out", tmp_path / "out", "--workers", 1, "--set", "records=8")
    assert semlink(*arguments, "--snr", 6).status == 0
    assert "holds a run with other settings" in fails(*SWEEP, "--snr", "9")
    assert "holds a run with other settings" in fails(*AUDIT)
    assert "holds a run with other settings" in fails(*RUN)


def test_a_damaged_row(fails, semlink, shelf: Path, tmp_path: Path) -> None:
    arguments = ("sweep", shelf / "image", "--out", tmp_path / "out", "--workers", 1, "--set", "records=8")
    assert semlink(*arguments, "--snr", 6).status == 0
    rows = tmp_path / "out" / "results.jsonl"
    rows.write_text(rows.read_text().replace('"value"', '"valeu"', 1))
    assert "Line 1 of" in fails("report", "{tmp}/out")


def test_a_run_that_failed_at_once_gives_way(semlink, shelf: Path, tmp_path: Path) -> None:
    """A mistake that shows only when the work begins must not bar the folder for the corrected command."""
    arguments = ("run", shelf / "text.yaml", "--out", tmp_path / "out", "--workers", 1)
    assert semlink(*arguments, "--set", "codec.max_length=3").status == 2
    ended = semlink(*arguments)
    assert ended.status == 0, ended.err
