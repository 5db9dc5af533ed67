"""The exported ends of text codecs."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from semlink.channels.contract import Reception
from semlink.codecs.ends import (
    Argument,
    CodecEnds,
    End,
    RunEnd,
    as_decoder_inputs,
    as_reception,
    received_symbols,
    sent_symbols,
)
from semlink.codecs.prediction import IMPOSSIBLE
from semlink.codecs.text.batch import TextBatch
from semlink.codecs.text.tokenizer import PADDING, TOKENIZER_FILE
from semlink.errors import CodecError

if TYPE_CHECKING:
    from semlink.codecs.text.model import TextCodec

SENTENCE = Argument("ids", "int64", ("batch", "length")), Argument("mask", "bool", ("batch", "length"))
SAID = Argument("said", "int64", ("batch", "words"))
MEMORY_MEANING = "What was received of each token, and which tokens there are; the step looks at both."


class TextEnds(CodecEnds):
    """What the ends of all text codecs share."""

    def __init__(self, codec: "TextCodec", functions: Mapping[str, End]) -> None:
        self.codec, self.functions = codec, functions

    def inputs(self, batch: TextBatch) -> tuple[Tensor, ...]:
        return batch.ids, batch.mask

    def elements(self, estimate: TextBatch) -> Tensor:
        return estimate.ids

    def description(self, exported: Collection[str]) -> dict[str, Any]:
        config = self.codec.config
        return {
            "text": {
                "tokenizer": TOKENIZER_FILE,
                "symbols_per_token": config.symbols_per_token,
                "longest": config.max_length,
                "padding": PADDING,
            }
        }


class OnePassEnds(TextEnds):
    """The ends of a codec whose decoder gives the words of all places at once."""

    def estimate(self, reception: Reception, run: RunEnd) -> TextBatch:
        mask = reception.mask[:, :: self.codec.config.symbols_per_token]
        (log_probabilities,) = run("decoder", *as_decoder_inputs(reception))
        return TextBatch(log_probabilities.argmax(dim=-1).masked_fill(~mask, PADDING), mask)


class WordByWordEnds(TextEnds):
    """The ends of a codec whose step gives the next word; the loop around the step is here.

    start, end: the ids that stand before the first word and after the last.
    """

    def __init__(self, codec: "TextCodec", functions: Mapping[str, End], start: int, end: int) -> None:
        super().__init__(codec, functions)
        self.start, self.end = start, end

    def estimate(self, reception: Reception, run: RunEnd) -> TextBatch:
        memory, mask = run("decoder", *as_decoder_inputs(reception))
        said = torch.full((len(memory), 1), self.start)
        ended = torch.zeros(len(memory), dtype=torch.bool)
        while said.shape[1] <= self.codec.config.max_length and not ended.all():
            following = run("step", memory, mask, said)[0].argmax(dim=-1)
            ended |= following == self.end
            said = torch.cat([said, following.masked_fill(ended, PADDING).unsqueeze(1)], dim=1)
        ids = said[:, 1:]
        ids = ids[:, : int((ids != PADDING).sum(dim=1).max())]
        return TextBatch(ids, ids != PADDING)

    def description(self, exported: Collection[str]) -> dict[str, Any]:
        described = super().description(exported)
        if "step" in exported:
            described["text"] |= {"start": self.start, "end": self.end}
        return described


def one_pass_ends(codec: "TextCodec") -> OnePassEnds:
    """The ends of a codec with the receiver "one_pass"."""
    words = Argument("log_probabilities", "float32", ("batch", "length", len(codec.embedding.weight)))
    meaning = "Natural logarithms of the probabilities of the words at each place; the estimate is the largest."
    uses, most = _uses_and_most(codec)
    decoder = End(OnePassReceiver(codec), received_symbols(uses), (words,), meaning, most)
    return OnePassEnds(codec, {"encoder": _encoder(codec), "decoder": decoder})


def autoregressive_ends(codec: "TextCodec") -> WordByWordEnds:
    """The ends of a codec with the receiver "autoregressive". Errors: CodecError when it has more than one beam."""
    config, receiver = codec.config, codec.semantic_decoder
    if config.beams != 1:
        raise CodecError(f"A receiver with beams={config.beams} cannot be exported; train one with beams=1.")
    end: Any = receiver.end
    uses, most = _uses_and_most(codec)
    memory = Argument("memory", "float32", ("batch", "length", config.d_model)), SENTENCE[1]
    functions = {
        "encoder": _encoder(codec),
        "decoder": End(AutoregressiveReceiver(codec), received_symbols(uses), memory, MEMORY_MEANING, most),
        "step": step_end(
            AutoregressiveStep(codec), memory, len(codec.embedding.weight), most, (end, end), config.max_length
        ),
    }
    return WordByWordEnds(codec, functions, end, end)


def step_end(
    module: nn.Module,
    memory: tuple[Argument, ...],
    entries: int,
    most: Mapping[str, int],
    marks: tuple[int, int],
    longest: int,
) -> End:
    """The function that gives the next word.

    In: memory: the outputs of the decoder. entries: of the vocabulary with its marks. most: sizes of `memory`.
        marks: the ids before the first word and after the last. longest: words of a sentence.
    """
    start, end = marks
    meaning = (
        f"Natural logarithms of the probabilities of the next word. Begin with said = [[{start}]] for each sentence, "
        f"append the largest, and go on until it is {end}, or for {longest} words."
    )
    following = Argument("log_probabilities", "float32", ("batch", entries))
    return End(module, (*memory, SAID), (following,), meaning, {**most, "words": longest})


def _encoder(codec: "TextCodec") -> End:
    symbols = codec.config.symbols_per_token
    meaning = f"The symbols, {symbols} for each token, and which of them are sent."
    uses, most = _uses_and_most(codec)
    return End(TextSender(codec), SENTENCE, sent_symbols(uses), meaning, most)


def _uses_and_most(codec: "TextCodec") -> tuple[str, dict[str, int]]:
    return f"{codec.config.symbols_per_token}*length", {"length": codec.config.max_length}


class TextSender(nn.Module):
    """Token ids and their mask to symbols float32 [batch, uses, 2] and their mask."""

    def __init__(self, codec: "TextCodec") -> None:
        super().__init__()
        self.codec = codec

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        frame = self.codec.encode(TextBatch(ids, mask))
        return torch.view_as_real(frame.symbols), frame.mask


class OnePassReceiver(nn.Module):
    """Received symbols to log-probabilities of the words at each place: float32 [batch, length, entries]."""

    def __init__(self, codec: "TextCodec") -> None:
        super().__init__()
        self.codec = codec

    def forward(self, symbols: Tensor, noise_variance: Tensor, used: Tensor) -> tuple[Tensor]:
        features, mask = self.codec.receive(as_reception(symbols, noise_variance, used))
        states = self.codec.semantic_decoder(features, mask)
        return (log_probabilities_without(self.codec.shared_words().scores(states), PADDING),)


class AutoregressiveReceiver(nn.Module):
    """Received symbols to what the step attends to: float32 [batch, length, d_model] and bool [batch, length]."""

    def __init__(self, codec: "TextCodec") -> None:
        super().__init__()
        self.codec = codec

    def forward(self, symbols: Tensor, noise_variance: Tensor, used: Tensor) -> tuple[Tensor, Tensor]:
        features, mask = self.codec.receive(as_reception(symbols, noise_variance, used))
        receiver: Any = self.codec.semantic_decoder
        return receiver.memory(features), mask


class AutoregressiveStep(nn.Module):
    """The memory of a reception and the words so far to log-probabilities of the next word.

    Out: float32 [batch, entries], for words int64 [batch, words].
    """

    def __init__(self, codec: "TextCodec") -> None:
        super().__init__()
        self.codec = codec

    def forward(self, memory: Tensor, mask: Tensor, said: Tensor) -> tuple[Tensor]:
        words = self.codec.shared_words()
        receiver: Any = self.codec.semantic_decoder
        states = receiver.decoder(
            inputs_embeds=functional.embedding(said, words.vectors),
            encoder_hidden_states=memory,
            encoder_attention_mask=mask,
            use_cache=False,
        ).last_hidden_state
        scores = words.scores(states[:, -1])
        first = torch.ones_like(said).sum(dim=1, keepdim=True) == 1  # no sentence is without a word
        ends = torch.arange(scores.shape[1], device=said.device) == receiver.end
        return (log_probabilities_without(scores.masked_fill(first & ends, IMPOSSIBLE), PADDING),)


def log_probabilities_without(scores: Tensor, excluded: int) -> Tensor:
    """Log-probabilities of scores float32 [..., entries], where the entry `excluded` is never the answer."""
    entries = torch.arange(scores.shape[-1], device=scores.device)
    return scores.masked_fill(entries == excluded, IMPOSSIBLE).log_softmax(dim=-1)
