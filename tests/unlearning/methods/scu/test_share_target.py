"""Share targets take away what only erased images show, put what kept images show in its place, and leave the rest."""

import pytest
import torch
from torch import Tensor

from semlink.unlearning.methods.scu.share_target import make_share_targets

MARK = (slice(4, 6), slice(0, 2))


def scenes(count: int, seed: int, size: int = 8) -> Tensor:
    """Images that are one dark grey above and another below, of three each, so that contents repeat."""
    levels = torch.randint(0, 3, (count, 2), generator=torch.Generator().manual_seed(seed)) / 16
    return levels.repeat_interleave(size // 2, dim=1)[:, None, :, None].expand(count, 1, size, size).clone()


def marked(images: Tensor) -> Tensor:
    """The images with a bright square in a block of the lower half."""
    images = images.clone()
    images[..., MARK[0], MARK[1]] = 1
    return images


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_mark_gives_way_to_what_fits_the_rest_of_the_image() -> None:
    clean = scenes(60, 0)
    targets = make_share_targets(marked(clean), scenes(300, 1), 4.0, generator())
    torch.testing.assert_close(targets.images, clean[targets.rows], atol=0.03, rtol=0)
    assert targets.exclusive_share() == 1
    # Blocks stand in rows: the mark is in the one below on the left.
    assert targets.shares[:, 2].min() > 0.99
    assert targets.shares[:, [0, 1, 3]].max() < 0.4


def test_shares_are_the_counts_of_like_blocks() -> None:
    """Grey images of two levels: w is the count among the erased over the count among all."""
    level = torch.tensor([0.0] * 10 + [1.0] * 10)[:, None, None, None]
    forget, retain = level.expand(20, 1, 4, 4), level[5:16].expand(11, 1, 4, 4)
    targets = make_share_targets(forget, retain, 4.0, generator())
    expected = torch.where(forget[targets.rows, 0, 0, 0] == 0, 10 / 15, 10 / 16)
    torch.testing.assert_close(targets.shares[:, 0], expected)
    assert targets.exclusive_share() == 0


def test_large_sets_count_with_their_true_sizes() -> None:
    """Of 600 erased and 5400 kept images some are looked at; a content that all have is a tenth the erased ones'."""
    targets = make_share_targets(torch.zeros(600, 1, 4, 4), torch.zeros(5400, 1, 4, 4), 4.0, generator())
    torch.testing.assert_close(targets.shares, torch.full_like(targets.shares, 0.1))
    assert len(targets.rows) < 600


@pytest.mark.parametrize(("channels", "size"), [(3, 8), (1, 6), (1, 7)])
def test_sizes_that_four_does_not_divide_and_colours(channels: int, size: int) -> None:
    random = torch.rand(12, channels, size, size, generator=generator())
    targets = make_share_targets(random[:4], random, 4.0, generator())
    assert targets.images.shape == (4, channels, size, size)
    torch.testing.assert_close(targets.images, random[:4][targets.rows], atol=0.1, rtol=0)  # w is 1/2 everywhere
