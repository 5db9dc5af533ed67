"""One-shot unlearning with mnemonic codes: its numbers, and that a class is gone while the others stay."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from semlink.channels import build_channel
from semlink.channels.contract import Reception
from semlink.codecs.building import new_codec
from semlink.codecs.neural_codec import NeuralCodec
from semlink.codecs.task.batch import LabelledImages
from semlink.errors import ErasureError, WrongField
from semlink.simulator.batches import batch_of
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Source
from semlink.simulator.training import train
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.erase import erase
from semlink.unlearning.methods.mnemonic.codes import CodeMixing, MnemonicCodes
from semlink.unlearning.methods.mnemonic.mnemonic import Mnemonic
from semlink.unlearning.partition import without_data
from semlink.unlearning.request import ErasureRequest

Codec = NeuralCodec[Any]
ZERO = Partition((), (), (), (), labels=(0,))
FIELDS = {"encoder": "mlp", "hidden": 64}


@pytest.fixture(scope="module")
def digits() -> Source:
    return build_source("digits")


@pytest.fixture(scope="module")
def context() -> ErasureContext:
    """Without noise, as published."""
    settings = TrainingSettings(steps=400, batch=64, learning_rate=5e-3, snr_db=100.0, validate=400)
    codes = MnemonicCodes.drawn(10, (1, 8, 8), 0)
    return ErasureContext(
        build_channel("awgn"),
        settings,
        7,
        lambda: new_codec("task", FIELDS, [], 0),
        transform=CodeMixing(0.1, codes),
        codes=codes,
    )


@pytest.fixture(scope="module")
def taught(digits: Source, context: ErasureContext) -> Codec:
    codec = new_codec("task", FIELDS, [record.payload for record in digits.train], 0)
    train(codec, digits.train, digits.validation, context.channel, context.training, 0, transform=context.transform)
    return codec


def _direct(codec: Codec, batch: LabelledImages) -> Reception:
    frame = codec.encode(batch)
    return Reception(frame.symbols, torch.zeros(len(batch), 1), frame.mask)


def _accuracies(codec: Codec, records: Any) -> tuple[float, float]:
    """On images of other classes, and of class 0."""
    batch = batch_of(codec, records)
    with torch.no_grad():
        right = codec.decode(_direct(codec, batch)).argmax(dim=1) == batch.labels
    zeros = batch.labels == 0
    return right[~zeros].double().mean().item(), right[zeros].double().mean().item()


def test_importance_is_the_mean_square_of_single_gradients(taught: Codec, context: ErasureContext) -> None:
    """Of the last bias in closed form, since d loss / d bias = p - one_hot; of all weights one code after the other."""
    assert context.codes is not None
    codec, codes = copy.deepcopy(taught), context.codes.without([0, 1, 2, 3, 4, 5, 6])
    parameters = list(codec.parameters())
    importance = Mnemonic().importance(codec, parameters, codes, context)
    batch = codes.batch()
    with torch.no_grad():
        off = codec.decode(_direct(codec, batch)).exp() - torch.nn.functional.one_hot(codes.labels, 10)
    torch.testing.assert_close(importance[-1], off.square().mean(dim=0) + 1e-16, rtol=1e-3, atol=1e-14)
    total = [torch.zeros_like(parameter) for parameter in parameters]
    for index in range(3):
        code = batch[torch.tensor([index])]
        codec.zero_grad()
        codec.loss(code, _direct(codec, code)).sum().backward()
        for sum_, parameter in zip(total, parameters, strict=True):
            sum_ += ((0 if parameter.grad is None else parameter.grad) ** 2 + 1e-16) / 3
    torch.testing.assert_close(importance, total, rtol=1e-4, atol=1e-20)


def test_draws_are_sent_over_the_channel_of_training(taught: Codec, context: ErasureContext) -> None:
    """Their mean comes near the value without noise as the noise vanishes, and does not with noise."""
    assert context.codes is not None
    codec, parameters, codes = taught, list(taught.parameters()), context.codes.without(range(8))
    still = torch.cat([values.flatten() for values in Mnemonic().importance(codec, parameters, codes, context)])

    def apart(snr_db: float) -> float:
        setting = replace(context, training=replace(context.training, snr_db=snr_db))
        drawn = Mnemonic(draws=3).importance(codec, parameters, codes, setting)
        return ((torch.cat([values.flatten() for values in drawn]) - still).norm() / still.norm()).item()

    assert apart(100.0) < 1e-3 < 0.05 < apart(0.0)


def test_change_of_a_tensor() -> None:
    """By hand: ratios 4 and 1; the cap holds for the largest of a tensor, and scales the others with it."""
    mattering, others = torch.tensor([4e-6, 1e-6]), torch.tensor([1e-6, 1e-6])
    torch.testing.assert_close(Mnemonic().change(mattering, others), torch.tensor([4e-3, 1e-3]))
    torch.testing.assert_close(Mnemonic(cap=2e-3).change(mattering, others), torch.tensor([2e-3, 5e-4]))
    torch.testing.assert_close(Mnemonic(scale=0.1).change(mattering, others), torch.tensor([0.4, 0.1]))


def test_a_class_is_gone_and_the_others_stay(taught: Codec, digits: Source, context: ErasureContext) -> None:
    others, zeros = _accuracies(taught, digits.test)
    assert others > 0.9 < zeros
    erased = Mnemonic(end="receiver").erase(taught, ZERO, context)
    kept, left = _accuracies(erased.codec, digits.test)
    assert left < 0.05
    assert kept > others - 0.05
    assert (erased.reads, erased.steps, erased.samples) == ((), 10, 10)
    assert erased.seconds < 5
    assert erased.notes["retained_codes_right"] == erased.notes["erased_codes_wrong"] == 1
    assert "warning" not in erased.notes
    assert "scale" in str(Mnemonic(scale=1e-12).erase(taught, ZERO, context).notes["warning"])
    drawn = Mnemonic(draws=3).erase(taught, ZERO, context)
    assert (drawn.steps, drawn.samples) == (30, 30)


def test_the_better_sign_is_taken(taught: Codec, context: ErasureContext) -> None:
    """Each tensor moved by its change, all with one sign, and the opposite one answers the codes no better."""
    assert context.codes is not None
    method = Mnemonic(scale=1e-4)
    erased = method.erase(taught, ZERO, context)
    sign = {"plus": 1, "minus": -1}[str(erased.notes["sign"])]
    opposite = copy.deepcopy(taught)
    parameters, codes = list(opposite.parameters()), context.codes
    lost, kept = codes.without(range(1, 10)), codes.without([0])
    zeros, rest = (method.importance(opposite, parameters, some, context) for some in (lost, kept))
    with torch.no_grad():
        for parameter, now, of_lost, of_kept in zip(parameters, erased.codec.parameters(), zeros, rest, strict=True):
            change = method.change(of_lost, of_kept)
            assert change.max() <= method.cap * (1 + 1e-6)
            torch.testing.assert_close(now, parameter + sign * change)
            parameter -= sign * change

    def score(codec: Codec) -> float:
        right, wrong = (
            (codec.decode(_direct(codec, some.batch())).argmax(dim=1) == some.labels).double().mean().item()
            for some in (kept, lost)
        )
        return right + 1 - wrong

    assert score(erased.codec) == erased.notes["retained_codes_right"] + erased.notes["erased_codes_wrong"]
    assert score(erased.codec) >= score(opposite)


@pytest.mark.parametrize("end", ["sender", "receiver"])
def test_one_end_changes(taught: Codec, context: ErasureContext, end: str) -> None:
    erased = Mnemonic(end=end).erase(taught, ZERO, context).codec
    for name in ("sender", "receiver"):
        before, after = (
            [value for module in getattr(codec, name) for value in module.parameters()] for codec in (taught, erased)
        )
        assert any(not torch.equal(*pair) for pair in zip(before, after, strict=True)) is (name == end)


def test_what_is_missing_is_said(taught: Codec, context: ErasureContext) -> None:
    assert context.codes is not None
    zero_is_gone = replace(context, codes=context.codes.without([0]))
    only_zero = replace(context, codes=context.codes.without(range(1, 10)))
    for partition, setting, words in (
        (ZERO, replace(context, codes=None), r"put codes\.safetensors back"),
        (Partition((), (), (), ()), context, "select by label"),
        (ZERO, zero_is_gone, "erased before"),
        (ZERO, only_zero, "other classes to keep"),
    ):
        with pytest.raises(ErasureError, match=words):
            Mnemonic().erase(taught, partition, setting)
    broken = copy.deepcopy(taught)
    with torch.no_grad():
        next(broken.parameters()).fill_(torch.nan)
    with pytest.raises(ErasureError, match="no number"):
        Mnemonic().erase(broken, ZERO, context)
    for fields in ({"scale": 0.0}, {"cap": -1.0}, {"draws": -1}):
        with pytest.raises(WrongField, match="Mnemonic cannot take"):
            Mnemonic(**fields)


def test_certificate_without_data(
    taught: Codec, context: ErasureContext, request_for: Callable[..., ErasureRequest]
) -> None:
    """It claims no measurement, and says so."""
    partition = without_data(tuple(map(str, range(10))), request_for("label", "0"))
    erased, content = erase(taught, partition, Mnemonic(), context)
    assert _same(erased.codec, Mnemonic().erase(taught, ZERO, context).codec)
    assert content["forgotten_records"] is None
    assert (content["read_records"], content["mean_loss"]) == ({}, [])
    assert "No record was read" in content["does_not_prove"]
    assert "The losses show" not in content["does_not_prove"]


def _same(first: Codec, second: Codec) -> bool:
    others = second.state_dict()
    return all(torch.equal(value, others[name]) for name, value in first.state_dict().items())
