"""What the report calls record sets, versions, channels, codecs and Es/N0. A metric says itself what it is called."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from semlink.errors import SemlinkError
from semlink.registry import parse
from semlink.simulator.measure import Measure

SET_LABELS = {
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
TERMS = {
    "retrained": "trained again from nothing without the erased records; the reference for forgetting",
    "audit": "an attempt to find what a codec still knows of the erased records, beyond what comes out of its receiver",
    "Es/N0": "signal-to-noise ratio: energy of a sent symbol over the noise density, for each complex channel use",
}
COMPRESSORS = {
    "avif": "AVIF", "heic": "HEIC", "webp": "WebP", "jpeg": "JPEG", "jpeg2000": "JPEG 2000", "ngram": "word statistics",
    "brotli": "Brotli", "huffman": "Huffman code", "five-bit": "five-bit letters",
}  # fmt: skip
# What a codec is called by the kind of its name, and before which field its compressor stands.
CLASSICAL = {
    "digital": ("5G LDPC with {}", "compressor"),
    "limit": ("Capacity limit with {}", "compressor"),
    "bound": ("Capacity bound by {}", "model"),
}
FADING = ("rayleigh", "rician")
MULTIPATH = ("tdl", "cdl")
PLAIN_SPEED = 3.0  # km/h, of a multipath channel that names none

SETTINGS = {  # of measures, as their names have them
    "part=named": "words that only erased records hold",
    "part=others": "all other words",
    "others=matched": "beside unseen records that the request matches",
}

Say = Callable[[Any], str]


def codec_label(name: str) -> str:
    """A codec as a title: `digital:avif,mcs=qpsk-1/2` is "5G LDPC with AVIF, QPSK 1/2"; stored ones keep their name."""
    kind, fields = _parts(name)
    if kind not in CLASSICAL:
        return name
    title, first = CLASSICAL[kind]
    known = fields.pop("", fields.pop(first, "transformer" if kind == "bound" else ""))
    says: Mapping[str, Say] = {
        "mcs": lambda mcs: str(mcs).upper().replace("-", " "),
        "knowledge": lambda known: {"instantaneous": "fades known to the sender"}.get(known, f"{known} known"),
        "bandwidth_ratio": lambda ratio: f"1/{1 / ratio:.3g} uses per sample",
        "uses_per_word": lambda uses: f"{uses:g} uses per word",
        "error_rate": lambda rate: f"{100 * rate:g} % block errors",
        "target": lambda rate: f"at most {100 * rate:g} % block errors",
    }
    return ", ".join([title.format(COMPRESSORS.get(str(known), str(known))), *_said(fields, says)])


def channel_label(name: str) -> str:
    """A channel as a title: `rayleigh` is "Rayleigh fading, one fade per record", `tdl-c` is "TDL-C, 3 km/h"."""
    kind, fields = _parts(name)
    says: Mapping[str, Say] = {
        "coherence": lambda uses: {"block": "one fade per record", "symbol": "one fade per symbol"}.get(
            uses, f"one fade per {uses} symbols"
        ),
        "csi": lambda csi: {"estimated": "estimated channel", "none": "unknown channel"}.get(csi, f"{csi} channel"),
        "estimator": lambda estimator: {"ls": "LS", "lmmse": "LMMSE"}.get(estimator, f"{estimator} estimator"),
        "speed_kmh": lambda speed: f"{speed:g}\u00a0km/h",
        "k_factor_db": lambda factor: f"K = {factor:g}\u00a0dB",
        "delay_spread_ns": lambda spread: f"{spread:g}\u00a0ns",
        "equaliser": lambda equaliser: f"{str(equaliser).upper()} equaliser",
    }
    if kind in FADING:
        fields.setdefault("coherence", "block")
        title = f"{kind.capitalize()} fading"
    elif kind.startswith(MULTIPATH):
        fields.setdefault("speed_kmh", PLAIN_SPEED)
        title = kind.upper()
    else:
        title = kind.upper() if kind in ("awgn", "ofdm") else kind[:1].upper() + kind[1:]
    antennas = [fields.pop(side, None) for side in ("transmit", "receive")]
    if any(antennas):
        title += f", {antennas[0] or 1} × {antennas[1] or 1} antennas"
    order = ("coherence", "speed_kmh")
    ordered = {name: fields[name] for name in (*order, *fields) if name in fields}
    return ", ".join([title, *_said(ordered, says)])


def snr_label(snr_db: float) -> str:
    """An Es/N0: "12 dB"."""
    return f"{snr_db:g}\u00a0dB".replace("-", "−")


def snr_span(points: Collection[float]) -> str:
    """The lowest and the highest Es/N0: "0 dB to 18 dB"; "12 dB" where there is one alone."""
    return " to ".join(map(snr_label, sorted({min(points), max(points)})))


def measure_in_words(measure: Measure) -> Measure:
    """The measure with its settings told in words, in label and phrase."""
    _, colon, given = measure.name.partition(":")
    settings = given.split(",")
    if not colon or not SETTINGS.keys() >= set(settings):
        return measure
    words = ", ".join(SETTINGS[setting] for setting in settings)
    return replace(measure, label=measure.label.replace(given, words), phrase=measure.phrase.replace(given, words))


def set_label(name: str, noun: str) -> str:
    """A record set as a title: "Erased sentences"."""
    return f"{SET_LABELS.get(name, name)} {noun}"


def _parts(name: str) -> tuple[str, dict[str, Any]]:
    """A component's name and fields; a name that is none, as rows of strangers may hold, is a name without fields."""
    try:
        return parse(name)
    except SemlinkError:
        return name, {}


def _said(fields: Mapping[str, Any], says: Mapping[str, Say]) -> list[str]:
    """Every field in words; one without words, or of a wrong type, as it is written."""
    texts = []
    for field, value in fields.items():
        try:
            texts.append(says[field](value))
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            texts.append(f"{field}={value}" if field else str(value))
    return texts
