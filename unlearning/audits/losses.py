"""The loss of each record, averaged over channel draws: what most audits look at."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semlink.channels.contract import Channel, Reception
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import AuditError
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.link import transmit
from semlink.simulator.sources.contract import Record

CHUNK = 256
UNITS = {"text": "nats/token", "class": "nats"}  # of the loss, by what a codec delivers; of images it has none


@torch.no_grad()
def record_losses(
    codec: NeuralCodec[Any],
    records: Sequence[Record],
    channel: Channel,
    snr_db: float,
    draws: int,
    seed: int,
    set_name: str,
) -> NDArray[np.float64]:
    """Mean loss of each record over `draws` passages at Es/N0 = `snr_db`: float64 [records].

    Versions of one codec meet the same fades and noise. `set_name` is part of their seed. The codec is in
    evaluation mode while it is measured.

    Errors: AuditError when there are no records.
    """
    totals = torch.zeros(len(records), dtype=torch.float64)
    for rows, part, reception in _passages(codec, records, channel, snr_db, draws, seed, set_name):
        totals[rows] += codec.loss(part, reception).double().cpu()
    return np.asarray(totals / draws)


@torch.no_grad()
def part_losses(
    codec: NeuralCodec[Any],
    records: Sequence[Record],
    exclusive: Tensor,
    channel: Channel,
    snr_db: float,
    draws: int,
    seed: int,
    set_name: str,
) -> NDArray[np.float64]:
    """Mean loss of two kinds of elements of each record, over the same passages as `record_losses`.

    In:     exclusive: ids of elements, int64 [ids], such as those of words that only erased records hold.
    Out:    float64 [2, records]: of the exclusive elements, and of the others; NaN where a record has none.
    Errors: AuditError when there are no records, or the elements of the codec cannot be counted.
    """
    totals = torch.zeros(2, len(records), dtype=torch.float64)
    counts = torch.zeros(2, len(records), dtype=torch.float64)
    for rows, part, reception in _passages(codec, records, channel, snr_db, draws, seed, set_name):
        losses, present = codec.element_losses(part, reception)
        ids = codec.element_ids(part)
        if ids is None:
            raise AuditError(f"The elements of {type(codec).__name__} cannot be counted, so they are of one kind.")
        named = torch.isin(ids, exclusive.to(ids.device)) & present
        for kind, chosen in enumerate((named, present & ~named)):
            totals[kind, rows] += (losses * chosen).sum(dim=1).double().cpu()
            counts[kind, rows] += chosen.sum(dim=1).double().cpu()
    return np.asarray(torch.where(counts > 0, totals / counts, torch.nan))


def exclusive_ids(codec: NeuralCodec[Any], forget: Sequence[Record], retain: Sequence[Record]) -> Tensor | None:
    """Ids of the elements that only records of the forget set hold: int64 [ids].

    None where elements cannot be counted, as those of images. Errors: AuditError when a set is empty.
    """
    if not forget or not retain:
        raise AuditError("What only erased records hold is found beside kept ones; both sets need records.")
    erased, kept = (codec.element_ids(batch_of(codec, records)) for records in (forget, retain))
    if erased is None or kept is None:
        return None
    own = erased.unique()
    exclusive: Tensor = own[~torch.isin(own, kept.unique()) & (own >= 0)].cpu()
    return exclusive


def _passages(
    codec: NeuralCodec[Any],
    records: Sequence[Record],
    channel: Channel,
    snr_db: float,
    draws: int,
    seed: int,
    set_name: str,
) -> Iterator[tuple[Tensor, Any, Reception]]:
    """Every passage of every record, in batches of one length: places in `records`, batch, reception."""
    if not records:
        raise AuditError(f"The {set_name} set has no records to audit; choose another request or source.")
    was_training = codec.training
    codec.eval()
    batch = batch_of(codec, records)
    order = torch.argsort(codec.channel_uses(batch).cpu(), stable=True)  # little padding
    for number, rows in enumerate(order.split(CHUNK)):
        part = batch[rows.to(codec.device)]
        for draw in range(draws):
            generator = generator_for(seed, "audit", set_name, number, draw, device=codec.device)
            yield rows, part, transmit(codec, channel, part, snr_db, generator).reception
    codec.train(was_training)
