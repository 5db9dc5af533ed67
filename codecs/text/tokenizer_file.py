"""Reads a tokenizer.json without trusting it: known rules, and a vocabulary that is checked entry by entry.

The library that splits texts runs whatever rules such a file holds, and some of them never end. So the vocabularies of
our own codecs are taken only with the rules that we write, and those of pretrained encoders only with the rules that
published ones have.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import Tokenizer, models

from semlink.untrusted import json_of

FILE_MOST = 64 << 20  # bytes
LETTERS_MOST, GAPS_MOST = 1000, 1000  # of an entry; numbers that no entry has
RULES_MOST, LEVELS_MOST = 16, 3  # rules of one kind, and how deep they may be nested
WORD_MODEL = {"type": "WordLevel", "unk_token": "<unk>"}
PIECE_MODEL = {
    "type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None,
    "fuse_unk": True, "byte_fallback": False, "ignore_merges": False,
}  # fmt: skip
KINDS = {
    "normalizer": {
        "Sequence", "BertNormalizer", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Nmt", "Precompiled", "Prepend",
        "Replace", "Strip", "StripAccents",
    },
    "pre_tokenizer": {
        "Sequence", "BertPreTokenizer", "ByteLevel", "Metaspace", "Punctuation", "Whitespace", "WhitespaceSplit",
        "Digits",
    },
    "post_processor": {
        "Sequence", "BertProcessing", "RobertaProcessing", "ByteLevel", "TemplateProcessing",
    },
    "decoder": {
        "Sequence", "WordPiece", "Metaspace", "ByteLevel", "BPEDecoder", "Replace", "Fuse", "Strip", "ByteFallback",
    },
}  # fmt: skip
PATTERNS = (" {2,}", "\\s+", "\\s{2,}")  # regular expressions that published normalisers have


def _split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Removed", "invert": True}


def _form(normalizers: list[dict[str, Any]], pre_tokenizer: dict[str, Any]) -> dict[str, Any]:
    none = dict.fromkeys(("truncation", "padding", "post_processor", "decoder"))
    normalizer = {"type": "Sequence", "normalizers": normalizers}
    rules = {"normalizer": normalizer, "pre_tokenizer": pre_tokenizer}
    return {"version": "1.0", **none, "added_tokens": [], **rules}


def _earlier() -> tuple[dict[str, Any], ...]:
    """The rules of codecs that are stored already, and those of an imported DeepSC."""
    plain: list[dict[str, Any]] = [{"type": "NFC"}, {"type": "Replace", "pattern": {"String": "▁"}, "content": "_"}]
    words = _split(r"\w+(?:['’]\w+)*|[^\w\s]")
    mark = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": False}
    pieces = {"type": "Sequence", "pretokenizers": [words, mark]}
    lowered = [*plain, {"type": "Lowercase"}]
    deepsc: list[dict[str, Any]] = [
        {"type": "NFD"},
        {"type": "StripAccents"},
        {"type": "Replace", "pattern": {"Regex": r"<[^>]*>"}, "content": ""},
        {"type": "Lowercase"},
        {"type": "Replace", "pattern": {"Regex": r"[^a-z!]+"}, "content": " "},
    ]
    ours = (_form(normal, rule) for normal in (plain, lowered) for rule in (words, pieces))
    return (*ours, _form(deepsc, _split(r"[a-z]+|!")))


EARLIER_RULES = _earlier()
INNER = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers", "post_processor": "processors"}


def rules_of(tokenizer: Tokenizer) -> dict[str, Any]:
    """All of a tokenizer but its vocabulary, as its file has it."""
    content = json.loads(tokenizer.to_str())
    del content["model"]
    return dict(content)


def own_tokenizer(text: str, forms: Iterable[dict[str, Any]]) -> Tokenizer:
    """The tokenizer of a file whose rules are among `forms`, with a word or byte-pair vocabulary.

    Errors: ValueError.
    """
    content = _object(json_of(_bounded(text), dict))
    model = dict(_object(content.pop("model", None)))
    form = next((form for form in forms if form == content), None)
    if form is None:
        raise ValueError("other rules than ours")
    vocabulary = _vocabulary(model.pop("vocab", None))
    if model == WORD_MODEL:
        made: Any = models.WordLevel(vocabulary, unk_token="<unk>")
    else:
        merges = _merges(model.pop("merges", None), vocabulary)
        if model != PIECE_MODEL:
            raise ValueError("another kind of vocabulary than ours")
        made = models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True)
    empty = {**form, "model": {**WORD_MODEL, "vocab": {}}}
    tokenizer = Tokenizer.from_str(json.dumps(empty))
    tokenizer.model = made
    return tokenizer


def published_tokenizer(text: str) -> Tokenizer:
    """The tokenizer of a pretrained encoder, which neither cuts nor pads.

    Errors: ValueError; whatever the library raises.
    """
    content = _object(json_of(_bounded(text), dict))
    content["truncation"] = content["padding"] = None  # published files cut sentences, or pad them
    for part in KINDS:
        _check_rules(content.get(part), part, LEVELS_MOST)
    model = _object(content.get("model"))
    for key, value in model.items():
        if key not in ("vocab", "merges") and not (isinstance(value, bool | int | float | None) or _short(value)):
            raise ValueError("a field of its vocabulary that is not plain")
    most = model.get("max_input_chars_per_word")
    if isinstance(most, int) and most > 10 * LETTERS_MOST:
        raise ValueError("words without end")
    _check_entries(model.get("vocab"), content.get("added_tokens"), model.get("merges"))
    return Tokenizer.from_str(json.dumps(content))


def _bounded(text: str) -> str:
    if len(text) > FILE_MOST:
        raise ValueError("too long")
    return text


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def _short(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LETTERS_MOST


def _vocabulary(value: object) -> dict[str, int]:
    """Entries with the numbers 0, 1, 2 and so on. Errors: ValueError."""
    table = _object(value)
    numbers = list(table.values())
    if not all(type(number) is int for number in numbers) or sorted(numbers) != list(range(len(numbers))):
        raise ValueError("entries without numbers of their own")
    if not all(map(_short, table)):
        raise ValueError("an entry that is too long")
    return table


def _merges(value: object, vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    """Pairs of entries that make an entry. Errors: ValueError."""
    if not isinstance(value, list) or len(value) > len(vocabulary):
        raise ValueError("no list of merges")
    pairs = []
    for pair in value:
        if not isinstance(pair, Sequence) or len(pair) != 2 or not all(map(_short, pair)):
            raise ValueError("a merge that is no pair")
        if not {pair[0], pair[1], pair[0] + pair[1]} <= vocabulary.keys():
            raise ValueError("a merge of what is no entry")
        pairs.append((pair[0], pair[1]))
    return pairs


def _check_entries(vocabulary: object, added: object, merges: object) -> None:
    """Errors: ValueError for entries that are no words, or whose numbers leave large gaps: the library fills these."""
    if isinstance(vocabulary, dict):
        numbers, words = list(vocabulary.values()), list(vocabulary)
    elif isinstance(vocabulary, list) and all(isinstance(entry, list) and len(entry) == 2 for entry in vocabulary):
        numbers, words = list(range(len(vocabulary))), [entry[0] for entry in vocabulary]
    else:
        raise ValueError("no vocabulary")
    if added is not None and not isinstance(added, list):
        raise ValueError("no list of added entries")
    for token in added or ():
        numbers.append(_object(token).get("id"))
        words.append(token.get("content"))
    if not all(map(_short, words)):
        raise ValueError("an entry that is no word")
    if not all(type(number) is int and 0 <= number < 2 * len(numbers) + GAPS_MOST for number in numbers):
        raise ValueError("numbers with gaps")
    if merges is not None and not (isinstance(merges, list) and len(merges) <= len(numbers)):
        raise ValueError("more merges than entries")


def _check_rules(rule: object, part: str, levels: int) -> None:
    """Errors: ValueError when a rule is of another kind than published tokenizers have, or makes texts longer."""
    if rule is None:
        return
    fields = _object(rule)
    kind = fields.get("type")
    if levels == 0 or kind not in KINDS[part]:
        raise ValueError("a rule that is not taken")
    if kind == "Sequence":
        inner = fields.get(INNER.get(part, "decoders"))
        if not isinstance(inner, list) or len(inner) > RULES_MOST:
            raise ValueError("too many rules")
        for item in inner:
            _check_rules(item, part, levels - 1)
    elif kind == "Replace":
        pattern, content = _object(fields.get("pattern")), fields.get("content")
        string, regular = pattern.get("String"), pattern.get("Regex")
        most = max(1, len(string) if isinstance(string, str) else 0)
        if not (_short(string) or regular in PATTERNS) or not _short(content) or len(str(content)) > most:
            raise ValueError("a replacement that is not taken")
    elif kind == "Prepend" and len(str(fields.get("prepend"))) > 1:
        raise ValueError("a prefix that is too long")
    elif kind == "Precompiled" and len(str(fields.get("precompiled_charsmap"))) > 1 << 20:
        raise ValueError("a table that is too long")
