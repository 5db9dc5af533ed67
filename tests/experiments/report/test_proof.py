"""The page about an erasure says what was done, and names neither the person nor what was erased."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from semlink.codecs import bundle as bundles
from semlink.errors import ErasureError
from semlink.experiments.report.proof import REGISTER, WITHHELD, write_proof
from semlink.unlearning.request import read_request, request_from


def _with_chain(folder: Path, requests: list[dict]) -> None:
    """Gives a bundle a protected register and a chain of requests, as erasures one after the other do."""
    stored = json.loads((folder / bundles.MANIFEST).read_bytes())
    card = json.loads((folder / "card.json").read_text())
    card["chain"] = [
        {"request": f"sha256:{number:064d}", "time": f"2026-01-0{number}", "records": number * 11, "method": "scrub",
         "parent": f"sha256:parent{number}"}
        for number in range(1, len(requests) + 1)
    ]  # fmt: skip
    (folder / "card.json").write_text(json.dumps(card))
    register = json.dumps([{"request": request, "matched": None} for request in requests]).encode()
    (folder / REGISTER).write_bytes(register)
    (folder / REGISTER).chmod(0o600)
    files = {name: (folder / name).read_bytes() for name in stored["files"]}
    (folder / bundles.MANIFEST).write_bytes(bundles._manifest(files, {REGISTER: bundles._sha256(register)}))


@pytest.fixture
def erased(shelf: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shelf / "erased", tmp_path / "erased"))


def test_the_page_has_the_facts_and_stands_alone(semlink, shelf: Path, erased: Path, tmp_path: Path) -> None:
    out = tmp_path / "proof.html"
    ended = semlink("proof", erased, "--request", shelf / "sevens.json", "--out", out)
    assert (ended.status, ended.err) == (0, "")
    page = out.read_text(encoding="utf-8")
    certificate = json.loads((erased / "erasure.json").read_text())
    for fact in (bundles.load_bundle(erased).digest(), certificate["issued"], "finetune", "2026-03-01"):
        assert fact in page
    assert f"<dd>{certificate['forgotten_records']}</dd>" in page
    assert f"{certificate['mean_loss'][0]['after']:.4g}" in page
    assert "Signature</dt><dd>none" in page
    assert not any(word in page for word in ("<script", "http://", "https://", "src="))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_each_request_of_a_chain_has_its_own_page(erased: Path, shelf: Path, tmp_path: Path) -> None:
    first = json.loads((shelf / "sevens.json").read_text())
    second = {**first, "id": "second", "selection": {"by": "term", "values": ["weber"]}}
    _with_chain(erased, [first, second])
    last = write_proof(erased, tmp_path / "last.html").read_text()
    assert "<dd>second</dd>" in last
    assert "<dd>22</dd>" in last
    assert "Before and after" in last
    earlier = write_proof(erased, tmp_path / "first.html", request_from(first, "here")).read_text()
    assert "<dd>sevens</dd>" in earlier
    assert "<dd>11</dd>" in earlier
    assert "sha256:parent1" in earlier
    assert "Before and after" not in earlier  # those are of the last erasure
    with pytest.raises(ErasureError, match="was not carried out"):
        write_proof(erased, tmp_path / "other.html", request_from({**first, "id": "third"}, "here"))


def test_nothing_of_the_request_is_on_the_page(erased: Path, shelf: Path, tmp_path: Path) -> None:
    request = {**json.loads((shelf / "sevens.json").read_text()), "id": "erase-Weber", "reason": "Secret reason."}
    request["selection"] = {"by": "owner", "values": ["weber", "form-03"]}
    _with_chain(erased, [request])
    page = write_proof(erased, tmp_path / "proof.html").read_text()
    assert WITHHELD in page
    assert not any(word in page.lower() for word in ("weber", "form-03", "secret"))


def test_what_cannot_be_proved_is_told(semlink, shelf: Path, erased: Path, tmp_path: Path) -> None:
    request = read_request(shelf / "sevens.json")
    with pytest.raises(ErasureError, match="Nothing was erased"):
        write_proof(shelf / "image", tmp_path / "proof.html", request)
    (erased / REGISTER).unlink(missing_ok=True)  # a copy that was given away
    with pytest.raises(ErasureError, match="--request"):
        write_proof(erased, tmp_path / "proof.html")
    assert not (tmp_path / "proof.html").exists()
    other = request.model_copy(update={"id": "another"})
    assert "not compared" in write_proof(erased, tmp_path / "proof.html", other).read_text()


def test_a_signature_that_was_checked_is_named(semlink, shelf: Path, erased: Path, tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    proof = ("proof", erased, "--request", shelf / "sevens.json", "--out", tmp_path / "proof.html")
    semlink("sign", "--new-key", tmp_path / "key")
    assert semlink(*proof, "--key", tmp_path / "key.pub").status == 2
    assert semlink("sign", erased, "--key", tmp_path / "key").status == 0
    assert semlink(*proof).status == 0
    assert "not checked" in (tmp_path / "proof.html").read_text()
    assert semlink(*proof, "--key", tmp_path / "key.pub").status == 0
    assert "Signature</dt><dd>checked" in (tmp_path / "proof.html").read_text()
