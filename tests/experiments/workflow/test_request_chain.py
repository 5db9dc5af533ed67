"""Requests in a row: who was forgotten once is in no set of anything that follows, also when the data are deleted."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from semlink.codecs import bundle as bundles
from semlink.codecs.bundle import load_bundle
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.preparation import prepare_stored
from semlink.experiments.workflow.training_records import RECORDS, REQUESTS, chain_of, training_records
from semlink.simulator.results import read_rows
from semlink.simulator.sources.contract import SPLITS, Source
from semlink.unlearning.partition import divide
from semlink.unlearning.request import ErasureRequest, read_request

QUICK_SWEEP = ("--snr", "6", "--set", "records=8", "--set", "draws=1", "--workers", "1")
TERMS = ("fox", "receiver", "codec")


def _request(folder: Path, *terms: str) -> Path:
    name = "-".join(terms)
    content = {"id": name, "time": "2026-11-01", "reason": "A test.", "selection": {"by": "term", "values": terms}}
    (folder / f"{name}.json").write_text(json.dumps(content))
    return folder / f"{name}.json"


def _ids(source: Source) -> dict[str, list[str]]:
    return {split: [record.id for record in source.split(split)] for split in SPLITS}


@pytest.fixture
def place(semlink: Callable, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with its own text and a codec of it, `original`; requests by the names of their terms."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(shelf / "sentences.txt", tmp_path)
    recipe = (shelf / "text.yaml").read_text().replace(str(shelf / "sentences.txt"), "sentences.txt")
    (tmp_path / "text.yaml").write_text(recipe)
    for terms in (*((term,) for term in TERMS), TERMS[:2]):
        _request(tmp_path, *terms)
    assert semlink("train", "text.yaml", "--out", "original").status == 0
    return tmp_path


def _erase(semlink: Callable, codec: str, term: str, out: str, method: str = "finetune:share=0.25") -> None:
    ended = semlink("erase", codec, "--request", f"{term}.json", "--method", method, "--out", out)
    assert ended.status == 0, ended.err


def _delete_lines(place: Path, *terms: str) -> None:
    lines = (place / "sentences.txt").read_text().splitlines()
    kept = [line for line in lines if not any(term in line for term in terms)]
    (place / "sentences.txt").write_text("\n".join(kept) + "\n")


def test_one_request_two_requests_and_both_in_one(semlink: Callable, place: Path) -> None:
    """Same records in every set, whatever the order."""
    _erase(semlink, "original", "fox", "one")
    _erase(semlink, "one", "receiver", "two")
    records = training_records([load_bundle(place / "two")], Machine())
    both = divide(
        training_records([load_bundle(place / "original")], Machine()).source, read_request(place / "fox-receiver.json")
    )
    assert _ids(records.remaining()) == {
        "train": [record.id for record in both.retain],
        "validation": [record.id for record in both.validation],
        "test": [record.id for record in both.test],
    }
    second = divide(records.source, read_request(place / "receiver.json"), [read_request(place / "fox.json")])
    first = divide(records.source, read_request(place / "fox.json"))
    forgotten = {record.id for record in (*first.forget, *second.forget)}
    assert forgotten == {record.id for record in both.forget}
    assert not forgotten & {record.id for record in second.retain}


@pytest.mark.parametrize("method", ["finetune:share=0.25", "retrain", "gradient-ascent:steps=2"])
def test_everything_goes_on_when_the_erased_lines_are_deleted(semlink: Callable, place: Path, method: str) -> None:
    """Erase, delete, erase, delete, erase; then sweep with every request, and tell which sets are gone."""
    codec = "original"
    for term in TERMS:
        _erase(semlink, codec, term, f"without-{term}", method)
        swept = ("original", f"without-{term}", "--request", f"{term}.json", "--out", f"sweep-{term}", *QUICK_SWEEP)
        ended = semlink("sweep", *swept)
        assert ended.status == 0, ended.err
        assert '"forget"' in (place / f"sweep-{term}" / "results.jsonl").read_text()  # not deleted yet
        _delete_lines(place, term)
        codec = f"without-{term}"
    chain = chain_of(load_bundle(place / codec))
    assert [carried_out.request.id for carried_out in chain.requests()] == list(TERMS)
    assert [entry.records for entry in chain.entries] == [
        len(carried.erased or ()) for carried in chain.requests()
    ] or all(entry.records for entry in chain.entries)
    ended = semlink("sweep", "original", codec, "--request", "codec.json", "--out", "sweep", *QUICK_SWEEP)
    assert ended.status == 0, ended.err
    assert "no longer among the data" in ended.err
    text = (place / "sweep" / "results.jsonl").read_text()
    assert '"retain"' in text
    assert '"forget"' not in text
    again = semlink("audit", "original", codec, codec, "--request", "codec.json", "--out", "audit")
    assert again.status == 2
    assert "no longer among the data" in again.err


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda lines: [*lines, "a stranger sends a new sentence today"], "was not there when the codec was trained"),
        (lambda lines: lines[1:], "missing that no request erased"),
        (lambda lines: [line.replace("a word", "A WORD") for line in lines], "was changed after the codec was trained"),
    ],
    ids=["added", "lost", "changed"],
)
def test_data_that_no_request_explains_are_refused(
    semlink: Callable, place: Path, change: Callable, sentence: str
) -> None:
    _erase(semlink, "original", "fox", "one")
    lines = [line for line in (place / "sentences.txt").read_text().splitlines() if "fox" not in line]
    (place / "sentences.txt").write_text("\n".join(lines) + "\n")
    _erase(semlink, "one", "receiver", "two")
    (place / "sentences.txt").write_text("\n".join(change(lines)) + "\n")
    before = sorted(place.rglob("*"))
    ended = semlink("erase", "one", "--request", "receiver.json", "--method", "finetune:share=0.25", "--out", "three")
    assert ended.status == 2
    assert sentence in ended.err
    assert sorted(place.rglob("*")) == before


def test_a_request_that_was_carried_out_says_so(semlink: Callable, place: Path) -> None:
    _erase(semlink, "original", "fox", "one")
    ended = semlink("erase", "one", "--request", "fox.json", "--out", "two")
    assert ended.status == 2
    assert "was carried out on one already" in ended.err
    assert not (place / "two").exists()


def test_training_that_starts_from_an_erased_codec_stays_tied_to_the_chain(semlink: Callable, place: Path) -> None:
    _erase(semlink, "original", "fox", "one")
    recipe = (place / "text.yaml").read_text().replace("experiment: tiny-text", "experiment: further\nstart: one")
    codec = next(line for line in recipe.splitlines() if line.startswith("codec:"))
    assert codec
    (place / "further.yaml").write_text(recipe)
    ended = semlink("train", "further.yaml", "--out", "further")
    assert ended.status == 0, ended.err
    started = load_bundle(place / "further")
    assert chain_of(started).requests() == chain_of(load_bundle(place / "one")).requests()
    remaining = training_records([started], Machine()).remaining()
    assert not any("fox" in record.payload for split in SPLITS for record in remaining.split(split))
    assert started.card["source"]["train_records"] == len(remaining.train)


def test_a_sweep_leaves_out_what_any_codec_forgot(semlink: Callable, place: Path) -> None:
    _erase(semlink, "original", "fox", "one")
    bundles = [load_bundle(place / name) for name in ("original", "one")]
    prepared = prepare_stored(bundles, None, Machine())
    assert not any("fox" in record.payload for split in SPLITS for record in prepared.source.split(split))
    divided = prepare_stored(bundles, read_request(place / "fox.json"), Machine()).partition
    assert divided is not None
    assert all("fox" in record.payload for record in divided.forget)


def test_requests_that_the_codecs_do_not_carry_are_refused(semlink: Callable, place: Path) -> None:
    """A sweep and an audit of erased codecs go by the requests that were carried out on them."""
    _erase(semlink, "original", "fox", "one")
    _erase(semlink, "original", "fox", "again", "retrain")
    swept = semlink("sweep", "original", "one", "--request", "receiver.json", "--out", "sweep", *QUICK_SWEEP)
    audited = semlink("audit", "original", "one", "again", "--request", "receiver.json", "--out", "audit")
    for ended in (swept, audited):
        assert ended.status == 2
        assert "does not carry request receiver" in ended.err
    _erase(semlink, "one", "receiver", "two")
    _erase(semlink, "one", "receiver", "two-again", "retrain")
    for first in ("one", "original"):  # the parent, and the first ancestor
        ended = semlink("audit", first, "two", "two-again", "--request", "receiver.json", "--out", f"audit-{first}")
        assert ended.status == 0, ended.err
    ended = semlink("audit", "two", "two", "two-again", "--request", "receiver.json", "--out", "audit-two")
    assert (ended.status, "carried out on two already" in ended.err) == (2, True)


def test_a_deployed_copy_comes_without_the_requests(semlink: Callable, place: Path) -> None:
    """Its card has digests and counts; what leaves records out asks for the owner's file, or takes the request."""
    _erase(semlink, "original", "fox", "one")
    assert {path.name for path in (place / "one").iterdir() if path.stat().st_mode & 0o777 == 0o600} == {
        RECORDS,
        REQUESTS,
        "places.json",
    }
    digest = load_bundle(place / "one").digest()
    for name in (RECORDS, REQUESTS):
        (place / "one" / name).unlink()
    for path in (place / "one").iterdir():
        assert b"fox" not in path.read_bytes() or path.name == "tokenizer.json"
    deployed = load_bundle(place / "one")
    assert deployed.digest() == digest
    assert chain_of(deployed).entry_of(read_request(place / "fox.json")) is not None
    ended = semlink("erase", "one", "--request", "receiver.json", "--out", "two")
    assert ended.status == 2
    assert "put back its requests.json" in ended.err
    ended = semlink("sweep", "one", "--request", "fox.json", "--out", "sweep", *QUICK_SWEEP)
    assert ended.status == 0, ended.err


