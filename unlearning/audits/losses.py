"""The loss of each record, averaged over channel draws: what most audits look at."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semlink.channels.contract import Channel
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import AuditError
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.link import transmit
from semlink.simulator.sources.contract import Record

CHUNK = 256


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
    if not records:
        raise AuditError(f"The {set_name} set has no records to audit; choose another request or source.")
    was_training = codec.training
    codec.eval()
    batch = batch_of(codec, records)
    totals = torch.zeros(len(records), dtype=torch.float64)
    order = torch.argsort(codec.channel_uses(batch).cpu(), stable=True)  # little padding
    for number, rows in enumerate(order.split(CHUNK)):
        part = batch[rows.to(codec.device)]
        for draw in range(draws):
            generator = generator_for(seed, "audit", set_name, number, draw, device=codec.device)
            totals[rows] += codec.loss(part, transmit(codec, channel, part, snr_db, generator).reception).double().cpu()
    codec.train(was_training)
    return np.asarray(totals / draws)
