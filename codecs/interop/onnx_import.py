"""Two ONNX files of somebody else as a codec of ours, tried on images before it is taken."""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semlink.channels.contract import Reception
from semlink.codecs.interop.imported import Imported
from semlink.codecs.interop.onnx_codec import RECEIVER, SENDER, OnnxCodec, check_sender
from semlink.codecs.interop.onnx_configuration import PIXELS, OnnxCodecConfig
from semlink.codecs.interop.onnx_graph import OnnxGraph, read_onnx
from semlink.codecs.pixels import pixels_of, size_of_images
from semlink.errors import CodecError
from semlink.progress import tell

TRIED = 4  # images
ENERGY_TOLERANCE = 0.05  # of the sender's own symbols beside what --power says


def import_onnx(
    encoder: Path, decoder: Path, payloads: Sequence[Any], pixels: str, layout: str, pairing: str, noise: str,
    amplitude: float,
) -> Imported[OnnxCodec]:  # fmt: skip
    """A sender and a receiver as a codec, after they sent some images without noise.

    Inputs, outputs and shapes are read from the graphs; a sender with two outputs gives in-phase and quadrature parts.
    In:     payloads: some images, of the size that the codec will have. noise: what a further input of the receiver
            takes; of no meaning where there is none. The others: see `OnnxCodecConfig`.
    Errors: CodecError, WrongField.
    """
    size = size_of_images(payloads)
    (sent, sent_from), (received, received_from) = read_onnx(encoder), read_onnx(decoder)
    sender, receiver = OnnxGraph(sent, str(encoder)), OnnxGraph(received, str(decoder))
    image = (size["channels"], size["height"], size["width"])
    check_sender(sender, image if layout == "nchw" else (*image[1:], image[0]), layout)
    images = pixels_of(payloads[:TRIED], size["height"], size["width"], size["channels"])
    factor, summand = PIXELS[pixels]
    scaled = (factor * images + summand).numpy()
    first = sender(np.ascontiguousarray((scaled if layout == "nchw" else np.moveaxis(scaled, 1, -1))[:1]))
    if any(output.ndim < 2 or len(output) != 1 for output in first) or len({output.shape for output in first}) > 1:
        raise CodecError(f"{encoder} gives {[list(output.shape) for output in first]} for one image; export it again.")
    latent = tuple(first[0].shape[1:])
    if len(first) == 2:
        pairing = "separate"
    values = math.prod(latent) * len(first)
    fields: dict[str, Any] = {
        **size,
        "bandwidth_ratio": values / 2 / math.prod(image),
        "latent": latent,
        "pairing": pairing,
        "pixels": pixels,
        "layout": layout,
        "noise": noise if len(receiver.inputs) > len(first) else "none",
        "amplitude": amplitude,
    }
    codec = OnnxCodec(OnnxCodecConfig(**fields)).eval()
    codec.read_extra_files({SENDER: sent, RECEIVER: received})
    frame = codec.encode(images)
    codec.decode(Reception(frame.symbols, torch.tensor(0.01), frame.mask))
    tell(_about_power(2 * float(np.mean(np.square(np.stack(first), dtype=np.float64))), amplitude))
    digest = hashlib.sha256(sent + received).hexdigest()
    changed = tuple(f"weights from {name} are inside now" for name in (*sent_from, *received_from))
    label_offset_db = 20 * math.log10(amplitude)
    return Imported(
        codec, {SENDER: encoder.name, RECEIVER: decoder.name}, (), f"sha256:{digest}", label_offset_db, changed
    )


def _about_power(energy: float, amplitude: float) -> str:
    """A sentence where the energy of the sender's own symbols is not what the receiver will get; else nothing."""
    if abs(energy / amplitude**2 - 1) <= ENERGY_TOLERANCE:
        return ""
    rules = {"complex": 1.0, "real": 2.0}
    other = next((rule for rule, power in rules.items() if abs(energy / power - 1) <= ENERGY_TOLERANCE), None)
    advice = f"import it with --power {other}" if other else "check that its receiver was trained for this"
    return (
        f"The sender's own symbols have a mean energy of {energy:.3g}; here its receiver gets {amplitude**2:.3g}: "
        f"{advice}."
    )
