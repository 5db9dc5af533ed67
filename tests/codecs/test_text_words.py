"""One definition of a word, in every script, and the same for English as it always was."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, pre_tokenizers

from semlink.codecs.text.words import MARK, WORD, folded, name_words, phrase, spaced, term_words, word_count, words

BEFORE = r"\w+(?:['’]\w+)*|[^\w\s]"  # the rule until requests, metrics and vocabularies had one
LATIN = st.text(st.characters(max_codepoint=0x24F, exclude_categories=["Cc", "Cf"]))

SPLIT = {
    "हिन्दी भाषा": ["हिन्दी", "भाषा"],
    "தமிழ் மொழி": ["தமிழ்", "மொழி"],
    "שָׁלוֹם עֲלֵיכֶם": ["שָׁלוֹם", "עֲלֵיכֶם"],
    "İstanbul'da Işık": ["İstanbul'da", "Işık"],
    "مُحَمَّد هنا": ["مُحَمَّد", "هنا"],
    "李明今天来了。": ["李", "明", "今", "天", "来", "了", "。"],
    "สมชายมา": ["ส", "ม", "ช", "า", "ย", "ม", "า"],
    "กรุงเทพฯ": ["ก", "รุ", "ง", "เ", "ท", "พ", "ฯ"],
    "ジャン・クロードさん": ["ジ", "ャ", "ン", "・", "ク", "ロ", "ー", "ド", "さ", "ん"],
    "Sm\u00adith ran": ["Sm\u00adith", "ran"],
    "❤\ufe0f ok": ["❤\ufe0f", "ok"],
    "T恤 4½ m²": ["T", "恤", "4½", "m²"],
}


@pytest.mark.parametrize("text", SPLIT)
def test_words_of_a_script(text: str) -> None:
    assert words(text) == SPLIT[text]
    assert word_count(text) >= len(text.split())


@settings(max_examples=300, deadline=None)
@given(text=st.text())
def test_both_libraries_split_alike(text: str) -> None:
    assigned = "".join(character for character in text if unicodedata.category(character) not in ("Cn", "Co", "Cs"))
    split = pre_tokenizers.Split(Regex(WORD), behavior="removed", invert=True)
    assert [piece for piece, _ in split.pre_tokenize_str(assigned)] == words(assigned)


@settings(max_examples=300, deadline=None)
@given(text=LATIN)
def test_latin_text_is_split_as_before(text: str) -> None:
    assert words(text) == re.findall(BEFORE, text)
    assert word_count(text) == len(text.split())


SAME = [
    ("O'Neill", "O’Neill"), ("O'Neill", "o`neill"), ("Darcy", "_Darcy_"), ("Smith", "Ｓｍｉｔｈ"),
    ("Smith", "Sm\u00adith"), ("Smith", "\u200bSmith\u200b"), ("Zoë", "Zoe\u0308"), ("Jean-Claude", "JEAN CLAUDE"),
    ("Jean-Claude", "Jean\u2011Claude"), ("van der Berg", "Van  der-Berg"), ("李明", "李 明"), ("ışık", "IŞIK"),
    ("istanbul", "İSTANBUL"), ("محمد", "مُحَمَّد"), ("שלום", "שָׁלוֹם"), ("Straße", "STRASSE"), ("Griffin", "Griﬃn"),
    ("J. R. Weber", "J R Weber"), ("ジャン・クロード", "ジャンクロード"), ("हिन्दी", "हि\u200dन्दी"), ("ПЁТР", "Пётр"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "other"), SAME)
def test_a_name_in_another_writing_is_the_same(name: str, other: str) -> None:
    assert name_words(name) == name_words(other)
    assert phrase(name) in phrase(f"today {other}, who spoke")


@pytest.mark.parametrize(
    ("name", "text"),
    [("Jean-Claude", "Jean, Claude"), ("Smith", "Smithson"), ("Müller", "Muller"), ("कमल", "कमला"), ("李明", "李小明"),
     ("van der Berg", "van Berg"), ("Ray", "array")],
)  # fmt: skip
def test_another_name_is_another(name: str, text: str) -> None:
    assert phrase(name) not in phrase(text)


@settings(max_examples=300, deadline=None)
@given(text=st.text(), name=st.text(min_size=1))
def test_a_phrase_holds_each_of_its_words_alone(text: str, name: str) -> None:
    found = phrase(text)
    assert found == f" {' '.join(found.split())} "
    assert MARK not in name_words(name)
    assert all(re.fullmatch(r"\S+", word) for word in name_words(name))


@settings(max_examples=300, deadline=None)
@given(text=st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert phrase(folded(text)) == phrase(text)


def test_words_counted_for_names_keep_their_apostrophes() -> None:
    text = words("Mr _Weber_ saw Weber’s friend J. Jean-Claude, too")
    counted = ["mr", "weber", "saw", "weber's", "friend", "j", "jean", "claude", MARK, "too"]
    assert term_words(text) == counted


def test_no_space_where_none_is_written() -> None:
    assert spaced(words("李明，今天来了。")) == "李明，今天来了。"
    assert spaced(words("the name 李明 is here")) == "the name 李明 is here"
