"""The verdict on an erasure: it follows from the rows, and what was not found is never a match."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from semlink.experiments.report.measurements import Measurements
from semlink.experiments.report.page import write_report
from semlink.experiments.report.verdicts import (
    NEXT,
    OUTPUTS,
    RELEARNING,
    WORDS,
    Verdict,
    verdict_sentence,
    verdicts,
    worst,
)
from semlink.simulator.results import Row

SNRS = (0.0, 6.0, 12.0)


def row(version: str, metric: str, value: float, half: float, snr_db: float | None, set_name: str = "forget",
        minus: str | None = None, method: str = "scu") -> Row:  # fmt: skip
    return Row("run", "codec", version, "none" if version == "original" else method, "awgn", snr_db, set_name, metric,
               value, value - half, value + half, 0.95, 50, "1", 0, "0.1.0", minus=minus)  # fmt: skip


def swept(gaps: dict[float, float], half: float = 0.01, method: str = "scu") -> list[Row]:
    """The rows of a sweep whose differences erased - retrained on the forget set are `gaps`; the margin is 0.01."""
    rows = [
        row(version, "word_accuracy", value, 0.05, snr_db, method=method)
        for version, value in (("original", 0.9), ("erased", 0.8), ("retrained", 0.8))
        for snr_db in gaps
    ]
    return rows + [
        row("erased", "word_accuracy", g, half, s, minus="retrained", method=method) for s, g in gaps.items()
    ]


def relearned(gap: float, half: float = 0.1) -> list[Row]:
    """The rows of a relearning; less loss is more memory. The margin is 0.1, a tenth of the retrained codec's loss."""
    rows = [row(version, "relearned_loss", 1.0, 0.2, 12.0) for version in ("erased", "retrained")]
    return [*rows, row("erased", "relearned_loss", gap, half, 12.0, minus="retrained")]


def attacked(gap: float, half: float = 0.01) -> list[Row]:
    """The rows of a membership attack. The margin is 0.04, a tenth of how far the original lies from the retrained."""
    areas = {"original": 0.9, "erased": 0.5 + gap, "retrained": 0.5}
    rows = [row(version, "membership_auc", value, 0.05, 12.0) for version, value in areas.items()]
    return [*rows, row("erased", "membership_auc", gap, half, 12.0, minus="retrained")]


def several(rows: list[Row], spread: float) -> list[Row]:
    """The same beside three retrained codecs, which lie so far apart."""
    more = []
    for one in rows:
        if one.version == "retrained":
            more += [replace(one, method=f"retrain-{n}", value=one.value + n * spread / 2) for n in (1, 2)]
    return rows + more


def verdict_on(rows: list[Row]) -> Verdict:
    (verdict,) = verdicts(Measurements("run", rows, "text"))
    return verdict


def words_on(rows: list[Row]) -> dict[str, str]:
    return {finding.audit: finding.word for finding in verdict_on(rows).findings}


EQUAL = [*swept(dict.fromkeys(SNRS, 0.0), 0.001), *relearned(0.0, 0.001), *attacked(0.0, 0.001)]


@pytest.mark.parametrize("half", [0.0, 0.001, 0.5])
def test_no_difference_beside_one_retrained_codec_is_no_match(half: float) -> None:
    """However narrow the intervals are: one retrained codec does not tell how far two lie apart."""
    rows = [*swept(dict.fromkeys(SNRS, 0.0), half), *relearned(0.0, half), *attacked(0.0, half)]
    verdict = verdict_on(rows)
    assert verdict.word == "Not decided"
    assert "never a match" in verdict.margin
    assert "Matches" not in words_on(rows).values()


def test_a_match_needs_every_audit_within_the_spread_of_retrained_codecs() -> None:
    verdict = verdict_on(several(EQUAL, 0.02))
    assert verdict.word == "Matches"
    assert "3 retrained codecs lie apart" in verdict.margin
    assert verdict_sentence([verdict], "sentences").startswith("Matches a codec retrained without the erased sentences")
    wide = [*swept(dict.fromkeys(SNRS, 0.0), 0.5), *relearned(0.0, 0.001), *attacked(0.0, 0.001)]
    assert verdict_on(several(wide, 0.02)).word == "Not decided"  # a broken measurement passes nothing
    without_attack = [one for one in EQUAL if one.metric != "membership_auc"]
    assert verdict_on(several(without_attack, 0.02)).word == "Not decided"
    assert verdict_on(several(EQUAL, 0.001)).word == "Not decided"  # retrained codecs that agree allow little


