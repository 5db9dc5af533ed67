"""The bounded form of SCU picks its target, stops where it should, and leaves alone what it may not touch."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from semlink.channels import build_channel
from semlink.codecs.building import new_codec_like
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import ErasureError, WrongField
from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.training import mean_loss
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.parts.stop_rule import make_stop_rule
from semlink.unlearning.methods.scu.bounded import ScuBounded
from semlink.unlearning.partition import divide

CHANNEL = build_channel("awgn")


def same(first: NeuralCodec[Any], second: NeuralCodec[Any]) -> bool:
    others = second.state_dict()
    return all(torch.equal(value, others[name]) for name, value in first.state_dict().items())


def loss_on(codec: NeuralCodec[Any], records: Any, law: tuple[float, float] = (5.0, 15.0)) -> float:
    return mean_loss(codec, codec.prepare([record.payload for record in records]), CHANNEL, law, 0, draws=2)


@pytest.fixture(params=["one_pass", "autoregressive"])
def speaker(make_speaker: Callable[[str], NeuralCodec[Any]], request: pytest.FixtureRequest) -> NeuralCodec[Any]:
    """With either receiver words are elements, and so is the end of a sentence where one is said."""
    return make_speaker(request.param)


@pytest.fixture
def words_context(speaker: NeuralCodec[Any], text_training: TrainingSettings) -> ErasureContext:
    return ErasureContext(CHANNEL, text_training, seed=0, fresh=lambda: new_codec_like(speaker, 9))


def test_share_forgets_the_word_and_keeps_its_sentences(
    speaker: NeuralCodec[Any], lines: Partition, words_context: ErasureContext
) -> None:
    """The validation set is out of reach."""
    blind = replace(lines, validation=None)  # type: ignore[arg-type]
    erased = ScuBounded(rate=3e-3).erase(speaker, blind, words_context)
    assert erased.notes["force"] == "share"
    assert erased.reads == ("forget", "retain")
    recall = make_stop_rule("recall", None, speaker, lines, CHANNEL, 12.0, 0)
    assert recall is not None
    assert recall.measure(speaker) > 0.8
    assert recall.measure(erased.codec) <= 0.1
    for part in (lines.forget, lines.retain):
        accuracy = make_stop_rule("accuracy", None, speaker, replace(lines, forget=part), CHANNEL, 12.0, 1)
        assert accuracy is not None
        lost = accuracy.measure(speaker) - accuracy.measure(erased.codec)
        # A name is at least one token of five and at most one of four, and it alone may go.
        assert (0.15 < lost < 0.3) if part is lines.forget else (lost < 0.05)


def test_only_what_belongs_to_erased_words_is_reinitialised(
    speaker: NeuralCodec[Any], lines: Partition, words_context: ErasureContext
) -> None:
    """Without steps all else stays in place."""
    erased = ScuBounded(steps=0).erase(speaker, lines, words_context).codec
    kept = ScuBounded(steps=0, reinitialise=False).erase(speaker, lines, words_context).codec
    (name,) = speaker.prepare(["ray"]).ids.flatten()
    words = [id(parameter) for parameter in kept.element_parameters()]
    for key, value in kept.named_parameters():
        changed = (erased.get_parameter(key) - value).abs() > 1e-6
        if id(value) in words:
            assert changed.view(len(value), -1).any(dim=1).nonzero().flatten().tolist() == [name]
        else:
            assert not changed.any()


def test_loss_target_ends_at_the_target(
    trained: NeuralCodec[Any], partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    """Erased records become several times harder, up to the target and no further, however many steps are taken."""
    context = context_for(bool(trained.config.variational))
    before = loss_on(trained, partition.forget)
    kept = loss_on(trained, partition.retain)
    for steps in (100, 200):
        erased = ScuBounded(force="level", steps=steps, rate=2e-3, quick=0.3).erase(trained, partition, context)
        target = float(erased.notes["mean_level"])
        assert erased.notes["force"] == "level"
        assert target > 5 * before
        assert 0.6 * target < loss_on(erased.codec, partition.forget) < 1.2 * target
        assert loss_on(erased.codec, partition.retain) < 1.5 * kept


def corner(codec: NeuralCodec[Any], records: Sequence[Record]) -> float:
    """Mean brightness of the corner that only ann's images have bright, as received without noise."""
    batch = codec.prepare([record.payload for record in records])
    with torch.no_grad():
        return codec.decode(CHANNEL(codec.encode(batch), math.inf, torch.Generator()))[..., :2, :2].mean().item()