def test_another_text_under_an_erased_id_is_in_no_set(semlink: Callable, place: Path) -> None:
    """Two lines that differ in a comma are one record; when the erased one is deleted, the other has its id."""
    names = [f"we told Jean Claude about {thing}" for thing in ("a letter", "the ship", "two words", "our plan")]
    (place / "sentences.txt").write_text(
        (place / "sentences.txt").read_text()
        + "\n".join([*names, *(name.replace("Jean", "Jean,") for name in names)])
        + "\n"
    )
    _request(place, "Jean Claude")
    assert semlink("train", "text.yaml", "--out", "named").status == 0
    _erase(semlink, "named", "Jean Claude", "one")
    lines = (place / "sentences.txt").read_text().splitlines()
    (place / "sentences.txt").write_text("\n".join(line for line in lines if "Jean Claude" not in line) + "\n")
    remaining = training_records([load_bundle(place / "one")], Machine()).remaining()
    assert not any("Claude" in record.payload for split in SPLITS for record in remaining.split(split))
    _erase(semlink, "one", "fox", "two", "retrain")


def test_a_copy_of_the_data_under_another_name_brings_nobody_back(semlink: Callable, place: Path) -> None:
    """Ids hold the name of the file; what was erased is known by what it says."""
    record = training_records([load_bundle(place / "original")], Machine()).source.train[0]
    content = {"id": "one", "time": "2026-11-01", "reason": "A test.", "selection": {"by": "id", "values": [record.id]}}
    (place / "one.json").write_text(json.dumps(content))
    _erase(semlink, "original", "one", "one")
    shutil.copy(place / "sentences.txt", place / "copy.txt")
    recipe = (place / "text.yaml").read_text().replace("experiment: tiny-text", "experiment: further\nstart: one")
    (place / "further.yaml").write_text(recipe.replace("path: sentences.txt", "path: copy.txt"))
    ended = semlink("train", "further.yaml", "--out", "further")
    assert ended.status == 0, ended.err
    source = training_records([load_bundle(place / "further")], Machine()).remaining()
    assert not any(other.payload == record.payload for split in SPLITS for other in source.split(split))


