"""What a user can choose about DeepSC."""

from typing import Any, Literal

from semlink.codecs.configuration import CodecConfig
from semlink.errors import WrongField


class DeepScConfig(CodecConfig):
    """Configuration of `DeepSc`.

    d_model, heads:                  width of the transformer layers, and their attention heads.
    feed_forward:                    hidden width of their second part; None: they have none, so that it is the
                                     identity.
    encoder_layers, decoder_layers:  how many of them the sender and the receiver have.
    symbols_per_token:               complex channel uses for each token; two tokens frame each sentence and are sent
                                     too.
    channel_hidden, receiver_hidden: hidden widths of the channel encoder and of the channel decoder.
    max_length:                      the longest sentence, in tokens; the published code has 30.
    vocabulary_size:                 the most entries that the vocabulary may have; in a trained codec, those it has.
    min_count, lower_case:           see `TextCodecConfig`.
    attention_bias:                  whether queries, keys and values have a bias.
    positions:                       "column": the wave of column i has the rate 10000^(-2i / d_model), as in the
                                     published code; "pair": columns 2i and 2i + 1 have it, as in the transformer.
    adaptive:                        whether the receiver knows the noise variance; the published one is not.
    amplitude:                       what the receiver multiplies symbols of unit energy with: sqrt(2) where the
                                     original normalised real values, not complex ones.
    The others: see `CodecConfig`.
    Errors: WrongField when heads do not divide d_model, or it is odd.
    """

    model_type = "semlink-deepsc"

    d_model: int = 128
    heads: int = 8
    feed_forward: int | None = 512
    encoder_layers: int = 4
    decoder_layers: int = 4
    symbols_per_token: int = 8
    channel_hidden: int = 256
    receiver_hidden: int = 512
    max_length: int = 64
    vocabulary_size: int = 25000
    min_count: int = 1
    lower_case: bool = True
    attention_bias: bool = False
    positions: Literal["column", "pair"] = "column"
    adaptive: bool = False
    amplitude: float = 1.0

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if self.d_model % self.heads or self.d_model % 2:
            raise WrongField(
                f"DeepSC needs an even d_model that heads divide, not {self.d_model} with {self.heads} heads."
            )
