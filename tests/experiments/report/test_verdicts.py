"""The two claims of an erasure: each verdict follows from the rows; what was not tested or not judged is named."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from semlink.experiments.report.measurements import Measurements
from semlink.experiments.report.page import write_report
from semlink.experiments.report.verdicts import MEMORY, NOT_JUDGED, OUTPUTS, Verdict, nearness, verdicts
from semlink.simulator.results import Row

SNRS = (0.0, 6.0, 12.0)


def row(version: str, metric: str, value: float, half: float, snr_db: float | None, set_name: str = "forget",
        minus: str | None = None, method: str = "scu") -> Row:  # fmt: skip
    return Row("run", "codec", version, "none" if version == "original" else method, "awgn", snr_db, set_name, metric,
               value, value - half, value + half, 0.95, 50, "1", 0, "0.1.0", minus=minus)  # fmt: skip


def swept(gaps: dict[float, float], half: float = 0.01, method: str = "scu") -> list[Row]:
    """The rows of a sweep whose differences erased - retrained on the forget set are `gaps`."""
    rows = [
        row(v, "word_accuracy", 0.8, 0.05, s, method=method) for v in ("original", "erased", "retrained") for s in gaps
    ]
    return rows + [
        row("erased", "word_accuracy", g, half, s, minus="retrained", method=method) for s, g in gaps.items()
    ]


def relearned(gap: float, half: float = 0.1) -> list[Row]:
    rows = [row(version, "relearned_loss", 1.0, 0.2, 12.0) for version in ("erased", "retrained")]
    return [*rows, row("erased", "relearned_loss", gap, half, 12.0, minus="retrained")]


def verdicts_on(rows: list[Row]) -> dict[str, Verdict]:
    return {verdict.claim: verdict for verdict in verdicts(Measurements("run", rows, "text"))}


def test_outputs_match() -> None:
    claim = verdicts_on(swept(dict.fromkeys(SNRS, 0.005)))[OUTPUTS]
    assert claim.verdict == "Yes"
    assert "none of 3 paired differences" in claim.detail
    assert "erased sentences: none apart of 3" in claim.detail


def test_outputs_differ_and_it_is_told_where_to() -> None:
    claim = verdicts_on(swept({0.0: 0.0, 6.0: 0.1, 12.0: -0.1}))[OUTPUTS]
    assert claim.verdict == "No"
    assert "2 of 3 paired differences" in claim.detail
    assert "1 better and 1 worse of 3" in claim.detail


@pytest.mark.parametrize(("gap", "verdict"), [(0.0101, "Yes"), (0.0121, "Yes"), (0.0123, "No")])
def test_many_comparisons_are_widened(gap: float, verdict: str) -> None:
    """Three at once: 2.394 instead of 1.960 standard errors (Bonferroni), so 0.01222 instead of 0.01."""
    claim = verdicts_on(swept({0.0: gap, 6.0: 0.0, 12.0: 0.0}))[OUTPUTS]
    assert claim.verdict == verdict
    assert "1 better of 3" in claim.detail


@pytest.mark.parametrize(("gap", "verdict", "words"), [
    (-0.2, "No", "something is left"), (0.2, "No", "a trace as well"), (0.05, "Yes", "a stronger one may"),
])  # fmt: skip
def test_memory(gap: float, verdict: str, words: str) -> None:
    claim = verdicts_on(relearned(gap))[MEMORY]
    assert claim.verdict == verdict
    assert words in claim.detail
    assert f"{abs(gap):.3f}" in claim.detail


def test_memory_is_sought_by_every_relearning() -> None:
    """More words recovered is memory, as less loss is; two comparisons are widened from 1.960 to 2.241 errors."""
    words = "relearned_term_recall:shown=8"
    found = {}
    for gap in (0.11, 0.12):
        rows = [*relearned(0.0), row("erased", words, gap, 0.1, 12.0, minus="retrained")]
        found[gap] = verdicts_on(rows)[MEMORY]
        assert f"Named words after relearning (shown=8) +{gap:.3f}" in found[gap].detail
    assert [claim.verdict for claim in found.values()] == ["Yes", "No"]
    assert "something is left" in found[0.12].detail


def test_what_was_not_measured_is_not_tested() -> None:
    only_sweep, only_audit = verdicts_on(swept(dict.fromkeys(SNRS, 0.0))), verdicts_on(relearned(0.0))
    assert (only_sweep[OUTPUTS].verdict, only_sweep[MEMORY].verdict) == ("Yes", "Not tested")
    assert (only_audit[OUTPUTS].verdict, only_audit[MEMORY].verdict) == ("Not tested", "Yes")
    unknown = [replace(one, low=float("nan")) if one.minus else one for one in swept({0.0: 0.0}) + relearned(0.0)]
    assert {claim.verdict for claim in verdicts_on(unknown).values()} == {"Not tested"}
    assert verdicts_on([one for one in swept({0.0: 0.0}) if one.version == "original"]) == {}


def test_each_erasure_is_judged_for_itself() -> None:
    rows = swept(dict.fromkeys(SNRS, 0.0)) + [
        one for one in swept(dict.fromkeys(SNRS, 0.3), method="finetune") if one.version == "erased"
    ]
    found = [(v.erased, v.verdict) for v in verdicts(Measurements("run", rows)) if v.claim == OUTPUTS]
    assert found == [("erased · scu", "Yes"), ("erased · finetune", "No")]


def test_the_page_says_both(tmp_path: Path, store_run: Callable[..., Path]) -> None:
    page = write_report(store_run(tmp_path, swept(dict.fromkeys(SNRS, 0.0)))).read_text(encoding="utf-8")
    for claim, verdict in ((OUTPUTS, "Yes"), (MEMORY, "Not tested")):
        assert f"<dt>{claim}</dt><dd><strong>{verdict}.</strong>" in page


@pytest.mark.parametrize("gap", [-0.5, 0.0, 0.5])
def test_a_measure_without_a_direction_gets_no_verdict(
    gap: float, tmp_path: Path, store_run: Callable[..., Path]
) -> None:
    """Nothing says whether more of it is better, so the page says neither better nor worse."""
    rows = [replace(one, metric="novelty") for one in swept(dict.fromkeys(SNRS, gap))]
    rows += [replace(one, metric="relearned_novelty") for one in relearned(gap)]
    measured = Measurements("run", rows)
    assert measured.measures["novelty"].direction == "none"
    assert nearness(measured) == NOT_JUDGED
    judged = verdicts_on(rows)
    assert {verdict.verdict for verdict in judged.values()} == {"Not judged"}
    assert "novelty: not judged" in judged[OUTPUTS].detail
    page = write_report(store_run(tmp_path, rows)).read_text(encoding="utf-8")
    assert "Not judged" in page
    for word in ("Better than", "Worse than", "does better", "knows more", "knows less", "no difference to"):
        assert word not in page


def test_a_measure_without_a_direction_changes_no_verdict_on_others() -> None:
    known = verdicts_on([*swept(dict.fromkeys(SNRS, 0.0)), *relearned(0.0)])
    unknown = [replace(one, metric="relearned_novelty") for one in relearned(5.0)]
    judged = verdicts_on([*swept(dict.fromkeys(SNRS, 0.0)), *relearned(0.0), *unknown])
    assert {claim: verdict.verdict for claim, verdict in judged.items()} == {OUTPUTS: "Yes", MEMORY: "Yes"}
    assert judged[OUTPUTS] == known[OUTPUTS]
    assert "relearned novelty: not judged" in judged[MEMORY].detail
