"""The receiver that estimates all tokens at once."""

from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

from semlink.codecs.ends import CodecEnds
from semlink.codecs.text.batch import TextBatch
from semlink.codecs.text.configuration import TextCodecConfig
from semlink.codecs.text.ends import one_pass_ends
from semlink.codecs.text.receivers.contract import Receiver, SharedWords
from semlink.codecs.text.tokenizer import PADDING
from semlink.codecs.transformer import Transformer

if TYPE_CHECKING:
    from semlink.codecs.text.model import TextCodec


class OnePass(Transformer, Receiver):
    """A bidirectional transformer over the received tokens; each is the best word at its own position.

    The estimate is as long as what was sent. In, out: see `Receiver`.
    """

    @classmethod
    def of(cls, config: TextCodecConfig) -> Self:
        return cls(config.decoder_layers, config.d_model, config.heads, config.feed_forward, config.max_length)

    def export_ends(self, codec: "TextCodec") -> CodecEnds:
        return one_pass_ends(codec)

    def targets(self, batch: TextBatch) -> Tensor:
        return batch.ids.masked_fill(~batch.mask, -1)

    def states(self, features: Tensor, mask: Tensor, targets: Tensor, words: SharedWords) -> Tensor:
        states: Tensor = self(features, mask)
        return states[targets >= 0]

    def scores(self, states: Tensor, targets: Tensor, words: SharedWords) -> Tensor:
        return words.scores(states)

    def decode(self, features: Tensor, mask: Tensor, words: SharedWords) -> TextBatch:
        scores = words.scores(self(features, mask)[mask])
        scores[:, PADDING] = -torch.inf  # nothing is sent for padding, so it is never the answer
        ids = torch.full(mask.shape, PADDING, device=mask.device)
        ids[mask] = scores.argmax(dim=-1)
        return TextBatch(ids, mask)
