"""The influence step: inverses against dense ones, and that it undoes a record where the loss is quadratic."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import WrongField
from semlink.simulator.batches import batch_of
from semlink.simulator.training import mean_loss
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.baselines.influence import Influence, diagonal_step, woodbury_step

Codec = NeuralCodec[Any]


def test_steps_are_those_of_dense_inverses() -> None:
    generator = torch.Generator().manual_seed(0)
    gradients = torch.randn(7, 30, generator=generator, dtype=torch.float64)
    wanted = torch.randn(30, generator=generator, dtype=torch.float64)
    whole = gradients.T @ gradients / 7
    for step, matrix in ((woodbury_step, whole), (diagonal_step, whole.diagonal().diag())):
        dense = torch.linalg.solve(matrix + 0.3 * torch.eye(30, dtype=torch.float64), wanted)
        torch.testing.assert_close(step(gradients, wanted, 0.3), dense)


def test_one_record_leaves_a_mean() -> None:
    """The weight of a squared loss is the mean of n numbers; the step leads to the mean without one of them.

    With H = 1, which is F where the numbers have variance 1, w - (x - w) / (n - 1) is that mean exactly.
    """
    numbers = torch.randn(400, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    numbers = (numbers - numbers[1:].mean()) / numbers[1:].std(correction=0)
    weight = numbers.mean()
    gradients = (weight - numbers[1:]).unsqueeze(1)
    step = woodbury_step(gradients, (weight - numbers[0]).unsqueeze(0), 1e-9) / 399
    assert (weight + step).item() == pytest.approx(numbers[1:].mean().item(), abs=1e-4 * abs(numbers[0].item()))


@pytest.mark.parametrize("curvature", ["diagonal", "woodfisher"])
def test_it_raises_the_loss_on_the_forget_set_most(
    curvature: Any, trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    """And twice the strength is twice the step."""
    context = context_for()
    once, twice = (
        Influence(strength=strength, curvature=curvature, records=64).erase(trained, partition, context)
        for strength in (0.005, 0.01)
    )
    for name, parameter in trained.named_parameters():
        moved = [result.codec.get_parameter(name) - parameter for result in (once, twice)]
        torch.testing.assert_close(2 * moved[0], moved[1], rtol=1e-2, atol=1e-6)

    def loss(codec: Codec, records: Any) -> float:
        return mean_loss(codec, batch_of(codec, records), context.channel, (5.0, 15.0), 0)

    rises = [loss(twice.codec, part) / loss(trained, part) for part in (partition.forget, partition.test)]
    assert rises[0] > 1.02
    assert rises[0] > rises[1]
    assert once.steps == 64 + len(partition.forget) // 64


def test_unknown_curvature() -> None:
    with pytest.raises(WrongField, match=r"curvature=flat.*diagonal, woodfisher"):
        Influence(curvature="flat")  # type: ignore[arg-type]
