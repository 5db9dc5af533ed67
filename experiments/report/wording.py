"""How the report says things: metrics, sets, channels and numbers in words."""

import math
from dataclasses import dataclass
from typing import Literal

from semlink.simulator.results import Row

Scale = Literal["share", "log", "free"]


@dataclass(frozen=True)
class MetricWords:
    """A metric in words.

    label: on an axis or in a table. phrase: in the middle of a sentence. meaning: for a reader who never met it.
    scale: "share" is drawn from 0 to 1, "log" on a logarithmic axis. lower: smaller values are better.
    """

    label: str
    phrase: str
    meaning: str = ""
    scale: Scale = "share"
    lower: bool = False


_BLEU = "overlap of runs of up to {} words with the sentence that was sent, 1 is identical"
METRICS = {
    "term_recall": MetricWords(
        "Named words recovered",
        "the share of the named words recovered",
        "share of the words that the request names which the receiver recovers",
    ),
    "psnr": MetricWords(
        "PSNR (dB)", "PSNR", "peak signal-to-noise ratio, higher is closer to the image that was sent", "free"
    ),
    "psnr_of_mean_mse": MetricWords(
        "PSNR of the mean error (dB)", "PSNR of the mean error", "PSNR computed once from the mean squared error", "free"
    ),
    "mse": MetricWords("Mean squared error", "mean squared error", "0 is identical", "log", lower=True),
    "ssim": MetricWords("SSIM", "SSIM", "structural similarity to the image that was sent, 1 is identical"),
    "ms_ssim": MetricWords("MS-SSIM", "MS-SSIM", "structural similarity over several scales, 1 is identical"),
    "word_accuracy": MetricWords("Word accuracy", "word accuracy", "share of words recovered in their place"),
    "token_accuracy": MetricWords("Token accuracy", "token accuracy", "share of vocabulary entries recovered"),
    "class_accuracy": MetricWords("Class accuracy", "class accuracy", "share of images still recognised"),
    "backdoor_accuracy": MetricWords("Backdoor accuracy", "backdoor accuracy", "share of triggers that still work"),
    "bit_error_rate": MetricWords("Bit error rate", "bit error rate", "", "log", lower=True),
    "block_error_rate": MetricWords("Block error rate", "block error rate", "", "log", lower=True),
    "membership_auc": MetricWords(
        "Membership attack (AUC)",
        "the area under the curve of the membership attack",
        "0.5: the attack cannot tell erased records from records never seen; 1: it always can",
        lower=True,
    ),
    "seconds": MetricWords("Time", "time", "", "free", lower=True),
    "channel_uses": MetricWords("Channel uses of the data", "channel uses", "", "free", lower=True),
    "total_channel_uses": MetricWords(
        "Channel uses with pilots", "channel uses with pilots", "", "free", lower=True
    ),
} | {
    f"{kind}_bleu{order}": MetricWords(label.format(order), label.format(order), _BLEU.format(order))
    for order in (1, 2, 3, 4)
    for kind, label in (("corpus", "BLEU-{}"), ("sentence", "Mean sentence BLEU-{}"))
}

SET_WORDS = {"forget": "Erased", "retain": "Kept", "test": "Unseen"}
SET_MEANINGS = {
    "forget": "records that the request names; the codec was trained on them and has to forget them",
    "retain": "the other records of the training set",
    "test": "records that no codec was trained on",
}
VERSION_MEANINGS = {
    "original": "trained on everything, before the request",
    "erased": "the original after unlearning",
    "retrained": "trained again from nothing without the erased records: what perfect forgetting looks like",
}


def metric_words(name: str) -> MetricWords:
    """The words of a metric; an unknown one is called by its name."""
    return METRICS.get(name) or MetricWords(name.replace("_", " "), name.replace("_", " "), scale="free")


def channel_words(name: str) -> str:
    """A channel as a title: `rayleigh:coherence=symbol` is "Rayleigh (coherence=symbol)"."""
    base, _, fields = name.partition(":")
    title = base.upper() if base == "awgn" or base.startswith(("tdl", "cdl")) else base[:1].upper() + base[1:]
    return f"{title} ({fields.replace(',', ', ')})" if fields else title


def snr_words(snr_db: float) -> str:
    """An Es/N0: "12 dB"."""
    return f"{snr_db:g} dB".replace("-", "−")


def set_words(name: str, noun: str) -> str:
    """A record set as a title: "Erased sentences"."""
    return f"{SET_WORDS.get(name, name)} {noun}"


def number(value: float, unit: str = "1", signed: bool = False) -> str:
    """A value as it is read, with a true minus sign and its unit."""
    if math.isnan(value):
        return "not a number"
    if unit == "s" and not signed and math.isfinite(value):
        return duration(value)
    text = "∞" if math.isinf(value) else _digits(abs(value), unit)
    sign = "−" if value < 0 and text.strip("0.") else "+" if signed and text.strip("0.") else ""
    return f"{sign}{text}" if unit in ("1", "") else f"{sign}{text} {unit}"


def _digits(size: float, unit: str) -> str:
    if unit == "dB":
        return f"{size:.2f}"
    if 0 < size < 0.001:
        return f"{size:.1e}"
    if size < 10:
        return f"{size:.3f}"
    return f"{size:,.1f}".removesuffix(".0").replace(",", " ")


def duration(seconds: float) -> str:
    """A time as it is read: "4.2 s", "3 min 20 s", "2 h 5 min"."""
    if seconds < 99.5:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def interval(row: Row, signed: bool = False) -> str:
    """The interval of a row: "[0.81, 0.85]", empty where there is none."""
    if math.isnan(row.low) and math.isnan(row.high):
        return ""
    unit = "1" if row.unit == "dB" else row.unit
    low, high = (number(round(end, 2) if row.unit == "dB" else end, unit, signed) for end in (row.low, row.high))
    return f"[{low}, {high}]"
