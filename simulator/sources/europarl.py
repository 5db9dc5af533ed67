"""Sentences of the European Parliament, from a data folder."""

from dataclasses import dataclass
from pathlib import Path

from semlink.simulator.sources.contract import Source
from semlink.simulator.sources.data_folder import data_folder
from semlink.simulator.sources.published import check_published, content_of
from semlink.simulator.sources.reader import SourceReader, Terms
from semlink.simulator.sources.sentence_digest import word_digest
from semlink.simulator.sources.splits import check_limit
from semlink.simulator.sources.text_file import TextFile

TRAIN, TRAIN_SHA256 = "europarl_en_train.txt", "1b4f7f7556d12bc725003774cc9a845fd9f7c7d0ec7c0f3544d4f0315300b053"
TEST, TEST_SHA256 = "europarl_en_test.txt", "12548c6f118ef6671f461f9a499e489d605f44306fed0a1e95b9252a9ca1333d"


@dataclass(frozen=True)
class Europarl(SourceReader):
    """English sentences of 4 to 30 words from debates of 2004 to 2011: two known text files, read as `TextFile` does.

    Nine tenths of the training file train, one tenth validates; test sentences are from other sittings. The owner of a
    sentence is its file, so select what to erase by term or id. The files are not those of Europarl version 7.

    Fields: limit: at most so many records of each split, evenly spaced.
    Errors: SourceError when a file is missing or differs from the known one; WrongField for a limit below 1.
    Source: European Parliament verbatim reports, (c) European Union; files in `europarl/`.
    """

    terms = Terms(
        content="English sentences of debates of the European Parliament, 2004 to 2011.",
        persons="Words of its members in public debate; they name members and other persons.",
        licence="Verbatim reports of the European Parliament, copyright European Union: "
        "reuse with acknowledgement of the source.",
    )

    limit: int | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)

    def read(self, data_dir: Path | None) -> Source:
        folder = data_folder("europarl", data_dir) / "europarl"
        for name, digest in ((TRAIN, TRAIN_SHA256), (TEST, TEST_SHA256)):
            check_published(content_of(folder / name), digest, folder / name)
        return TextFile(folder / TRAIN, folder / TEST, limit=self.limit).read_with(word_digest, data_dir)
