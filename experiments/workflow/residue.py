"""What is left of a requester's data in folders: terms, ids, owners and sentences, in every file and file name below.

It looks, it does not judge why something is there. Text is compared as people read it: whatever its case, apostrophes,
full-width forms, escapes of JSON and HTML, and white space. Weights cannot be searched for what a codec remembers; that
is what the audits are for.
"""

import gzip
import html
import json
import re
import stat
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from semlink.errors import ErasureError
from semlink.simulator.sources.contract import SPLITS, Record, Source
from semlink.unlearning.partition import divide
from semlink.unlearning.request import ErasureRequest
from semlink.untrusted import json_of, read_bytes

MANIFEST, RUN = "manifest.json", "run.yaml"  # of a bundle and of a run folder
RUN_REGISTER = "requests.json"  # what a run keeps of its requests, for its owner alone
PIECE = 16 << 20  # bytes of a file that are looked at at once
OVERLAP = 1 << 16  # bytes that two pieces share, so that nothing is cut in two
UNPACKED = 256 << 20  # bytes of a packed file that are looked at
SENTENCE = 3  # words of a sentence that is told from chance
BETWEEN = 40  # characters between two words of a sentence, such as line breaks, quotes and commas of JSON
SHORTEST = 3  # characters of an id or owner that is told from chance in text
FORMAT_CHARACTERS = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
ESCAPE = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
LETTERS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"  # of scripts without spaces
WITHOUT_SPACES = re.compile(f"[{LETTERS}]")
WORDS = re.compile(rf"[{LETTERS}]|[^\W_{LETTERS}]+")
BESIDE = re.compile(r"(?:owners?|ids?|values|requests?)\W{1,8}$")
STRETCHES = (  # of letters among other bytes: encoding, bytes that a value must have to be told from chance, pattern
    ("utf-8", 4, re.compile(
        rb"(?:[\x20-\x7e\t\r\n]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){5,}"
    )),
    ("utf-16-le", 3, re.compile(rb"(?:[\x20-\x7e\xa0-\xff]\x00){3,}")),
    ("utf-16-be", 3, re.compile(rb"(?:\x00[\x20-\x7e\xa0-\xff]){3,}")),
    ("utf-32-le", 2, re.compile(rb"(?:[\x20-\x7e\xa0-\xff]\x00{3}){2,}")),
    ("utf-32-be", 2, re.compile(rb"(?:\x00{3}[\x20-\x7e\xa0-\xff]){2,}")),
)  # fmt: skip
WHOLE = {"unread": "cannot be read", "codec": "a codec on which this request was not carried out"}
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


@dataclass(frozen=True)
class Trace:
    """A place where something was found. It does not repeat what.

    place: a path; behind "!" a member of a packed file. kind: "term", "id", "owner", "request" (its id or reason),
    "sentence", "codec" for a stored one that does not carry the request, or "unread" for a place that could not be
    looked at. where: "content" or "name". count: how often.
    """

    place: str
    kind: str
    where: str
    count: int


@dataclass(frozen=True)
class Residue:
    """What a search found.

    found: traces that should not be there. kept: files in which the owner has to keep the request, protected.
    files: how many were looked at.
    """

    found: tuple[Trace, ...]
    kept: tuple[str, ...]
    files: int

    def text(self) -> str:
        """As lines for a person, the last of which sums up."""
        lines = [f"kept: {place}" for place in self.kept]
        lines += [
            f"{trace.place}: {WHOLE[trace.kind]}"
            if trace.kind in WHOLE
            else f"{trace.place}: {trace.kind}, {trace.count} found{' in its name' if trace.where == 'name' else ''}"
            for trace in self.found
        ]
        places = len({trace.place for trace in self.found})
        told = f"Places where something is left: {places}" if places else "Nothing was found"
        limit = "Weights, pictures and encrypted files cannot be searched."
        return "\n".join([*lines, f"{told}. Files looked at: {self.files}. {limit}"])


