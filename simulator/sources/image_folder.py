"""Images of the user in a folder, in the layout that ImageFolder of Hugging Face datasets reads."""

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from semlink.errors import SourceError
from semlink.simulator.sources.contract import Source, SplitName
from semlink.simulator.sources.data_folder import placed
from semlink.simulator.sources.own_records import ALIASES, Arrangement, OwnRecord, SplitBy, split_named
from semlink.simulator.sources.picture_reader import PictureReader
from semlink.simulator.sources.reader import Terms
from semlink.simulator.sources.table import TableRow, columns_of, read_table
from semlink.untrusted import cut

IMAGES = {".png", ".jpg", ".jpeg", ".jpe", ".webp", ".tif", ".tiff"}
OTHER_IMAGES = {
    ".avif", ".bmp", ".cr2", ".cr3", ".dng", ".exr", ".gif", ".hdr", ".heic", ".heif", ".jp2", ".jxl", ".nef", ".pgm",
    ".ppm", ".psd", ".raw", ".svg",
}  # refused by name, since whoever has them would miss them  # fmt: skip
METADATA = ("metadata.jsonl", "metadata.csv", "metadata.parquet")
COLUMNS = ("file_name", "id", "owner", "label", "split")
DEEPEST = 32  # levels of folders


@dataclass(frozen=True)
class ImageFolder(PictureReader):
    """Images in a folder of your own: sub-folders are labels, or splits, and a metadata file may say more.

    Folders train, validation and test (or their usual other names) are splits; otherwise, and in these, each sub-folder
    is a label. A file metadata.jsonl, .csv or .parquet has a line for each image below its folder, with the columns
    file_name and, as wanted, id, owner, label and split, which win over the folders; others are ignored, which is told.
    The id is the path in the folder. PNG, JPEG, WebP and TIFF are taken, see docs/data.md for the conversion.

    Fields: path: the folder; in a recipe, from the folder of the recipe, else from the current or the data folder.
            split_by: "owner" keeps the images of an owner together. labels: the names of the classes, in their order.
            The others: see `PictureReader`.
    Errors: SourceError, which names the file or line that is wrong; WrongField.
    Source: https://huggingface.co/docs/datasets/image_dataset
    """

    terms = Terms(
        content="Images from a folder of the user's own.",
        persons="semlink does not know who took or is shown in the images.",
        licence="semlink does not know the terms of the images; whoever passes the codec on has to state them.",
    )

    path: Path
    split_by: SplitBy = "record"
    labels: tuple[str, ...] = ()

    def read(self, data_dir: Path | None = None) -> Source:
        root = placed(self.path, "image-folder", data_dir)
        if not os.path.isdir(root):
            raise SourceError(f"There is no folder {cut(self.path, 200)}, here or in the data folder; check its name.")
        files = list(_files(root, 0))
        images = [path for path in files if path.suffix.lower() in IMAGES]
        if not images:
            raise SourceError(f"{root} has no PNG, JPEG, WebP or TIFF image in it; give a folder that has some.")
        arrangement = Arrangement(root, root.resolve().name, self.labels, self.split_by, self.limit)
        if others := len(files) - len(images) - sum(path.name.lower() in METADATA for path in files):
            arrangement.notes.append(f"Of {root}, files ignored: {others} that are no images.")
        in_split = _split_folders(root, images)
        lines = _metadata(root, files, images, arrangement.notes)
        folders_are_labels = not any("label" in row.values for row in lines.values()) and _labelled(
            root, images, in_split, arrangement.notes
        )
        pictures = self.pictures(images, root)
        records = []
        for path, picture in pictures.items():
            row, place = lines.get(path), str(path)
            name = _name(path.relative_to(root))
            owner = label = split = None
            if row is not None:
                name, owner, label, place = row.word("id") or name, row.word("owner"), row.word("label"), row.place
                split = split_named(row.word("split"), row.place)
            if folders_are_labels:
                label = _name(Path(path.parent.name))
            if in_split and (row is None or "split" not in row.values):
                split = _split_of(root, path)
            records.append(OwnRecord(name, picture, picture.file.digest.hex(), place, owner, label, split))
        return arrangement.source("image-folder", "image", records)


