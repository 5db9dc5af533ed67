"""Text compressors: any words come back, a limit is kept, and sentences are cut after the last word that fits."""

import contextlib
import json
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from semlink.codecs.digital.compression import COMPRESSORS
from semlink.codecs.digital.compression.bits import bits_of
from semlink.codecs.digital.compression.contract import Bits, Compressor
from semlink.codecs.digital.compression.huffman import ESCAPE, Huffman
from semlink.codecs.digital.compression.ngram import Ngram
from semlink.codecs.digital.compression.range_coder import RangeReader, RangeWriter
from semlink.errors import CodecError

NAMES = sorted(name for name in COMPRESSORS if COMPRESSORS[name].modality == "text")
LEARNERS = [name for name in NAMES if COMPRESSORS[name].learns]
SENTENCES = [
    tuple(sentence.split())
    for sentence in (
        "the house rose and observed a minute 's silence .",
        "i agree with the rapporteur that the house has to vote .",
        "the vote will take place tomorrow , mr president .",
        "i should like to thank the commissioner and the rapporteur .",
        "the commission has to answer the house , and the council has to answer , too .",
        "that is what the council and the commission agree on .",
    )
]
ALL = 10**7  # bits: any sentence fits
FOREIGN = ("naïve", "日本", "😀", "\n\t", "A", "\x1c", "0", "!?", "ÿ" * 9, "<unk>")
words = st.text(min_size=1, max_size=12).filter(lambda word: " " not in word)
sentences = st.lists(st.one_of(words, st.sampled_from(SENTENCES[0])), max_size=20).map(tuple)


@cache
def made(name: str) -> Compressor[tuple[str, ...]]:
    kind = COMPRESSORS[name]
    return kind.learn(SENTENCES) if kind.learns else kind()


def fitted(name: str, sentence: tuple[str, ...], most: int = ALL) -> Bits:
    bits = made(name).fit(sentence, most)
    assert bits is not None
    return bits


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(sentence=sentences)
def test_any_words_come_back(name: str, sentence: tuple[str, ...]) -> None:
    bits = fitted(name, sentence)
    assert bits.dtype == np.uint8
    assert set(bits.tolist()) <= {0, 1}
    assert made(name).restore(bits, ()) == sentence


@pytest.mark.parametrize("name", NAMES)
def test_unusual_words_come_back(name: str) -> None:
    for sentence in ((), FOREIGN, FOREIGN[::-1], ("the",) * 300, ("x" * 3000,), *SENTENCES):
        assert made(name).restore(fitted(name, sentence), ()) == sentence


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None)
@given(sentence=st.sampled_from([*SENTENCES, FOREIGN]), limits=st.lists(st.integers(0, 700), min_size=2, max_size=2))
def test_a_limit_is_kept_and_a_larger_one_is_no_worse(name: str, sentence: tuple[str, ...], limits: list[int]) -> None:
    found = []
    for most in sorted(limits):
        bits = made(name).fit(sentence, most)
        if bits is None:
            assert most < len(fitted(name, sentence[:1]))
        else:
            assert len(bits) <= most
            found.append(len(made(name).restore(bits, ())))
            assert made(name).restore(bits, ()) == sentence[: found[-1]]
            if found[-1] < len(sentence):
                assert len(fitted(name, sentence[: found[-1] + 1])) > most
    assert found == sorted(found)


@pytest.mark.parametrize("name", NAMES)
def test_not_even_a_word_fits_into_a_few_bits(name: str) -> None:
    assert made(name).fit(("rapporteur", "the"), 3) is None
    assert made(name).fit(("日本",), 0) is None


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_sentence_is_refused(name: str) -> None:
    wrong: list[tuple[Any, str]] = [
        (("a", ""), "not empty"),
        (("two words",), "no space in them"),
        ((3,), "is no word"),
        (("\ud800",), "valid Unicode"),
    ]
    for sentence, message in wrong:
        with pytest.raises(CodecError, match=message):
            made(name).fit(sentence, ALL)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=40), cut=st.integers(0, 7))
def test_bits_of_no_sentence_are_an_error_or_a_sentence(name: str, data: bytes, cut: int) -> None:
    with contextlib.suppress(CodecError):
        assert all(isinstance(word, str) for word in made(name).restore(bits_of(data)[cut:], ()))


@pytest.mark.parametrize(
    ("name", "more"),
    [("brotli", b"\xff\xfe"), ("zlib", b"\xff\xfe"), ("five-bit", b"\xff\xff\xff\xff"), ("ngram", bytes(4))],
)
def test_trailing_data_are_told(name: str, more: bytes) -> None:
    """Codes of characters have no end of their own: they take what follows for more characters, where it can be."""
    trailing = np.concatenate([fitted(name, SENTENCES[1]), bits_of(more)])
    with pytest.raises(CodecError, match="bits are of no payload"):
        made(name).restore(trailing, ())


