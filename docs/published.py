"""What the papers of the four systems report beside our numbers: one table, whose last columns are recorded rows."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from studies import cell, experiment_of, line, speed

from semlink.experiments.report.measurements import Measurements, Series

# A quantity of a version of a codec: as a cell of the table, or nothing where it was not measured.
Quantity = Callable[[Path, Measurements, Series | None], str]


@dataclass(frozen=True)
class Reported:
    """One line of the table.

    paper, retrained_there: as the paper gives them. run, experiment, method: where our number comes from.
    """

    claim: str
    paper: str
    retrained_there: str
    run: str
    experiment: str
    method: str
    quantity: Quantity


def _measured(metric: str, set_name: str) -> Quantity:
    return lambda folder, measured, series: cell(measured.quoted.get((metric, set_name, series)) if series else None)


def _audited(metric: str, set_name: str) -> Quantity:
    def last(folder: Path, measured: Measurements, series: Series | None) -> str:
        rows = [row for row in measured.rows if (row.metric, row.set, row.minus) == (metric, set_name, None)]
        wanted = [row for row in rows if series and (row.version, row.method) == (series.version, series.method)]
        return cell(wanted[-1] if wanted else None)

    return last


def _seconds(folder: Path, measured: Measurements, series: Series | None) -> str:
    row = measured.singles.get(("seconds", series)) if series else None
    return "" if row is None else f"{row.value:.1f} s"


def _speed(folder: Path, measured: Measurements, series: Series | None) -> str:
    return speed(folder, measured.name, series) if series and series.version == "erased" else ""


SCU = ("scu-mnist-trigger", "mnist-trigger")
CLASS = ("contrastive-class", "contrastive-class", "contrastive")
SAMPLES = ("contrastive-samples", "contrastive-samples", "contrastive")
CODES = ("mnemonic-mlp", "mnemonic-mnist-mlp", "mnemonic")
GAN_CLASS = ("gan-mnist-class", "gan-mnist-class", "cascaded")
GAN_ITEMS = ("gan-mnist-items", "gan-mnist-items", "cascaded")
BACKDOOR, KEPT = _measured("backdoor_accuracy", "forget"), _measured("class_accuracy", "test")

REPORTED = (
    Reported(
        "SCU, MNIST: erased images still taken for the trigger's label", "(0.073)", "", *SCU, "scu-published", BACKDOOR
    ),
    Reported("SCU: unseen images recognised after it", "(0.976)", "", *SCU, "scu-published", KEPT),
    Reported("SCU: time against retraining", "(130 times)", "", *SCU, "scu-published", _speed),
    Reported("`scu-bounded`, not in the paper: taken for the trigger's label", "", "", *SCU, "scu-bounded", BACKDOOR),
    Reported("`scu-bounded`: unseen images recognised after it", "", "", *SCU, "scu-bounded", KEPT),
    Reported("`scu-bounded`: time against retraining", "", "", *SCU, "scu-bounded", _speed),
    Reported("Contrastive, class: unseen erased class", "0", "0", *CLASS, _measured("label_accuracy", "forget_test")),
    Reported("Contrastive, class: the other classes", "0.858", "0.870", *CLASS, _measured("label_accuracy", "test")),
    Reported("Contrastive, class: time against retraining", "32 times", "", *CLASS, _speed),
    Reported("Contrastive, samples: erased", "0.822", "0.856", *SAMPLES, _measured("label_accuracy", "forget")),
    Reported("Contrastive, samples: unseen", "0.828", "0.845", *SAMPLES, _measured("label_accuracy", "test")),
    Reported("Contrastive, samples: time against retraining", "15.5 times", "", *SAMPLES, _speed),
    Reported("Mnemonic codes, MNIST: erased class", "0", "", *CODES, _measured("label_accuracy", "forget_test")),
    Reported("Mnemonic codes, MNIST: the other classes", "0.959", "", *CODES, _measured("label_accuracy", "test")),
    Reported("Mnemonic codes, MNIST: time", "0.65 s", "", *CODES, _seconds),
    Reported("Cascaded GAN, class: the class on request", "", "", *GAN_CLASS, _audited("share_on_request", "forget")),
    Reported("Cascaded GAN, class: time against retraining", "185 times", "", *GAN_CLASS, _speed),
    Reported("Cascaded GAN, items: attack on the scores (AUC)", "", "", *GAN_ITEMS, _audited("score_auc", "forget")),
    Reported("Cascaded GAN, items: time against retraining", "185 times", "", *GAN_ITEMS, _speed),
)  # fmt: skip


def published_table(results: Path) -> str:
    """The papers' figures beside ours.

    Errors: ResultsError when rows are missing; KeyError for an unknown experiment.
    """
    lines = [line(["", "paper", "retrained, paper", "ours", "retrained, ours"]), line(["---"] * 5)]
    for reported in REPORTED:
        folder = results / reported.run
        measured = experiment_of(folder, reported.experiment)
        ours = next((series for series in measured.erased if series.method == reported.method), None)
        cells = [reported.quantity(folder, measured, series) for series in (ours, measured.first.get("retrained"))]
        lines.append(line([reported.claim, reported.paper, reported.retrained_there, *cells]))
    return "\n".join(lines)
