"""Plain English sentences out of documentation that was rendered from reStructuredText to text."""

import re
from collections.abc import Iterator

TYPOGRAPHY = str.maketrans({"“": "'", "”": "'", "‘": "'", "’": "'", "–": "-", "—": "-", "…": "..."})
BULLET = re.compile(r"(?:\*|-|\(?(?:\d+|[a-z])[.)]|\[\d+\])\s+")
LABEL = re.compile(r"\*\*[^*]+:\*\*\s*")  # **Implementation detail:**
VERSION_NOTE = re.compile(r"(?:New|Added|Changed|Deprecated)(?: since| in)? version [^:]*?\d[:.](?:\s+|$)")
WRAPPED_HYPHEN = re.compile(r"(?<=[a-z]-) (?=[a-z])")
FOOTNOTE = re.compile(r"\s*\[\d+\]")
EMPHASIS = re.compile(r"(?<![\w*])(\*{1,2})(\w[^*]*?)\1(?![\w*])")
EMPTY_CALL = re.compile(r"(?<=\w)\(\)(?=[\w.]*'?\")")  # in code, which is rendered between double quotes
WORDS_AS_CODE = re.compile(r"\"'?(-?\w+(?:[ .]\w+)*(?:\(\w+(?:, \w+)*\))?)'?\"")  # names, keywords, numbers, calls
SYMBOLS_ASIDE = re.compile(r"\s*\([^()]*[\"=<>{}\[\]@%^|\\+*][^()]*\)(?=[ ,;:.])")
SENTENCE_END = re.compile(r"(?<!e\.g\.)(?<!i\.e\.)(?<!cf\.)(?<!vs\.)(?<=[.!?])[\"')]*\s+(?=[*\"'(]*[A-Z]|[*\"]+[a-z_])")
PLAIN = re.compile(r"(?:[A-Za-z0-9_]|(?<=\w)['./](?=\w)|[ ,;:()-]|'(?=\w)|(?<=\w)'|\.(?=[ ,)]|$))+[.!?:]")
COMMON = re.compile(
    r"\b(?:a|all|an|and|any|are|as|at|be|been|but|by|can|do|does|each|for|from|has|have|if|in|is|it|its|may|no|not|of|"
    r"on|one|only|or|other|same|see|should|so|some|such|than|that|the|their|then|there|these|they|this|to|used|was|"
    r"when|where|which|will|with)\b",
    re.IGNORECASE,
)


def sentences(text: str) -> Iterator[str]:
    """The sentences of a page whose words are all prose, in their order and without mark-up.

    Headings, code, grammar, tables, lists of signatures and sentences that hold an expression are left out.
    Code that is a single name, such as "__enter__()", stays as that name.
    """
    for paragraph in _paragraphs(text.translate(TYPOGRAPHY)):
        for part in SENTENCE_END.split(VERSION_NOTE.sub("", LABEL.sub("", paragraph))):
            sentence = _plain(part)
            if sentence:
                yield sentence


def _paragraphs(text: str) -> Iterator[str]:
    """Lines that belong together: equal indentation, no blank line between; a list item is a paragraph."""
    lines: list[str] = []
    margin = 0
    for line in [*text.splitlines(), ""]:
        content = line.strip()
        indent = len(line) - len(line.lstrip())
        bullet = BULLET.match(content)
        starts = bullet is not None and (not lines or indent < margin)
        if lines and (not content or indent != margin or starts):
            yield WRAPPED_HYPHEN.sub("", " ".join(lines))
            lines = []
        if not content:
            continue
        if not lines:
            margin = indent + (bullet.end() if bullet else 0)
            content = content[bullet.end() :] if bullet else content
        lines.append(content)


def _plain(part: str) -> str:
    """One sentence without mark-up, or "" where it is none."""
    part = part.strip()
    if not re.match(r"[*\"'(]*[A-Z]|[*\"]", part):
        return ""
    part = EMPHASIS.sub(r"\2", FOOTNOTE.sub("", part))
    part = SYMBOLS_ASIDE.sub("", WORDS_AS_CODE.sub(r"\1", EMPTY_CALL.sub("", part)))
    part = re.sub(r"\s+(?=[,;])", "", re.sub(r"\s+", " ", part)).removeprefix("(").strip()
    if part.count("(") < part.count(")"):
        part = part.removesuffix(")")
    balanced = part.count("(") == part.count(")")
    return part if balanced and PLAIN.fullmatch(part) and COMMON.search(part) else ""
