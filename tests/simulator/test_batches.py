"""Mini-batches: every record once an epoch, in an order that only the seed and the step decide."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from semlink.errors import SourceError
from semlink.simulator.batches import POOL, Batches
from semlink.simulator.sources.contract import Record


@pytest.fixture
def numbered(pixel_qpsk):
    """A codec whose batch holds (number of the record, its channel uses), so that order and padding can be read off."""

    class Numbered(type(pixel_qpsk)):
        def prepare(self, payloads) -> Tensor:
            return torch.from_numpy(np.stack(payloads))

        def channel_uses(self, batch: Tensor) -> Tensor:
            return batch[:, 1]

    return Numbered()


def _records(count: int, seed: int = 0) -> list[Record]:
    uses = np.random.default_rng(seed).integers(1, 60, count)
    return [Record(f"r{index}", np.array([index, uses[index]]), "tests") for index in range(count)]


def _batches(codec, count: int, size: int, seed: int = 0, name: str = "train") -> Batches:
    return Batches(codec, _records(count), size, seed, name, "cpu")


def _epoch(batches: Batches, epoch: int) -> list[list[int]]:
    first = epoch * batches.per_epoch
    return [batches[step][:, 0].tolist() for step in range(first, first + batches.per_epoch)]


@given(count=st.integers(1, 70), size=st.integers(1, 20), epoch=st.integers(0, 3))
def test_no_record_twice_in_an_epoch_and_less_than_a_batch_left_out(count: int, size: int, epoch: int) -> None:
    from tests_helpers import numbered_codec  # replaced below
