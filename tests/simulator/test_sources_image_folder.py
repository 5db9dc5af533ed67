"""A folder of images: labels, splits, metadata, owners, and what is refused."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from semlink.errors import SourceError, WrongField
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import SPLITS, Record, Source
from tests.simulator.picture_files import picture, save_pictures


def read(folder: Path, **fields: object) -> Source:
    return build_source("image-folder", {"path": str(folder), **fields})


def all_of(source: Source) -> dict[str, Record]:
    return {record.id: record for split in SPLITS for record in source.split(split)}


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    save_pictures(tmp_path / "animals" / "dog", 30)
    save_pictures(tmp_path / "animals" / "cat", 30, first=100, height=30)
    return tmp_path / "animals"


def test_sub_folders_are_labels_and_paths_are_ids(animals: Path) -> None:
    source = read(animals)
    records = all_of(source)
    assert source.name == "image-folder:path=animals"
    assert source.labels == ("cat", "dog")
    assert records["cat/000.png"].label == 0
    assert records["dog/029.png"].label == 1
    assert {record.owner for record in records.values()} == {"animals"}
    assert {record.payload.shape for record in records.values()} == {(30, 24, 3), (20, 24, 3)}
    assert len(records) == 60
    assert min(len(source.validation), len(source.test)) > 0
    assert source.digest() == read(animals).digest()


def test_a_deleted_image_moves_no_other(animals: Path) -> None:
    before = {split: [record.id for record in read(animals).split(split)] for split in SPLITS}
    (animals / "cat" / "004.png").unlink()
    after = {split: [record.id for record in read(animals).split(split)] for split in SPLITS}
    assert after == {split: [name for name in names if name != "cat/004.png"] for split, names in before.items()}


def test_split_folders_with_labels_and_a_split_that_is_not_there(tmp_path: Path) -> None:
    for number, split in enumerate(("train", "Test")):
        for label in ("cat", "dog"):
            save_pictures(tmp_path / split / label, 20, first=100 * number + 50 * (label == "dog"))
    source = read(tmp_path)
    assert source.labels == ("cat", "dog")
    assert {record.id.split("/")[0] for record in source.test} == {"Test"}
    assert len(source.test) == 40
    assert {record.id.split("/")[0] for record in (*source.train, *source.validation)} == {"train"}
    assert 0 < len(source.validation) < 15


def test_metadata_wins_over_folders(animals: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = [
        f"dog/{n:03d}.png;p-{n};{'Ann' if n % 2 else 'Bob'};big;{'train' if n < 20 else 'val'};x" for n in range(30)
    ]
    lines += [f"cat/{n:03d}.png;q-{n};Cem;small;test;x" for n in range(30)]
    (animals / "metadata.csv").write_text("file_name;id;Owner;label;split;camera\n" + "\n".join(lines))
    source = read(animals)
    assert source.labels == ("big", "small")
    assert [len(source.split(split)) for split in SPLITS] == [20, 10, 30]
    assert all_of(source)["p-3"].owner == "Ann"
    assert all_of(source)["q-3"].label == 1
    assert any(message.endswith("columns ignored: camera.") for message in caplog.messages)


def test_owners_stay_together_where_asked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    paths = save_pictures(tmp_path / "people", 60)
    lines = [f'{{"file_name": "{path.name}", "owner": {number % 20}}}' for number, path in enumerate(paths)]
    (tmp_path / "people" / "metadata.jsonl").write_text("\n".join(lines))
    source = read(tmp_path / "people", split_by="owner")
    owners = [{record.owner for record in source.split(split)} for split in SPLITS]
    assert sum(map(len, owners)) == len(set.union(*owners)) == 20
    assert any(f"{len(owners[0])} train ({len(source.train)} records)" in message for message in caplog.messages)


def test_equal_images_stay_together(tmp_path: Path) -> None:
    save_pictures(tmp_path / "a", 30)
    save_pictures(tmp_path / "b", 30)
    places = {record.id: split for split in SPLITS for record in read(tmp_path).split(split)}
    assert all(places[f"a/{number:03d}.png"] == places[f"b/{number:03d}.png"] for number in range(30))


def test_a_training_image_that_is_also_a_test_image_is_left_out(tmp_path: Path) -> None:
    save_pictures(tmp_path / "train", 30)
    save_pictures(tmp_path / "test", 3)
    assert {"train/000.png", "train/001.png", "train/002.png"}.isdisjoint(all_of(read(tmp_path)))


def test_crops_and_what_is_too_small_for_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_pictures(tmp_path / "a", 20, height=40, width=50)
    save_pictures(tmp_path / "a" / "b", 2, first=50)
    with pytest.raises(SourceError, match=r"20 of 22 images .* have no label"):
        read(tmp_path / "a", crop=32)
    os.rename(tmp_path / "a" / "b" / "000.png", tmp_path / "a" / "small.png")
    (tmp_path / "a" / "b" / "001.png").unlink()
    source = read(tmp_path / "a", crop=32)
    assert {record.payload.shape for record in source.train} == {(32, 32, 3)}
    assert {record.payload.whole.shape for record in source.test} == {(40, 50, 3)}
    assert any(message.endswith("images left out: 1 smaller than crop=32.") for message in caplog.messages)
    with pytest.raises(SourceError, match="give a smaller crop"):
        read(tmp_path / "a", crop=64)


def write(text: str, name: str = "metadata.csv") -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


def named(columns: str, *cells: str) -> str:
    return "\n".join([f"file_name,{columns}", *[f"{n:03d}.png,{cell}" for n, cell in enumerate(cells)]])


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda folder: picture(9).save(folder / "a.gif"), r"a\.gif is no PNG, JPEG"),
        (lambda folder: os.mkfifo(folder / "f.png"), r"f\.png cannot be read"),
        (lambda folder: os.symlink("nowhere", folder / "f.png"), r"f\.png cannot be read"),
        (lambda folder: os.symlink("f.png", folder / "f.png"), r"f\.png cannot be read"),
        (lambda folder: os.symlink(".", folder / "loop"), "loop is a link to a folder"),
        (lambda folder: save_pictures(folder / "train", 1), r'folder "train" .* beside it "000\.png"'),
        (write(named("owner", "a", "b", "c")), r'no image "002\.png", as line 4'),
        (write("file_name,owner\n../x.png,a\n"), "lies outside"),
        (write("file_name,owner\n/etc/passwd,a\n"), "lies outside"),
        (write(named("id", "x", "x")), r'"x" stands at line 2 .* and again at line 3'),
        (write(named("owner", "x", "")), "1 of 2 records .* have no owner"),
        (write(named("split", "train", "tset")), 'no split "tset", as line 3'),
        (write(named("owner", "x")), r"1 of 2 images have no line .*001\.png"),
        (write(named("owner,OWNER", "x,y", "x,y")), 'column "owner" twice'),
        (write(named("owner", "x,y", "x")), "Line 2 .* has 3 cells for 2 columns"),
        (write("owner\nx\n"), "no file_name in line 2"),
        (write('{"file_name": 1.5}', "metadata.jsonl"), r"file_name 1\.5; write a text"),
        (write('{"file_name": "000.png"', "metadata.jsonl"), "Line 1 .* is no JSON object"),
        (write(named("owner", "x" * 1001, "y")), "owner of 1001 characters"),
        (
            lambda folder: (write(named("id", "x", "y"))(folder), write("{}", "METADATA.parquet")(folder)),
            r"both METADATA\.parquet and metadata\.csv; keep one",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, spoil: Callable[[Path], object], sentence: str) -> None:
    save_pictures(tmp_path / "own", 2)
    spoil(tmp_path / "own")
    with pytest.raises(SourceError, match=sentence):
        read(tmp_path / "own")


def test_names_that_are_not_utf_8_are_refused(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes no such names")
    with pytest.raises(SourceError, match=r"\\xff\.png' in .* is not UTF-8"):
        read(tmp_path)


def test_no_folder_no_images_no_owners(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="There is no folder nowhere"):
        build_source("image-folder", {"path": "nowhere"})
    with pytest.raises(SourceError, match=r"There is no folder a{200}\.\.\., here"):
        build_source("image-folder", {"path": "a" * 5000})
    with pytest.raises(SourceError, match="has no PNG"):
        read(tmp_path)
    save_pictures(tmp_path, 2)
    with pytest.raises(SourceError, match="names no owners to split by"):
        read(tmp_path, split_by="owner")
    with pytest.raises(WrongField, match="crop=0"):
        read(tmp_path, crop=0)


def test_triggers_on_images_of_all_sizes(animals: Path) -> None:
    fields = {"of": f"image-folder:path={animals},crop=16", "label": 0, "target": 1, "share": 0.1}
    source = build_source("triggered", fields)
    marked = [record for record in source.train if source.trigger.marks(record)]
    assert marked
    for record in (*marked, *source.probes["trigger"]):
        assert (record.payload.__array__()[-4:-2, -4:-2] == 255).all()
        assert (record.payload.whole.__array__()[-4:-2, -4:-2] == 255).all()
