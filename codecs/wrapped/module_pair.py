"""What a user gave: two parts, and how their work is judged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from semlink.codecs.wrapped.part import Part
from semlink.errors import CodecError

Loss = Callable[[Tensor, Tensor], Tensor]
WEIGHTS_MOST = 1 << 31  # of both parts, as many as a stored codec can hold


@dataclass(frozen=True)
class ModulePair:
    """Encoder and decoder, and what `wrap` was told beside them.

    loss:     of estimate and data, for each example or each element of it; None: that of the kind of codec.
    uses:     channel uses that an example must take; None: whatever the encoder gives.
    multiple: of which the sides of an image are made a multiple before they are encoded.
    """

    name: str
    encoder: Part
    decoder: Part
    loss: Loss | None
    uses: int | None
    multiple: int

    def built(self, values: Mapping[str, Any]) -> tuple[nn.Module, nn.Module]:
        """Fresh modules of both, on the CPU, with weights drawn from torch's global stream.

        A stored codec, whose weights are replaced at once, is built without memory first, so that its configuration
        cannot ask for more than there may be, and then again, since a module may look at values while it is made.
        Errors: CodecError when one cannot be made, or they have too many weights.
        """
        if torch.get_default_device().type != "meta":
            return self._both(values)
        with torch.random.fork_rng(devices=[]):
            self._check_size(values)
            with torch.device("cpu"):
                return self._both(values)

    def _both(self, values: Mapping[str, Any]) -> tuple[nn.Module, nn.Module]:
        return self.encoder.built(values), self.decoder.built(values)

    def _check_size(self, values: Mapping[str, Any]) -> None:
        try:
            modules = self._both(values)
        except CodecError:  # it looks at values, which are not there
            return
        weights = sum(tensor.numel() for module in modules for tensor in module.state_dict().values())
        if weights > WEIGHTS_MOST:
            raise CodecError(f"The modules of {self.name} would have {weights} weights; {WEIGHTS_MOST} are the most.")
