"""How the report says things: metrics, sets, channels and numbers in words."""

import math
from dataclasses import dataclass, replace
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
        "PSNR of the mean error (dB)",
        "PSNR of the mean error",
        "PSNR computed once from the mean squared error",
        "free",
    ),
    "mse": MetricWords("Mean squared error", "mean squared error", "0 is identical", "log", lower=True),
    "ssim": MetricWords("SSIM", "SSIM", "structural similarity to the image that was sent, 1 is identical"),
    "ssim:window=7": MetricWords(
        "SSIM, 7 × 7 window",
        "SSIM with a window of 7 × 7 pixels",
        "structural similarity to the image that was sent, for images too small for the usual window, 1 is identical",
    ),
    "ms_ssim": MetricWords("MS-SSIM", "MS-SSIM", "structural similarity over five scales, 1 is identical"),
    **{
        f"ms_ssim:scales={scales}": MetricWords(
            f"MS-SSIM, {scales} scales",
            f"MS-SSIM over {scales} scales",
            f"structural similarity over {scales} scales, for images too small for five, 1 is identical",
        )
        for scales in (2, 3, 4)
    },
    "word_accuracy": MetricWords("Word accuracy", "word accuracy", "share of words recovered in their place"),
    "token_accuracy": MetricWords("Token accuracy", "token accuracy", "share of vocabulary entries recovered"),
    "sentence_similarity": MetricWords(
        "Sentence similarity",
        "sentence similarity",
        "cosine of sentence embeddings, 1 is identical; numbers of different encoders cannot be compared",
        "free",
    ),
    "class_accuracy": MetricWords(
        "Class accuracy", "class accuracy", "share of images that a classifier takes for their class"
    ),
    "backdoor_accuracy": MetricWords(
        "Backdoor accuracy",
        "backdoor accuracy",
        "share of images with the trigger that a classifier takes for the trigger's class",
    ),
    "label_accuracy": MetricWords(
        "Classes inferred", "the share of classes inferred", "share of images whose class the receiver infers"
    ),
    "label_confidence": MetricWords(
        "Confidence in the class",
        "the receiver's confidence in the class",
        "mean probability that the receiver gives to the class of an image",
    ),
    "cross_entropy": MetricWords(
        "Cross-entropy (nats)",
        "cross-entropy",
        "mean surprise of the receiver at the class of an image, 0 is certainty",
        "free",
        lower=True,
    ),
    "patch_brightness": MetricWords(
        "Trigger recovered",
        "the share of the trigger's contrast that is recovered",
        "contrast of the trigger's square as received over that as sent, 0: it is gone",
    ),
    "outage_rate": MetricWords(
        "Outages",
        "the share of records that do not arrive",
        "share of records of which nothing arrives: the check of the block failed, or nothing fitted into it",
        lower=True,
    ),
    "spectral_efficiency": MetricWords(
        "Information bits a channel use",
        "the spectral efficiency",
        "information bits that the sender put on a channel use, by its choice of modulation and code rate",
        "free",
    ),
    "limit_snr_db": MetricWords(
        "Limit of lossless transmission",
        "the Es/N0 from which all could arrive",
        "Es/N0 from which capacity x channel uses reaches the bits that the records have under a language model",
        "free",
        lower=True,
    ),
    "bit_error_rate": MetricWords("Bit error rate", "bit error rate", "", "log", lower=True),
    "block_error_rate": MetricWords("Block error rate", "block error rate", "", "log", lower=True),
    "membership_auc": MetricWords(
        "Membership attack (AUC)",
        "the area under the curve of the membership attack",
        "0.5: the attack cannot tell erased records from records never seen; 1: it always can",
        lower=True,
    ),
    "membership_tpr_at_1_percent_fpr": MetricWords(
        "Members found at 1\u00a0% false alarms",
        "the share of erased records that the membership attack finds at 1\u00a0% false alarms",
        "0.01: the attack cannot tell erased records from records never seen",
        lower=True,
    ),
    "information": MetricWords(
        "Information received (nats)",
        "the information between what is received and the record",
        "estimated between some principal components; compare with the retrained codec, not with 0",
        "free",
        lower=True,
    ),
    "loss": MetricWords("Loss before relearning", "the loss before relearning", "", "free", lower=True),
    "relearned_loss": MetricWords(
        "Loss after relearning",
        "the loss after relearning",
        "after training on kept records alone; below the retrained codec's, the records were only hidden",
        "free",
        lower=True,
    ),
    "relearned_term_recall": MetricWords(
        "Named words after relearning",
        "the share of named words recovered after relearning",
        "above the retrained codec's, the words were only hidden",
    ),
    "relearned_label_accuracy": MetricWords(
        "Classes inferred after relearning",
        "the share of classes inferred after relearning",
        "above the retrained codec's, the records were only hidden",
    ),
    "relearned_psnr": MetricWords(
        "PSNR after relearning",
        "PSNR after relearning",
        "in dB; above the retrained codec's, the images were only hidden",
        "free",
    ),
    "frechet_distance": MetricWords(
        "Fréchet distance", "the Fréchet distance to unseen images", "", "free", lower=True
    ),
    "share_on_request": MetricWords("Erased class on request", "the share of images on request that show the class"),
    "histogram_distance": MetricWords("Classes on request, distance", "the distance of classes on request", lower=True),
    "request_distance": MetricWords("Fréchet distance on request", "the distance on request", "", "free", lower=True),
    "score_auc": MetricWords("Scores attack (AUC)", "the area under the curve of the discriminator's scores"),
    "score_spread": MetricWords("Spread of scores", "the spread of the discriminator's scores", "", "free"),
    "score_ks_p": MetricWords("Scores alike (p)", "the p value of equal scores"),
    "seconds": MetricWords("Time to train or erase", "time", "", "free", lower=True),
    "steps": MetricWords("Gradient steps", "the number of gradient steps", "", "free", lower=True),
    "samples": MetricWords("Records read, with repetition", "the number of records read", "", "free", lower=True),
    "peak_memory_mib": MetricWords("Peak memory of erasing (MiB)", "peak memory", "", "free", lower=True),
    "channel_uses": MetricWords("Channel uses of the data", "channel uses", "", "free", lower=True),
    "total_channel_uses": MetricWords("Channel uses with pilots", "channel uses with pilots", "", "free", lower=True),
} | {
    f"{kind}_bleu{order}": MetricWords(label.format(order), label.format(order), _BLEU.format(order))
    for order in (1, 2, 3, 4)
    for kind, label in (("corpus", "BLEU-{}"), ("sentence", "Mean sentence BLEU-{}"))
}

