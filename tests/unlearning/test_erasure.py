"""What `erase` does for every method: copies, counts, checks; and that methods know their names."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
import torch

from semlink.codecs.contract import NeuralCodec
from semlink.errors import ErasureError
from semlink.unlearning.contract import CountedBatches, Erasure, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods import METHODS

Codec = NeuralCodec[Any]


@dataclass(frozen=True)
class Reading(Method):
    """Takes three batches of 8 records, and reads the validation set if there is one."""

    name: ClassVar[str] = "reading"
    reads: ClassVar[tuple[Reads, ...]] = ("retain", "validation")

    def sets(self, codec: Codec, partition: Partition) -> tuple[Reads, ...]:
        return ("retain",)

    def carry_out(self, erasure: Erasure) -> Codec:
        batches = erasure.batches("retain", 8)
        for step in range(3):
            assert len(batches[step]) == 8
        erasure.steps += 1
        erasure.notes["note"] = "said"
        erasure.read("validation")
        return erasure.erased


def test_erase_checks_counts_and_times(
    trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    erased = Reading().erase(trained, partition, context_for())
    assert (erased.steps, erased.samples) == (1, 24)
    assert erased.reads == ("retain", "validation")
    assert erased.notes == {"note": "said"}
    assert erased.seconds > 0
    for name in ("retain", "validation"):
        with pytest.raises(ErasureError, match=f"The {name} set has no records"):
            Reading().erase(trained, replace(partition, **{name: []}), context_for())  # type: ignore[arg-type]


def test_copies_are_apart(trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]) -> None:
    trained.train()
    erasure = Erasure(trained, partition, context_for())
    original, erased = erasure.original, erasure.erased
    assert not original.training
    assert not erased.training
    assert trained.training
    assert not any(parameter.requires_grad for parameter in original.parameters())
    assert all(parameter.requires_grad for parameter in erased.parameters())
    with torch.no_grad():
        next(erased.parameters()).add_(1)
    for codec in (original, trained):
        assert not torch.equal(next(codec.parameters()), next(erased.parameters()))
    assert erasure.erased is erased


def test_batches_of_both_sets_are_equally_large(
    trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    erasure = Erasure(trained, partition, context_for())
    forget, retain = erasure.equal_batches(1000)
    assert forget.size == retain.size == len(partition.forget)
    few = CountedBatches(erasure, partition.retain[:5], 1000, "retain")
    assert len(few[0]) == erasure.samples == 5


@pytest.mark.parametrize("name", METHODS)
def test_methods_know_their_names(name: str) -> None:
    assert METHODS[name].name == name
