"""A few records sent by several codecs at a few SNRs, for people to look at."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from semlink.channels import build_channel
from semlink.codecs.contract import Sentence
from semlink.seeding import generator_for
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry


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
) -> list[dict[str, Any]]:
    """What each version makes of the same records under the same fades and noise, as plain data for `samples.json`.

    Estimates are named by version; where several methods erased, theirs by the method. Texts are strings; images are nested lists [channels][height][width] in 0..1, rounded to three digits.
    """
    channel = build_channel(channel_name)
    versions = [entry.version for entry in entries]
    names = [entry.version if versions.count(entry.version) == 1 else entry.method for entry in entries]
    samples = []
    for record in subset(records, count, seed):
        for point in snr_db:
            estimates: dict[str, Any] = {}
            for name, entry in zip(names, entries, strict=True):
                codec = entry.codec.sized(np.shape(record.payload))
                frame = codec.encode(codec.prepare([record.payload]).to(codec.device))
                generator = generator_for(
                    seed, "sample", channel_name, set_name, record.id, point, device=frame.symbols.device
                )
                estimates[name] = _plain(codec.restore(codec.decode(channel(frame, point, generator)))[0])
            samples.append(
                {
                    "experiment": experiment,
                    "modality": entries[0].codec.modality,
                    "channel": channel_name,
                    "set": set_name,
                    "snr_db": point,
                    "record": record.id,
                    "reference": _plain(entries[0].codec.sized(np.shape(record.payload)).view([record.payload])[0]),
                    "estimates": estimates,
                }
            )
    return samples


def _plain(item: Sentence | torch.Tensor) -> Any:
    if isinstance(item, Sentence):
        return item.text
    return [[[round(value, 3) for value in row] for row in plane] for plane in item.double().tolist()]