def test_a_changed_register_is_refused(semlink: Callable, place: Path) -> None:
    """The digests on the card bind the full requests, also where the manifest was written anew."""
    _erase(semlink, "original", "fox", "one")
    register = json.loads((place / "one" / REQUESTS).read_text())
    register[0]["request"]["selection"]["values"] = ["owl"]
    manifest = json.loads((place / "one" / "manifest.json").read_text())
    for name, content in ((REQUESTS, json.dumps(register)), (REQUESTS, json.dumps([{**register[0], "erased": "ab"}]))):
        (place / "one" / name).write_text(content)
        files = {name: (place / "one" / name).read_bytes() for name in (*manifest["files"], *manifest["accounts"])}
        protected = {**manifest["protected"], REQUESTS: bundles._sha256(content.encode())}
        forged = bundles._manifest(files, protected, tuple(manifest["accounts"]))
        (place / "one" / "manifest.json").write_bytes(forged)
        ended = semlink("records", "one")
        assert ended.status == 2
        assert "another stored codec" in ended.err or "are damaged" in ended.err


def test_codecs_of_two_trainings_stand_in_one_sweep_after_the_lines_are_deleted(semlink: Callable, place: Path) -> None:
    assert semlink("train", "text.yaml", "--seed", "1", "--out", "other").status == 0
    _erase(semlink, "original", "fox", "one")
    _erase(semlink, "other", "fox", "two")
    _delete_lines(place, "fox")
    ended = semlink("sweep", "one", "two", "--out", "sweep", *QUICK_SWEEP)
    assert ended.status == 0, ended.err


