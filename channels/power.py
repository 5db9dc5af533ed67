"""The power constraint of all codecs: every example transmits unit mean energy."""

import torch
from torch import Tensor


def normalise_power(symbols: Tensor, mask: Tensor) -> Tensor:
    """Scales each example to unit mean energy over the symbols that it uses, and silences the others.

    x = s / sqrt(mean over used |s|^2): always, whether the example was above unit energy or below.

    In:     symbols: complex [batch, uses]. mask: bool [batch, uses], the uses that an example occupies.
    Out:    complex [batch, uses]; differentiable. An example of zeros stays zero, with finite gradients.
    """
    used = torch.view_as_real(symbols).masked_fill(~mask.unsqueeze(-1), 0.0)
    # The result does not depend on a scale taken out beforehand, so it may be taken out without gradient; it
    # keeps very small and very large symbols from under- or overflowing when squared.
    peak = used.detach().abs().amax(dim=(1, 2))
    silent = peak < torch.finfo(peak.dtype).tiny
    used = used / peak.masked_fill(silent, 1.0)[:, None, None]
    mean_energy = used.square().sum(dim=(1, 2)) / mask.sum(dim=1).clamp_min(1)
    return torch.view_as_complex(used * mean_energy.masked_fill(silent, 1.0).rsqrt()[:, None, None])
