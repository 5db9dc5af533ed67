"""Whole links: each codec over each kind of channel, from records to result rows."""

import math
from itertools import product

import pytest
import torch

from semlink.channels import CHANNELS, build_channel, channel_name
from semlink.channels.fading import FlatFading
from semlink.channels.ofdm import Ofdm
from semlink.codecs import CODECS
from semlink.codecs.building import new_codec
from semlink.codecs.neural_codec import NeuralCodec
from semlink.simulator.metrics import metrics_for
from semlink.simulator.results import Row
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Record
from semlink.simulator.sweep import Entry, measure
from semlink.simulator.sweep_settings import SweepSettings
from semlink.simulator.training import train
from semlink.simulator.training_settings import TrainingSettings

SMALL = {"d_model": 32, "heads": 2, "feed_forward": 64, "encoder_layers": 1, "decoder_layers": 1}
BLOCK = 5  # does not divide the uses of an example, so that the last block is shorter
COHERENCES = ("symbol", "block", str(BLOCK))
KNOWLEDGE = (*product(("perfect", "estimated"), ("zf", "mmse", "none")), ("none", "none"))
SETTINGS = SweepSettings(snr_db=(-10.0, math.inf), records=12, draws=1)
FIELDS = {"text": SMALL, "image": SMALL, "deepjscc": {"adaptive": True}, "task": {"encoder": "mlp", "hidden": 64}}
DIGITS = tuple(map(str, range(10)))
STEPS = {"text": 120, "image": 120, "deepjscc": 300, "task": 120}  # enough that noise does harm
FIRST = {  # a metric that rises with quality; the other codecs are of these kinds, or send nothing
    "text": "token_accuracy", "image": "psnr", "deepjscc": "psnr", "task": "label_confidence",
}  # fmt: skip


def _channels() -> list[str]:
    found = ["awgn"]
    flat = [name for name, kind in CHANNELS.items() if issubclass(kind, FlatFading)]
    for name, coherence, (csi, equaliser) in product(flat, COHERENCES, KNOWLEDGE):
        found.append(channel_name(f"{name}:coherence={coherence},csi={csi},equaliser={equaliser}"))
    found += [name for name, kind in CHANNELS.items() if issubclass(kind, Ofdm)]
    for name, antennas, csi in product(
        ("tdl-c", "cdl-c"), ("receive=2", "transmit=2,receive=2"), ("perfect", "estimated")
    ):
        found.append(channel_name(f"{name}:{antennas},csi={csi}"))
    return found


def _sentences() -> list[Record]:
    subjects, verbs = ("the fox", "a receiver", "the noisy channel", "one codec"), ("sends", "hears", "loses")
    objects = ("a word", "every symbol", "the old sentence", "two quiet pilots")
    texts = (f"{one} {two} {three}" for one, two, three in product(subjects, verbs, objects))
    return [Record(f"s{index:02d}", text, "tests") for index, text in enumerate(texts)]


@pytest.fixture(scope="module")
def records() -> dict[str, list[Record]]:
    kinds = {"image": list(build_source("digits").train[:200]), "text": _sentences()}
    return {name: kinds[CODECS[name].modality] for name in FIRST}


@pytest.fixture(scope="module")
def codecs(records) -> dict[str, NeuralCodec]:
    """One codec of each kind, trained for a second or two."""
    found = {}
    for name, steps in STEPS.items():
        settings = TrainingSettings(steps=steps, batch=16, learning_rate=3e-3, warmup=10, validate=steps)
        found[name] = new_codec(name, FIELDS[name], [record.payload for record in records[name]], 0, DIGITS)
        train(found[name], records[name], records[name][:20], build_channel("awgn"), settings, seed=0)
    return found


def _sweep(codec: NeuralCodec, records: list[Record], channel: str, settings: SweepSettings = SETTINGS) -> list[Row]:
    metrics = metrics_for(codec.delivers)
    return measure([Entry(codec, "codec")], records, channel, "test", metrics, settings, "whole-link", seed=0)


def _value(rows: list[Row], metric: str, snr_db: float | None) -> float:
    (found,) = (row.value for row in rows if (row.metric, row.snr_db) == (metric, snr_db))
    return found


