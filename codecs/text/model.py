"""The text codec: words become symbols in one pass, and symbols become words the way that the receiver goes."""

import copy
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from semlink.channels.contract import Reception
from semlink.codecs.backbone import TextBackbone, check_free, started, started_like, text_facts
from semlink.codecs.contract import Modality, Sentence
from semlink.codecs.ends import CodecEnds
from semlink.codecs.neural_codec import NeuralCodec
from semlink.codecs.posterior import Posterior
from semlink.codecs.prediction import Choices
from semlink.codecs.pretrained import load_pretrained
from semlink.codecs.representation import ChannelEncoder, posterior, receiver_features
from semlink.codecs.text.backbone_tokenizer import BackboneTokenizer
from semlink.codecs.text.batch import TextBatch
from semlink.codecs.text.configuration import TextCodecConfig
from semlink.codecs.text.receivers import RECEIVERS
from semlink.codecs.text.receivers.contract import SharedWords
from semlink.codecs.text.tokenizer import PADDING, TOKENIZER_FILE, TextTokenizer
from semlink.codecs.transformer import Transformer
from semlink.errors import CodecError
from semlink.seeding import seeded


class TextCodec(NeuralCodec[TextBatch]):
    """Semantic encoder, channel encoder, channel decoder, and a semantic decoder of the kind that `receiver` names.

    Each token gets the same number of symbols. The receiver knows which tokens were sent from `Reception.mask` alone.

    Source: DeepSC (Xie et al., Deep Learning Enabled Semantic Communication Systems, 2021). Differs: the receiver is
            knows the noise variance, and only `receiver="autoregressive"` decodes one word after the other.
    """

    modality: ClassVar[Modality] = "text"
    config_class = TextCodecConfig
    config: TextCodecConfig

    def __init__(self, config: TextCodecConfig, tokenizer: TextTokenizer | None = None) -> None:
        super().__init__(config)
        self.tokenizer = tokenizer
        shape = config.d_model, config.heads, config.feed_forward, config.max_length
        receiver = RECEIVERS[config.receiver]
        entries = config.vocabulary_size + receiver.marks
        self.embedding = nn.Embedding(entries, config.d_model)
        self.semantic_encoder: Transformer | TextBackbone = (
            Transformer(config.encoder_layers, *shape) if config.backbone is None else TextBackbone(config)
        )
        self.channel_encoder = ChannelEncoder(config, config.symbols_per_token)
        self.channel_decoder = nn.Sequential(
            nn.Linear(3 * config.symbols_per_token, config.d_model),
            nn.GELU(),
            nn.Linear(config.d_model, config.d_model),
        )
        self.semantic_decoder = receiver.of(config)
        self.vocabulary_bias = nn.Parameter(torch.empty(entries))
        self.post_init()

    @classmethod
    def create(cls, fields: Mapping[str, Any], payloads: Sequence[Any], labels: Sequence[str], seed: int) -> Self:
        """See `NeuralCodec`. The vocabulary is learned from the payloads, or is that of the backbone."""
        check_sentences(payloads)
        wanted = TextCodecConfig(**fields)
        if wanted.backbone is not None:
            return cls._create_on(wanted.backbone, fields, wanted.max_length, seed)
        tokenizer = TextTokenizer.learn(
            payloads, wanted.tokenizer, wanted.vocabulary_size, wanted.min_count, wanted.lower_case
        )
        config = TextCodecConfig(**{**fields, "vocabulary_size": len(tokenizer)})
        return seeded(seed, lambda: cls(config, tokenizer))

    @classmethod
    def _create_on(cls, backbone: str, fields: Mapping[str, Any], max_length: int, seed: int) -> Self:
        check_free(fields, ("tokenizer", "vocabulary_size", "min_count", "lower_case", "encoder_layers"))
        pretrained = load_pretrained(backbone, "text")
        tokenizer = BackboneTokenizer.from_json(pretrained.tokenizer())
        facts = text_facts(pretrained, *tokenizer.rows(pretrained.config.get("pad_token_id") or 0))
        config = TextCodecConfig(**{**fields, "vocabulary_size": len(tokenizer)})
        config.backbone_facts = facts
        longest = TextBatch(torch.zeros(1, max_length, dtype=torch.int64), torch.ones(1, max_length, dtype=torch.bool))
        return started(lambda: cls(config, tokenizer), seed, pretrained, longest)

    def like(self, seed: int) -> Self:
        """See `NeuralCodec`. The vocabulary is the same; a backbone starts from the same pretrained weights."""
        return started_like(seeded(seed, lambda: type(self)(self.config, self.tokenizer)), self)

    def forget_vocabulary(self, forgotten: Sequence[str], kept: Sequence[str]) -> int:
        self.tokenizer, count = self._tokenizer().without(forgotten, kept)
        return count

    def with_vocabulary_of(self, other: NeuralCodec[Any]) -> Self:
        if not isinstance(other, TextCodec) or len(other._tokenizer()) != len(self._tokenizer()):
            raise CodecError("The codecs have vocabularies of different sizes; compare versions of one codec.")
        copied = copy.copy(self)
        copied.tokenizer = other.tokenizer
        return copied

    def export_ends(self) -> CodecEnds:
        return self.semantic_decoder.export_ends(self)

    def reset_parameters(self) -> None:
        """Draws what is shared by both ends, scaled so that a fresh codec finds all words about equally likely."""
        nn.init.normal_(self.embedding.weight, std=self.config.d_model**-0.5)
        nn.init.zeros_(self.vocabulary_bias)

    @property
    def sender(self) -> tuple[nn.Module, ...]:
        return self.semantic_encoder, self.channel_encoder

    @property
    def receiver(self) -> tuple[nn.Module, ...]:
        return self.channel_decoder, self.semantic_decoder

    def prepare(self, payloads: Sequence[str]) -> TextBatch:
        if not payloads:
            raise CodecError("There are no sentences to prepare; give at least one.")
        tokenizer, longest = self._tokenizer(), self.config.max_length
        rows = [tokenizer.encode(payload) for payload in payloads]
        for payload, row in zip(payloads, rows, strict=True):
            if not row:
                raise CodecError(f"The sentence {payload!r:.60} holds no word; remove it.")
            if len(row) > longest:
                beginning = payload if len(payload) <= 40 else f"{payload[:40]}..."
                raise CodecError(
                    f'The sentence "{beginning}" has {len(row)} tokens, but this codec takes at most {longest}; '
                    "shorten it, or train a codec with a larger max_length."
                )
        lengths = torch.tensor([len(row) for row in rows])
        ids = nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=PADDING)
        return TextBatch(ids, torch.arange(ids.shape[1]) < lengths.unsqueeze(1))

    def represent(self, batch: TextBatch) -> Posterior:
        embeds = isinstance(self.semantic_encoder, Transformer)
        features = self.semantic_encoder(self.embedding(batch.ids) if embeds else batch.ids, batch.mask)
        mean, sigma = self.channel_encoder(features)
        mask = batch.mask.repeat_interleave(self.config.symbols_per_token, dim=1)
        flat_sigma = None if sigma is None else sigma.flatten(1, 2)
        return posterior(mean.flatten(1, 2), flat_sigma, mask, self.config.representation_variance)

    def decode(self, reception: Reception) -> TextBatch:
        return self.semantic_decoder.decode(*self.receive(reception), self.shared_words())

    def element_losses(self, batch: TextBatch, reception: Reception) -> tuple[Tensor, Tensor]:
        """See `NeuralCodec`. The end mark of an autoregressive receiver is an element, after the tokens."""
        targets, believed = self.semantic_decoder.targets(batch), self.predict(batch, reception)
        losses = functional.cross_entropy(believed.scores, targets[believed.there], reduction="none")
        return losses.new_zeros(targets.shape).masked_scatter(believed.there, losses), believed.there

    def predict(self, batch: TextBatch, reception: Reception) -> Choices:
        targets = self.semantic_decoder.targets(batch)
        scores = self.semantic_decoder.scores(self.element_features(batch, reception), targets, self.shared_words())
        return Choices(scores, targets >= 0)

    def mislabel(self, batch: TextBatch, generator: torch.Generator) -> TextBatch:
        """As many words, each any of the vocabulary."""
        size = batch.ids.shape
        ids = torch.randint(
            PADDING + 1, self.config.vocabulary_size, size, generator=generator, device=batch.ids.device
        )
        return TextBatch(ids.masked_fill(~batch.mask, PADDING), batch.mask)

    def element_ids(self, batch: TextBatch) -> Tensor:
        return self.semantic_decoder.targets(batch)

    def element_parameters(self) -> tuple[Tensor, ...]:
        sent = (self.semantic_encoder.words.weight,) if isinstance(self.semantic_encoder, TextBackbone) else ()
        return self.embedding.weight, self.vocabulary_bias, *sent

    def element_features(self, batch: TextBatch, reception: Reception) -> Tensor:
        targets = self.semantic_decoder.targets(batch)
        return self.semantic_decoder.states(*self.receive(reception), targets, self.shared_words())

    def embed(self, latent: Tensor, mask: Tensor) -> Tensor:
        size = 2 * self.config.symbols_per_token * self.config.max_length
        used = (latent * mask.unsqueeze(-1)).flatten(1)
        return functional.pad(used, (0, size - used.shape[1]))

    def as_metric_input(self, batch: TextBatch) -> list[Sentence]:
        tokenizer = self._tokenizer()
        rows = zip(batch.ids.tolist(), batch.mask.sum(dim=1).tolist(), strict=True)
        return [tokenizer.decode(ids[:length]) for ids, length in rows]

    def reference(self, payloads: Sequence[str]) -> list[Sentence]:
        tokenizer = self._tokenizer()
        return [tokenizer.reference(payload) for payload in payloads]

    def channel_uses(self, batch: TextBatch) -> Tensor:
        return batch.mask.sum(dim=1) * self.config.symbols_per_token

    def words(self, text: str) -> tuple[str, ...]:
        """The words and punctuation marks of a text, as this codec's tokenizer splits them."""
        return self._tokenizer().words(text)

    # The two below pass on whatever transformers offers; the vocabulary travels with the weights.

    def save_pretrained(self, save_directory: str | os.PathLike[str], *args: Any, **kwargs: Any) -> None:
        super().save_pretrained(save_directory, *args, **kwargs)
        for name, content in self.extra_files().items():
            Path(save_directory, name).write_bytes(content)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, *args: Any, **kwargs: Any) -> Self:
        codec: Self = super().from_pretrained(pretrained_model_name_or_path, *args, **kwargs)
        codec.read_extra_files({TOKENIZER_FILE: Path(pretrained_model_name_or_path, TOKENIZER_FILE).read_bytes()})
        return codec

    def extra_files(self) -> dict[str, bytes]:
        return {TOKENIZER_FILE: self._tokenizer().to_json().encode()}

    def read_extra_files(self, files: Mapping[str, bytes]) -> None:
        on_backbone = getattr(self.config, "backbone", None) is not None  # not every text codec can have one
        kind = BackboneTokenizer if on_backbone else TextTokenizer
        try:
            self.tokenizer = kind.from_json(files[TOKENIZER_FILE].decode())
        except UnicodeDecodeError as error:
            raise CodecError("The vocabulary is not a text file; store the codec again.") from error
        if len(self.tokenizer) != self.config.vocabulary_size:
            raise CodecError(f"The vocabulary has {len(self.tokenizer)} entries, not {self.config.vocabulary_size}.")

    def receive(self, reception: Reception) -> tuple[Tensor, Tensor]:
        """Features of each token, float32 [batch, length, d_model], and bool [batch, length], the tokens there are."""
        symbols = self.config.symbols_per_token
        uses = reception.mask.shape[1]
        if uses % symbols or uses > symbols * self.config.max_length:
            raise CodecError(
                f"A reception of {uses} channel uses is not from this codec, which sends {symbols} for each of at most "
                f"{self.config.max_length} tokens; decode with the codec that encoded."
            )
        mask = reception.mask[:, ::symbols]
        return self.channel_decoder(receiver_features(reception).reshape(*mask.shape, 3 * symbols)), mask

    def shared_words(self) -> SharedWords:
        """The vectors of words that both ends use, and their biases."""
        return SharedWords(self.embedding.weight, self.vocabulary_bias)

    def _tokenizer(self) -> TextTokenizer:
        if self.tokenizer is None:
            raise CodecError("This text codec has no vocabulary; make it with new_codec, or load a stored one.")
        return self.tokenizer


def check_sentences(payloads: Sequence[Any]) -> None:
    """Errors: CodecError when the payloads are not sentences."""
    if not all(isinstance(payload, str) for payload in payloads):
        raise CodecError('A text codec is made from sentences; use a source of text, or the codec "image".')