def _files(folder: Path, depth: int) -> Iterator[Path]:
    """The files below a folder in the order of their names, less hidden ones.

    Errors: SourceError for what nobody could read as an image: a link to a folder, a name that is not UTF-8.
    """
    if depth > DEEPEST:
        raise SourceError(f"{folder} lies more than {DEEPEST} folders deep; move the images up.")
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise SourceError(f"The folder {folder} cannot be read ({error.strerror}); check its permissions.") from error
    for path in entries:
        if path.name.startswith(".") or path.name == "__MACOSX":
            continue
        try:
            path.name.encode()
        except UnicodeEncodeError as error:
            name = os.fsencode(path.name)
            raise SourceError(f"The name {name!r:.80} in {folder} is not UTF-8; rename that file.") from error
        if os.path.isdir(path):  # false where that cannot be told, as of a link to itself
            if path.is_symlink():
                raise SourceError(f"{path} is a link to a folder; put the folder itself there.")
            yield from _files(path, depth + 1)
        elif path.suffix.lower() in OTHER_IMAGES:
            raise SourceError(f"{path} is no PNG, JPEG, WebP or TIFF image; convert or remove it.")
        else:
            yield path


def _name(path: Path) -> str:
    """A path inside the folder as ids have it: the same on every machine."""
    return unicodedata.normalize("NFC", path.as_posix())


def _split_folders(root: Path, images: list[Path]) -> bool:
    """Whether the folders right below are splits. Errors: SourceError when only some are."""
    first = {path.relative_to(root).parts[0] for path in images if path.parent != root}
    splits = {name for name in first if name.lower() in ALIASES}
    if not splits:
        return False
    others = sorted(first - splits) or [path.name for path in images if path.parent == root]
    if others:
        raise SourceError(
            f'{root} has a folder "{min(splits)}" as for a split, and beside it "{cut(others[0])}"; put all images '
            "into folders train, validation and test, or none."
        )
    return True


def _split_of(root: Path, path: Path) -> SplitName:
    return ALIASES[path.relative_to(root).parts[0].lower()]


def _labelled(root: Path, images: list[Path], in_split: bool, notes: list[str]) -> bool:
    """Whether the folder that an image lies in is its label. Errors: SourceError when some have none."""
    depths = {path: len(path.relative_to(root).parts) - 1 - in_split for path in images}
    bare = [path for path, depth in depths.items() if depth == 0]
    if len(bare) == len(images):
        return False
    if bare:
        raise SourceError(
            f"{len(bare)} of {len(images)} images of {root} have no label, the first is {bare[0]}; put each into the "
            "folder of its label, or all into none."
        )
    if set(depths.values()) == {1}:
        return True
    notes.append(f"Images of {root} lie several folders deep, so folders are no labels; a metadata file can give them.")
    return False


def _metadata(root: Path, files: list[Path], images: list[Path], notes: list[str]) -> dict[Path, TableRow]:
    """The line of each image, where there is a metadata file in its folder or above.

    Errors: SourceError when a line names no image, the same one twice or one outside the folder, and when an image
            below the file has no line.
    """
    tables = [path for path in files if path.name.lower() in METADATA]
    known = {_name(path.relative_to(root)): path for path in images}
    lines: dict[Path, TableRow] = {}
    for table in tables:
        beside = [other.name for other in tables if other.parent == table.parent]
        if len(beside) > 1:
            raise SourceError(f"{table.parent} has both {' and '.join(beside)}; keep one of them.")
        rows = read_table(table)
        unknown = [column for column in columns_of(rows) if column not in COLUMNS]
        if unknown:
            notes.append(f"Of {table}, columns ignored: {cut(', '.join(unknown), 200)}.")
        for row in rows:
            if (named := row.word("file_name")) is None:
                raise SourceError(f"There is no file_name in {row.place}; each line has to name its image.")
            place = os.path.normpath(table.parent.relative_to(root) / named.replace("\\", "/"))
            if os.path.isabs(place) or place.split(os.sep)[0] == os.pardir:
                raise SourceError(f'The image "{cut(named)}" in {row.place} lies outside {root}; move it inside.')
            path = known.get(_name(Path(place)))
            if path is None:
                raise SourceError(
                    f'There is no image "{cut(named)}", as {row.place} names it; correct the line, or remove it '
                    "together with the others of deleted images."
                )
            if path in lines:
                raise SourceError(f"{row.place[0].upper()}{row.place[1:]} names {path} a second time; remove one line.")
            lines[path] = row
        missing = [path for path in images if path.is_relative_to(table.parent) and path not in lines]
        if missing:
            raise SourceError(
                f"{len(missing)} of {len(images)} images have no line in {table}, the first is {missing[0]}; add them."
            )
    if lines and len(lines) < len(images):
        bare = next(path for path in images if path not in lines)
        raise SourceError(f"{bare} has no metadata file above it, as other images of {root} have; add one for all.")
    return lines
