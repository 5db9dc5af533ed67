"""The embedded sentences are plain English, and the cleaner keeps prose and nothing else."""

import re

import pytest

from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import SPLITS, Source
from semlink.simulator.sources.prose import sentences

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


def test_there_are_enough_sentences_of_the_right_length(source: Source) -> None:
    """1950 with Python 3.11; other versions differ by a few per cent."""
    records = [record for split in SPLITS for record in source.split(split)]
    assert len(records) > 1700
    assert all(4 <= len(record.payload.split()) <= 30 for record in records)


def test_no_mark_up_is_left(source: Source) -> None:
    for split in SPLITS:
        for record in source.split(split):
            assert re.fullmatch(r"[\w ,;:.!?'()/-]+", record.payload, re.ASCII), record.payload
            assert record.payload.count("(") == record.payload.count(")")
            assert record.payload[-1] in ".!?:"
            assert "  " not in record.payload


def test_few_test_words_are_new(source: Source) -> None:
    """3.4 % of the running words with Python 3.11: a codec can know the rest."""
    known = {word for record in source.train for word in re.findall(r"\w+", record.payload.lower())}
    words = [word for record in source.test for word in re.findall(r"\w+", record.payload.lower())]
    assert sum(word not in known for word in words) / len(words) < 0.06


def test_an_id_is_the_topic_and_a_digest_of_the_words(source: Source) -> None:
    for record in source.train:
        topic, digest = record.id.split("/")
        assert topic == record.owner
        assert re.fullmatch(r"[0-9a-f]{12}", digest)
