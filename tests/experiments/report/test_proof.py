"""The page about an erasure says what was done, and names neither the person nor what was erased."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from semlink.codecs import bundle as bundles
from semlink.errors import ErasureError
from semlink.experiments.report.proof import WITHHELD, write_proof
from semlink.experiments.workflow.training_records import REQUESTS
from semlink.unlearning.request import read_request, request_from


@pytest.fixture
def erased(shelf: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shelf / "erased", tmp_path / "erased"))


@pytest.fixture
def again(semlink, tmp_path: Path):
    """`again(codec, request)` carries out a further request, given as plain data, on a copy of a codec."""

    def erase(codec: Path, request: dict) -> Path:
        (tmp_path / "again.json").write_text(json.dumps(request))
        out = tmp_path / "again"
        ended = semlink(
            "erase", codec, "--request", tmp_path / "again.json", "--method", "finetune:share=0.25", "--out", out
        )
        assert ended.status == 0, ended.err
        return out

    return erase


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


def test_each_request_of_a_chain_has_its_own_page(erased: Path, shelf: Path, tmp_path: Path, again) -> None:
    first = json.loads((shelf / "sevens.json").read_text())
    second = {**first, "id": "second", "selection": {"by": "owner", "values": ["form-03"]}}
    codec = again(erased, second)
    one, two = bundles.load_bundle(codec).card["chain"]
    last = write_proof(codec, tmp_path / "last.html").read_text()
    assert "<dd>second</dd>" in last
    assert f"<dd>{two['records']}</dd>" in last
    assert "Before and after" in last
    earlier = write_proof(codec, tmp_path / "first.html", request_from(first, "here")).read_text()
    assert "<dd>sevens</dd>" in earlier
    assert f"<dd>{one['records']}</dd>" in earlier
    assert one["parent"] in earlier
    assert "Before and after" not in earlier  # those are of the last erasure
    with pytest.raises(ErasureError, match="was not carried out"):
        write_proof(codec, tmp_path / "other.html", request_from({**first, "id": "third"}, "here"))


def test_nothing_of_the_request_is_on_the_page(shelf: Path, tmp_path: Path, again) -> None:
    request = {**json.loads((shelf / "sevens.json").read_text()), "id": "erase-form-03", "reason": "Secret reason."}
    request["selection"] = {"by": "owner", "values": ["form-03"]}
    page = write_proof(again(shelf / "image", request), tmp_path / "proof.html").read_text()
    assert WITHHELD in page
    assert not any(word in page.lower() for word in ("form-03", "secret"))


def test_what_cannot_be_proved_is_told(semlink, shelf: Path, erased: Path, tmp_path: Path) -> None:
    request = read_request(shelf / "sevens.json")
    with pytest.raises(ErasureError, match="Nothing was erased"):
        write_proof(shelf / "image", tmp_path / "proof.html", request)
    (erased / REQUESTS).unlink()  # a copy that was given away
    with pytest.raises(ErasureError, match="--request"):
        write_proof(erased, tmp_path / "proof.html")
    assert not (tmp_path / "proof.html").exists()
    with pytest.raises(ErasureError, match="was not carried out"):  # the digest in the codec tells it
        write_proof(erased, tmp_path / "proof.html", request.model_copy(update={"id": "another"}))
    assert "<dd>sevens</dd>" in write_proof(erased, tmp_path / "proof.html", request).read_text()


def test_only_an_earlier_proof_is_replaced(semlink, shelf: Path, erased: Path, tmp_path: Path) -> None:
    proof = ("proof", erased, "--request", shelf / "sevens.json", "--out")
    (tmp_path / "data.txt").write_text("what somebody needs")
    for place in (
        erased / "erasure.json",
        erased / "proof.html",
        erased / "new" / "proof.html",
        tmp_path / "data.txt",
        tmp_path,
    ):
        ended = semlink(*proof, place)
        assert (ended.status, ended.err.count("\n")) == (2, 1)
    assert (tmp_path / "data.txt").read_text() == "what somebody needs"
    assert bundles.load_bundle(erased)
    for _ in range(2):
        assert semlink(*proof, tmp_path / "proof.html").status == 0


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
