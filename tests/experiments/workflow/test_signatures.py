"""A signature proves what a digest cannot: a folder that somebody else made or changed is refused by name."""

import json
import shutil
import stat
from pathlib import Path

import pytest

pytest.importorskip("cryptography")

import semlink as sl
from semlink.codecs import bundle as bundles
from semlink.errors import SignatureError
from semlink.experiments.workflow import store
from semlink.experiments.workflow.signatures import REQUIRE, SIGN_WITH, SIGNATURE, new_key_pair, sign, verify

QUICK = ("--snr", "6", "--set", "records=6", "--set", "draws=1", "--workers", "1")


@pytest.fixture(autouse=True)
def _no_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an option sets in the environment ends with the test."""
    for variable in (REQUIRE, SIGN_WITH):
        monkeypatch.setenv(variable, "")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    new_key_pair(tmp_path / "own")
    return tmp_path / "own"


@pytest.fixture
def erased(shelf: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shelf / "erased", tmp_path / "erased"))


def _public(key: Path) -> Path:
    return key.with_name(f"{key.name}.pub")


def _rewrite_manifest(folder: Path) -> None:
    """What a forger does after changing files: every digest fits again."""
    stored = json.loads((folder / bundles.MANIFEST).read_bytes())
    files = {name: (folder / name).read_bytes() for name in (*stored["files"], *stored["accounts"])}
    accounts = tuple(stored["accounts"])
    (folder / bundles.MANIFEST).write_bytes(bundles._manifest(files, stored.get("protected"), accounts))


def test_a_key_is_its_owners_alone_and_is_never_replaced(semlink, tmp_path: Path) -> None:
    assert semlink("sign", "--new-key", tmp_path / "key").status == 0
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    before = (tmp_path / "key").read_bytes()
    ended = semlink("sign", "--new-key", tmp_path / "key")
    assert (ended.status, ended.err.count("\n")) == (2, 1)
    assert (tmp_path / "key").read_bytes() == before


def test_a_bundle_is_signed_and_verified(semlink, erased: Path, key: Path) -> None:
    assert semlink("sign", erased, "--key", key).status == 0
    ended = semlink("verify", erased, "--key", _public(key))
    assert (ended.status, ended.err) == (0, "")
    assert "a bundle" in ended.out
    assert sl.load_codec(erased).version == "erased"  # the signature is no part of the manifest


def test_the_originals_weights_in_an_erased_bundle_pass_the_digests_and_fail_the_signature(
    semlink, shelf: Path, erased: Path, key: Path
) -> None:
    sign(erased, key)
    shutil.copy(shelf / "image" / "model.safetensors", erased / "model.safetensors")
    _rewrite_manifest(erased)
    assert bundles.load_bundle(erased).card["version"] == "erased"  # digests alone do not show it
    ended = semlink("verify", erased, "--key", _public(key))
    assert ended.status == 2
    assert "manifest.json was changed" in ended.err
    swept = ("sweep", shelf / "image", erased, "--out", erased.parent / "swept", *QUICK)
    for folder in (shelf / "image", shelf / "erased"):
        shutil.copytree(folder, erased.parent / "signed" / folder.name)
        sign(erased.parent / "signed" / folder.name, key)
    ended = semlink(*swept[:1], erased.parent / "signed" / "image", *swept[2:], "--require-signature", _public(key))
    assert ended.status == 2
    assert "is not what was signed: manifest.json differs" in ended.err
    assert not (erased.parent / "swept").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "card.json", "erasure.json", "manifest.json", SIGNATURE])
def test_no_changed_byte_is_accepted(semlink, erased: Path, key: Path, name: str) -> None:
    sign(erased, key)
    content = bytearray((erased / name).read_bytes())
    for place in (len(content) // 3, len(content) // 2, len(content) - 3):
        changed = content.copy()
        changed[place] ^= 1
        (erased / name).write_bytes(changed)
        assert semlink("verify", erased, "--key", _public(key)).status == 2


def test_an_added_file_is_told(erased: Path, key: Path) -> None:
    sign(erased, key)
    (erased / "import.json").write_text("{}")
    with pytest.raises(SignatureError, match=r"import\.json is no file of this bundle"):
        verify(erased, _public(key))


def test_another_key_and_a_signature_of_another_folder_are_refused(
    shelf: Path, erased: Path, key: Path, tmp_path: Path
) -> None:
    other = new_key_pair(tmp_path / "other")
    sign(erased, key)
    with pytest.raises(SignatureError, match="not signed by the key"):
        verify(erased, other)
    both = tmp_path / "both.pub"
    both.write_bytes(other.read_bytes() + _public(key).read_bytes())
    assert verify(erased, both).kind == "bundle"
    image = Path(shutil.copytree(shelf / "image", tmp_path / "image"))
    shutil.copy(erased / SIGNATURE, image / SIGNATURE)
    with pytest.raises(SignatureError, match="not what was signed"):
        verify(image, both)


def test_a_run_folder_is_signed_file_by_file(semlink, shelf: Path, key: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert semlink("sweep", shelf / "image", "--out", run, *QUICK).status == 0
    (run / "requests.json").write_text("[]")
    (run / "requests.json").chmod(0o600)
    sign(run, key)
    assert verify(run, _public(key)).owner_only == ["places.json", "requests.json"]
    for name in ("places.json", "requests.json"):  # a copy that is given away
        (run / name).unlink()
    verify(run, _public(key))
    rows = (run / "results.jsonl").read_text()
    (run / "results.jsonl").write_text(rows.replace("12", "13"))
    with pytest.raises(SignatureError, match=r"results\.jsonl was changed"):
        verify(run, _public(key))
    (run / "results.jsonl").unlink()
    with pytest.raises(SignatureError, match=r"results\.jsonl is missing"):
        verify(run, _public(key))


def test_an_export_is_signed_with_its_files(erased: Path, key: Path, tmp_path: Path) -> None:
    from semlink.codecs.interop.sidecar import FORMAT_MARK, write_sidecar

    export = tmp_path / "export"
    export.mkdir()
    (export / "encoder.onnx").write_bytes(b"graph")
    write_sidecar({"format": FORMAT_MARK, "kind": "onnx", "bundle": "sha256:0"}, export)
    sign(export, key)
    assert set(verify(export, _public(key)).files) == {"encoder.onnx", "export.json"}
    (export / "encoder.onnx").write_bytes(b"other")
    (export / "export.json").unlink()
    write_sidecar({"format": FORMAT_MARK, "kind": "onnx", "bundle": "sha256:0"}, export)
    with pytest.raises(SignatureError, match=r"was changed"):
        verify(export, _public(key))


def test_where_signatures_are_required_nothing_else_is_loaded(
    semlink, shelf: Path, erased: Path, key: Path, tmp_path: Path
) -> None:
    required = ("--require-signature", _public(key))
    request = ("--request", shelf / "sevens.json")
    unsigned = [
        ("sweep", erased, "--out", tmp_path / "a", *QUICK),
        ("audit", shelf / "image", erased, shelf / "retrained", *request, "--out", tmp_path / "b"),
        ("erase", erased, *request, "--out", tmp_path / "c"),
        ("export", erased, "--out", tmp_path / "d"),
        ("verify-export", erased, tmp_path),
        ("proof", erased, "--out", tmp_path / "e.html"),
    ]
    for command in unsigned:
        ended = semlink(*command, *required)
        assert (ended.status, ended.err.count("\n")) == (2, 1), command
        assert "is not signed" in ended.err, command
    sign(erased, key)
    sweep = ("sweep", erased, "--out", tmp_path / "f", "--snr", "6", "--set", "records=6", "--set", "draws=1")
    assert semlink(*sweep, "--workers", "2", *required).status == 0  # worker processes hold to it too


def test_an_export_without_a_signature_is_not_opened(erased: Path, key: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "export").mkdir()
    bundle = bundles.load_bundle(erased)
    monkeypatch.setattr(store, "open_export", lambda *_: pytest.fail("was opened"))
    monkeypatch.setenv(REQUIRE, str(_public(key)))
    with pytest.raises(SignatureError, match="is not signed"):
        store.stored_export(tmp_path / "export", bundle)


def test_what_is_made_is_signed_where_signatures_are_required(semlink, shelf: Path, key: Path, tmp_path: Path) -> None:
    image = Path(shutil.copytree(shelf / "image", tmp_path / "image"))
    sign(image, key)
    made = tmp_path / "made"
    erase = ("erase", image, "--request", shelf / "sevens.json", "--method", "finetune:share=0.25", "--out", made)
    ended = semlink(*erase, "--require-signature", _public(key))
    assert ended.status == 2
    assert "--sign-key" in ended.err
    assert not made.exists()
    new_key_pair(tmp_path / "stranger")
    ended = semlink(*erase, "--require-signature", _public(key), "--sign-key", tmp_path / "stranger")
    assert ended.status == 2
    assert "not among those" in ended.err
    ended = semlink(*erase, "--require-signature", _public(key), "--sign-key", key)
    assert (ended.status, ended.err.count("Error")) == (0, 0)
    assert verify(made, _public(key)).kind == "bundle"


def test_keys_that_are_none_are_told_in_a_sentence(semlink, erased: Path, key: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    (tmp_path / "broken").write_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    sign(erased, key)
    for command in (
        ("sign", erased, "--key", _public(key)),
        ("sign", erased, "--key", tmp_path / "nothing"),
        ("sign", erased, "--key", tmp_path),
        ("sign", tmp_path, "--key", key),
        ("sign", erased),
        ("verify", erased, "--key", key),
        ("verify", erased, "--key", tmp_path / "empty"),
        ("verify", erased, "--key", tmp_path / "broken"),
        ("verify", tmp_path / "nothing", "--key", _public(key)),
    ):
        ended = semlink(*command)
        assert (ended.status, ended.err.count("\n")) == (2, 1), command


@pytest.mark.parametrize("content", ["", "[]", "null", "{", '{"kind": "bundle"}', "[" * 100_000, '{"kind": "\\ud800"}'])
def test_a_forged_signature_file_is_one_sentence(semlink, erased: Path, key: Path, content: str) -> None:
    (erased / SIGNATURE).write_text(content)
    ended = semlink("verify", erased, "--key", _public(key))
    assert (ended.status, ended.err.count("\n")) == (2, 1)
