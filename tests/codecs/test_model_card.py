"""The model card tells the facts of the card, all of them and no others."""

from semlink.codecs.model_card import model_card, snr_range

CARD = {
    "experiment": "faces-small",
    "version": "original",
    "parameters": 1234567,
    "source": {
        "name": "faces", "content": "Portraits.", "persons": "40 persons.", "licence": "None is stated.",
        "digest": "sha256:7e57", "train_records": 320, "validation_records": 40,
    },
    "bandwidth": {"channel_uses": 512.0, "channel_uses_per_part": 0.125},
    "training_channel": "rayleigh:csi=estimated",
    "training_snr_db": [-3.0, 18.0],
    "validation_loss": 0.01234567,
    "best_step": 800,
    "seconds": 61.25,
    "device": "cpu",
    "code_version": "0.1.0",
    "command": "semlink train training.yaml --out DIR",
}  # fmt: skip


def test_every_fact_is_told() -> None:
    text = model_card(CARD, "image")
    for fact in (
        "# faces-small, original", "1 234 567 parameters", "Portraits.", "40 persons.", "None is stated.",
        "sha256:7e57",
        "320 to train", "40 to choose", "rayleigh:csi=estimated", "-3 to 18 dB",
        "512 complex channel uses for an image",
        "0.125 for a sample", "squared error", "0.01235", "step 800", "61.2 s", "semlink train training.yaml --out DIR",
    ):  # fmt: skip
        assert fact in text
    assert "## Erasure" not in text
    assert "retrained" not in text


def test_an_erased_codec_tells_of_its_erasure() -> None:
    marks = {
        "version": "erased",
        "request": "sha256:a5c",
        "parent": "sha256:b00",
        "method": {"name": "scu", "rate": 0.1},
        "chain": [
            {"request": "sha256:0", "time": "2026-01-01", "method": "ssd", "records": None, "parent": "sha256:a"},
            {"request": "sha256:a5c", "time": "2026-11-01", "method": "scu", "records": 7, "parent": "sha256:b00"},
        ],
    }
    facts = {name: value for name, value in CARD.items() if name != "validation_loss"}
    text = model_card({**facts, **marks}, "text")
    for fact in (
        "# faces-small, erased",
        "sha256:a5c",
        "sha256:b00",
        "name=scu, rate=0.1",
        "- **Request 1**: sha256:0 of 2026-01-01, by ssd\n",
        "- **Request 2**: sha256:a5c of 2026-11-01, by scu, 7 records\n",
        "retrained codec",
        "audits",
    ):
        assert fact in text
    assert "Validation loss" not in text


def test_facts_that_are_not_there_are_not_told() -> None:
    text = model_card({}, "text")
    assert text.startswith("# A codec\n")
    assert "None" not in text
    assert all(title not in text for title in ("## Data", "## Channel", "## Figures", "## How"))
    assert "## Limits" in text


def test_range() -> None:
    assert (snr_range(12.0), snr_range([0, 18])) == ("12", "0 to 18")