def _counted(uses: torch.Tensor, channel: str) -> tuple[float, float]:
    """Mean data and total uses, by hand.

    Flat fading: one pilot in each coherence block that an example occupies. OFDM: the symbols of two streams share a
    resource element; a block of 12 subcarriers and 14 symbols, two with pilots, lasts 15 symbols with its prefixes.
    """
    if channel.startswith(("tdl", "cdl")):
        data = torch.ceil(uses / (2 if "transmit=2" in channel else 1))
        return data.mean().item(), (torch.ceil(data / (12 * 12)) * 12 * 15).mean().item()
    pilots = torch.zeros_like(uses)
    if "csi=estimated" in channel:
        blocks = uses if "symbol" in channel else torch.ceil(uses / BLOCK) if f"={BLOCK}" in channel else uses / uses
        pilots = blocks
    return uses.mean().item(), (uses + pilots).mean().item()


def _pairs() -> list[tuple[str, str]]:
    """Each channel with one codec, by turns, and each codec with one channel of each family.

    A codec does not know its channel, and a channel does not know its codec. So a failure depends on the channel, or on
    the codec with a family of channels (the shape of its noise variance), and not on each combination of both.
    """
    channels, codecs = _channels(), list(FIRST)
    turns = [(codecs[index % len(codecs)], channel) for index, channel in enumerate(channels)]
    families = ("awgn", f"rayleigh:coherence={BLOCK},csi=estimated", "rician:coherence=symbol", "tdl-c", "cdl-c")
    return list(dict.fromkeys([*turns, *product(codecs, families)]))


@pytest.mark.parametrize(("name", "channel"), _pairs())
def test_codec_over_channel(codecs, records, name: str, channel: str) -> None:
    """Every number is finite and inside its interval, the uses are counted right, and the noise is really there."""
    codec = codecs[name]
    rows = _sweep(codec, records[name][:12], channel)
    assert all(math.isfinite(row.value) and row.low <= row.value <= row.high for row in rows)
    assert {row.snr_db for row in rows} == {None, -10.0, math.inf}
    uses = codec.channel_uses(codec.prepare([record.payload for record in records[name][:12]])).double()
    data, total = _counted(uses, channel)
    assert _value(rows, "channel_uses", None) == data
    assert _value(rows, "total_channel_uses", None) == pytest.approx(total)
    noisy, free = ([row.value for row in rows if row.snr_db == snr_db] for snr_db in SETTINGS.snr_db)
    assert noisy != free


@pytest.mark.parametrize("name", FIRST)
@pytest.mark.parametrize("channel", ["awgn", "rayleigh", "rayleigh:coherence=symbol", "rician"])
def test_without_noise_a_codec_is_better(codecs, records, name: str, channel: str) -> None:
    """Where the receiver knows the gains: 48 records, 4 draws; the margins are more than five standard errors."""
    settings = SweepSettings(snr_db=(-9.0, -3.0, math.inf), records=48, draws=4)
    rows = _sweep(codecs[name], records[name][:48], channel, settings)
    low, middle, free = (_value(rows, FIRST[name], snr_db) for snr_db in settings.snr_db)
    assert low < middle < free


@pytest.mark.parametrize("name", FIRST)
def test_what_a_channel_costs(codecs, records, name: str) -> None:
    """At one mean Es/N0 fading costs quality, and not to know the gain costs most of all."""
    settings = SweepSettings(snr_db=(-3.0,), records=48, draws=4)
    names = ("awgn", "rician", "rayleigh", "rayleigh:csi=none,equaliser=none")
    quality = [_value(_sweep(codecs[name], records[name][:48], one, settings), FIRST[name], -3.0) for one in names]
    assert quality == sorted(quality, reverse=True)


@pytest.mark.parametrize("name", FIRST)
def test_batch_size_does_not_change_a_noise_free_link(codecs, records, name: str) -> None:
    """Padding and neighbours must not leak into a record's estimate."""
    found = []
    for batch in (1, 5, 12):
        settings = SweepSettings(snr_db=(math.inf,), records=12, draws=1, batch=batch)
        found.append(_value(_sweep(codecs[name], records[name][:12], "awgn", settings), FIRST[name], math.inf))
    assert found == pytest.approx([found[0]] * 3, rel=1e-5)
