"""A DeepJSCC that the public PyTorch code trained, as a codec of ours."""

import math
import re
from pathlib import Path

import torch
from torch import Tensor

from semlink.codecs.deepjscc.configuration import STRIDE, DeepJsccConfig
from semlink.codecs.deepjscc.model import DeepJscc
from semlink.codecs.interop.imported import Imported, check_shapes
from semlink.codecs.interop.torch_file import read_torch_file
from semlink.errors import CodecError

AMPLITUDE = math.sqrt(2)  # of its symbols beside ours: it gives each real value, not each complex symbol, unit energy
LABEL_OFFSET_DB = 20 * math.log10(AMPLITUDE)  # from its labels to Es/N0
LAYERS = 5  # of each end
NAME = re.compile(
    r"encoder\.conv([1-5])\.(conv|prelu)\.(weight|bias)|decoder\.tconv([1-5])\.(transconv|activate)\.(weight|bias)"
)
FIRST = "decoder.0.weight"  # of the receiver, which takes the symbols


def import_deepjscc(path: Path, height: int, width: int) -> Imported[DeepJscc]:
    """Reads a state dict of the public DeepJSCC in PyTorch. All of its tensors are accounted for, or it is refused.

    The codec computes the same: where the original has one slope of PReLU for a layer, each filter of ours has that
    slope, and weights that take symbols are multiplied by sqrt(2), since ours have half the energy. Filters 2i and
    2i + 1 become one complex symbol. The original, a real network, pairs nothing; over AWGN every pairing is as good,
    while a fade turns the two parts of a symbol into each other until the equaliser has turned them back.
    In:     height, width: of the images that it was trained on, in pixels; other sizes can be sent as well.
    Errors: CodecError.
    Source: github.com/chunbaobao/Deep-JSCC-PyTorch, its code and checkpoints of June 2024.
    """
    file = read_torch_file(path)
    used = {ours: name for name in sorted(file.weights) if (ours := _our_name(name)) is not None}
    for needed in ("encoder.0.weight", "mean.0.weight", FIRST):
        if needed not in used or file.weights[used[needed]].dim() != 4:
            raise CodecError(
                f"{path} is no DeepJSCC of the public PyTorch code: it lacks encoder.conv1 to conv5 or decoder.tconv1 "
                "to tconv5; give a state dict of that code."
            )
    channels, reals = file.weights[used["encoder.0.weight"]].shape[1], file.weights[used["mean.0.weight"]].shape[0]
    if reals % 2 or not reals:
        raise CodecError(f"The checkpoint sends {reals} real values for each place, which make no complex symbols.")
    kernel = file.weights[used.get("decoder.6.weight", FIRST)].shape[-1]
    if kernel != 5:
        raise CodecError(
            f"The checkpoint has kernels of {kernel} x {kernel} in decoder.tconv4, as the public code had them before "
            "June 2024, without padding; only the later form with 5 x 5 everywhere can be imported."
        )
    config = DeepJsccConfig(
        height=height,
        width=width,
        channels=channels,
        bandwidth_ratio=reals / 2 / (STRIDE**2 * channels),
    )
    with torch.device("meta"):
        codec = DeepJscc(config)
    wanted = codec.state_dict()
    weights = {ours: _converted(ours, file.weights[name], wanted.get(ours)) for ours, name in used.items()}
    check_shapes(wanted, weights, "DeepJSCC of the public PyTorch code")
    codec.load_state_dict(weights, assign=True)
    unused = tuple(sorted(file.weights.keys() - set(used.values())))
    changed = (
        f"{used[FIRST]} times sqrt(2)",
        *(f"{name} for each filter" for name in used.values() if file.weights[name].numel() == 1),
    )
    return Imported(codec.eval(), used, unused, file.digest, LABEL_OFFSET_DB, changed)


def _our_name(name: str) -> str | None:
    """The parameter of our codec that a tensor becomes; None where it is no part of one."""
    found = NAME.fullmatch(name)
    if found is None:
        return None
    encoding = found[1] is not None
    layer = int(found[1] or found[4])
    slope = (found[2] or found[5]) in ("prelu", "activate")
    if encoding and layer == LAYERS:
        return f"mean.{int(slope)}.{found[3]}"
    return f"{'encoder' if encoding else 'decoder'}.{2 * (layer - 1) + int(slope)}.{found[3] or found[6]}"


def _converted(ours: str, values: Tensor, wanted: Tensor | None) -> Tensor:
    values = values.detach().float()
    if wanted is not None and wanted.dim() == 1 and values.numel() == 1:
        values = values.reshape(1).expand(wanted.shape)
    return (values * AMPLITUDE if ours == FIRST else values).clone()