@dataclass(frozen=True)
class Needle:
    """One thing that is looked for. kind: as of a `Trace`. value: as `folded` writes it."""

    kind: str
    value: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Where it stands, if a word begins there: names with any marks between their words, ids as they are."""
        words = spoken(self.value)
        if self.kind in ("term", "sentence"):
            most = 3 if self.kind == "term" else BETWEEN
            whole = words[0]
            for before, word in pairwise(words):
                least = 0 if WITHOUT_SPACES.match(before) and WITHOUT_SPACES.match(word) else 1
                whole += rf"[\W_]{{{least},{most}}}{word}"
        else:
            whole = re.escape(self.value[self.value.index(words[0]) : self.value.rindex(words[-1]) + len(words[-1])])
        return re.compile(whole if WITHOUT_SPACES.match(words[-1]) else rf"{whole}(?![^\W_])")

    @property
    def vague(self) -> bool:
        """Whether chance writes it too, so that it counts only beside a word that says what it is."""
        return self.kind in ("id", "owner", "request") and (self.value.isdecimal() or len(self.value) < SHORTEST)

    def stands(self, plain: str, start: int) -> bool:
        """Whether it stands in a folded text from there on."""
        if not self.pattern.match(plain, start):
            return False
        return not self.vague or bool(BESIDE.search(plain, max(0, start - 20), start))


@dataclass(frozen=True)
class Needles:
    """What is looked for.

    by_word: those that begin with a word. spellings: (value as written, kind) of those that the request names.
    """

    by_word: dict[str, list[Needle]]
    spellings: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, request: ErasureRequest, records: Iterable[Record] = (), others: Iterable[Record] = ()) -> "Needles":
        """What a request and the records that it matches are known by.

        In: records: the matched ones. others: records that stay; sentences that they hold too are not looked for.
        """
        records, by = list(records), request.selection.by
        spellings: list[tuple[str, str]] = [(request.id, "request")]
        if by != "label":  # no class is a person
            spellings += [(value, by) for value in request.selection.values]
        if len(spoken(request.reason)) >= SENTENCE:
            spellings.append((request.reason, "sentence"))
        kinds = {folded(value): kind for value, kind in spellings}
        for record in records:
            kinds.setdefault(folded(record.id), "id")
        staying = {spoken(record.payload) for record in others if isinstance(record.payload, str)}
        for record in records:
            if isinstance(record.payload, str):
                words = spoken(record.payload)
                if len(words) >= SENTENCE and words not in staying:
                    kinds.setdefault(folded(record.payload), "sentence")
        by_word: dict[str, list[Needle]] = {}
        for value, kind in kinds.items():
            if words := spoken(value):
                by_word.setdefault(words[0], []).append(Needle(kind, value))
        return cls(by_word, tuple(spellings))

    def in_text(self, text: str, shortest: int = 1) -> Counter[str]:
        """Kind -> how often it occurs. In: shortest: bytes that a value must have to be looked for."""
        plain = folded(text)
        counts: Counter[str] = Counter()
        for word in WORDS.finditer(plain):
            start = word.start()
            found = [(needle, start) for needle in self.by_word.get(word.group(), ())]
            if start and plain[start - 1] == "\\":  # perhaps a line break of JSON, and the word begins behind its "n"
                found += [(needle, start + 1) for needle in self.by_word.get(word.group()[1:], ())]
            for needle, place in found:
                if len(needle.value.encode()) >= shortest and needle.stands(plain, place):
                    counts[needle.kind] += 1
        return counts

    def in_wide(self, data: bytes) -> Counter[str]:
        """The same in bytes of UTF-16 and UTF-32, of words that are not in western letters."""
        counts: Counter[str] = Counter()
        for value, kind in self.spellings:
            if value.isascii() or len(value) < 2:
                continue
            for spelling in {value, value.lower(), value.upper(), value.title(), folded(value)}:
                counts[kind] += max(data.count(spelling.encode(encoding)) for encoding in WIDE)
        return +counts


def folded(text: str) -> str:
    """A text without what differs between two ways to write the same: case, escapes, apostrophes, forms of letters."""
    if "\\u" in text:
        text = ESCAPE.sub(_unescaped, text)
    if "&" in text:
        text = html.unescape(text)
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", FORMAT_CHARACTERS.sub("", text)).casefold())


def spoken(text: str) -> tuple[str, ...]:
    """The words of a text, folded; letters where a script has no spaces."""
    return tuple(WORDS.findall(folded(text)))


def residue(
    folders: Sequence[Path], request: ErasureRequest, source: Source | None = None, own: Path | None = None
) -> Residue:
    """Looks for what a request names below some folders, hidden and temporary files included.

    In:     source: records among which those of the request are; their ids and sentences are looked for too.
            own: the file of the request, which may lie there.
    Errors: ErasureError when a folder is not there, or the request does not fit the source.
    """
    matched, others = ([], []) if source is None else matching(source, request)
    needles = Needles.of(request, matched, others)
    found: list[Trace] = []
    kept: list[str] = []
    count = 0
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            raise ErasureError(f"There are no files in {folder}; give the folders to look into.")
        if not folder.exists():
            raise ErasureError(f"There is no {folder}; give folders that are there.")
        for path in [folder] if not folder.is_dir() else sorted(folder.rglob("*")):
            plain = path.is_file() and not path.is_symlink()
            count += plain
            if plain and path.name == MANIFEST and not _carries(path.parent, request):
                found.append(Trace(str(path.parent), "codec", "content", 1))
            if plain and ((own is not None and own.exists() and path.samefile(own)) or _is_register(path)):
                kept.append(str(path))
                continue
            found += _traces(str(path), needles.in_text(path.name), "name")
            if path.is_symlink():
                found += _traces(str(path), needles.in_text(str(path.readlink())), "content")
            elif plain:
                found += _in_file(path, needles)
    if not count:
        raise ErasureError(
            "There are no files in these folders; give the folders to look into (links are not followed)."
        )
    return Residue(tuple(found), tuple(kept), count)


def _carries(folder: Path, request: ErasureRequest) -> bool:
    """Whether the card of a stored codec says that a request was carried out on it."""
    try:
        chain = json_of(read_bytes(folder / "card.json"), dict).get("chain", [])
        return any(entry["request"] == request.digest(entry["parent"]) for entry in chain)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def matching(source: Source, request: ErasureRequest) -> tuple[list[Record], list[Record]]:
    """The records of all splits that a request matches, and the others. Errors: as `divide`."""
    divided = divide(source, request, may_be_gone=True)
    staying = {id(record) for part in (divided.retain, divided.validation, divided.test) for record in part}
    records = [record for split in SPLITS for record in source.split(split)]
    return (
        [record for record in records if id(record) not in staying],
        [record for record in records if id(record) in staying],
    )


def _is_register(path: Path) -> bool:
    """Whether this is what the owner of a bundle or run has to keep: protected, and nobody else can read it."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return False
    if path.name == RUN_REGISTER and (path.parent / RUN).is_file():
        return True
    try:
        manifest = json.loads((path.parent / MANIFEST).read_bytes())
        return path.name in manifest["protected"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _in_file(path: Path, needles: Needles) -> list[Trace]:
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head[:2] == b"\x1f\x8b":
            with gzip.open(path) as packed:
                return _traces(f"{path}!", _in_pieces(_pieces(packed, UNPACKED), needles), "content")
        if head == b"PK\x03\x04" and zipfile.is_zipfile(path):
            return _in_archive(path, needles)
        with path.open("rb") as file:
            return _traces(str(path), _in_pieces(_pieces(file, None), needles), "content")
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return [Trace(str(path), "unread", "content", 1)]


def _in_archive(path: Path, needles: Needles) -> list[Trace]:
    found: list[Trace] = []
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            place = f"{path}!{member.filename}"
            found += _traces(place, needles.in_text(member.filename), "name")
            with archive.open(member) as packed:
                found += _traces(place, _in_pieces(_pieces(packed, UNPACKED), needles), "content")
    return found


def _pieces(file: object, most: int | None) -> Iterator[bytes]:
    """A file in pieces that overlap. In: most: bytes after which packed content is left. Errors: OSError beyond."""
    read = file.read  # type: ignore[attr-defined]
    before, total = b"", 0
    while part := read(PIECE):
        total += len(part)
        yield before + part
        before = part[-OVERLAP:]
        if most is not None and total > most:
            raise OSError("too large to be unpacked")


def _in_pieces(pieces: Iterable[bytes], needles: Needles) -> Counter[str]:
    """What a file holds; at a seam of two pieces something may count twice, and never less than once."""
    counts: Counter[str] = Counter()
    for data in pieces:
        counts += _in_bytes(data, needles)
    return counts


def _in_bytes(data: bytes, needles: Needles) -> Counter[str]:
    text = _as_text(data)
    if text is not None:
        return needles.in_text(text)
    counts = needles.in_wide(data)
    for encoding, shortest, pattern in STRETCHES:  # the same bytes may be read in two of them
        stretches = "\n".join(match.group().decode(encoding, "replace") for match in pattern.finditer(data))
        counts |= needles.in_text(stretches, shortest)
    return counts


def _as_text(data: bytes) -> str | None:
    """The bytes as text, if they are some."""
    marks = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    for mark, encoding in marks.items():
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"\x00" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:  # a piece may end within a letter, and begin within one
        inside = 4 < error.start < len(data) - 4
        return None if inside or len(data) < OVERLAP else data.decode("utf-8", "replace")


def _traces(place: str, counts: Counter[str], where: str) -> list[Trace]:
    return [Trace(place, kind, where, count) for kind, count in sorted(counts.items())]


def _unescaped(match: re.Match[str]) -> str:
    units = b"".join(int(unit, 16).to_bytes(2, "big") for unit in match.group().split("\\u")[1:])
    return units.decode("utf-16-be", "replace")