def test_exclusive_content_goes_and_the_rest_stays(
    trained: NeuralCodec[Any], partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    """`auto` finds the bright corner, and takes it out of ann's images; nobody's other pixels get worse."""
    blind = replace(partition, validation=None)  # type: ignore[arg-type]
    context = context_for(bool(trained.config.variational))
    erased = ScuBounded(steps=100, rate=5e-3).erase(trained, blind, context)
    assert (erased.notes["force"], erased.notes["own_content"]) == ("share", 1.0)
    assert erased.reads == ("forget", "retain")
    others = corner(trained, partition.retain)
    assert corner(trained, partition.forget) > 0.9 > others + 0.3
    assert corner(erased.codec, partition.forget) < others + 0.1
    assert loss_on(erased.codec, partition.retain) < 1.3 * loss_on(trained, partition.retain)


def test_auto_takes_the_loss_target_without_exclusive_content(
    stored: dict[bool, NeuralCodec[Any]], source: Source, context_for: Callable[..., ErasureContext], request_for: Any
) -> None:
    """Ben's images are like cleo's and dora's."""
    erased = ScuBounded(steps=2, quick=0.01).erase(
        stored[False], divide(source, request_for("owner", "ben")), context_for()
    )
    assert erased.notes["force"] == "level"
    assert erased.reads == ("forget", "retain", "validation")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"level_scale": 2.0},
        {"brake_weight": 0.1},
        {"bound_weight": 0.1},
        {"bound_weight": 0.1, "bound": "vub-moments"},
        {"bound_weight": 0.1, "bound": "vclub"},
        {"contrast_weight": 0.1},
    ],
)
def test_options_act_and_repeat(
    options: dict[str, Any], stored: dict[bool, NeuralCodec[Any]], partition: Partition, context_for: Any
) -> None:
    trained = stored[True]
    before = copy.deepcopy(trained)
    plain, first, second = (
        ScuBounded(force="level", steps=3, quick=0.01, **given).erase(trained, partition, context_for(True)).codec
        for given in ({}, options, options)
    )
    assert same(trained, before)
    assert same(first, second)
    assert same(first, plain) is not bool(options)


def test_brake_holds_the_representation(
    stored: dict[bool, NeuralCodec[Any]], partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    trained = stored[False]
    batch = trained.prepare([record.payload for record in partition.forget])

    def drift(weight: float) -> float:
        method = ScuBounded(force="level", steps=30, rate=2e-3, quick=0.1, brake_weight=weight)
        codec = method.erase(trained, partition, context_for()).codec
        return (codec.represent(batch).mean - trained.represent(batch).mean).square().mean().item()

    assert drift(1.0) < 0.3 * drift(0.0)


def test_errors(
    trained: NeuralCodec[Any], partition: Partition, context_for: Callable[..., ErasureContext], lines: Partition
) -> None:
    with pytest.raises(ErasureError, match="The validation set"):
        ScuBounded(force="level").erase(trained, replace(partition, validation=[]), context_for())
    with pytest.raises(ErasureError, match="diverged at step"):
        ScuBounded(force="level", rate=1e30, quick=0.01).erase(trained, partition, context_for())
    for wrong in ({"steps": -1}, {"rate": -1.0}, {"quick": 0.0}, {"brake_weight": -1.0}):
        with pytest.raises(WrongField, match=f"{next(iter(wrong))}="):
            ScuBounded(**wrong)  # type: ignore[arg-type]
