"""The LDPC code of 5G, and belief propagation over its graph."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import embedding_bag, pad

from semlink.channels.sionna_adapter import device_name, sionna

ITERATIONS = 20
PAUSE = 4  # iterations between two looks at which words are found
MOVED = 4  # one word in so many has to be found before the found ones are taken out
CLIP = 20.0  # of messages, as log-likelihood ratios
NEARLY_ONE = 1 - 1e-7
WORK = 1 << 19  # edges times words that are decoded together: what stays in the cache


class LdpcCode:
    """Words of `size` bits become `length` coded bits, and received ones become words again.

    The encoder is Sionna's. Decoding is belief propagation with the exact box-plus rule in a flooding schedule: the
    algorithm of Sionna's decoder ("boxplus"), with the words of a batch side by side in memory and without padding of
    nodes to the same degree, which makes it about ten times as fast.

    Fields: 12 <= size <= 8448 and size / length from 1/5 to 0.95; below rate 1/3 size <= 3824.
    Source: 3GPP TS 38.212, sections 5.3.2 and 5.4.2.1; Richardson and Urbanke, Modern Coding Theory, 2008, chapter 2.
    """

    def __init__(self, size: int, length: int, device: torch.device | str = "cpu") -> None:
        self.size, self.length = size, length
        self._encoder = sionna("fec.ldpc").LDPC5GEncoder(size, length, device=device_name(device))
        lifting, filler = self._encoder.z, self._encoder.k_filler
        # The last columns of the graph that are not sent have one check each, which then carries no information.
        nodes = max(2 * lifting + filler + length, size + filler + 4 * lifting)
        unsent = self._encoder.n_ldpc - nodes
        matrix = self._encoder.pcm[: self._encoder.pcm.shape[0] - unsent, :nodes]
        self._graph = _TannerGraph(matrix, device)
        self._place = (2 * lifting, size, filler, nodes)

    def encode(self, words: Tensor) -> Tensor:
        """Words uint8 [batch, size] as coded bits uint8 [batch, length]."""
        coded: Tensor = self._encoder(words.float())
        return coded.to(torch.uint8)

    def decode(self, ratios: Tensor, iterations: int = ITERATIONS, pause: int = PAUSE) -> Tensor:
        """The most probable words: uint8 [batch, size].

        In: ratios: log P(0) / P(1) of the coded bits, float32 [batch, length], finite. After every `pause` iterations
            words that meet all checks of the code are taken out, where they are many enough.
        """
        most = max(8, min(256, WORK // self._graph.edges))
        parts = [self._decode(part, iterations, pause) for part in ratios.split(most)]
        return torch.cat(parts) if parts else ratios.new_zeros((0, self.size), dtype=torch.uint8)

    def _decode(self, ratios: Tensor, iterations: int, pause: int) -> Tensor:
        known = self._spread(ratios)
        totals = known
        messages = known.new_zeros(self._graph.edges, known.shape[1])
        words = torch.zeros(len(ratios), self.size, dtype=torch.uint8, device=ratios.device)
        open_words = torch.arange(len(ratios), device=ratios.device)
        for done in range(0, iterations, pause):
            for _ in range(min(pause, iterations - done)):
                totals, messages = self._graph.iterate(known, totals, messages)
            bits = totals < 0
            correct = self._graph.meets_checks(bits) if done + pause < iterations else torch.ones_like(bits[0])
            if MOVED * int(correct.sum()) >= len(correct):  # the others have to be moved together, which takes time
                words[open_words[correct]] = bits[: self.size, correct].t().to(torch.uint8)
                left = ~correct
                open_words = open_words[left]
                known, totals, messages = (values[:, left] for values in (known, totals, messages))
            if not len(open_words):
                break
        return words

    def _spread(self, ratios: Tensor) -> Tensor:
        """Ratios of all nodes of the graph [nodes, batch]: 0 for those not sent, certain for those that fill up."""
        unsent, size, filler, nodes = self._place
        sent = pad(ratios.clamp(-CLIP, CLIP).t(), (0, 0, unsent, nodes - unsent - filler - self.length))
        certain = sent.new_full((filler, len(ratios)), CLIP)
        return torch.cat([sent[:size], certain, sent[size:]])


class _TannerGraph:
    """A sparse parity-check matrix as a graph of bits and checks; messages are [edges, batch].

    Edges lie in groups of checks of one degree, [degree, checks] within a group.
    """

    def __init__(self, matrix: Any, device: torch.device | str) -> None:
        checks, bits = matrix.sorted_indices().nonzero()
        degrees = np.bincount(checks)
        turn = np.arange(len(checks)) - (np.cumsum(degrees) - degrees)[checks]  # which edge of its check an edge is
        order = np.lexsort((checks, turn, degrees[checks]))
        bits = bits[order]
        self.edges = len(bits)
        sizes, counts = np.unique(degrees, return_counts=True)
        self._groups = [(int(degree), int(count)) for degree, count in zip(sizes, counts, strict=True)]
        edges_of_bit = np.bincount(bits, minlength=matrix.shape[1])
        self._bits = _indices(bits, device)
        self._edges_by_bit = _indices(np.argsort(bits, kind="stable"), device)
        self._first_edges = _indices(np.cumsum(edges_of_bit) - edges_of_bit, device)

    def iterate(self, known: Tensor, totals: Tensor, messages: Tensor) -> tuple[Tensor, Tensor]:
        """One exchange of messages. known: of the channel; totals: with the messages of all checks; both [bits, batch].

        messages: from each check to each of its bits; its memory is used again. All are log P(0) / P(1).
        """
        outgoing = totals.index_select(0, self._bits).sub_(messages).clamp_(-CLIP, CLIP)
        outgoing.sigmoid_().mul_(2).sub_(1)  # tanh(x / 2), in a quarter of its time
        for (degree, count), start in zip(self._groups, self._starts(), strict=True):
            shape = (degree, count, outgoing.shape[1])
            factors, products = (values[start : start + degree * count].view(shape) for values in (outgoing, messages))
            _products_of_others(factors, products)
        messages.clamp_(-NEARLY_ONE, NEARLY_ONE).atanh_().mul_(2)
        sums = embedding_bag(self._edges_by_bit, messages, self._first_edges, mode="sum")
        return sums.add_(known), messages

    def meets_checks(self, bits: Tensor) -> Tensor:
        """Which words meet all checks, bool [batch], from bits bool [bits, batch]."""
        ends = bits.index_select(0, self._bits)
        met = torch.ones_like(bits[0])
        for (degree, count), start in zip(self._groups, self._starts(), strict=True):
            places = ends[start : start + degree * count].view(degree, count, -1)
            odd = places[0] ^ places[1]
            for place in places[2:]:
                odd ^= place
            met &= ~odd.any(dim=0)
        return met

    def _starts(self) -> list[int]:
        return [0, *np.cumsum([degree * count for degree, count in self._groups]).tolist()[:-1]]


def _products_of_others(factors: Tensor, products: Tensor) -> None:
    """products[i] = product of all factors but factors[i], over the first dimension; `factors` is used up.

    From both ends, without division: a factor may be 0.
    """
    last = len(factors) - 1
    products[last - 1] = factors[last]
    for place in range(last - 2, -1, -1):
        torch.mul(products[place + 1], factors[place + 1], out=products[place])
    running = factors[0]
    for place in range(1, last):
        products[place].mul_(running)
        running.mul_(factors[place])
    products[last] = running


def _indices(values: NDArray[np.int64], device: torch.device | str) -> Tensor:
    return torch.from_numpy(values.astype(np.int32)).to(device)
