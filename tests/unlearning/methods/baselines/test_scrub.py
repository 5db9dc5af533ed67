"""SCRUB: its schedule, what its two kinds of steps do, and the rewind."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from semlink.codecs.contract import NeuralCodec
from semlink.errors import WrongField
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.training import mean_loss
from semlink.unlearning.contract import Erasure, ErasureContext, Partition
from semlink.unlearning.methods.baselines.scrub import Scrub, rewind
from semlink.unlearning.methods.parts.teacher import beside_teacher

Codec = NeuralCodec[Any]


@pytest.fixture
def context(context_for: Callable[..., ErasureContext]) -> ErasureContext:
    return context_for()


def loss_on(codec: Codec, records: Any, context: ErasureContext) -> float:
    return mean_loss(codec, batch_of(codec, records), context.channel, context.training.snr_db, context.seed)


def test_schedule() -> None:
    """All steps down are there, spread evenly; the rounds after the first begin with steps up."""
    rounds = Scrub(rounds=4, ascents=2, up=0.25).schedule(34)
    assert [(one.count(True), one.count(False)) for one in rounds] == [(0, 8), (2, 9), (2, 8), (0, 9)]
    assert all(one == sorted(one, reverse=True) for one in rounds)
    assert [len(one) for one in Scrub(rounds=3, ascents=1).schedule(1)] == [1, 2, 1]


def test_steps_and_samples_are_counted(trained: Codec, partition: Partition, context: ErasureContext) -> None:
    result = Scrub().erase(trained, partition, context)  # 30 steps down, 3 up, all of 32 records
    assert (result.steps, result.samples, result.reads) == (33, 33 * 32, ("forget", "retain"))
    assert result.notes["steps_up"] == 3


def test_more_steps_up_forget_more(trained: Codec, partition: Partition, context: ErasureContext) -> None:
    codecs = [Scrub(up=up, ascents=5, rate=2e-3).erase(trained, partition, context).codec for up in (0.01, 1, 4)]
    losses = [loss_on(codec, partition.forget, context) for codec in codecs]
    assert losses[0] < losses[1] < losses[2]


def test_divergence_holds_the_original(trained: Codec, partition: Partition, context: ErasureContext) -> None:
    """The more it weighs, the nearer to the original the codec stays on what it keeps."""

    def apart(alpha: float) -> float:
        erased = Scrub(alpha=alpha, ascents=1, up=0.01).erase(trained, partition, context).codec
        batch = batch_of(erased, partition.retain)
        with torch.no_grad():
            return beside_teacher(erased, trained.eval(), batch, context, generator_for(0, "apart"))[0].mean().item()

    assert apart(50.0) < 0.7 * apart(0.0)


def test_nothing_moves_the_codec_away_from_itself(
    trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    """Without the training objective nothing moves: equal codecs in equal noise are at the least divergence."""
    erased = Scrub(gamma=0).erase(trained, partition, context).codec
    for name, parameter in trained.named_parameters():
        torch.testing.assert_close(erased.get_parameter(name), parameter, rtol=0, atol=1e-6)


def test_rewind_keeps_the_round_that_is_nearest_to_unknown(
    trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    """Of all rounds of the same run, as a naive search over shorter looks at it finds."""
    method = Scrub(ascents=3, rounds=5, up=2, rate=2e-3, rewind=True)
    result = method.erase(trained, partition, context)
    last = Scrub(ascents=3, rounds=5, up=2, rate=2e-3).erase(trained, partition, context).codec
    unknown = loss_on(last, partition.validation, context)
    gap = abs(loss_on(result.codec, partition.forget, context) - unknown)
    assert gap <= abs(loss_on(last, partition.forget, context) - unknown)
    assert 1 <= result.notes["round_kept"] <= 5
    assert result.reads == ("forget", "retain", "validation")


def test_rewind_chooses_among_given_weights(trained: Codec, partition: Partition, context: ErasureContext) -> None:
    """Untrained weights, the original and slightly changed ones: the last codec's validation loss picks."""
    original = {name: value.clone() for name, value in trained.state_dict().items()}
    versions = [context.fresh().state_dict(), original, {name: 0.9 * value for name, value in original.items()}]
    trained.eval()
    unknown = loss_on(trained, partition.validation, context)
    gaps = []
    for weights in versions:
        trained.load_state_dict(weights)
        gaps.append(abs(loss_on(trained, partition.forget, context) - unknown))
    trained.load_state_dict(original)
    erasure = Erasure(trained, partition, context)
    chosen = rewind(erasure, versions)
    assert chosen == gaps.index(min(gaps)) == 1
    assert erasure.samples == 3 * len(partition.forget) + len(partition.validation)
    assert all(torch.equal(value, versions[chosen][name]) for name, value in erasure.erased.state_dict().items())


def test_wrong_numbers() -> None:
    with pytest.raises(WrongField, match="in 3 rounds; give fewer ascents"):
        Scrub(rounds=3)
    with pytest.raises(WrongField, match="cannot take alpha=-1"):
        Scrub(alpha=-1)
