"""What the papers of the four systems report, beside what came here: one table, whose own columns are drawn from recorded rows."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from studies import cell, line

from semlink.experiments.report.rows import Measurements, Series, load_measurements

# A quantity of a version of a codec: as a cell of the table, or nothing where it was not measured.
Quantity = Callable[[Measurements, Series | None], str]


@dataclass(frozen=True)
class Reported:
    """One line. paper, retrained_there: as the paper gives them. run, experiment: of ours. method: the erased version."""

    claim: str
    paper: str
    retrained_there: str
    run: str
    experiment: str
    method: str
    quantity: Quantity


def _measured(metric: str, set_name: str) -> Quantity:
    return lambda measured, series: cell(measured.at_point(metric, set_name, series))


def _audited(metric: str, set_name: str) -> Quantity:
    def found(measured: Measurements, series: Series | None) -> str:
        rows = [row for row in measured.rows if (row.metric, row.set, row.minus) == (metric, set_name, None)]
        wanted = [row for row in rows if series and (row.version, row.method) == (series.version, series.method)]
        return cell(wanted[-1] if wanted else None)

    return found


def _seconds(measured: Measurements, series: Series | None) -> str:
    row = measured.single("seconds", series)
    return "" if row is None else f"{row.value:.1f} s"


def _speed(measured: Measurements, series: Series | None) -> str:
    spent = measured.single("seconds", series)
    again = measured.single("seconds", measured.first("retrained"))
    return f"{again.value / spent.value:.3g} times" if spent and again and series != measured.first("retrained") else ""


SCU = ("scu-mnist-trigger", "mnist-trigger")
CLASS = ("contrastive-class", "contrastive-class", "contrastive")
SAMPLES = ("contrastive-samples", "contrastive-samples", "contrastive")
CODES = ("mnemonic-mlp", "mnemonic-mnist-mlp", "mnemonic")
GAN_CLASS = ("gan-mnist-class", "gan-mnist-class", "cascaded")
GAN_ITEMS = ("gan-mnist-items", "gan-mnist-items", "cascaded")
BACKDOOR, KEPT = _measured("backdoor_accuracy", "forget"), _measured("class_accuracy", "test")

REPORTED = (
    Reported("SCU, MNIST: erased images still taken for the trigger's label", "0.073", "", *SCU, "scu-published", BACKDOOR),
    Reported("the same by `scu-bounded`", "0.073", "", *SCU, "scu-bounded", BACKDOOR),
    Reported("unseen images recognised after it", "0.976", "", *SCU, "scu-bounded", KEPT),
    Reported("SCU: time against retraining", "130 times", "", *SCU, "scu-bounded", _speed),
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
    """The papers' figures beside ours. Errors: ResultsError when rows are missing; KeyError for an unknown experiment."""
    lines = [line(["", "paper", "retrained, paper", "ours", "retrained, ours"]), line(["---"] * 5)]
    for told in REPORTED:
        measured = {one.name: one for one in load_measurements(results / told.run / "results.jsonl")}[told.experiment]
        ours = next((series for series in measured.erased if series.method == told.method), None)
        cells = [told.quantity(measured, series) for series in (ours, measured.first("retrained"))]
        lines.append(line([told.claim, told.paper, told.retrained_there, *cells]))
    return "\n".join(lines)
