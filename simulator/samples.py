"""A few records sent by several codecs at a few SNRs, or made by several GANs, for people to look at."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from semlink.channels import build_channel
from semlink.codecs.contract import Sentence
from semlink.codecs.generative.model import Adversarial
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.link_adaptation import ChannelUse
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry

SIDE = 96  # pixels of an image that are kept; a photograph would take megabytes of text


@torch.no_grad()
def take_samples(
    entries: Sequence[Entry],
    records: Sequence[Record],
    channel_name: str,
    set_name: str,
    snr_db: Sequence[float],
    count: int,
    experiment: str,
    seed: int,
    labels: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """What each version makes of the same records under the same fades and noise, as plain data for `samples.json`.

    Estimates are named by version; where several codecs are of one version, by the method, or else by the codec. Texts are
    strings; images are nested lists [channels][height][width] in 0..1, rounded to three digits, and of a large image its
    middle, 96 pixels high and wide. Where classes are delivered, an estimate is the most probable one with its probability,
    such as "7 (98 %)", and `label` is the class of the record.

    In: labels: the names of the classes; without them, classes are called by their numbers.
    """
    channel = build_channel(channel_name)
    names = _names(entries)
    samples = []
    for record in subset(records, count, seed):
        passage = ChannelUse(channel, channel_name, (seed, "sample", channel_name, set_name, record.id))
        for point in snr_db:
            estimates: dict[str, Any] = {}
            for name, entry in zip(names, entries, strict=True):
                codec = entry.codec.sized(np.shape(record.payload))
                batch = batch_of(codec, [record])
                arrivals = entry.policy.over(passage, codec, batch, entry.policy.frame(codec, batch), [point])
                estimate = next(arrivals).estimate[0]
                estimates[name] = _belief(estimate, labels) if codec.delivers == "class" else _plain(estimate)
            samples.append(
                {
                    "experiment": experiment,
                    "modality": entries[0].codec.delivers,
                    "channel": channel_name,
                    "set": set_name,
                    "snr_db": point,
                    "record": record.id,
                    "reference": _plain(
                        entries[0].codec.sized(np.shape(record.payload)).reference([record.payload])[0]
                    ),
                    "estimates": estimates,
                }
                | ({"label": _name(record.label, labels)} if entries[0].codec.delivers == "class" else {})
            )
    return samples


@torch.no_grad()
def make_samples(
    entries: Sequence[Entry], records: Sequence[Record], set_name: str, count: int, experiment: str, seed: int
) -> list[dict[str, Any]]:
    """What each version of a plain GAN makes of the same noise on request of the classes of records, as plain data for
    `samples.json`; nothing is sent, so that there is no channel and no Es/N0. `reference` is the record.
    """
    names = _names(entries)
    samples = []
    for record in subset(records, count, seed):
        made: dict[str, Any] = {}
        for name, entry in zip(names, entries, strict=True):
            assert isinstance(entry.codec, Adversarial)
            batch = batch_of(entry.codec, [record])
            generator = generator_for(seed, "sample", set_name, record.id, device=entry.codec.device)
            made[name] = _plain(entry.codec.generate(entry.codec.prior(1, generator), batch.labels)[0])
        samples.append(
            {
                "experiment": experiment,
                "modality": "image",
                "channel": "",
                "set": set_name,
                "snr_db": None,
                "record": record.id,
                "reference": _plain(entries[0].codec.reference([record.payload])[0]),
                "estimates": made,
            }
        )
    return samples


def _names(entries: Sequence[Entry]) -> list[str]:
    """What tells codecs apart: the version, the method or the name, the first of them that is the codec's alone."""
    names = [(entry.version, entry.method, entry.name) for entry in entries]
    alone = [
        [own for own, others in zip(name, zip(*names, strict=True), strict=True) if others.count(own) == 1]
        for name in names
    ]
    return [own[0] if own else name[2] for own, name in zip(alone, names, strict=True)]


def _belief(log_probabilities: torch.Tensor, labels: Sequence[str]) -> str:
    """The most probable class and its probability."""
    best = int(log_probabilities.argmax())
    return f"{_name(best, labels)} ({log_probabilities[best].exp():.0%})"


def _name(label: int | None, labels: Sequence[str]) -> str:
    """The name of a class; its number where it has none, "" where there is no class."""
    if label is None:
        return ""
    return labels[label] if label < len(labels) else str(label)


def _plain(item: Sentence | torch.Tensor) -> Any:
    if isinstance(item, Sentence):
        return item.text
    top, left = (max(0, (size - SIDE) // 2) for size in item.shape[1:])
    middle = item[:, top : top + SIDE, left : left + SIDE].double()
    return [[[round(value, 3) for value in row] for row in plane] for plane in middle.tolist()]
