"""Fading gains and the blocks that share them."""

import pytest
import torch
from scipy import stats

from semlink.channels.gains import Coherence, GainLaw, block_count, draw_gains, occupied_blocks, spread
from semlink.seeding import generator_for


@pytest.mark.parametrize(
    ("coherence", "uses", "blocks", "expected"),
    [
        ("symbol", 3, 3, [0, 1, 2]),
        ("block", 3, 1, [0]),
        (2, 5, 3, [0, 0, 1, 1, 2]),
        (1, 3, 3, [0, 1, 2]),
        (3, 3, 1, [0]),
        (10**12, 3, 1, [0]),
        ("block", 0, 0, []),
    ],
)
def test_blocks_of_channel_uses(coherence: Coherence, uses: int, blocks: int, expected: list[int]) -> None:
    assert block_count(coherence, uses) == blocks
    assert spread(torch.arange(blocks).unsqueeze(0), coherence, uses).tolist() == [expected]


@pytest.mark.parametrize(
    ("coherence", "expected"), [("symbol", [5, 2, 0, 2]), ("block", [1, 1, 0, 1]), (2, [3, 1, 0, 2]), (4, [2, 1, 0, 2])]
)
def test_occupied_blocks(coherence: Coherence, expected: list[int]) -> None:
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 1]], dtype=torch.bool)
    assert occupied_blocks(mask, coherence).tolist() == expected


def test_gains_follow_their_law() -> None:
    """Kolmogorov-Smirnov on 2^17 gains, false alarm 1e-3: 2|h|^2/s is noncentral chi-square with 2 degrees."""
    law = GainLaw(mean=0.8, variance=0.36)
    gains = draw_gains(law, 1 << 16, 2, generator_for("gains"))
    power = 2 * gains.abs().square().flatten().double() / law.variance
    noncentrality = 2 * law.mean**2 / law.variance
    assert stats.kstest(power.numpy(), stats.ncx2(2, noncentrality).cdf).pvalue > 1e-3
    assert gains.mean().item() == pytest.approx(0.8, abs=0.01)
