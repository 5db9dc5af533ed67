"""What a user can choose about the text codec."""

from typing import Any, Literal

from semlink.codecs.backbone import BackboneConfig
from semlink.errors import WrongField


class TextCodecConfig(BackboneConfig):
    """Configuration of `TextCodec`.

    symbols_per_token: complex channel uses for each token.
    max_length:        the longest sentence, in tokens.
    receiver:          "one_pass" estimates all tokens at once, "autoregressive" one after the other.
    beams:             the sentences that an autoregressive receiver keeps in mind; 1 takes the best word at each step.
    tokenizer:         "word" (words and punctuation marks) or "bpe" (pieces of them).
    vocabulary_size:   the most entries that the vocabulary may have; in a trained codec, those it has.
    min_count:         how often a word, or a pair of pieces, must occur in the training sentences to get an entry.
    lower_case:        whether upper case is sent as lower case.
    A backbone brings its own vocabulary and semantic encoder: tokenizer, vocabulary_size, min_count, lower_case and
    encoder_layers are then not for choice.
    The others: see `BackboneConfig`, `TransformerCodecConfig` and `CodecConfig`.
    """

    model_type = "semlink-text"

    symbols_per_token: int = 8
    max_length: int = 64
    receiver: Literal["one_pass", "autoregressive"] = "one_pass"
    beams: int = 1
    tokenizer: Literal["word", "bpe"] = "word"
    vocabulary_size: int = 20000
    min_count: int = 1
    lower_case: bool = True

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if self.receiver == "one_pass" and self.beams != 1:
            raise WrongField(f"A one-pass receiver keeps no beams={self.beams}; choose receiver=autoregressive.")
