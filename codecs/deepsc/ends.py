"""The exported ends of DeepSC."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from semlink.codecs.ends import Argument, End, as_reception, received_symbols, sent_symbols
from semlink.codecs.prediction import IMPOSSIBLE
from semlink.codecs.text.ends import (
    MEMORY_MEANING,
    SENTENCE,
    TextSender,
    WordByWordEnds,
    log_probabilities_without,
    step_end,
)
from semlink.codecs.text.tokenizer import PADDING

if TYPE_CHECKING:
    from semlink.codecs.deepsc.model import DeepSc


def deepsc_ends(codec: "DeepSc") -> WordByWordEnds:
    """Encoder, decoder and step. What is sent has two tokens more than the sentence: start and end."""
    config = codec.config
    uses, most = f"{config.symbols_per_token}*positions", {"positions": config.max_length + 2}
    memory = (
        Argument("memory", "float32", ("batch", "positions", config.d_model)),
        Argument("there", "bool", ("batch", "positions")),
    )
    sent = (
        f"The symbols, {config.symbols_per_token} for each token, of which start and end make two more: "
        "positions = length + 2."
    )
    functions = {
        "encoder": End(TextSender(codec), SENTENCE, sent_symbols(uses), sent, {"length": config.max_length}),
        "decoder": End(DeepScReceiver(codec), received_symbols(uses), memory, MEMORY_MEANING, most),
        "step": step_end(DeepScStep(codec), memory, codec.end + 1, most, (codec.start, codec.end), config.max_length),
    }
    return WordByWordEnds(codec, functions, codec.start, codec.end)


class DeepScReceiver(nn.Module):
    """Received symbols to what the step attends to: float32 [batch, positions, d_model] and bool [batch, positions]."""

    def __init__(self, codec: "DeepSc") -> None:
        super().__init__()
        self.codec = codec

    def forward(self, symbols: Tensor, noise_variance: Tensor, used: Tensor) -> tuple[Tensor, Tensor]:
        return self.codec.receive(as_reception(symbols, noise_variance, used))


class DeepScStep(nn.Module):
    """The memory of a reception and the words so far to log-probabilities of the next word.

    Out: float32 [batch, entries], for words int64 [batch, words].
    """

    def __init__(self, codec: "DeepSc") -> None:
        super().__init__()
        self.codec = codec

    def forward(self, memory: Tensor, there: Tensor, said: Tensor) -> tuple[Tensor]:
        decoder = self.codec.semantic_decoder
        scores = decoder.projection(decoder(said, memory, there)[:, -1])
        entries = torch.arange(scores.shape[1], device=said.device)
        first = torch.ones_like(said).sum(dim=1, keepdim=True) == 1  # no sentence is without a word
        never = (entries == self.codec.start) | first & (entries == self.codec.end)
        return (log_probabilities_without(scores.masked_fill(never, IMPOSSIBLE), PADDING),)
