"""The receiver that decodes one word after the other, as DeepSC's does."""

import math
from typing import TYPE_CHECKING, Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import GenerationConfig, GenerationMixin, MBartConfig, PreTrainedModel
from transformers.cache_utils import Cache
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput
from transformers.models.mbart.modeling_mbart import MBartDecoder

from semlink.codecs.ends import CodecEnds
from semlink.codecs.text.batch import TextBatch
from semlink.codecs.text.configuration import TextCodecConfig
from semlink.codecs.text.ends import autoregressive_ends
from semlink.codecs.text.receivers.contract import Receiver, SharedWords
from semlink.codecs.text.tokenizer import PADDING

if TYPE_CHECKING:
    from semlink.codecs.text.model import TextCodec

AT_ONCE = 128  # sentences that are in mind together, times beams


def sinusoids(count: int, width: int) -> Tensor:
    """Positions as waves of mean square 1, of wavelengths from 2 pi to 20000 pi: float32 [count, width].

    Source: Vaswani et al., Attention Is All You Need, 2017, section 3.5.
    """
    rates = torch.arange(0, width, 2) * (-math.log(10000.0) / width)
    angles = torch.arange(count).unsqueeze(1) * rates.exp()
    return math.sqrt(2) * torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :width]


class Autoregressive(PreTrainedModel, GenerationMixin, Receiver):
    """A causal transformer that attends to the received tokens and to the words so far, until it decodes the end.

    It has one mark, which ends a sentence and stands before its first word; the end of each sentence is a target, and
    so an element. The length is learned: the mask only shows which received tokens can be attended to. Padding, and an
    end before the first word, have no probability. With several `beams` the estimate is the most probable sentence;
    with one beam it is the most probable word at each step.

    In, out: see `Receiver`. An estimate may be shorter or longer than what was sent, up to `max_length` tokens.
    Source:  DeepSC (Xie et al., Deep Learning Enabled Semantic Communication Systems, 2021); layers of mBART.
             Differs: normalised before each layer, without dropout, words shared by both ends, beams, cached keys.
    """

    marks: ClassVar[int] = 1
    config_class = MBartConfig
    _supports_sdpa = True

    def __init__(self, config: TextCodecConfig) -> None:
        end = config.vocabulary_size
        marks: dict[str, Any] = {"decoder_start_token_id": end, "eos_token_id": end, "pad_token_id": PADDING}
        layers = MBartConfig(
            vocab_size=end + 1,
            d_model=config.d_model,
            decoder_layers=config.decoder_layers,
            decoder_attention_heads=config.heads,
            decoder_ffn_dim=config.feed_forward,
            encoder_layers=config.decoder_layers,  # which the cache takes for the number of layers
            encoder_attention_heads=config.heads,
            max_position_embeddings=config.max_length + 1,
            dropout=0.0,
            bos_token_id=None,
            forced_eos_token_id=None,
            **marks,
        )
        super().__init__(layers)
        self.end = end
        self.positions = nn.Parameter(torch.empty(config.max_length, config.d_model))
        self.norm = nn.LayerNorm(config.d_model)
        self.decoder: Any = MBartDecoder(layers)
        self.decoder.register_module("embed_tokens", None)  # the codec has the vectors of words
        self.generation_config = GenerationConfig(
            max_new_tokens=config.max_length,
            num_beams=config.beams,
            length_penalty=0.0 if config.beams > 1 else None,
            **marks,
        )
        self.post_init()
        self._begin()

    @classmethod
    def of(cls, config: TextCodecConfig) -> Self:
        return cls(config)

    @torch.no_grad()
    def _begin(self) -> None:
        """Draws the layers as the rest of a codec does, and lets each word look first at the token in its own place.

        Received tokens and words get the same places, as long as the vectors of words, and queries the same projection
        as keys; all are learned from there. Otherwise a decoder learns the language long before it uses the reception.
        """
        for part in self.decoder.modules():
            if isinstance(part, nn.Linear):
                part.reset_parameters()
        places = self.decoder.embed_positions
        count, width = self.config.max_position_embeddings, self.config.d_model
        waves = sinusoids(count, width) / width**0.5
        self.positions.copy_(waves[:-1])
        places.weight.zero_()  # mBART leaves rows free
        places.weight[places.offset :] = waves
        for layer in self.decoder.layers:
            layer.encoder_attn.k_proj.load_state_dict(layer.encoder_attn.q_proj.state_dict())

    def export_ends(self, codec: "TextCodec") -> CodecEnds:
        return autoregressive_ends(codec)

    def targets(self, batch: TextBatch) -> Tensor:
        ids = functional.pad(batch.ids.masked_fill(~batch.mask, -1), (0, 1), value=-1)
        return ids.scatter(1, batch.mask.sum(dim=1, keepdim=True), self.end)

    def states(self, features: Tensor, mask: Tensor, targets: Tensor, words: SharedWords) -> Tensor:
        said = functional.pad(targets[:, :-1].clamp_min(PADDING), (1, 0), value=self.end)
        states: Tensor = self.decoder(
            inputs_embeds=functional.embedding(said, words.vectors),
            encoder_hidden_states=self.memory(features),
            encoder_attention_mask=mask,
            use_cache=False,
        ).last_hidden_state
        return states[targets >= 0]

    def scores(self, states: Tensor, targets: Tensor, words: SharedWords) -> Tensor:
        first = torch.arange(targets.shape[1], device=targets.device).expand(targets.shape)[targets >= 0] == 0
        return self._possible(words.scores(states), first)

    @torch.no_grad()
    def decode(self, features: Tensor, mask: Tensor, words: SharedWords) -> TextBatch:
        """See `Receiver`. In parts, since each part goes on until its last sentence ends, and to fit into memory."""
        size = max(1, AT_ONCE // self.generation_config.num_beams)
        memory = self.memory(features)
        parts = [self._say(*part, words) for part in zip(memory.split(size), mask.split(size), strict=True)]
        longest = max(part.shape[1] for part in parts)
        ids = torch.cat([functional.pad(part, (0, longest - part.shape[1]), value=PADDING) for part in parts])
        return TextBatch(ids, ids != PADDING)

    def _say(self, memory: Tensor, mask: Tensor, words: SharedWords) -> Tensor:
        """Ids of the sentences, int64 [batch, length of the longest], padded."""
        itself: Any = self  # transformers does not say of its own mixin that models have it
        said: Tensor = itself.generate(
            encoder_outputs=BaseModelOutput(last_hidden_state=memory), attention_mask=mask, words=words
        )[:, 1:]
        ended = (said == self.end).cumsum(dim=1) > 0
        return said.masked_fill(ended, PADDING)[:, : int((~ended).sum(dim=1).max())]

    def forward(
        self,
        decoder_input_ids: Tensor,
        encoder_outputs: BaseModelOutput,
        attention_mask: Tensor,
        words: SharedWords,
        past_key_values: Cache | None = None,
        use_cache: bool | None = None,
        return_dict: bool = True,
    ) -> Seq2SeqLMOutput:
        """What `generate` needs at each step: the scores of the next word, [batch, 1, entries]."""
        before = 0 if past_key_values is None else past_key_values.get_seq_length()
        states = self.decoder(
            inputs_embeds=functional.embedding(decoder_input_ids, words.vectors),
            encoder_hidden_states=encoder_outputs.last_hidden_state,
            encoder_attention_mask=attention_mask,
            past_key_values=past_key_values,
            use_cache=use_cache,
        )
        scores = words.scores(states.last_hidden_state[:, -1])
        first = torch.full_like(scores[:, 0], before + decoder_input_ids.shape[1] == 1, dtype=torch.bool)
        return Seq2SeqLMOutput(
            logits=self._possible(scores, first).unsqueeze(1), past_key_values=states.past_key_values
        )

    def memory(self, features: Tensor) -> Tensor:
        """What the decoder attends to: the received tokens and where they stood."""
        memory: Tensor = self.norm(features + self.positions[: features.shape[1]])
        return memory

    def _possible(self, scores: Tensor, first: Tensor) -> Tensor:
        """Takes the probability from padding and, where bool `first` [n] is, from the end: float32 [n, entries]."""
        scores[:, PADDING] = -torch.inf
        scores[:, self.end] = scores[:, self.end].masked_fill(first, -torch.inf)
        return scores