@pytest.mark.parametrize(
    ("rows", "word", "because"),
    [
        (relearned(-0.5), "Knows more", "relearning"),
        (relearned(0.5), "Knows less", "relearning"),
        (attacked(0.3), "Knows more", "membership attack"),
        (attacked(-0.3), "Knows less", "membership attack"),
        (swept(dict.fromkeys(SNRS, 0.1)), "Knows more", "outputs"),
        (swept(dict.fromkeys(SNRS, -0.1)), "Knows less", "outputs"),
    ],
)
def test_a_difference_beyond_the_margin_is_told_by_its_side(rows: list[Row], word: str, because: str) -> None:
    metrics = {one.metric for one in rows}
    verdict = verdict_on([*rows, *(one for one in EQUAL if one.metric not in metrics)])
    assert (verdict.word, verdict.because) == (word, because)
    assert verdict.decisive is not None
    assert verdict.decisive.metric in metrics
    assert NEXT[verdict.word].startswith("Next: ")


def test_what_knows_more_anywhere_knows_more() -> None:
    """Outputs that look gone do not hide what relearning brings back."""
    rows = [*swept(dict.fromkeys(SNRS, -0.2)), *relearned(-0.5), *attacked(0.0)]
    assert verdict_on(rows).word == "Knows more"
    assert words_on(rows)[OUTPUTS] == "Knows less"


@pytest.mark.parametrize(("gap", "word"), [(0.0221, "Not decided"), (0.0223, "Knows more")])
def test_many_comparisons_are_widened(gap: float, word: str) -> None:
    """Three at once: 2.394 instead of 1.960 standard errors (Bonferroni), so 0.01222 beyond the margin of 0.01."""
    assert words_on(swept({0.0: gap, 6.0: 0.0, 12.0: 0.0}))[OUTPUTS] == word


def test_the_margin_over_seeds_is_two_standard_deviations() -> None:
    """Three seeds with a half-width of 0.1: s = 0.1 sqrt(3) / 4.303 = 0.0403; the difference lies beyond 0.0805."""
    for gap, word in ((0.085, "Not decided"), (0.095, "Knows more")):
        rows = [replace(one, stopped="seeds", n=3) for one in attacked(gap, 0.0121)]
        rows = [replace(one, low=0.4, high=0.6) if one.version == "retrained" else one for one in rows]
        assert words_on(rows)["Membership attack"] == word
        assert "two standard deviations of the retrained codecs of 3 seeds" in verdict_on(rows).margin


def test_outputs_alone_are_not_tested_unless_they_tell() -> None:
    equal, more = swept(dict.fromkeys(SNRS, 0.0)), swept(dict.fromkeys(SNRS, 0.1))
    assert (verdict_on(equal).word, verdict_on(more).word) == ("Not tested", "Knows more")
    assert words_on(equal)[RELEARNING] == "Not tested"
    unknown = [replace(one, low=float("nan")) if one.minus else one for one in EQUAL]
    assert set(words_on(unknown).values()) == {"Not tested"}
    assert verdicts(Measurements("run", [one for one in equal if one.version == "original"])) == []


def test_each_erasure_is_judged_for_itself() -> None:
    rows = swept(dict.fromkeys(SNRS, 0.0)) + [
        one for one in swept(dict.fromkeys(SNRS, 0.3), method="finetune") if one.version == "erased"
    ]
    found = verdicts(Measurements("run", rows))
    assert [(v.erased, v.word) for v in found] == [
        ("erased · scu", "Not tested"),
        ("erased · finetune", "Knows more"),
    ]
    assert worst(found) == "Knows more"
    assert verdict_sentence(found, "x") == "Of 2 erased codecs, beside a retrained one: 1 knows more, 1 not tested."


def test_the_page_says_it_first(tmp_path: Path, store_run: Callable[..., Path]) -> None:
    page = write_report(store_run(tmp_path, [*EQUAL, *relearned(-0.5)])).read_text(encoding="utf-8")
    assert page.index("Knows more of the erased sentences") < page.index("What was erased?")
    assert "<strong>Knows more.</strong>" in page
    assert f"<dt>{RELEARNING}</dt><dd><strong>Knows more.</strong>" in page
    assert "<code>semlink list methods</code>" in page


@pytest.mark.parametrize("gap", [-0.5, 0.0, 0.5])
def test_a_measure_without_a_direction_gets_no_verdict(
    gap: float, tmp_path: Path, store_run: Callable[..., Path]
) -> None:
    """Nothing says whether more of it is better, so the page says neither more nor less."""
    rows = [replace(one, metric="novelty") for one in swept(dict.fromkeys(SNRS, gap))]
    rows += [replace(one, metric="relearned_novelty") for one in relearned(gap)]
    measured = Measurements("run", rows)
    assert measured.measures["novelty"].direction == "none"
    assert verdict_on(rows).word == "Not tested"
    assert "novelty: whether more or less" in verdict_on(rows).findings[0].detail
    page = write_report(store_run(tmp_path, rows)).read_text(encoding="utf-8")
    for word in ("Better than", "Worse than", "does better", "Knows more", "Knows less"):
        assert word not in page


def test_a_measure_without_a_direction_changes_no_verdict_on_others() -> None:
    unknown = [replace(one, metric="relearned_novelty") for one in relearned(5.0)]
    assert verdict_on([*EQUAL, *unknown]) == verdict_on(EQUAL)


def test_every_word_has_a_place() -> None:
    assert set(WORDS) == set(NEXT)
