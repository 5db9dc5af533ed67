"""How many channel uses the classical chain gives a payload."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from semlink.codecs.contract import Codec

Budget = Callable[[Sequence[Any]], Tensor]  # payloads of one shape -> int64 [payloads]


def same_as(codec: Codec[Any]) -> Budget:
    """Exactly the channel uses that another codec takes for the same payload: equal bandwidth, record by record."""

    def budget(payloads: Sequence[Any]) -> Tensor:
        fitting = codec.sized(np.shape(payloads[0]))
        return fitting.channel_uses(fitting.prepare(payloads).to(fitting.device)).cpu()

    return budget


def for_each_sample(bandwidth_ratio: float) -> Budget:
    """Channel uses in proportion to the samples of an image (height x width x channels)."""

    def budget(payloads: Sequence[Any]) -> Tensor:
        return torch.tensor([max(1, round(bandwidth_ratio * np.size(payload))) for payload in payloads])

    return budget


def for_each_word(uses_per_word: float, words: Callable[[str], Sequence[str]]) -> Budget:
    """Channel uses in proportion to the words (and marks) of a sentence."""

    def budget(payloads: Sequence[Any]) -> Tensor:
        return torch.tensor([max(1, round(uses_per_word * len(words(payload)))) for payload in payloads])

    return budget