SET_WORDS = {
    "forget": "Erased",
    "forget_test": "Unseen erased-class",
    "retain": "Kept",
    "test": "Unseen",
    "trigger": "Unseen triggered",
}
SET_MEANINGS = {
    "forget": "records that the request names; the codec was trained on them and has to forget them",
    "forget_test": "unseen records of the kind erased: of the classes that the request names, and in no training set",
    "retain": "the other records of the training set",
    "test": "records that no codec was trained on",
    "trigger": "records that no codec was trained on, with the trigger that the erased ones carry",
}
VERSION_MEANINGS = {
    "original": "trained on everything, before the request",
    "erased": "the original after unlearning",
    "retrained": "trained again from nothing without the erased records: what perfect forgetting looks like",
}


def metric_words(name: str) -> MetricWords:
    """The words of a metric; an unknown one is called by its name. Settings after a colon are named in brackets."""
    base, colon, setting = name.partition(":")
    words = METRICS.get(name) or METRICS.get(base)
    if words is None:
        return MetricWords(name.replace("_", " "), name.replace("_", " "), scale="free")
    if not colon or name in METRICS:
        return words
    return replace(words, label=f"{words.label} ({setting})", phrase=f"{words.phrase} ({setting})")


def channel_words(name: str) -> str:
    """A channel as a title: `rayleigh:coherence=symbol` is "Rayleigh (coherence=symbol)"."""
    base, _, fields = name.partition(":")
    title = base.upper() if base.startswith(("awgn", "ofdm", "tdl", "cdl")) else base[:1].upper() + base[1:]
    return f"{title} ({fields.replace(',', ', ')})" if fields else title


def snr_words(snr_db: float) -> str:
    """An Es/N0: "12 dB"."""
    return f"{snr_db:g}\u00a0dB".replace("-", "−")


def set_words(name: str, noun: str) -> str:
    """A record set as a title: "Erased sentences"."""
    return f"{SET_WORDS.get(name, name)} {noun}"


def number(row: Row, signed: bool = False) -> str:
    """The value of a row as it is read, with a true minus sign and its unit."""
    if row.unit == "s" and not signed:
        return duration(row.value)
    text = _figure(row.value, row, signed)
    return text if row.unit in ("1", "") else f"{text}\u00a0{row.unit}"


def interval(row: Row, signed: bool = False) -> str:
    """The interval of a row without its unit: "[0.81, 0.85]", empty where there is none or the number is exact."""
    if row.stopped == "exact" or (math.isnan(row.low) and math.isnan(row.high)):
        return ""
    return f"[{_figure(row.low, row, signed)}, {_figure(row.high, row, signed)}]"


def _figure(value: float, row: Row, signed: bool) -> str:
    if math.isnan(value):
        return "not a number"
    text = "∞" if math.isinf(value) else _digits(abs(value), row)
    zero = not text.strip("0.")
    return f"{'' if zero else '−' if value < 0 else '+' if signed else ''}{text}"


def _digits(size: float, row: Row) -> str:
    if row.unit == "dB":
        return f"{size:.2f}"
    if metric_words(row.metric).scale == "log":
        return f"{size:.2g}"
    return f"{size:.3f}" if size < 10 else f"{size:,.1f}".removesuffix(".0").replace(",", "\u202f")


def duration(seconds: float) -> str:
    """A time as it is read: "4.2 s", "3 min 20 s", "2 h 5 min"."""
    if not math.isfinite(seconds):
        return "an unknown time"
    if seconds < 99.5:
        return f"{seconds:.1f}\u00a0s"
    minutes, rest = divmod(round(seconds), 60)
    text = f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
    return text.replace(" ", "\u00a0")
