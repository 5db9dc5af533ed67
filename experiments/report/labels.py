"""What the report calls record sets, versions, channels and Es/N0. What it calls a metric stands with the metric."""

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


def channel_label(name: str) -> str:
    """A channel as a title: `rayleigh:coherence=symbol` is "Rayleigh (coherence=symbol)"."""
    base, _, fields = name.partition(":")
    title = base.upper() if base.startswith(("awgn", "ofdm", "tdl", "cdl")) else base[:1].upper() + base[1:]
    return f"{title} ({fields.replace(',', ', ')})" if fields else title


def snr_label(snr_db: float) -> str:
    """An Es/N0: "12 dB"."""
    return f"{snr_db:g}\u00a0dB".replace("-", "−")


def set_label(name: str, noun: str) -> str:
    """A record set as a title: "Erased sentences"."""
    return f"{SET_LABELS.get(name, name)} {noun}"