def test_an_audit_compares_codecs_that_forgot_the_same(semlink: Callable, place: Path) -> None:
    _erase(semlink, "original", "fox", "one")
    _erase(semlink, "original", "fox", "again", "retrain")
    ended = semlink("audit", "original", "again", "one", "--request", "fox.json", "--out", "audit")
    assert (ended.status, "give the retrained codec last" in ended.err) == (2, True)
    _erase(semlink, "one", "codec", "two")
    ended = semlink("audit", "original", "two", "again", "--request", "fox.json", "--out", "audit")
    assert ended.status == 2
    assert "made to forget different things" in ended.err


def test_a_copy_is_not_measured_on_its_own_data_under_another_option(semlink: Callable, place: Path) -> None:
    _erase(semlink, "original", "fox", "one")
    assert semlink("share", "one", "--out", "copy").status == 0
    own = semlink("sweep", "copy", "--source", "text-file:path=sentences.txt", "--out", "own", *QUICK_SWEEP)
    assert (own.status, "are not at hand" in own.err) == (2, True)
    (place / "other.txt").write_text("the owl sends a further word\nthe owl hears a further word\n")
    other = ("--source", "text-file:path=other.txt,test=other.txt", "--out", "other")
    ended = semlink("sweep", "copy", *other, *QUICK_SWEEP)
    assert (ended.status, "comes without its requests" in ended.err) == (0, True)


def test_other_records_lack_what_was_erased_too(semlink: Callable, place: Path) -> None:
    _erase(semlink, "original", "fox", "one")
    (place / "other.txt").write_text("the fox sends a further word\nthe owl sends a further word\n")
    arguments = ("one", "--source", "text-file:path=nothing.txt,test=other.txt", "--out", "sweep", *QUICK_SWEEP)
    (place / "nothing.txt").write_text("one sentence that is neither\n")
    assert semlink("sweep", *arguments).status == 0
    rows = [row for row in read_rows(place / "sweep" / "results.jsonl") if row.metric == "word_accuracy"]
    assert {row.n for row in rows} == {1}


def test_digests_of_requests_do_not_tell_that_they_are_of_one_request(place: Path) -> None:
    request = read_request(place / "fox.json")
    assert len({request.digest(), request.digest("sha256:1"), request.digest("sha256:2")}) == 3
    assert isinstance(request, ErasureRequest)
