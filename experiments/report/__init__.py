"""The report of a run: one page and its figures, drawn from the files of the run alone."""

from semlink.experiments.report.compare import write_comparison
from semlink.experiments.report.page import write_report

__all__ = ["write_comparison", "write_report"]
