"""The erasure flow: a request and a trained codec in, an erased codec and its certificate out."""

from collections.abc import Sequence
from typing import Any

from semlink.codecs.contract import NeuralCodec
from semlink.errors import ErasureError
from semlink.memory import peak_memory
from semlink.simulator.sources.contract import Source
from semlink.unlearning.certificate import certificate, compare_losses
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method
from semlink.unlearning.methods import METHODS
from semlink.unlearning.partition import divide, without_data
from semlink.unlearning.request import ErasureRequest

NEEDS = {
    "link": "sends something of a record",
    "reconstruction": "rebuilds what was sent",
    "classes": "infers classes",
    "adversary": "holds a discriminator",
    "sharded": "has parts that learn from records of their own",
}


def erase(
    codec: NeuralCodec[Any],
    source: Source | None,
    request: ErasureRequest,
    method: Method,
    context: ErasureContext,
    original_digest: str,
    snr_db: Sequence[float] = (0.0, 6.0, 12.0, 18.0),
    labels: Sequence[str] = (),
) -> tuple[ErasedCodec, dict[str, Any]]:
    """Carries out a request on a codec, which stays as it is.

    In:     source: what the codec was trained on; None where the method reads no records, which are then not needed.
            original_digest: of the stored codec, for the certificate. labels: the names of its classes.
            snr_db: where the certificate compares the losses before and after.
    Errors: ErasureError when the request or the method does not fit the data, or the method is not defined on the
            codec.
    """
    check_defined(method, codec)
    partition = without_data(labels, request) if source is None else divide(source, request)
    with peak_memory(str(codec.device)) as peak:
        erased = method.erase(codec, partition, context)
    losses = compare_losses(codec, erased.codec, partition, context, snr_db)
    digest = None if source is None else source.digest()
    content = certificate(request, method, partition, context, erased, losses, digest, original_digest)
    return erased, {**content, "peak_memory_mib": round(peak.mebibytes, 1)}


def check_defined(method: Method, codec: NeuralCodec[Any]) -> None:
    """Errors: ErasureError when a method is not defined on a codec."""
    if not method.defined_on(type(codec)):
        lacking = " and ".join(NEEDS[trait] for trait in sorted(method.needs - codec.traits))
        others = ", ".join(name for name, entry in METHODS.items() if entry.defined_on(type(codec)))
        raise ErasureError(
            f"{method.name} is only defined on a codec that {lacking}; on this one choose among: {others}."
        )
