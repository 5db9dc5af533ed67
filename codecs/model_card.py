"""The model card of a stored codec: its facts as text."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LIMITS = (
    "It was trained for these data, this channel and this range of Es/N0; elsewhere it has to be measured first.",
    "A codec remembers: whoever has the weights may be able to tell that a record was in the training, or to rebuild "
    "parts of it. Treat the weights as you would treat the data.",
)
ERASED = (
    "Outputs like those of a codec that never saw the erased records do not prove that nothing of them is left in the "
    "weights; compare it with a retrained codec and run the audits.",
)
LOSSES = {"text": "nats a token", "image": "mean squared error of a pixel", "class": "nats an image"}
MAKES = {
    "text": ("a sentence", "makes a sentence of what a radio channel leaves of them"),
    "image": ("an image", "makes an image of what a radio channel leaves of them"),
    "class": ("an image", "infers its class from what a radio channel leaves of them"),
}  # what a codec takes, and what its decoder does


def model_card(card: Mapping[str, Any], delivers: str) -> str:
    """The text of a bundle's README.md, from the facts of its `card.json`; facts that are missing are left out.

    In:     card: as `semlink train` and `semlink erase` write it. delivers: what the receiver makes of what arrives.
    """
    version = card.get("version", "")
    title = f"# {card.get('experiment', 'A codec')}" + (f", {version}" if version else "")
    sections = {
        "": [_what(card, delivers)],
        "Use": _use(card),
        "Data": list(_data(_mapping(card.get("source")))),
        "Channel and bandwidth": list(_channel(card, delivers)),
        "Figures": list(_figures(card, delivers)),
        "Erasure": list(_erasure(card)),
        "Limits": [f"- {limit}" for limit in (*LIMITS, *(ERASED if version == "erased" else ()))],
        "How it was made": list(_making(card)),
    }
    parts = [f"## {name}\n\n" * bool(name) + "\n".join(lines) for name, lines in sections.items() if lines]
    return "\n\n".join([title, *parts]) + "\n"


def _what(card: Mapping[str, Any], delivers: str) -> str:
    size = f" of {card['parameters']:,} parameters (float32)".replace(",", " ") if "parameters" in card else ""
    record, does = MAKES[delivers]
    return f"A neural codec{size}: its encoder turns {record} into complex channel symbols, its decoder {does}."


def _use(card: Mapping[str, Any]) -> list[str]:
    name = card.get("experiment", "DIR")
    erased = "A copy without `requests.json` is measured on other records: `--source`. " if card.get("chain") else ""
    return [
        f"`semlink sweep DIR --out {name}-sweep` measures it over a range of Es/N0; DIR is this folder, or its name in",
        f"`semlink list bundles`. {erased}`semlink.load_codec(DIR)` loads it in Python. Every byte is checked",
        "against `manifest.json`; nothing in the folder is executed.",
    ]


def _data(source: Mapping[str, Any]) -> Iterator[str]:
    for field, words in (("name", "Source"), ("content", "What"), ("persons", "Whose"), ("licence", "Licence")):
        if field in source:
            yield f"- **{words}**: {source[field]}"
    uses = {"train_records": "train", "validation_records": "choose the best weights"}
    counts = [f"{source[field]} to {use}" for field, use in uses.items() if field in source]
    if counts:
        yield f"- **Records**: {', '.join(counts)}"
    if "digest" in source:
        yield f"- **Digest of all records**: {source['digest']}"


def _channel(card: Mapping[str, Any], delivers: str) -> Iterator[str]:
    if "training_snr_db" in card:
        over = f" over {card['training_channel']}" if "training_channel" in card else ""
        yield f"- **Trained**{over} at an Es/N0 of {snr_range(card['training_snr_db'])} dB for each complex channel use"
    bandwidth = _mapping(card.get("bandwidth"))
    if bandwidth:
        record, part = MAKES[delivers][0], "a word" if delivers == "text" else "a sample of it"
        yield (
            f"- **Bandwidth**: {bandwidth['channel_uses']:.4g} complex channel uses for {record}, "
            f"{bandwidth['channel_uses_per_part']:.4g} for {part} (means over the validation records)"
        )


def _figures(card: Mapping[str, Any], delivers: str) -> Iterator[str]:
    if "validation_loss" in card:
        step = f", at step {card['best_step']}" if "best_step" in card else ""
        yield f"- **Validation loss** ({LOSSES[delivers]}, training channel): {card['validation_loss']:.4g}{step}"
    if "seconds" in card:
        yield f"- **Time**: {card['seconds']:.1f} s on the device {card.get('device', 'that made it')}"


def _erasure(card: Mapping[str, Any]) -> Iterator[str]:
    for number, entry in enumerate(card.get("chain", ()), start=1):
        records = "" if entry["records"] is None else f", {entry['records']} records"
        yield f"- **Request {number}**: {entry['request']} of {entry['time']}, by {entry['method']}{records}"
    if "request" in card:
        yield f"- **Method**: {', '.join(f'{name}={value}' for name, value in _mapping(card.get('method')).items())}"
        yield f"- **Made from**: {card.get('parent')}"
        yield "- **Certificate**: `erasure.json`"


def _making(card: Mapping[str, Any]) -> Iterator[str]:
    if "command" in card:
        yield f"`{card['command']}` in this folder, with semlink {card.get('code_version')}; all facts: `card.json`."
    if "plugins" in card:
        named = ", ".join(f"{plugin['name']} ({plugin['digest']})" for plugin in card["plugins"])
        yield f"It needs what is no part of semlink; give it with `--plugin FILE`, or install it: {named}."


def snr_range(snr_db: object) -> str:
    """The Es/N0 of a training in words: one number, or both ends of its range."""
    if isinstance(snr_db, Sequence) and not isinstance(snr_db, str):
        low, high = snr_db
        return f"{low:g} to {high:g}"
    return f"{float(snr_db):g}" if isinstance(snr_db, str) else f"{snr_db:g}"  # "Infinity", as JSON has it


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
