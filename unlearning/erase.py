"""The erasure flow: a request and a trained codec in, an erased codec and its certificate out."""

from collections.abc import Sequence
from typing import Any

from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import ErasureError
from semlink.memory import peak_memory
from semlink.unlearning.certificate import certificate, compare_losses
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition
from semlink.unlearning.methods import METHODS

NEEDS = {
    "link": "sends something of a record",
    "reconstruction": "rebuilds what was sent",
    "classes": "infers classes",
    "adversary": "holds a discriminator",
    "sharded": "has parts that learn from records of their own",
}


def erase(
    codec: NeuralCodec[Any],
    partition: Partition,
    method: Method,
    context: ErasureContext,
    snr_db: Sequence[float] = (0.0, 6.0, 12.0, 18.0),
) -> tuple[ErasedCodec, dict[str, Any]]:
    """Erases the forget set from a codec, which stays as it is.

    In:     partition: the records of the training, divided by a request; `without_data` where the method reads none.
            snr_db: where the certificate compares the losses before and after.
    Errors: ErasureError when the method does not fit the data, or is not defined on the codec.
    """
    check_defined(method, codec)
    with peak_memory(str(codec.device)) as peak:
        erased = method.erase(codec, partition, context)
    losses = compare_losses(codec, erased.codec, partition, context, snr_db)
    content = certificate(method, partition, context, erased, losses)
    return erased, {**content, "peak_memory_mib": round(peak.mebibytes, 1)}


def check_defined(method: Method, codec: NeuralCodec[Any]) -> None:
    """Errors: ErasureError when a method is not defined on a codec."""
    if not method.defined_on(type(codec)):
        lacking = " and ".join(NEEDS[trait] for trait in sorted(method.needs - codec.traits))
        others = ", ".join(name for name, entry in METHODS.usable().items() if entry.defined_on(type(codec)))
        raise ErasureError(
            f"{method.name} is only defined on a codec that {lacking}; on this one choose among: {others}."
        )
