"""The erasure flow: a request and a trained codec in, an erased codec and its certificate out."""

from collections.abc import Sequence
from typing import Any

from semlink.codecs.contract import NeuralCodec
from semlink.simulator.sources.contract import Source
from semlink.unlearning.certificate import certificate, compare_losses
from semlink.unlearning.contract import Context, ErasedCodec, Method
from semlink.unlearning.methods import METHODS
from semlink.unlearning.partition import divide
from semlink.unlearning.request import ErasureRequest


def erase(
    codec: NeuralCodec[Any],
    source: Source,
    request: ErasureRequest,
    method: Method,
    context: Context,
    original_digest: str,
    snr_db: Sequence[float] = (0.0, 6.0, 12.0, 18.0),
) -> tuple[ErasedCodec, dict[str, Any]]:
    """Carries out a request on a codec, which stays as it is.

    In:     source: what the codec was trained on. original_digest: of the stored codec, for the certificate.
            snr_db: where the certificate compares the losses before and after.
    Errors: ErasureError when the request or the method does not fit the data.
    """
    partition = divide(source, request)
    erased = method.erase(codec, partition, context)
    losses = compare_losses(codec, erased.codec, partition, context, snr_db)
    name = next((name for name, entry in METHODS.items() if type(method) is entry), type(method).__name__)
    told = certificate(request, name, method, partition, context, erased, losses, source.digest(), original_digest)
    return erased, told
