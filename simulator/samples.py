"""A few records as several codecs deliver them at a few SNRs, or images of several GANs, for people to look at."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from semlink.channels import channel_of, name_of
from semlink.channels.contract import Channel
from semlink.codecs.contract import Sentence
from semlink.codecs.generative.model import Adversarial
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.link_adaptation import ChannelUse
from semlink.simulator.packed_image import packed
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry

SIDE = 96  # pixels of an image that are kept; a photograph would take megabytes of text


@torch.no_grad()
def take_samples(
    entries: Sequence[Entry],
    records: Sequence[Record],
    channel: str | Channel,
    set_name: str,
    snr_db: Sequence[float],
    count: int,
    experiment: str,
    seed: int,
    labels: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """What each codec makes of the same records under the same fades and noise, as plain data for `samples.json`.

    An estimate is named by the version of its codec; where several codecs have that version, by the method; otherwise
    by the name. Texts are strings. Images are the middle of the image, at most 96 pixels high and wide, as `packed`
    writes it. Where a codec delivers classes, an estimate is the most probable class with its probability, such as
    "7 (98 %)", and `label` is the class of the record.

    In:     channel: an object or its name. snr_db: Es/N0 in dB. count: at most so many records.
            labels: the names of the classes; without them, classes are called by their numbers.
    Errors: UnknownName, WrongField, ChannelError for the channel.
    """
    channel, channel_name = channel_of(channel), name_of(channel)
    names = _names(entries)
    samples = []
    for record in subset(records, count, seed):
        channel_use = ChannelUse(channel, channel_name, (seed, "sample", channel_name, set_name, record.id))
        for point in snr_db:
            estimates: dict[str, Any] = {}
            for name, entry in zip(names, entries, strict=True):
                codec = entry.codec.sized(np.shape(record.payload))
                batch = batch_of(codec, [record])
                arrivals = entry.policy.transmit(channel_use, codec, batch, entry.policy.frame(codec, batch), [point])
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
    """Images that each GAN makes from the same noise, of the classes of records, as plain data for `samples.json`.

    Nothing is sent: `channel` is empty and `snr_db` None. `reference` is the record, whose class was asked for.
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
    """A name for each codec: the first of its version, method and name that no other codec has, or else its name."""
    labels = [(entry.version, entry.method, entry.name) for entry in entries]
    columns = list(zip(*labels, strict=True))
    return [
        next((label for label, column in zip(row, columns, strict=True) if column.count(label) == 1), row[2])
        for row in labels
    ]


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
    return packed(item[:, top : top + SIDE, left : left + SIDE].cpu().double().numpy())
