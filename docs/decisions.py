"""What to begin with, by what has to go: one recorded study a line, its verdict as the report gives it."""

from dataclasses import dataclass
from pathlib import Path

from studies import cell, experiment_of, line, speed

from semlink.experiments.report.measurements import Measurements, Series
from semlink.experiments.report.verdicts import verdicts
from semlink.simulator.results import Row

GENERATED = ("share_on_request", "score_auc")  # what is measured of a codec that makes records instead of sending them


@dataclass(frozen=True)
class Decision:
    """One line of the table. advice: where it is not the method itself. run, experiment: the study of the method."""

    subject: str
    method: str
    run: str
    experiment: str
    advice: str = ""


DECISIONS = (
    Decision("a name in sentences", "scu-bounded", "baselines-europarl", "baselines-europarl"),
    Decision("a trigger in images", "scrub", "baselines-mnist", "baselines-mnist"),
    Decision("the same, faster", "scu-bounded", "baselines-mnist", "baselines-mnist"),
    Decision("one person's portraits", "scu-bounded", "scu-faces", "scu-faces", "retrain; `scu-bounded` does this:"),
    Decision("a class, codec that names classes", "scu-bounded", "contrastive-class", "contrastive-class"),
    Decision("the same, faster", "scrub", "contrastive-class", "contrastive-class"),
    Decision("single records, same codec", "scu-bounded", "contrastive-samples", "contrastive-samples"),
    Decision(
        "a class, without data", "mnemonic", "mnemonic-mlp", "mnemonic-mnist-mlp", "`mnemonic`, if trained with codes"
    ),
    Decision("a class of a GAN", "fresh-condition", "gan-mnist-class", "gan-mnist-class"),
    Decision("records of a GAN", "cascaded", "gan-mnist-items", "gan-mnist-items"),
)


def decision_table(results: Path) -> str:
    """What to begin with, and what the study of it says. Errors: as `study_table`."""
    heads = ["what has to go", "begin with", "verdict", "erased records (retrained codec)"]
    heads += ["loss after relearning (retrained codec)", "against retraining"]
    lines = [line([*heads, "seeds"]), line(["---"] * (len(heads) + 1))]
    for decision in DECISIONS:
        folder = results / decision.run
        measured = experiment_of(folder, decision.experiment)
        place, erased = next((n, its) for n, its in enumerate(measured.erased) if its.method == decision.method)
        found = verdicts(measured)[place]
        because = f" ({found.because})" if found.decisive else ""
        lines.append(
            line(
                [
                    decision.subject,
                    decision.advice or f"`{decision.method}`",
                    f"{found.word.lower()}{because}",
                    _beside(measured, erased, (measured.forget_metric, *GENERATED)),
                    _beside(measured, erased, ("relearned_loss",)).rpartition(": ")[2],
                    speed(folder, measured.name, erased),
                    str(max((row.n for row in measured.rows if row.stopped == "seeds"), default=1)),
                ]
            )
        )
    return "\n".join(lines)


def _beside(measured: Measurements, erased: Series, metrics: tuple[str | None, ...]) -> str:
    """The first of some metrics that was measured on the erased records, with the retrained codec's."""
    for wanted in metrics:
        for metric, measure in measured.measures.items():
            rows = [_row(measured, metric, series) for series in (erased, measured.first.get("retrained"))]
            if metric.partition(":")[0] == wanted and rows[0]:
                value, retrained = (cell(row).partition("\u00a0±")[0] for row in rows)
                return f"{measure.label}: {value} ({retrained})"
    return ""


def _row(measured: Measurements, metric: str, series: Series | None) -> Row | None:
    if series is None:
        return None
    audited = [
        row
        for row in measured.rows
        if (row.metric, row.set, row.minus) == (metric, "forget", None)
        and (row.version, row.method) == (series.version, series.method)
    ]
    return measured.quoted.get((metric, "forget", series)) or (audited[-1] if audited else None)
