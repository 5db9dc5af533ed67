"""What is left of a request is found however it is written and wherever it lies; nothing is found where nothing is."""

import gzip
import html
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semlink.errors import ErasureError
from semlink.experiments.workflow import residue as module
from semlink.experiments.workflow.residue import Needles, residue
from semlink.simulator.sources.contract import Record, Source
from semlink.unlearning.request import ErasureRequest

TIME = "2026-11-01"


def _request(*values: str, by: str = "term", id: str = "case-1234", reason: str = "Asked.") -> ErasureRequest:  # noqa: A002
    return ErasureRequest.of(by, values, reason, id, TIME)  # type: ignore[arg-type]


def _source() -> Source:
    train = [
        Record("mail/1", "Mrs Weber waits, at the old station.", "anna"),
        Record("mail/2", "Nobody waits at the new station.", "bert"),
        Record("mail/3", "Weber! The train is late.", "7"),
        Record("mail/4", "The train is late.", "bert"),
    ]
    return Source("mail", "text", train, [Record("mail/5", "Weber sat there again today", "anna")], [])


def _kinds(folder: Path, request: ErasureRequest, source: Source | None = None) -> dict[str, int]:
    found: dict[str, int] = {}
    for trace in residue([folder], request, source).found:
        found[trace.kind] = found.get(trace.kind, 0) + trace.count
    return found


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("weber", "Mrs WEBER's letter"),
        ("weber", '["mrs", "weber", "waits"]'),
        ("weber", "a_weber_b and nothing else"),
        ("weber", '{"text": "first line\\nweber waits"}'),
        ("weber", "Ｗｅｂｅｒ"),
        ("weber", "we\u200bber"),
        ("müller", "M\u00dcLLER"),
        ("müller", "mu\u0308ller"),
        ("müller", json.dumps("Herr Müller")),
        ("müller", "M&uuml;ller"),
        ("𝕬da", json.dumps("𝕬da")),
        ("o'brien", html.escape("O'Brien was here")),
        ("o'brien", "O’Brien"),
        ("o'brien", "O`Brien"),
        ("straße", "STRASSE"),
        ("jean-claude", "Jean Claude"),
        ("van der berg", "Van der-Berg"),
        ("王伟", "我叫王伟吗"),
        ("मोहन", "वह मोहन है"),
    ],
)
def test_a_term_is_found_however_it_is_written(tmp_path: Path, term: str, text: str) -> None:
    (tmp_path / "file.txt").write_text(text, encoding="utf-8")
    assert _kinds(tmp_path, _request(term)) == {"term": 1}


@pytest.mark.parametrize("text", ["weberei", "Kaweber", "web er", "we", "wéber", "weber2", "", "the term is gone"])
def test_other_words_are_not_the_term(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.txt").write_text(text, encoding="utf-8")
    assert _kinds(tmp_path, _request("weber")) == {}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("term", ["weber", "müller"])
def test_every_encoding_is_read(tmp_path: Path, encoding: str, term: str) -> None:
    if encoding == "latin-1" and term == "müller":
        pytest.skip("bytes of an old encoding are not told from weights")
    (tmp_path / "file").write_bytes(f"Then {term} came in and sat down".encode(encoding))
    assert _kinds(tmp_path, _request(term))["term"] >= 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("term", ["weber", "müller", "иванова"])
def test_a_term_among_weights_is_found(tmp_path: Path, encoding: str, term: str) -> None:
    noise = np.random.default_rng(0).bytes(20_000)
    (tmp_path / "weights").write_bytes(noise + b"\x00" + f" the {term} ".encode(encoding) + b"\x00" + noise)
    assert _kinds(tmp_path, _request(term)) == {"term": 1}


def test_packed_files_are_looked_into(tmp_path: Path) -> None:
    (tmp_path / "cache.gz").write_bytes(gzip.compress(b"Mrs Weber waits"))
    np.savez_compressed(tmp_path / "arrays.npz", weber=np.zeros(3), words=np.array(["mrs", "Weber"]))
    found = residue([tmp_path], _request("weber")).found
    assert {(Path(trace.place).name, trace.where) for trace in found} == {
        ("cache.gz!", "content"),
        ("arrays.npz!weber.npy", "name"),
        ("arrays.npz!words.npy", "content"),
    }


def test_a_header_of_safetensors_is_read(tmp_path: Path) -> None:
    save = pytest.importorskip("safetensors.numpy").save_file
    save({"a": np.random.default_rng(1).random(5000)}, tmp_path / "m.safetensors", metadata={"words": "mrs weber"})
    assert _kinds(tmp_path, _request("weber")) == {"term": 1}


def test_names_hidden_files_and_links_count(tmp_path: Path) -> None:
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / ".msgs-weber.json.tmp123").write_text("{}")
    (tmp_path / "link").symlink_to("/nowhere/weber.txt")
    found = residue([tmp_path], _request("weber")).found
    assert {(Path(trace.place).name, trace.where) for trace in found} == {
        (".msgs-weber.json.tmp123", "name"),
        ("link", "content"),
    }


def test_sentences_and_ids_of_the_matched_records_are_found(tmp_path: Path) -> None:
    words = ["mrs", "weber", "waits", ",", "at", "the", "old", "station", "."]
    samples = {"record": "mail/1", "words": words, "owner": "anna"}
    (tmp_path / "samples.json").write_text(json.dumps(samples, indent=2))
    (tmp_path / "others.txt").write_text("nobody waits at the new station; the train is late; mail/2, mail/4, mail/12")
    assert _kinds(tmp_path, _request("weber"), _source()) == {"id": 1, "sentence": 1, "term": 1}
    assert _kinds(tmp_path, _request("weber")) == {"term": 1}
    assert _kinds(tmp_path, _request("anna", by="owner"), _source()) == {"id": 1, "owner": 1, "sentence": 1}


