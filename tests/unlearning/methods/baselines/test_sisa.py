"""SISA: only the parts that met an erased record change, and the result is that of training again, bit for bit."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from semlink.channels import build_channel
from semlink.codecs.building import new_codec
from semlink.codecs.task.model import TaskCodec
from semlink.codecs.task.sharded import ShardedTaskCodec
from semlink.errors import ErasureError
from semlink.progress import Progress
from semlink.simulator import optimisation, training
from semlink.simulator.link import transmit
from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.training import records_of, settings_of, train
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.erase import check_defined
from semlink.unlearning.methods.baselines.retrain import Retrain
from semlink.unlearning.methods.baselines.sisa import Sisa

SETTINGS = TrainingSettings(steps=90, batch=16, learning_rate=5e-3, warmup=6, snr_db=12.0, validate=30, keep="last")
PARTS = 3


@pytest.fixture(scope="module")
def make(labelled_source: Source) -> Callable[[], ShardedTaskCodec]:
    fields = {"shards": PARTS, "encoder": "mlp", "hidden": 24, "uses": 7, "receiver_hidden": 16}

    def fresh() -> ShardedTaskCodec:
        payloads = [record.payload for record in labelled_source.train]
        codec = new_codec("sharded-task", fields, payloads, 5, labelled_source.labels)
        assert isinstance(codec, ShardedTaskCodec)
        return codec

    return fresh


@pytest.fixture(scope="module")
def context(make: Callable[[], ShardedTaskCodec]) -> ErasureContext:
    return ErasureContext(build_channel("awgn"), SETTINGS, 7, make)


@pytest.fixture(scope="module")
def original(labelled_source: Source, context: ErasureContext) -> Any:
    codec = context.fresh()
    train(codec, labelled_source.train, labelled_source.validation, context.channel, SETTINGS, context.seed)
    return codec


@pytest.fixture(scope="module")
def two_of_one_part(labelled_source: Source, original: ShardedTaskCodec) -> Partition:
    """A request for two records that taught the same part."""
    forget = records_of(original, 1, labelled_source.train)[:2]
    retain = [record for record in labelled_source.train if record not in forget]
    return Partition(forget, retain, labelled_source.validation, labelled_source.test)


def same(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    others = second.state_dict()
    return all(torch.equal(value, others[name]) for name, value in first.state_dict().items())


def test_only_the_affected_part_changes(
    original: ShardedTaskCodec, two_of_one_part: Partition, context: ErasureContext
) -> None:
    erased = Sisa().erase(original, two_of_one_part, context)
    assert isinstance(erased.codec, ShardedTaskCodec)
    unchanged = [same(one, other) for one, other in zip(original.parts, erased.codec.parts, strict=True)]
    assert unchanged == [True, False, True]
    assert erased.notes == {"parts": 3, "parts_trained_again": 1}
    assert (erased.steps, erased.samples) == (30, 30 * 16)


def test_the_result_is_that_of_training_again(
    original: ShardedTaskCodec, two_of_one_part: Partition, sample_partition: Partition, context: ErasureContext
) -> None:
    """The whole codec, trained again without the erased records, has the same weights: no other part knew of them."""
    for partition in (two_of_one_part, sample_partition):
        erased, again = (method.erase(original, partition, context) for method in (Sisa(), Retrain()))
        assert same(erased.codec, again.codec)
        assert not same(erased.codec, original)
    assert erased.notes["parts_trained_again"] == PARTS  # an owner of many records is everywhere


def test_the_affected_part_does_not_depend_on_what_was_erased(
    original: ShardedTaskCodec, two_of_one_part: Partition, context: ErasureContext
) -> None:
    """Nor on weights of the given codec: both may be anything."""
    broken = copy.deepcopy(original)
    with torch.no_grad():
        for weight in broken.parts[1].parameters():
            weight.fill_(3.0)
    first, second = (Sisa().erase(codec, two_of_one_part, context).codec for codec in (original, broken))
    assert same(first, second)


def test_a_part_is_a_task_codec_trained_alone(
    original: ShardedTaskCodec, labelled_source: Source, context: ErasureContext
) -> None:
    records = records_of(original, 2, labelled_source.train)
    alone: Any = context.fresh().parts[2]
    train(alone, records, labelled_source.validation, context.channel, settings_of(SETTINGS, 2, PARTS), context.seed)
    assert same(alone, original.parts[2])


def test_records_and_steps_are_divided(original: ShardedTaskCodec, labelled_source: Source) -> None:
    """300 records: 100 +- 8.2 to each of three parts; 6 standard deviations, false alarm below 1e-8."""
    divided = [records_of(original, part, labelled_source.train) for part in range(PARTS)]
    assert sorted(record.id for records in divided for record in records) == sorted(r.id for r in labelled_source.train)
    assert all(abs(len(records) - 100) < 49 for records in divided)
    twin = Record("twin", divided[0][0].payload.copy(), "dora", 0)
    assert records_of(original, 0, [twin]) == [twin]
    settings = replace(SETTINGS, steps=100)
    assert [settings_of(settings, part, PARTS).steps for part in range(PARTS)] == [34, 33, 33]


def test_stopped_training_goes_on_in_the_part_where_it_stopped(
    original: ShardedTaskCodec,
    labelled_source: Source,
    context: ErasureContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = (labelled_source.train, labelled_source.validation, context.channel, SETTINGS, context.seed, "x")

    class Stopped(Exception):
        pass

    class Stopping(Progress):
        def step(self, note: str = "", count: int = 1) -> None:
            super().step(note, count)
            if self.label.startswith("x, part 2") and self.done == 15:
                raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(optimisation, "Progress", Stopping)
        with pytest.raises(Stopped):
            train(context.fresh(), *arguments, tmp_path / "c")
    met: list[str] = []

    def counting(codec: TaskCodec, *others: Any) -> Any:
        met.extend(["step"] if codec.training else [])
        return transmit(codec, *others)

    monkeypatch.setattr(training, "transmit", counting)
    codec = context.fresh()
    train(codec, *arguments, tmp_path / "c")
    assert same(codec, original)
    assert len(met) == 20 + 30  # the first part was done, the second had looked at the validation set after step 10


def test_what_it_is_defined_on(
    classifier: TaskCodec, original: ShardedTaskCodec, two_of_one_part: Partition, context: ErasureContext
) -> None:
    check_defined(Sisa(), original)
    with pytest.raises(ErasureError, match="sisa is only defined on a codec that has parts"):
        check_defined(Sisa(), classifier)
    nothing_left: Sequence[Record] = [r for r in two_of_one_part.retain if original.part_of(r.payload) != 1]
    with pytest.raises(ErasureError, match="Part 2 of the codec would retain no records"):
        Sisa().erase(original, replace(two_of_one_part, retain=nothing_left), context)


def test_symbols_and_beliefs_are_those_of_the_parts(original: ShardedTaskCodec, labelled_source: Source) -> None:
    """7 uses are 3 + 2 + 2, each part with unit energy of its own; log-probabilities are averaged."""
    batch = original.prepare([record.payload for record in labelled_source.test[:5]])
    frame = original.encode(batch)
    beliefs, start = [], 0
    for part, uses in zip(original.parts, (3, 2, 2), strict=True):
        of_part = part.encode(batch)
        assert of_part.symbols.shape == (5, uses)
        torch.testing.assert_close(frame.symbols[:, start : start + uses], of_part.symbols)
        torch.testing.assert_close(of_part.symbols.abs().square().mean(dim=1), torch.ones(5))
        beliefs.append(part.decode(build_channel("awgn")(of_part, float("inf"), torch.Generator())))
        start += uses
    received = build_channel("awgn")(frame, float("inf"), torch.Generator())
    mean = torch.stack(beliefs).mean(dim=0)
    torch.testing.assert_close(original.decode(received), mean - mean.logsumexp(dim=1, keepdim=True))
