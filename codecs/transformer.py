"""A pre-norm transformer without dropout, small enough to read: the body of every neural codec here."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Layer(nn.Module):
    """x + attention(norm(x)), then x + feed_forward(norm(x)).

    In, out: float32 [batch, length, d_model]; attended: bool [batch, 1, 1, length], the positions that may be
             looked at, or None for all.
    Source:  Xiong et al., On Layer Normalization in the Transformer Architecture, 2020.
    """

    def __init__(self, d_model: int, heads: int, feed_forward: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(d_model)
        self.projections = nn.Linear(d_model, 3 * d_model)
        self.mixture = nn.Linear(d_model, d_model)
        self.feed_forward_norm = nn.LayerNorm(d_model)
        self.feed_forward = nn.Sequential(nn.Linear(d_model, feed_forward), nn.GELU(), nn.Linear(feed_forward, d_model))

    def forward(self, x: Tensor, attended: Tensor | None) -> Tensor:
        batch, length, width = x.shape
        projected = self.projections(self.attention_norm(x)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = projected.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=attended)
        x = x + self.mixture(mixed.transpose(1, 2).reshape(batch, length, width))
        x = x + self.feed_forward(self.feed_forward_norm(x))
        return x


class Transformer(nn.Module):
    """Adds learned positions and applies layers and a final normalisation.

    In, out: float32 [batch, length, d_model]; mask: bool [batch, length], the positions in use, or None for all.
    """

    def __init__(self, layers: int, d_model: int, heads: int, feed_forward: int, max_length: int) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.empty(max_length, d_model))
        self.layers = nn.ModuleList(Layer(d_model, heads, feed_forward) for _ in range(layers))
        self.norm = nn.LayerNorm(d_model)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws the positions; the layers draw their own parameters."""
        nn.init.normal_(self.positions, std=0.02)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = x + self.positions[: x.shape[1]]
        attended = None if mask is None else mask[:, None, None, :]
        for layer in self.layers:
            x = layer(x, attended)
        normalised: Tensor = self.norm(x)
        return normalised
