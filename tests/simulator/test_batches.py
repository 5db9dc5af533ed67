"""Mini-batches: every record once an epoch, in an order that only the seed and the step decide."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from semlink.errors import SourceError
from semlink.simulator.batches import POOL, Batches
from semlink.simulator.sources.contract import Record


@pytest.fixture
def numbered(pixel_qpsk):
    """A codec whose batch holds [number of the record, its channel uses], so that order and padding can be read off."""

    class Numbered(type(pixel_qpsk)):
        def prepare(self, payloads) -> Tensor:
            return torch.from_numpy(np.stack(payloads))

        def channel_uses(self, batch: Tensor) -> Tensor:
            return batch[:, 1]

    return Numbered()


def _batches(codec, count: int, size: int, seed: int = 0, name: str = "train") -> Batches:
    uses = np.random.default_rng(0).integers(1, 1000, count)
    records = [Record(f"r{index}", np.array([index, uses[index]]), "tests") for index in range(count)]
    return Batches(codec, records, size, seed, name, "cpu")


def _numbers(batches: Batches, steps) -> list[list[int]]:
    return [batches[step][:, 0].tolist() for step in steps]


def _epoch(batches: Batches, epoch: int) -> list[list[int]]:
    return _numbers(batches, range(epoch * batches.per_epoch, (epoch + 1) * batches.per_epoch))


@pytest.mark.parametrize(("count", "size"), [(12, 4), (12, 1), (12, 12), (13, 4), (70, 3), (70, 64), (1, 1)])
@pytest.mark.parametrize("epoch", [0, 5])
def test_every_record_once_an_epoch(numbered, count: int, size: int, epoch: int) -> None:
    """But for a last batch that would be short."""
    found = _epoch(_batches(numbered, count, size), epoch)
    assert {len(batch) for batch in found} == {size}
    flat = [number for batch in found for number in batch]
    assert len(flat) == len(set(flat)) == count - count % size


def test_none_is_left_out_for_good(numbered) -> None:
    """Three of 7 records are left out of each epoch: 30 epochs miss one of them with a chance below 1e-10."""
    batches = _batches(numbered, 7, 4)
    assert {number for epoch in range(30) for batch in _epoch(batches, epoch) for number in batch} == set(range(7))


def test_fewer_records_than_a_batch(numbered) -> None:
    batches = _batches(numbered, 5, 64)
    assert batches.per_epoch == 1
    assert sorted(batches[0][:, 0].tolist()) == sorted(batches[1][:, 0].tolist()) == [0, 1, 2, 3, 4]


def test_any_step_can_be_asked_for(numbered) -> None:
    """What stopped work resumes with is what uninterrupted work would have met."""
    steps = list(range(50))
    in_order = _numbers(_batches(numbered, 23, 4), steps)
    mixed = np.random.default_rng(1).permutation(steps).tolist()
    one = _batches(numbered, 23, 4)
    assert dict(zip(mixed, _numbers(one, mixed), strict=True)) == dict(zip(steps, in_order, strict=True))
    assert _numbers(_batches(numbered, 23, 4), [37]) == [in_order[37]]


def test_order_depends_on_seed_name_and_epoch(numbered) -> None:
    """Of 24! orders two are alike with a chance below 1e-23."""
    first = _batches(numbered, 24, 1)
    assert _epoch(first, 0) == _epoch(_batches(numbered, 24, 1), 0)
    others = [_epoch(_batches(numbered, 24, 1, seed=1), 0), _epoch(_batches(numbered, 24, 1, name="retain"), 0)]
    assert all(other != _epoch(first, 0) for other in [*others, _epoch(first, 1)])


def test_global_randomness_is_neither_used_nor_moved(numbered) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = _epoch(_batches(numbered, 24, 4), 0)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    assert _epoch(_batches(numbered, 24, 4), 0) == first


def test_pools_hold_records_of_similar_length_together(numbered) -> None:
    """One pool: the batches' ranges of channel uses do not overlap, and they do not come in the order of length."""
    batches = _batches(numbered, 8 * POOL, 8)
    parts = [batches[step][:, 1] for step in range(batches.per_epoch)]
    lows, highs = ([int(extreme(part)) for part in parts] for extreme in (torch.min, torch.max))
    by_length = sorted(zip(lows, highs, strict=True))
    assert all(before[1] <= after[0] for before, after in pairwise(by_length))
    assert lows != sorted(lows)


def test_pools_save_padding(numbered) -> None:
    """Several pools, lengths uniform in 1..999: sorted batches of 8 have below 15 % padding, random ones about 80 %."""
    batches = _batches(numbered, 3 * 8 * POOL, 8)
    parts = [batches[step][:, 1].float() for step in range(batches.per_epoch)]
    computed = sum(len(part) * float(part.max()) for part in parts)
    assert computed / float(torch.cat(parts).sum()) < 1.15


def test_no_records(numbered) -> None:
    with pytest.raises(SourceError, match="no records for retain"):
        Batches(numbered, [], 4, 0, "retain", "cpu")