@pytest.mark.parametrize("name", ["brotli", "zlib"])
def test_bits_that_break_off_are_told(name: str) -> None:
    bits = fitted(name, SENTENCES[1])
    for wrong in (bits[:0], bits[: len(bits) // 2]):
        with pytest.raises(CodecError, match="bits are of no payload"):
            made(name).restore(wrong, ())


def test_how_much_is_left_out() -> None:
    """Of a zlib stream its 6 bytes and the zeros at the end, at least 7; of a Brotli stream 13 bits for one flag."""
    short = len(zlib.compress(b"the house", 9))
    assert 8 * (short - 6) - 7 - 16 < len(fitted("zlib", ("the", "house"))) <= 8 * (short - 6) - 7
    text = " ".join(SENTENCES[3])
    stream = brotli.compress(text.encode(), mode=brotli.MODE_TEXT, quality=11, lgwin=16)
    assert 8 * len(stream) - 12 - 15 <= len(fitted("brotli", SENTENCES[3])) <= 8 * len(stream) - 12


def test_five_bits_a_character_and_an_escape() -> None:
    assert len(fitted("five-bit", ("the", "house", ","))) == 5 * len("the house ,")
    assert len(fitted("five-bit", ("é",))) == 5 + 16
    assert len(fitted("five-bit", ("A",))) == 5 + 8


def test_huffman_lengths_are_those_of_a_known_example() -> None:
    """Spaces 3, a 4, b 1, escape 1 (for b, which came once): lengths 2, 1, 3, 3; so 2 x 3 + 1 x 4 + 3 x 2 bits."""
    code = Huffman.learn([("a", "a", "a", "ab")])
    counts = {" ": 3 + 1, "a": 4, "b": 1, ESCAPE: 1}  # one space more, so that there is one at all
    assert sum(2.0**-length for length in code.lengths.values()) == 1
    assert sum(counts[thing] * length for thing, length in code.lengths.items()) == 1 * 4 + 2 * 4 + 3 * 2
    bits = code.fit(("ab", "c"), ALL)
    assert bits is not None
    expected = code.lengths["a"] + code.lengths["b"] + code.lengths[" "] + code.lengths[ESCAPE] + 8
    assert len(bits) == expected


def test_a_code_is_as_long_as_the_entropy_says() -> None:
    """At most 2 bits more; it may be shorter, as its length carries information. Both use the same model."""
    coder = made("ngram")
    assert isinstance(coder, Ngram)
    tried = [*SENTENCES, ("the", "unheard", "-of", "日本"), SENTENCES[0] * 8]
    lengths = np.array([len(fitted("ngram", sentence)) for sentence in tried])
    entropy = coder.cross_entropy(tried)
    assert (lengths <= entropy + 2).all()
    assert abs((lengths - entropy).mean()) < 3
    assert coder.cross_entropy([]).shape == (0,)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 30))
def test_range_codes_are_short_and_exact(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    tables = [random.dirichlet(np.full(40, 0.1)) + 1e-7 for _ in range(count)]
    tables = [table / table.sum() for table in tables]
    symbols = [int(random.choice(40, p=table)) for table in tables]
    writer = RangeWriter()
    for table, symbol in zip(tables[:-1], symbols, strict=False):
        writer.code(table, symbol)
    bits = writer.ended(tables[-1], symbols[-1])
    information = -sum(np.log2(table[symbol]) for table, symbol in zip(tables, symbols, strict=True))
    assert len(bits) <= np.ceil(information + 0.01) + 1
    reader = RangeReader(bits)
    assert [reader.code(table, None) for table in tables] == symbols
    reader.finish()


@pytest.mark.parametrize("name", LEARNERS)
def test_what_was_learned_is_stored_whole(name: str, tmp_path: Path) -> None:
    made(name).save(tmp_path / "file")
    again = COMPRESSORS[name].load(tmp_path / "file")
    for sentence in (SENTENCES[2], FOREIGN):
        bits = again.fit(sentence, ALL)
        assert bits is not None
        assert np.array_equal(bits, fitted(name, sentence))
        assert again.restore(fitted(name, sentence), ()) == sentence
    again.save(tmp_path / "other")
    assert (tmp_path / "file").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize("name", LEARNERS)
def test_learning_is_deterministic_and_takes_anything(name: str) -> None:
    for known in ([], [("a",)], SENTENCES):
        first, second = COMPRESSORS[name].learn(known), COMPRESSORS[name].learn(known)
        bits, same = first.fit(SENTENCES[0], ALL), second.fit(SENTENCES[0], ALL)
        assert bits is not None
        assert same is not None
        assert np.array_equal(bits, same)
        assert second.restore(bits, ()) == SENTENCES[0]


@pytest.mark.parametrize("name", LEARNERS)
def test_a_damaged_file_is_told(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    made(name).save(path)
    content = path.read_bytes()
    with pytest.raises(CodecError, match="cannot be read as a file"):
        COMPRESSORS[name].load(tmp_path / "none")
    for broken in (content[: len(content) // 2], b"", b"{}"):
        path.write_bytes(broken)
        with pytest.raises(CodecError, match="cannot be read as a file"):
            COMPRESSORS[name].load(path)
    arrays = safetensors.numpy.load(content)
    told = json.loads(arrays["facts"].tobytes())
    told["facts"]["more"] = 1
    arrays["facts"] = np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)
    path.write_bytes(safetensors.numpy.save(arrays))
    with pytest.raises(CodecError, match="its digest differs; remove it and learn again"):
        COMPRESSORS[name].load(path)
    other = next(other for other in LEARNERS if other != name)
    made(other).save(path)
    with pytest.raises(CodecError, match=f"what {other} learned; give a file of {name}"):
        COMPRESSORS[name].load(path)


@pytest.mark.parametrize("name", NAMES)
def test_learners_say_that_they_are(name: str) -> None:
    kind = COMPRESSORS[name]
    assert type(made(name)) is kind
    if not kind.learns:
        with pytest.raises(CodecError, match="learns nothing"):
            kind.learn(SENTENCES)


def test_the_more_a_code_knows_the_shorter_it_is() -> None:
    """Of sentences like those learned from; short English sentences otherwise."""
    lengths = {name: sum(len(fitted(name, sentence)) for sentence in SENTENCES) for name in NAMES}
    assert lengths["ngram"] < lengths["huffman"] < lengths["five-bit"] < lengths["zlib"]
    assert lengths["brotli"] < lengths["zlib"]
