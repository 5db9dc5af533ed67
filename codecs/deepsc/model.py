"""The published DeepSC: two transformers with the channel between; the receiver decodes one word after the other."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Tensor
from torch.nn import functional

from semlink.channels.contract import Reception
from semlink.codecs.contract import Modality
from semlink.codecs.deepsc.configuration import DeepScConfig
from semlink.codecs.deepsc.ends import deepsc_ends
from semlink.codecs.deepsc.layers import DeepScChannelDecoder, DeepScChannelEncoder, SemanticDecoder, SemanticEncoder
from semlink.codecs.ends import CodecEnds
from semlink.codecs.posterior import Posterior
from semlink.codecs.prediction import Choices
from semlink.codecs.representation import Spread, posterior, receiver_features
from semlink.codecs.text.batch import TextBatch
from semlink.codecs.text.model import TextCodec, check_sentences
from semlink.codecs.text.tokenizer import PADDING, TextTokenizer
from semlink.errors import CodecError
from semlink.seeding import seeded


class DeepSc(TextCodec):
    """DeepSC layer by layer, so that weights trained with the published TensorFlow code can be taken over.

    A start symbol and an end symbol frame each sentence and are sent with it. The receiver knows the noise variance
    only where it is `adaptive`.
    Sentences become ids as in `TextCodec`; the network is another one.

    Source: Xie et al., Deep Learning Enabled Semantic Communication Systems, 2021, and its published code.
    Differs: power is normalised over each sentence and padding is not sent, where that code normalises a whole batch
            with its padding (for one sentence alone the two are equal); no dropout; padding, the start, and an end
            before the first word are never decoded. A variational codec learns its sigma
            beside the channel encoder's values.
    """

    modality: ClassVar[Modality] = "text"
    config_class = DeepScConfig  # type: ignore[assignment]
    config: DeepScConfig  # type: ignore[assignment]

    def __init__(self, config: DeepScConfig, tokenizer: TextTokenizer | None = None) -> None:
        super(TextCodec, self).__init__(config)  # none of the parts of TextCodec
        self.tokenizer = tokenizer
        self.start, self.end = config.vocabulary_size, config.vocabulary_size + 1
        entries = config.vocabulary_size + 2
        self.semantic_encoder: SemanticEncoder = SemanticEncoder(config, entries)  # type: ignore[assignment]
        self.channel_encoder: DeepScChannelEncoder = DeepScChannelEncoder(config)  # type: ignore[assignment]
        self.spread = Spread(config.d_model, 2 * config.symbols_per_token) if config.variational else None
        self.channel_decoder: DeepScChannelDecoder = DeepScChannelDecoder(config)  # type: ignore[assignment]
        self.semantic_decoder: SemanticDecoder = SemanticDecoder(config, entries)  # type: ignore[assignment]
        self.post_init()

    @classmethod
    def create(cls, fields: Mapping[str, Any], payloads: Sequence[Any], labels: Sequence[str], seed: int) -> Self:
        """See `NeuralCodec`. The vocabulary is learned from the payloads."""
        check_sentences(payloads)
        wanted = DeepScConfig(**fields)
        tokenizer = TextTokenizer.learn(payloads, "word", wanted.vocabulary_size, wanted.min_count, wanted.lower_case)
        config = DeepScConfig(**{**fields, "vocabulary_size": len(tokenizer)})
        return seeded(seed, lambda: cls(config, tokenizer))

    def export_ends(self) -> CodecEnds:
        return deepsc_ends(self)

    def reset_parameters(self) -> None:
        """Draws nothing: all parameters are those of layers, which draw their own."""

    def represent(self, batch: TextBatch) -> Posterior:
        ids, there = self.framed(batch)
        features = self.semantic_encoder(ids, there)
        symbols = self.config.symbols_per_token
        mean, sigma = (self._uses(self.channel_encoder(features)), None)
        if self.spread is not None:
            sigma = self._uses(functional.softplus(self.spread(features)))
        return posterior(mean, sigma, there.repeat_interleave(symbols, dim=1), self.config.representation_variance)

    def framed(self, batch: TextBatch) -> tuple[Tensor, Tensor]:
        """Ids between start and end, int64 [batch, length + 2], and where there are some, bool of that shape."""
        ids = functional.pad(functional.pad(batch.ids, (1, 0), value=self.start), (0, 1), value=PADDING)
        there = functional.pad(batch.mask, (2, 0), value=True)
        last = there & ~functional.pad(there[:, 1:], (0, 1), value=False)
        return ids.masked_fill(~there, PADDING).masked_fill(last, self.end), there

    def decode(self, reception: Reception) -> TextBatch:
        memory, mask = self.receive(reception)
        said = torch.full((len(mask), 1), self.start, device=mask.device)
        ended = torch.zeros(len(mask), dtype=torch.bool, device=mask.device)
        while said.shape[1] <= self.config.max_length and not ended.all():
            states = self.semantic_decoder(said, memory, mask)[:, -1:]
            following = self._possible(self.semantic_decoder.projection(states), said.shape[1] - 1).argmax(dim=-1)[:, 0]
            ended |= following == self.end
            said = torch.cat([said, following.masked_fill(ended, PADDING).unsqueeze(1)], dim=1)
        ids = said[:, 1:]
        ids = ids[:, : int((ids != PADDING).sum(dim=1).max())]
        return TextBatch(ids, ids != PADDING)

    def element_losses(self, batch: TextBatch, reception: Reception) -> tuple[Tensor, Tensor]:
        """See `NeuralCodec`. The end is an element, after the tokens."""
        targets, believed = self.element_ids(batch), self.predict(batch, reception)
        losses = functional.cross_entropy(believed.scores, targets[believed.there], reduction="none")
        return losses.new_zeros(targets.shape).masked_scatter(believed.there, losses), believed.there

    def predict(self, batch: TextBatch, reception: Reception) -> Choices:
        """For each word, the receiver knows those before it."""
        there = self.element_ids(batch) >= 0
        scores = self.semantic_decoder.projection(self.element_features(batch, reception))
        first = torch.arange(there.shape[1], device=there.device).expand(there.shape)[there] == 0
        impossible = torch.zeros_like(scores, dtype=torch.bool)
        impossible[:, [PADDING, self.start]] = True
        impossible[:, self.end] = first
        return Choices(scores.masked_fill(impossible, -torch.inf), there)

    def element_ids(self, batch: TextBatch) -> Tensor:
        ids, there = self.framed(batch)
        return ids[:, 1:].masked_fill(~there[:, 1:], -1)

    def element_parameters(self) -> tuple[Tensor, ...]:
        words = (part.embedding.words.weight for part in (self.semantic_encoder, self.semantic_decoder))
        return self.semantic_decoder.projection.weight, self.semantic_decoder.projection.bias, *words

    def element_features(self, batch: TextBatch, reception: Reception) -> Tensor:
        ids, there = self.framed(batch)
        states: Tensor = self.semantic_decoder(ids[:, :-1], *self.receive(reception))
        return states[there[:, 1:]]

    def embed(self, latent: Tensor, mask: Tensor) -> Tensor:
        size = 2 * self.config.symbols_per_token * (self.config.max_length + 2)
        used = (latent * mask.unsqueeze(-1)).flatten(1)
        return functional.pad(used, (0, size - used.shape[1]))

    def channel_uses(self, batch: TextBatch) -> Tensor:
        return (batch.mask.sum(dim=1) + 2) * self.config.symbols_per_token

    def receive(self, reception: Reception) -> tuple[Tensor, Tensor]:
        """Features of each token, float32 [batch, length + 2, d_model], and which tokens there are, bool."""
        symbols, uses = self.config.symbols_per_token, reception.mask.shape[1]
        if uses % symbols or uses > symbols * (self.config.max_length + 2):
            raise CodecError(
                f"A reception of {uses} channel uses is not from this codec, which sends {symbols} for each of at most "
                f"{self.config.max_length} + 2 tokens; decode with the codec that encoded."
            )
        mask = reception.mask[:, ::symbols]
        adaptive = self.config.adaptive
        received = self.config.amplitude * (receiver_features if adaptive else _symbols)(reception)
        return self.channel_decoder(received.flatten(1).unflatten(1, (mask.shape[1], -1))), mask

    def _possible(self, scores: Tensor, said: int) -> Tensor:
        """Scores [batch, 1, entries], where entries that are impossible after so many words have none."""
        never = [PADDING, self.start] + [self.end] * (said == 0)
        return scores.index_fill(2, torch.tensor(never, device=scores.device), -torch.inf)

    def _uses(self, values: Tensor) -> Tensor:
        """Values of each token [batch, length, 2 * symbols] as channel uses [batch, uses, 2]."""
        uses: Tensor = values.unflatten(2, (-1, 2)).flatten(1, 2)
        return uses


def _symbols(reception: Reception) -> Tensor:
    """In-phase and quadrature of each channel use: float32 [batch, uses, 2]."""
    return torch.view_as_real(reception.symbols)


def label_offset_db(amplitude: float) -> float:
    """What to add to the original's SNR labels for Es/N0 in dB: 20 log10(amplitude).

    That code draws noise of the standard deviation 10^(-label / 20) / sqrt(2) in each real value, for symbols whose
    energy is amplitude^2.
    """
    return 20 * math.log10(amplitude)