def test_a_sentence_that_stays_in_other_records_is_no_residue(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("The train is late.")
    assert _kinds(tmp_path, _request("mail/4", by="id"), _source())["sentence"] == 1
    twice = _source()
    twice.train.append(Record("mail/6", "the train is late", "cara"))  # type: ignore[attr-defined]
    assert _kinds(tmp_path, _request("mail/4", by="id"), twice) == {}


def test_numbers_count_only_beside_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "rows").write_text('["psnr", 7, 7.5, "7"]')
    assert _kinds(tmp_path, _request("7", by="owner")) == {}
    (tmp_path / "card").write_text('{"owner": "7"}')
    assert _kinds(tmp_path, _request("7", by="owner")) == {"owner": 1}


def test_the_name_and_reason_of_a_request_count(tmp_path: Path) -> None:
    request = _request("7", by="label", id="ticket-4711", reason="Mr Smith withdrew his consent.")
    (tmp_path / "card").write_text("7 classes, Ticket-4711: mr smith withdrew his consent")
    assert _kinds(tmp_path, request) == {"request": 1, "sentence": 1}


def _register(folder: Path, mode: int, listed: bool = True) -> None:
    folder.mkdir()
    (folder / "requests.json").write_text(json.dumps([{"request": {"values": ["weber"]}}]))
    (folder / "requests.json").chmod(mode)
    manifest = {"files": {}, "protected": {"requests.json": "0"} if listed else {}}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_the_protected_register_is_kept_and_nothing_else(tmp_path: Path) -> None:
    _register(tmp_path / "kept", 0o600)
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.yaml").write_text("kind: sweep")
    (run / "requests.json").write_text('"weber"')
    (run / "requests.json").chmod(0o600)
    found = residue([tmp_path], _request("weber"))
    assert [trace for trace in found.found if trace.kind != "codec"] == []
    assert len(found.kept) == 2
    _register(tmp_path / "open", 0o644)
    _register(tmp_path / "unlisted", 0o600, listed=False)
    (run / "requests.json").chmod(0o640)
    (run / "copy.json").write_text('"weber"')
    (run / "copy.json").chmod(0o600)
    traces = residue([tmp_path], _request("weber")).found
    assert {trace.place for trace in traces if trace.kind == "codec"} == {
        str(tmp_path / name) for name in ("kept", "open", "unlisted")
    }
    assert {trace.place for trace in traces if trace.kind != "codec"} == {
        str(tmp_path / "open" / "requests.json"),
        str(tmp_path / "unlisted" / "requests.json"),
        str(run / "requests.json"),
        str(run / "copy.json"),
    }


def test_nothing_is_lost_at_the_seam_of_two_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE", 100)
    monkeypatch.setattr(module, "OVERLAP", 40)
    for start in range(80, 120):
        (tmp_path / "file").write_text("x" * start + " weber " + "y" * 200)
        assert _kinds(tmp_path, _request("weber"))["term"] in (1, 2)


def test_what_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torn.gz").write_bytes(gzip.compress(b"text" * 1000)[:30])
    monkeypatch.setattr(module, "UNPACKED", 1 << 20)
    buffer = io.BytesIO()
    with gzip.open(buffer, "wb") as bomb:
        for _ in range(40):
            bomb.write(b"\0" * (1 << 20))
    (tmp_path / "bomb.gz").write_bytes(buffer.getvalue())
    assert [trace.kind for trace in residue([tmp_path], _request("weber")).found] == ["unread", "unread"]
    with pytest.raises(ErasureError, match="There is no"):
        residue([tmp_path / "nowhere"], _request("weber"))


def test_the_command_says_where_and_not_what(semlink, shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    request = ("--request", shelf / "fox.json")
    ended = semlink("residue", tmp_path / "out", *request)
    assert (ended.status, "There are no files" in ended.err) == (2, True)
    (tmp_path / "out" / "empty").write_text("")
    ended = semlink("residue", tmp_path / "out", *request)
    assert (ended.status, "Nothing was found. Files looked at: 1." in ended.out) == (0, True)
    ended = semlink("residue", shelf / "image", *request)
    assert (ended.status, "a codec on which this request was not carried out" in ended.out) == (1, True)
    (tmp_path / "out" / "note").write_text("a receiver hears a word; the fox hears every symbol")
    for source in (shelf / "text", f"text-file:path={shelf / 'sentences.txt'}"):
        ended = semlink("residue", tmp_path / "out", *request, "--source", source)
        assert ended.status == 1
        assert f"{tmp_path / 'out' / 'note'}: term, 1 found" in ended.out
        assert "note: sentence, 1 found" in ended.out
        assert "the fox" not in ended.out
    assert semlink("residue", tmp_path / "nowhere", *request).status == 2
    assert semlink("residue", shelf / "fox.json", *request).status == 0  # the request that was given


@given(st.binary(max_size=4000))
def test_no_bytes_are_an_error_or_a_false_alarm(data: bytes) -> None:
    """A word of five letters turns up by chance in fewer than one of 10^6 such files."""
    assert not module._in_bytes(data, Needles.of(_request("weber", id="ticket-4711")))
