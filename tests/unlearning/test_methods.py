"""What all methods promise, and what each of the baselines does."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from semlink.codecs.contract import NeuralCodec
from semlink.codecs.task.model import TaskCodec
from semlink.codecs.task.sharded import ShardedTaskCodec
from semlink.errors import BundleError, ErasureError, WrongField
from semlink.registry import build
from semlink.simulator.training import mean_loss, train
from semlink.unlearning.contract import ErasureContext, Method, Partition
from semlink.unlearning.methods import METHODS
from semlink.unlearning.methods.baselines.finetune import Finetune
from semlink.unlearning.methods.baselines.gradient_ascent import GradientAscent
from semlink.unlearning.methods.baselines.retrain import Retrain

Codec = NeuralCodec[Any]
QUICK: dict[str, dict[str, object]] = {
    "encoder-only": {"steps": 3},
    "finetune": {"share": 0.02},
    "fisher-forgetting": {"records": 20},
    "hbu": {"probes": 2, "steps": 5},
    "influence": {"records": 20},
    "scu": {"passes": 1},
    "scu-bounded": {"steps": 3},
    "ssd": {"alpha": 1},
    "variational": {"steps": 3, "records": 20},
}


def same(first: Codec, second: Codec) -> bool:
    others = second.state_dict()
    return all(torch.equal(value, others[name]) for name, value in first.state_dict().items())


@pytest.fixture
def short(context_for: Callable[..., ErasureContext]) -> ErasureContext:
    return shortened(context_for())


def shortened(context: ErasureContext) -> ErasureContext:
    return replace(context, training=replace(context.training, steps=40, validate=20, warmup=5))


@dataclass(frozen=True)
class Subject:
    """A trained codec, a request, and what a method is told beside."""

    codec: Codec
    partition: Partition
    context: ErasureContext


KINDS: dict[str, Any] = {
    "deterministic": NeuralCodec,
    "variational": NeuralCodec,
    "classes": TaskCodec,
    "sharded": ShardedTaskCodec,
}


def kinds_of(method: type[Method]) -> list[str]:
    """The kinds of codec that it is defined on; those with parts only where it needs them."""
    defined = [kind for kind, codec in KINDS.items() if method.defined_on(codec)]
    return [kind for kind in defined if kind != "sharded" or "sharded" in method.needs]


@pytest.fixture
def subject(request: pytest.FixtureRequest) -> Subject:
    """Of one of these kinds; methods are tried on each of them that they are defined on."""
    get = request.getfixturevalue
    if request.param == "classes":
        return Subject(get("classifier"), get("class_partition"), shortened(get("class_context_for")()))
    if request.param == "sharded":
        return Subject(get("sharded"), get("sample_partition"), shortened(get("sharded_context")))
    codec = copy.deepcopy(get("stored")[request.param == "variational"])
    return Subject(codec, get("partition"), shortened(get("context_for")()))


on_every_kind = pytest.mark.parametrize(
    ("name", "subject"),
    [(name, kind) for name, method in METHODS.items() for kind in kinds_of(method)],
    indirect=["subject"],
)


@on_every_kind
def test_contract(name: str, subject: Subject) -> None:
    """The test sets are out of reach; the given codec and the global stream stay as they are; runs repeat."""
    method = build("method", METHODS, name, QUICK.get(name, {}))
    given, partition, context = subject.codec, subject.partition, subject.context
    blind = replace(partition, test=None, forget_test=None)  # type: ignore[arg-type]
    before, stream = copy.deepcopy(given), torch.get_rng_state()
    given.train()
    first, second = (method.erase(given, blind, context) for _ in range(2))
    assert same(given, before)
    assert given.training
    assert torch.equal(torch.get_rng_state(), stream)
    assert same(first.codec, second.codec)
    assert not same(first.codec, before)
    assert not first.codec.training
    assert set(first.reads) <= set(method.reads)
    assert (first.steps, first.samples) == (second.steps, second.samples)
    assert 0 < first.steps <= first.samples
    assert first.seconds > 0
    for read in first.reads:
        if read != "validation":
            with pytest.raises(ErasureError, match=f"The {read} set has no records"):
                method.erase(given, replace(partition, **{read: []}), context)  # type: ignore[arg-type]


@on_every_kind
def test_only_reads_what_it_says(name: str, subject: Subject) -> None:
    method = build("method", METHODS, name, QUICK.get(name, {}))
    unread = {field: None for field in ("forget", "retain", "validation") if field not in method.reads}
    blind = replace(subject.partition, **unread)  # type: ignore[arg-type]
    erased = method.erase(subject.codec, blind, subject.context)
    assert same(erased.codec, method.erase(subject.codec, subject.partition, subject.context).codec)


def test_retrain_is_training_without_the_forget_set(
    trained: Codec, partition: Partition, short: ErasureContext, tmp_path: Path
) -> None:
    """Bit for bit, also when it resumes; nothing of the given codec goes in."""
    reference = short.fresh()
    train(reference, partition.retain, partition.validation, short.channel, short.training, short.seed)
    resumable = replace(short, checkpoint=tmp_path / "checkpoint")
    retrained = Retrain().erase(trained, partition, resumable)
    assert same(retrained.codec, reference)
    assert (retrained.steps, retrained.samples) == (40, 40 * 32)
    assert same(Retrain().erase(trained, partition, resumable).codec, reference)


def test_finetune_keeps_to_its_share(trained: Codec, partition: Partition, short: ErasureContext) -> None:
    assert Finetune().erase(trained, partition, short).steps == 4
    assert Finetune(share=0.5).erase(trained, partition, short).steps == 20
    assert Finetune(share=1e-9).erase(trained, partition, short).steps == 1
    still = Finetune(rate=1e-12).erase(trained, partition, short).codec
    for name, parameter in trained.named_parameters():
        torch.testing.assert_close(still.get_parameter(name), parameter, rtol=0, atol=1e-10)


def test_finetune_goes_on_from_its_checkpoint(
    trained: Codec, partition: Partition, short: ErasureContext, tmp_path: Path
) -> None:
    resumable = replace(short, checkpoint=tmp_path / "checkpoint")
    expected = Finetune().erase(trained, partition, short).codec
    assert same(Finetune().erase(trained, partition, resumable).codec, expected)
    assert (tmp_path / "checkpoint").exists()
    assert same(Finetune().erase(trained, partition, resumable).codec, expected)
    with pytest.raises(BundleError, match="of other work"):
        Finetune().erase(expected, partition, resumable)


def test_gradient_ascent_has_no_lower_bound(trained: Codec, partition: Partition, short: ErasureContext) -> None:
    """Each step damages what it should keep as well."""

    def loss(codec: Codec, records: Any) -> float:
        batch = codec.prepare([record.payload for record in records])
        return mean_loss(codec, batch, short.channel, (5.0, 15.0), 0)

    codecs = [
        trained,
        *(GradientAscent(steps=steps, rate=1e-3).erase(trained, partition, short).codec for steps in (20, 80)),
    ]
    for records in (partition.forget, partition.retain):
        losses = [loss(codec, records) for codec in codecs]
        assert losses[2] > 2 * losses[1] > 2 * losses[0]


def test_wrong_numbers(trained: Codec, partition: Partition, short: ErasureContext) -> None:
    for make in (lambda: Finetune(share=0), lambda: Finetune(rate=-1.0), lambda: GradientAscent(steps=0)):
        with pytest.raises(WrongField, match="give a positive number"):
            make()
    with pytest.raises(WrongField, match='method "scu" has no field "beta"'):
        build("method", METHODS, "scu", {"beta": 1})
    with pytest.raises(WrongField, match="cannot take stop="):
        build("method", METHODS, "scu", {"stop": "sometimes"})
    with pytest.raises(ErasureError, match="diverged"):
        GradientAscent(rate=1e30).erase(trained, partition, short)
