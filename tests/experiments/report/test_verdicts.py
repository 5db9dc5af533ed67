"""The two claims of an erasure: each verdict follows from the rows, and a claim without rows is said to be untested."""

from dataclasses import replace
from pathlib import Path

import pytest

from semlink.experiments.report.page import write_report
from semlink.experiments.report.rows import Measurements
from semlink.experiments.report.verdicts import MEMORY, OUTPUTS, Claim, claims
from semlink.simulator.results import Row, write_rows

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


def told(rows: list[Row]) -> dict[str, Claim]:
    return {claim.claim: claim for claim in claims(Measurements("run", rows), "sentences")}


def test_outputs_match() -> None:
    claim = told(swept(dict.fromkeys(SNRS, 0.005)))[OUTPUTS]
    assert claim.verdict == "Yes"
    assert "none of 3 paired differences" in claim.detail
    assert "erased sentences: none apart of 3" in claim.detail


def test_outputs_differ_and_it_is_told_where_to() -> None:
    claim = told(swept({0.0: 0.0, 6.0: 0.1, 12.0: -0.1}))[OUTPUTS]
    assert claim.verdict == "No"
    assert "2 of 3 paired differences" in claim.detail
    assert "1 better and 1 worse of 3" in claim.detail


@pytest.mark.parametrize(("gap", "verdict"), [(0.0101, "Yes"), (0.0121, "Yes"), (0.0123, "No")])
def test_many_comparisons_are_widened(gap: float, verdict: str) -> None:
    """Three at once: 2.394 instead of 1.960 standard errors (Bonferroni), so 0.01222 instead of 0.01."""
    claim = told(swept({0.0: gap, 6.0: 0.0, 12.0: 0.0}))[OUTPUTS]
    assert claim.verdict == verdict
    assert "1 better of 3" in claim.detail


@pytest.mark.parametrize(("gap", "verdict", "words"), [
    (-0.2, "No", "something is left"), (0.2, "No", "a trace as well"), (0.05, "Yes", "a stronger one may"),
])  # fmt: skip
def test_memory(gap: float, verdict: str, words: str) -> None:
    claim = told(relearned(gap))[MEMORY]
    assert claim.verdict == verdict
    assert words in claim.detail
    assert f"{abs(gap):.3f}" in claim.detail


def test_memory_is_sought_by_every_relearning() -> None:
    """More words recovered is memory, as less loss is; two comparisons are widened from 1.960 to 2.241 errors."""
    words = "relearned_term_recall:shown=8"
    found = {}
    for gap in (0.11, 0.12):
        rows = [*relearned(0.0), row("erased", words, gap, 0.1, 12.0, minus="retrained")]
        found[gap] = told(rows)[MEMORY]
        assert f"Named words after relearning (shown=8) +{gap:.3f}" in found[gap].detail
    assert [claim.verdict for claim in found.values()] == ["Yes", "No"]
    assert "something is left" in found[0.12].detail


def test_what_was_not_measured_is_not_tested() -> None:
    only_sweep, only_audit = told(swept(dict.fromkeys(SNRS, 0.0))), told(relearned(0.0))
    assert (only_sweep[OUTPUTS].verdict, only_sweep[MEMORY].verdict) == ("Yes", "Not tested")
    assert (only_audit[OUTPUTS].verdict, only_audit[MEMORY].verdict) == ("Not tested", "Yes")
    unknown = [replace(one, low=float("nan")) if one.minus else one for one in swept({0.0: 0.0}) + relearned(0.0)]
    assert {claim.verdict for claim in told(unknown).values()} == {"Not tested"}
    assert told([one for one in swept({0.0: 0.0}) if one.version == "original"]) == {}


def test_each_erasure_is_judged_for_itself() -> None:
    rows = swept(dict.fromkeys(SNRS, 0.0)) + [
        one for one in swept(dict.fromkeys(SNRS, 0.3), method="finetune") if one.version == "erased"
    ]
    found = [(c.erased, c.verdict) for c in claims(Measurements("run", rows), "sentences") if c.claim == OUTPUTS]
    assert found == [("erased · scu", "Yes"), ("erased · finetune", "No")]


def test_the_page_says_both(tmp_path: Path) -> None:
    write_rows(tmp_path / "results.jsonl", swept(dict.fromkeys(SNRS, 0.0)))
    page = write_report(tmp_path).read_text(encoding="utf-8")
    for claim, verdict in ((OUTPUTS, "Yes"), (MEMORY, "Not tested")):
        assert f"<dt>{claim}</dt><dd><strong>{verdict}.</strong>" in page
