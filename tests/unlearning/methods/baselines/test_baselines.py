"""NegGrad+, random labels, L1-sparse and bad teacher: each does what its equation says; and what they stand on."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from semlink.codecs.contract import NeuralCodec
from semlink.codecs.posterior import divergence_from_prior
from semlink.errors import WrongField
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.training import mean_loss
from semlink.unlearning.contract import Erasure, ErasureContext, Method, Partition
from semlink.unlearning.methods.baselines.bad_teacher import BadTeacher
from semlink.unlearning.methods.baselines.finetune import Finetune
from semlink.unlearning.methods.baselines.l1_sparse import L1Sparse
from semlink.unlearning.methods.baselines.negative_gradient_plus import NegativeGradientPlus
from semlink.unlearning.methods.baselines.random_labels import RandomLabels, random_label_loss
from semlink.unlearning.methods.parts.descent import send
from semlink.unlearning.methods.parts.retain_objective import retain_objective, retain_plan
from semlink.unlearning.methods.parts.teacher import beside_teacher

Codec = NeuralCodec[Any]


@pytest.fixture
def context(context_for: Callable[..., ErasureContext]) -> ErasureContext:
    return context_for()


def on_forget_set(codec: Codec, partition: Partition, context: ErasureContext) -> float:
    return mean_loss(codec, batch_of(codec, partition.forget), context.channel, context.training.snr_db, 0)


def on_test_set(codec: Codec, partition: Partition, context: ErasureContext) -> float:
    return mean_loss(codec, batch_of(codec, partition.test), context.channel, context.training.snr_db, 0)


def test_retain_objective_is_the_loss_of_training(
    trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    batch = batch_of(trained, partition.retain[:8])
    context = replace(context, training=replace(context.training, prior_weight=2.0))
    sent = send(trained, batch, context, generator_for(0, "sent"))
    expected = trained.loss(batch, sent.reception).mean()
    if trained.config.variational:
        expected = expected + 2 * divergence_from_prior(sent.posterior).mean()
    torch.testing.assert_close(retain_objective(trained, batch, context, generator_for(0, "sent")), expected)


def test_retain_plan_is_a_share_of_training(context: ErasureContext) -> None:
    training = replace(context.training, steps=1000, warmup=50, clip=0.5, learning_rate=2e-3)
    plan = retain_plan(0.1, None, "sender", replace(context, training=training))
    assert (plan.steps, plan.warmup, plan.rate, plan.clip, plan.end, plan.decay) == (100, 5, 2e-3, 0.5, "sender", True)
    assert retain_plan(1e-9, 0.3, "both", context).steps == 1
    assert retain_plan(1e-9, 0.3, "both", context).rate == 0.3


def test_student_equal_to_its_teacher_has_nothing_to_learn(
    trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    """The noise of both is the same, and gradients reach the student alone."""
    batch = batch_of(trained, partition.retain[:8])
    apart, _ = beside_teacher(trained, trained, batch, context, generator_for(0, "a"))
    assert not apart.any()
    other = context.fresh()
    apart, passage = beside_teacher(other, trained, batch, context, generator_for(0, "a"))
    believed = trained.decode(send(trained, batch, context, generator_for(0, "a")).reception)
    torch.testing.assert_close(apart, (believed - other.decode(passage.reception)).square().flatten(1).mean(dim=1))
    apart.sum().backward()
    assert all(parameter.grad is None for parameter in trained.parameters())
    assert any(parameter.grad is not None for parameter in other.parameters())


def test_divergence_of_words_is_that_of_the_teacher(
    speaker: Codec, lines: Partition, context: ErasureContext, make_speaker: Callable[[str], Codec]
) -> None:
    """KL(teacher || student) over the words, written out."""
    batch = batch_of(speaker, lines.retain[:4])
    student = speaker
    teacher = make_speaker("one_pass")
    assert teacher is speaker
    teacher = type(speaker)(speaker.config)
    apart, passage = beside_teacher(student, teacher.eval(), batch, context, generator_for(0, "a"))
    twin = send(teacher, batch, context, generator_for(0, "a"))
    p, q = (
        codec.predict(batch, sent.reception).scores.log_softmax(dim=-1)
        for codec, sent in ((teacher, twin), (student, passage))
    )
    each = (p.exp() * (p - q)).sum(dim=-1)
    expected = [part.mean() for part in each.split(batch.mask.sum(dim=1).tolist())]
    torch.testing.assert_close(apart, torch.stack(expected), rtol=1e-4, atol=1e-5)


def test_negative_gradient_plus_trades_the_forget_set(
    trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    """More weight on forgetting forgets more; next to none is fine-tuning, which only fades."""
    losses = [
        on_forget_set(NegativeGradientPlus(alpha=alpha).erase(trained, partition, context).codec, partition, context)
        for alpha in (1 - 1e-6, 0.9, 0.6)
    ]
    assert losses[0] < losses[1] < losses[2]
    damage = [
        on_test_set(method.erase(trained, partition, context).codec, partition, context)
        for method in (NegativeGradientPlus(alpha=1 - 1e-6), Finetune())
    ]
    assert damage[0] < 1.1 * damage[1]


def test_random_labels_tend_to_the_mean_of_the_forget_set(
    trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    """An image that is sent comes out nearer to the mean of its set than before."""
    erased = RandomLabels(share=0.5, forget_weight=4).erase(trained, partition, context).codec
    batch = batch_of(trained, partition.forget)
    middle = batch.mean(dim=0, keepdim=True)

    def distance(codec: Codec) -> float:
        reception = send(codec, batch, context, generator_for(0, "distance")).reception
        return float((codec.decode(reception) - middle).square().mean().detach())

    assert distance(erased) < 0.5 * distance(trained)
    assert on_forget_set(erased, partition, context) > 1.5 * on_forget_set(trained, partition, context)


def test_wrong_targets_are_compared_with_what_the_true_ones_became(
    trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    """The loss, piece by piece from the same draws."""
    few = replace(partition, forget=partition.forget[:8], retain=partition.retain[:8])
    erasure = Erasure(trained, few, context)
    loss = random_label_loss(erasure, 3.0)(0, generator_for(0, "loss"))
    lost, kept = (erasure.batches(name)[0] for name in ("forget", "retain"))
    generator = generator_for(0, "loss")
    trained.eval()
    first = retain_objective(trained, kept, context, generator)
    reception = send(trained, lost, context, generator).reception
    wrong = lost[torch.randperm(8, generator=generator)]
    torch.testing.assert_close(loss, first + 3 * (trained.decode(reception) - wrong).square().mean())


def test_l1_penalty_shrinks_and_fades(trained: Codec, partition: Partition, context: ErasureContext) -> None:
    """The size of the weights falls with gamma; at the first step the penalty is gamma times the loss."""

    def size(codec: Codec) -> float:
        return sum(parameter.abs().sum().item() for parameter in codec.parameters())

    results = [L1Sparse(gamma=gamma, share=0.3).erase(trained, partition, context) for gamma in (1e-6, 3.0, 30.0)]
    sizes = [size(result.codec) for result in results]
    assert sizes[0] > sizes[1] > sizes[2]
    batch = batch_of(trained, partition.retain)
    first = mean_loss(trained.eval(), batch, context.channel, context.training.snr_db, context.seed)
    assert results[1].notes["penalty_weight"] == pytest.approx(3 * first / size(trained), rel=1e-5)


def test_bad_teacher_is_imitated_on_the_forget_set_alone(
    trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    erased = BadTeacher(share=0.5).erase(trained, partition, context).codec

    def apart(codec: Codec, teacher: Codec, records: Any) -> float:
        with torch.no_grad():
            found, _ = beside_teacher(codec, teacher, batch_of(codec, records), context, generator_for(0, "apart"))
        return found.mean().item()

    untrained = context.fresh().eval()
    trained.eval()
    assert apart(erased, untrained, partition.forget) < 0.5 * apart(trained, untrained, partition.forget)
    assert apart(erased, trained, partition.test[1::4]) < 0.5 * apart(erased, trained, partition.forget)


@pytest.mark.parametrize("kind", [NegativeGradientPlus, RandomLabels, BadTeacher, L1Sparse])
@pytest.mark.parametrize("end", ["sender", "receiver"])
def test_one_end_learns(
    kind: Callable[..., Method], end: str, trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    erased = kind(share=0.01, end=end).erase(trained, partition, context).codec
    for name in ("sender", "receiver"):
        pairs = zip(getattr(trained, name)[0].parameters(), getattr(erased, name)[0].parameters(), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs) == (name != end)
    assert all(parameter.requires_grad for parameter in erased.parameters())


@pytest.mark.parametrize("kind", [NegativeGradientPlus, RandomLabels, BadTeacher, L1Sparse])
def test_wrong_numbers(kind: Callable[..., Method]) -> None:
    with pytest.raises(WrongField, match="cannot take share=0; give a positive number"):
        kind(share=0)
    with pytest.raises(WrongField, match="cannot take rate=-1; give a positive number"):
        kind(rate=-1)


def test_alpha_lies_below_one() -> None:
    with pytest.raises(WrongField, match="give a number between 0 and 1"):
        NegativeGradientPlus(alpha=1)
