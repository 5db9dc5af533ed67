"""Embedded text: sentences of the Python language reference, as they stood in the standard library of Python 3.11."""

from dataclasses import dataclass
from pathlib import Path

from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sources.prose import sentences
from semlink.simulator.sources.reader import SourceReader, Terms
from semlink.simulator.sources.sentence_digest import word_digest
from semlink.simulator.sources.splits import split_by_id

SHORTEST, LONGEST = 4, 30  # words
# A copy, since other versions of Python have other sentences: with it a result is the same everywhere.
SENTENCES = Path(__file__).with_name("python_docs.tsv")


@dataclass(frozen=True)
class PythonDocs(SourceReader):
    """English sentences of 4 to 30 words about the Python language, split 80/10/10 by the hash of their ids.

    An owner is a topic, such as "debugger". A sentence of several topics belongs to the shortest of them, and
    sentences that differ in case or punctuation alone count once. The id of a sentence is its topic and a digest of
    its words.

    Source: Python Software Foundation, The Python Language Reference and Library Reference, 3.11.7; the sentences are
            in `python_docs.tsv`, with the licence in `python_docs_license.txt`.
    """

    terms = Terms(
        content="Sentences of the language reference of Python 3.11.",
        persons="Written by contributors to Python, who are not named sentence by sentence.",
        licence="Python Software Foundation License Version 2; copyright Python Software Foundation.",
    )

    def read(self, data_dir: Path | None = None) -> Source:
        lines = SENTENCES.read_text(encoding="utf-8").splitlines()
        pairs = [line.split("\t") for line in lines]
        records = [Record(f"{topic}/{word_digest(sentence)}", sentence, topic) for topic, sentence in pairs]
        train, validation, test = split_by_id(records)
        return Source("python-docs", "text", train, validation, test)


def of_this_python() -> str:
    """What `python_docs.tsv` holds, out of the language reference in the standard library of the running Python.

    The file was made by Python 3.11.7:
    `python -c 'from semlink.simulator.sources.python_docs import *; print(of_this_python(), end="")'`.
    """
    from pydoc_data.topics import topics  # here, since it is half a megabyte of text

    lines: dict[str, str] = {}
    for topic, text in sorted(topics.items(), key=lambda item: (len(item[1]), item[0])):
        for sentence in sentences(text):
            if SHORTEST <= len(sentence.split()) <= LONGEST:
                lines.setdefault(word_digest(sentence), f"{topic}\t{sentence}\n")
    return "".join(lines.values())
