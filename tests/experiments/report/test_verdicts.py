"""The verdict on an erasure: it follows from the rows, and what was not found is never a match."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from semlink.experiments.report.measurements import Measurements
from semlink.experiments.report.page import write_report
from semlink.experiments.report.verdicts import (
    CALIBRATED,
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
    assert "the mean of the 3 retrained codecs, in 95 of 100" in verdict.margin
    assert verdict_sentence([verdict], "sentences").startswith("Matches a codec retrained without the erased sentences")
    wide = [*swept(dict.fromkeys(SNRS, 0.0), 0.5), *relearned(0.0, 0.001), *attacked(0.0, 0.001)]
    assert verdict_on(several(wide, 0.02)).word == "Not decided"  # a broken measurement passes nothing
    without_attack = [one for one in EQUAL if one.metric != "membership_auc"]
    assert verdict_on(several(without_attack, 0.02)).word == "Not decided"
    assert verdict_on(several(EQUAL, 0.0003)).word == "Not decided"  # retrained codecs that agree allow little


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


def test_the_margin_over_seeds_is_that_of_so_many_retrained_codecs() -> None:
    """Three seeds with a half-width of 0.1: s = 0.1 sqrt(3) / 4.303 = 0.0403, and the margin 4.303 s sqrt(4 / 3)."""
    for gap, word in ((0.185, "Matches"), (0.205, "Not decided"), (0.215, "Knows more")):
        rows = [replace(one, stopped="seeds", n=3) for one in attacked(gap, 0.0121)]
        rows = [replace(one, low=0.4, high=0.6) if one.version == "retrained" else one for one in rows]
        assert words_on(rows)["Membership attack"] == word
        assert "the mean of the retrained codecs of 3 seeds" in verdict_on(rows).margin


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


LEAN, SURE = 0.01, 0.002  # how far retrained codecs lie apart in every measure, and how well each is measured


def word_for(shifts: tuple[float, float, float], draws: np.random.Generator) -> str:
    """The verdict on a codec that lies so far from retrained ones in word accuracy, relearned loss and attack."""
    rows = []
    for shift, metric, centre in zip(
        shifts, ("word_accuracy", "relearned_loss", "membership_auc"), (0.8, 1.0, 0.5), strict=True
    ):
        erased, *retrained = centre + draws.normal(scale=LEAN, size=6)
        for snr_db in SNRS if metric == "word_accuracy" else (12.0,):
            many = [
                row("retrained", metric, value, SURE, snr_db, method=f"retrain-{n}")
                for n, value in enumerate(retrained)
            ]
            gap = erased + shift - retrained[0]
            rows += [row("erased", metric, erased + shift, SURE, snr_db), *many]
            rows.append(row("erased", metric, gap, SURE, snr_db, minus="retrained"))
    return verdict_on(rows).word


def test_a_retrained_codec_passes_at_the_stated_rate_and_no_other_does() -> None:
    """Each of three measures tells a retrained codec apart in 5 of 100 cases, any of them in 14.3 of 100; of 200 cases
    more than 45 would be so once in 1,000 times. The original and a codec that lost its way never pass."""
    draws = np.random.default_rng(0)
    like = [word_for((0.0, 0.0, 0.0), draws) for _ in range(200)]
    assert like.count("Knows more") + like.count("Knows less") <= 45
    assert like.count("Matches") > 130
    for shifts, word in {
        (0.1, -0.3, 0.4): "Knows more",  # the original
        (-0.5, 0.3, -0.1): "Knows less",  # a broken decoder
        (-0.8, 2.0, 0.0): "Knows less",  # random weights: the attack alone finds nothing
    }.items():
        found = [word_for(shifts, draws) for _ in range(40)]
        assert set(found) <= {"Knows more", "Knows less"}
        assert found.count(word) > 30  # in few cases a measure that it left alone lies on the other side by chance


def calibrated(excess: float, retrained: tuple[float, ...], metric: str = "excess_loss") -> list[Row]:
    """The rows of a calibrated attack. retrained: the loss of each, of which rows tell the distance to the others."""
    beside = [loss - (sum(retrained) - loss) / (len(retrained) - 1) for loss in retrained]
    rows = [row("erased", metric, excess, 0.01, 12.0), row("original", metric, -1.0, 0.01, 12.0)]
    return rows + [row("retrained", metric, value, 0.01, 12.0, method=f"retrain-{n}") for n, value in enumerate(beside)]


@pytest.mark.parametrize(
    ("excess", "word"), [(-0.6, "Knows more"), (0.6, "Knows less"), (0.4, "Matches"), (0.495, "Not decided")]
)
def test_loss_beyond_the_spread_of_retrained_codecs_is_knowledge(excess: float, word: str) -> None:
    """Losses of 0.9, 1.0 and 1.1: s = 0.1, and the margin is 4.303 * 0.1 * sqrt(4 / 3) = 0.497."""
    verdict = verdict_on(calibrated(excess, (0.9, 1.0, 1.1), "excess_loss:part=named"))
    assert words_on(calibrated(excess, (0.9, 1.0, 1.1)))[CALIBRATED] == word
    told = verdict.findings[-1].detail
    assert "margin 0.497" in told
    assert "(words that only erased records hold)" in told
    assert ("records would decide it" in told) == (word == "Not decided")


def test_beside_two_retrained_codecs_no_loss_is_a_match() -> None:
    assert words_on(calibrated(0.0, (0.9, 1.1)))[CALIBRATED] == "Not decided"
    assert words_on(calibrated(-0.5, (0.9, 1.1)))[CALIBRATED] == "Knows more"


def test_codecs_that_agree_to_the_last_digit_leave_no_margin() -> None:
    """Nothing was found beside a margin of nothing: that is no match, and no difference either."""
    rows = several([replace(one, low=one.value, high=one.value) for one in attacked(0.0)], 0.0)
    assert words_on(rows)["Membership attack"] == "Not decided"


def test_the_page_tells_a_calibrated_attack_in_words(tmp_path: Path, store_run: Callable[..., Path]) -> None:
    name = "calibrated_auc:others=matched"
    area = row("erased", name, 0.3, 0.05, 12.0)
    rows = [*EQUAL, *calibrated(0.0, (0.9, 1.0, 1.1), "excess_loss:part=others,others=matched"), area]
    page = write_report(store_run(tmp_path, rows)).read_text(encoding="utf-8")
    assert "(all other words, beside unseen records that the request matches)" in page
    assert "part=others" not in page
    assert "0.700" in page  # folded
    assert "erased records lose more than by retrained codecs" in page
