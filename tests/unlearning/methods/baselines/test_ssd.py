"""Selective synaptic dampening: the equation, and that nothing else happens."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import WrongField
from semlink.simulator.batches import Batches, batch_of
from semlink.simulator.training import mean_loss
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.baselines.ssd import SelectiveSynapticDampening, damped
from semlink.unlearning.methods.parts.fisher import diagonal_fisher

Codec = NeuralCodec[Any]


def test_damped() -> None:
    """Not selected at the bound itself; beta is capped at 1; 0 where all other data have no use for a weight."""
    forget, training = torch.tensor([10.0, 11.0, 40.0, 5.0, 0.0]), torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0])
    torch.testing.assert_close(damped(forget, training, 10, 1), torch.tensor([1, 1 / 11, 1 / 40, 0, 1]))
    torch.testing.assert_close(damped(forget, training, 10, 20), torch.tensor([1, 1, 0.5, 0, 1]))


def test_weights_are_multiplied_by_their_factor(
    trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    context = context_for()
    result = SelectiveSynapticDampening(alpha=1.5, batch=10).erase(trained, partition, context)
    sets = (("forget", partition.forget), ("training", [*partition.forget, *partition.retain]))
    forget, training = (
        diagonal_fisher(trained, Batches(trained, records, 10, context.seed, name, "cpu"), context, f"ssd {name}")
        for name, records in sets
    )
    selected = 0
    for name, parameter in trained.named_parameters():
        chosen = forget[name] > 1.5 * training[name]
        expected = torch.where(chosen, parameter * (training[name] / forget[name]).clamp(max=1), parameter)
        torch.testing.assert_close(result.codec.get_parameter(name), expected)
        selected += int(chosen.sum())
    assert result.notes["dampened_share"] == pytest.approx(
        selected / sum(parameter.numel() for parameter in trained.parameters())
    )
    assert selected > 0
    assert (result.steps, result.samples) == (10 + 40, 100 + 400)


def test_it_reads_at_most_so_many(
    trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    result = SelectiveSynapticDampening(records=120, batch=8).erase(trained, partition, context_for())
    assert (result.steps, result.samples) == (12 + 15, 96 + 120)  # of 100 and of 400; a short batch is left out


def test_forget_set_suffers_most(
    trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    """Even when all weights are in reach, and the more the lower alpha."""
    context = context_for()

    def ratio(codec: Codec, records: Any) -> float:
        batch = batch_of(codec, records)
        before, after = (mean_loss(version, batch, context.channel, 10.0, 0) for version in (trained, codec))
        return after / before

    def erased(alpha: float) -> Codec:
        return SelectiveSynapticDampening(alpha=alpha, batch=10).erase(trained, partition, context).codec

    codec = erased(1.5)
    assert ratio(codec, partition.forget) > 1.2 * ratio(codec, partition.retain)
    assert ratio(codec, partition.forget) > ratio(erased(5), partition.forget)
    assert ratio(erased(1e9), partition.forget) == 1


@pytest.mark.parametrize("end", ["sender", "receiver"])
def test_one_end_changes(
    end: str, trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    erased = SelectiveSynapticDampening(alpha=1, end=end).erase(trained, partition, context_for()).codec
    for name in ("sender", "receiver"):
        pairs = zip(getattr(trained, name)[0].parameters(), getattr(erased, name)[0].parameters(), strict=True)
        assert all(torch.equal(before, after) for before, after in pairs) == (name != end)


def test_wrong_numbers() -> None:
    with pytest.raises(WrongField, match="give a positive number"):
        SelectiveSynapticDampening(alpha=0)
