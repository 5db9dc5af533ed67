"""The embedded sentences are plain English, and the cleaner keeps prose and nothing else."""

import re
import sys

import pytest

from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import SPLITS, Source
from semlink.simulator.sources.prose import sentences
from semlink.simulator.sources.python_docs import SENTENCES, of_this_python

PAGE = """The "with" statement
********************

The *with* statement wraps a block (see
section Context Managers) [1].  This allows "try" and "__exit__()" to be
re-used, e.g. by “open” files.  The value is "x + 1" in this case.

   with_stmt ::= "with" with_item
   with_item ::= expression

The operation (as in "a[i]") can raise a "KeyError".

   with open(name) as file:
       The code is not prose.

1. The expression is evaluated to
   obtain a manager.

+-----+------+
| a   | is b |
+-----+------+

New in version 3.1.

Changed in version 3.10: The rules of this statement
were relaxed.

**CPython implementation detail:** The length is an "int".
"""


@pytest.fixture(scope="module")
def source() -> Source:
    return build_source("python-docs")


def test_prose_is_cleaned_and_the_rest_left_out() -> None:
    assert list(sentences(PAGE)) == [
        "The with statement wraps a block (see section Context Managers).",
        "This allows try and __exit__ to be re-used, e.g. by 'open' files.",
        "The operation can raise a KeyError.",
        "The code is not prose.",
        "The expression is evaluated to obtain a manager.",
        "The rules of this statement were relaxed.",
        "The length is an int.",
    ]


def test_sentences_are_the_same_with_every_python(source: Source) -> None:
    """Those of Python 3.11.7, from which the codecs and the rows that come with semlink are."""
    assert source.digest() == "sha256:0731b9273221944b5ae0dd8cfff1e0bd8a3304e34199d35653a5e3d38a379856"


def test_they_are_what_the_standard_library_says() -> None:
    """Other versions of Python have some other sentences."""
    copy, own = (set(text.splitlines()) for text in (SENTENCES.read_text(encoding="utf-8"), of_this_python()))
    assert copy == own if sys.version_info[:3] == (3, 11, 7) else len(copy & own) > len(copy) / 2


def test_there_are_enough_sentences_of_the_right_length(source: Source) -> None:
    records = [record for split in SPLITS for record in source.split(split)]
    assert len(records) == 1958
    assert all(4 <= len(record.payload.split()) <= 30 for record in records)


def test_no_mark_up_is_left(source: Source) -> None:
    for split in SPLITS:
        for record in source.split(split):
            assert re.fullmatch(r"[\w ,;:.!?'()/-]+", record.payload, re.ASCII), record.payload
            assert record.payload.count("(") == record.payload.count(")")
            assert record.payload[-1] in ".!?:"
            assert "  " not in record.payload


def test_few_test_words_are_new(source: Source) -> None:
    """3.4 % of the running words: a codec can know the rest."""
    known = {word for record in source.train for word in re.findall(r"\w+", record.payload.lower())}
    words = [word for record in source.test for word in re.findall(r"\w+", record.payload.lower())]
    assert sum(word not in known for word in words) / len(words) < 0.06


def test_an_id_is_the_topic_and_a_digest_of_the_words(source: Source) -> None:
    for record in source.train:
        topic, digest = record.id.split("/")
        assert topic == record.owner
        assert re.fullmatch(r"[0-9a-f]{12}", digest)
