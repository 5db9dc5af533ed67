"""The receiver that estimates all tokens at once."""

from typing import Self

import torch
from torch import Tensor

from semlink.codecs.text.batch import TextBatch
from semlink.codecs.text.configuration import TextCodecConfig
from semlink.codecs.text.receivers.contract import Receiver, Words
from semlink.codecs.text.tokenizer import PADDING
from semlink.codecs.transformer import Transformer


class OnePass(Transformer, Receiver):
    """A bidirectional transformer over the received tokens; each is the best word at its own position.

    The estimate is as long as what was sent. In, out: see `Receiver`.
    """

    @classmethod
    def of(cls, config: TextCodecConfig) -> Self:
        return cls(config.decoder_layers, config.d_model, config.heads, config.feed_forward, config.max_length)

    def targets(self, batch: TextBatch) -> Tensor:
        return batch.ids.masked_fill(~batch.mask, -1)

    def states(self, features: Tensor, mask: Tensor, targets: Tensor, words: Words) -> Tensor:
        states: Tensor = self(features, mask)
        return states[targets >= 0]

    def scores(self, states: Tensor, targets: Tensor, words: Words) -> Tensor:
        return words.scores(states)

    def decode(self, features: Tensor, mask: Tensor, words: Words) -> TextBatch:
        scores = words.scores(self(features, mask)[mask])
        scores[:, PADDING] = -torch.inf  # nothing is sent for padding, so it is never the answer
        ids = torch.full(mask.shape, PADDING, device=mask.device)
        ids[mask] = scores.argmax(dim=-1)
        return TextBatch(ids, mask)
