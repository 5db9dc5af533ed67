"""Embedded text: sentences of the Python language reference, part of the standard library."""

from dataclasses import dataclass
from pathlib import Path

from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sources.prose import sentences
from semlink.simulator.sources.reader import SourceReader, Terms
from semlink.simulator.sources.sentence_digest import word_digest
from semlink.simulator.sources.splits import split_by_id

SHORTEST, LONGEST = 4, 30  # words


@dataclass(frozen=True)
class PythonDocs(SourceReader):
    """English sentences of 4 to 30 words from `pydoc_data.topics`, split 80/10/10 by the hash of their ids.

    An owner is a topic, such as "debugger". A sentence of several topics belongs to the shortest of them, and
    sentences that differ in case or punctuation alone count once. The text is that of the running Python, so
    versions of Python differ in some sentences, and then in the digest; the id of a sentence is its topic and a
    digest of its words.

    Source: Python Software Foundation, The Python Language Reference and Library Reference.
    """

    terms = Terms(
        content="Sentences of the Python language reference, as they stand in the Python that trained the codec.",
        persons="Written by contributors to Python, who are not named sentence by sentence.",
        licence="Python Software Foundation License Version 2; copyright Python Software Foundation.",
    )

    def read(self, data_dir: Path | None = None) -> Source:
        from pydoc_data.topics import topics  # here, since it is half a megabyte of text

        records: dict[str, Record] = {}
        for topic, text in sorted(topics.items(), key=lambda item: (len(item[1]), item[0])):
            for sentence in sentences(text):
                if SHORTEST <= len(sentence.split()) <= LONGEST:
                    digest = word_digest(sentence)
                    records.setdefault(digest, Record(f"{topic}/{digest}", sentence, topic))
        train, validation, test = split_by_id(records.values())
        return Source("python-docs", "text", train, validation, test)
