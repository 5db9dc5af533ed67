"""The certificate of an erasure: the request, what was done and measured, and what that does not prove."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from semlink.codecs.neural_codec import NeuralCodec
from semlink.simulator.batches import batch_of
from semlink.simulator.sources.subset import subset
from semlink.simulator.training import mean_loss
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition
from semlink.version import __version__

STILL_THERE = (
    "Words that other records hold too stay in the vocabulary of a text codec, settings were chosen with the forget "
    "set at hand, and the erased records still exist wherever else they are kept."
)
OUTPUTS_ONLY = (
    "The losses show how the codec's outputs changed; they are no proof that no memory of the forget set is left in "
    "its weights, for which compare it with a retrained codec and run the audits."
)
WITHOUT_DATA = (
    "No record was read, so that nothing shows what the codec now makes of the erased data or of others: measure it "
    "where such data still exist."
)

MEASURED = 500  # records of a set; more would take longer than the unlearning


def certificate(
    method: Method,
    partition: Partition,
    context: ErasureContext,
    erased: ErasedCodec,
    losses: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """What a certificate says of the erasure itself: plain data for JSON, to which its caller adds the request.

    It holds digests and counts, nobody's data. In: losses: from `compare_losses`.
    """
    settings = dataclasses.asdict(method)  # type: ignore[call-overload]
    caveat = OUTPUTS_ONLY if losses else WITHOUT_DATA
    return {
        "issued": datetime.now(UTC).isoformat(timespec="seconds"),
        "method": {"name": method.name, "settings": settings, "digest": _digest({"name": method.name, **settings})},
        "forgotten_records": len(partition.forget) if partition.retain else None,
        "read_records": {name: len(getattr(partition, name)) for name in erased.reads},
        "steps": erased.steps,
        "samples": erased.samples,
        "seconds": round(erased.seconds, 3),
        "notes": dict(erased.notes),
        "seed": context.seed,
        "device": str(erased.codec.device),
        "code_version": __version__,
        "mean_loss": list(losses),
        "does_not_prove": STILL_THERE if method.name == "retrain" else f"{caveat} {STILL_THERE}",
    }


def _digest(content: dict[str, Any]) -> str:
    return f"sha256:{hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()}"


def compare_losses(
    original: NeuralCodec[Any],
    erased: NeuralCodec[Any],
    partition: Partition,
    context: ErasureContext,
    snr_db: Sequence[float],
) -> list[dict[str, Any]]:
    """Mean loss before and after, on forget and validation set, at each Es/N0 in dB, under the same fades and noise.

    Of each set at most MEASURED records are measured.
    """
    losses = []
    for name in ("forget", "validation"):
        records = subset(getattr(partition, name), MEASURED, context.seed)
        if not records:
            continue
        batch = batch_of(original, records)
        for point in snr_db:
            before, after = (
                mean_loss(codec, batch, context.channel, point, context.seed) for codec in (original, erased)
            )
            losses.append({"set": name, "snr_db": point, "before": before, "after": after, "n": len(records)})
    return losses
