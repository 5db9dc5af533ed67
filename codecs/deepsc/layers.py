"""The layers of DeepSC: a transformer that is normalised after each part."""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from semlink.codecs.deepsc.configuration import DeepScConfig

EPSILON = 1e-6  # of the normalisations, as published


def waves(count: int, width: int, rule: Literal["column", "pair"]) -> Tensor:
    """Positions as sines in even columns and cosines in odd ones: float32 [count, width].

    The rate of column i is 10000^(-2i / width) with "column", 10000^(-2 floor(i / 2) / width) with "pair".
    """
    columns = torch.arange(width, dtype=torch.float64)
    exponents = 2 * columns if rule == "column" else 2 * (columns // 2)
    angles = torch.arange(count, dtype=torch.float64).unsqueeze(1) * 10000.0 ** (-exponents / width)
    return torch.where(columns % 2 == 0, angles.sin(), angles.cos()).float()


class Attention(nn.Module):
    """Attention of several heads.

    In:  source float32 [batch, queries, d_model]; target float32 [batch, keys, d_model]; allowed bool, broadcastable to
         [batch, heads, queries, keys].
    Out: float32 [batch, queries, d_model].
    """

    def __init__(self, config: DeepScConfig) -> None:
        super().__init__()
        width, bias = config.d_model, config.attention_bias
        self.heads = config.heads
        self.query = nn.Linear(width, width, bias=bias)
        self.key = nn.Linear(width, width, bias=bias)
        self.value = nn.Linear(width, width, bias=bias)
        self.mixture = nn.Linear(width, width)

    def forward(self, source: Tensor, target: Tensor, allowed: Tensor) -> Tensor:
        query, key, value = (
            part(seen).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for part, seen in ((self.query, source), (self.key, target), (self.value, target))
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=allowed)
        mixture: Tensor = self.mixture(mixed.transpose(1, 2).flatten(2))
        return mixture


class FeedForward(nn.Sequential):
    """Two dense layers with ReLU between, or the identity."""

    def __init__(self, config: DeepScConfig) -> None:
        hidden, width = config.feed_forward, config.d_model
        super().__init__(*([] if hidden is None else [nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width)]))


class EncoderLayer(nn.Module):
    """norm(x + attention(x)), then norm(x + feed_forward(x)). In, out: float32 [batch, length, d_model]."""

    def __init__(self, config: DeepScConfig) -> None:
        super().__init__()
        self.attention, self.feed_forward = Attention(config), FeedForward(config)
        self.norms = nn.ModuleList(nn.LayerNorm(config.d_model, EPSILON) for _ in range(2))

    def forward(self, x: Tensor, allowed: Tensor) -> Tensor:
        x = self.norms[0](x + self.attention(x, x, allowed))
        x = self.norms[1](x + self.feed_forward(x))
        return x


class DecoderLayer(nn.Module):
    """The same with attention to what was received between the two. In, out: float32 [batch, words, d_model]."""

    def __init__(self, config: DeepScConfig) -> None:
        super().__init__()
        self.attention, self.listening, self.feed_forward = Attention(config), Attention(config), FeedForward(config)
        self.norms = nn.ModuleList(nn.LayerNorm(config.d_model, EPSILON) for _ in range(3))

    def forward(self, x: Tensor, memory: Tensor, before: Tensor, there: Tensor) -> Tensor:
        x = self.norms[0](x + self.attention(x, x, before))
        x = self.norms[1](x + self.listening(x, memory, there))
        x = self.norms[2](x + self.feed_forward(x))
        return x


class WordVectors(nn.Embedding):
    """Vectors of words. They start such that, times sqrt(d_model), they are about as long as positions."""

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=self.embedding_dim**-0.5)


class Embedding(nn.Module):
    """Vectors of words times sqrt(d_model), plus their positions.

    In:  int64 [batch, length].
    Out: float32 [batch, length, d_model].
    """

    def __init__(self, config: DeepScConfig, entries: int) -> None:
        super().__init__()
        self.words = WordVectors(entries, config.d_model)
        self.scale, self.count, self.rule = math.sqrt(config.d_model), config.max_length + 2, config.positions

    def forward(self, ids: Tensor) -> Tensor:
        places = waves(self.count, self.words.embedding_dim, self.rule).to(ids.device)
        placed: Tensor = self.scale * self.words(ids) + places[: ids.shape[1]]
        return placed


class SemanticEncoder(nn.Module):
    """Ids int64 [batch, length] and mask bool [batch, length] to features float32 [batch, length, d_model]."""

    def __init__(self, config: DeepScConfig, entries: int) -> None:
        super().__init__()
        self.embedding = Embedding(config, entries)
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        x: Tensor = self.embedding(ids)
        for layer in self.layers:
            x = layer(x, mask[:, None, None, :])
        return x


class SemanticDecoder(nn.Module):
    """The words so far, int64 [batch, words], and what was received to states float32 [batch, words, d_model].

    `projection` makes scores of all entries of them.
    In: memory float32 [batch, length, d_model]; mask bool [batch, length].
    """

    def __init__(self, config: DeepScConfig, entries: int) -> None:
        super().__init__()
        self.embedding = Embedding(config, entries)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.projection = nn.Linear(config.d_model, entries)

    def forward(self, said: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        x: Tensor = self.embedding(said)
        places = torch.arange(said.shape[1], device=said.device)
        before = places.unsqueeze(1) >= places
        for layer in self.layers:
            x = layer(x, memory, before, mask[:, None, None, :])
        return x


class DeepScChannelEncoder(nn.Module):
    """Features of each token to the values that are sent, before their power is normalised.

    In:  float32 [batch, length, d_model].
    Out: float32 [batch, length, 2 * symbols].
    """

    def __init__(self, config: DeepScConfig) -> None:
        super().__init__()
        self.hidden = nn.Linear(config.d_model, config.channel_hidden)
        self.values = nn.Linear(config.channel_hidden, 2 * config.symbols_per_token)

    def forward(self, features: Tensor) -> Tensor:
        values: Tensor = self.values(self.hidden(features).relu())
        return values


class DeepScChannelDecoder(nn.Module):
    """Received values to features of each token.

    In:  float32 [batch, length, values], two values for each symbol, or three where the codec is `adaptive`.
    Out: float32 [batch, length, d_model].
    """

    def __init__(self, config: DeepScConfig) -> None:
        super().__init__()
        self.first = nn.Linear((3 if config.adaptive else 2) * config.symbols_per_token, config.d_model)
        self.hidden = nn.Linear(config.d_model, config.receiver_hidden)
        self.last = nn.Linear(config.receiver_hidden, config.d_model)
        self.norm = nn.LayerNorm(config.d_model, EPSILON)

    def forward(self, received: Tensor) -> Tensor:
        first = self.first(received).relu()
        features: Tensor = self.norm(first + self.last(self.hidden(first).relu()))
        return features
