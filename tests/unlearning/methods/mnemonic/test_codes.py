"""Mnemonic codes: what they are, how training mixes them in, and that nothing changes without them."""

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from semlink.channels import build_channel
from semlink.codecs.building import new_codec
from semlink.codecs.neural_codec import NeuralCodec
from semlink.codecs.task.batch import LabelledImages
from semlink.errors import BundleError, WrongField
from semlink.experiments.workflow.recipe import RecipeTraining
from semlink.seeding import generator_for
from semlink.simulator import training
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Source
from semlink.simulator.training import train
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.methods.mnemonic.codes import CodeMixing, MnemonicCodes

SHORT = TrainingSettings(steps=6, batch=16, warmup=2, validate=3)
SHARE = 0.5
AWGN = build_channel("awgn")


@pytest.fixture
def digits() -> Source:
    return build_source("digits")


@pytest.fixture
def classifier(digits: Source) -> NeuralCodec[Any]:
    return new_codec("task", {"encoder": "mlp", "hidden": 16}, [record.payload for record in digits.train], 0)


@pytest.fixture
def codes() -> MnemonicCodes:
    return MnemonicCodes.drawn(10, (1, 8, 8), 0)


def _same(first: NeuralCodec[Any], second: NeuralCodec[Any]) -> bool:
    others = second.state_dict()
    return all(torch.equal(value, others[name]) for name, value in first.state_dict().items())


@pytest.mark.parametrize("seed", [3, None])
def test_codes_are_uniform_and_differ_between_classes(seed: int | None) -> None:
    """40 000 samples: mean and variance within 5 standard errors of 1/2 and 1/12, false alarm below 2e-6."""
    codes = MnemonicCodes.drawn(4, (1, 100, 100), seed)
    signals = codes.signals.double()
    assert 0 <= signals.min() < 1e-3
    assert 0.999 < signals.max() < 1
    assert abs(signals.mean() - 1 / 2) < 5 * math.sqrt(1 / 12 / 40_000)
    assert abs(signals.var() - 1 / 12) < 5 * math.sqrt(1 / 180 / 40_000)
    apart = torch.corrcoef(signals.flatten(1)) - torch.eye(4)
    assert apart.abs().max() < 5 / 100
    assert codes.labels.tolist() == [0, 1, 2, 3]


def test_only_seeded_codes_repeat() -> None:
    first, again, other = (MnemonicCodes.drawn(2, (1, 4, 4), seed) for seed in (1, 1, 2))
    assert first.digest() == again.digest() != other.digest()
    before = torch.get_rng_state()
    assert len({MnemonicCodes.drawn(2, (1, 4, 4), None).digest() for _ in range(3)}) == 3
    assert torch.equal(before, torch.get_rng_state())


def test_codes_come_back_from_their_file(codes: MnemonicCodes) -> None:
    kept = codes.without([7, 2])
    back = MnemonicCodes.restored(kept.stored())
    assert back.labels.tolist() == [0, 1, 3, 4, 5, 6, 8, 9]
    assert torch.equal(back.signals, codes.signals[back.labels])
    for content in (b"", b"no codes", kept.stored()[:-3]):
        with pytest.raises(BundleError, match="holds no codes"):
            MnemonicCodes.restored(content)


def test_a_share_of_the_images_becomes_the_code_of_its_class(codes: MnemonicCodes) -> None:
    """10 000 images: the share within 5 standard errors, false alarm below 1e-6; not all classes have a code."""
    some = codes.without([0, 4])
    labels = torch.tensor([1, 2, 3, 5, 6, 7, 8, 9]).repeat(1250)
    batch = LabelledImages(torch.full((len(labels), 1, 8, 8), 2.0), labels)
    mixed = some.mixed(batch, 0.3, generator_for(0, "mixing"))
    replaced = (mixed.images != 2).flatten(1).any(dim=1)
    assert abs(replaced.double().mean() - 0.3) < 5 * math.sqrt(0.3 * 0.7 / len(labels))
    assert torch.equal(mixed.images[replaced], codes.signals[labels[replaced]])
    assert torch.equal(mixed.images[~replaced], batch.images[~replaced])
    assert torch.equal(mixed.labels, labels)
    assert (batch.images == 2).all()


def test_training_mixes_codes_into_its_batches_alone(
    classifier: NeuralCodec[Any], digits: Source, codes: MnemonicCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With almost certain replacement no step sees an image; validation sees nothing else."""
    seen: list[LabelledImages] = []
    looked: list[LabelledImages] = []

    def spy(kept: list[LabelledImages], original: Callable[..., Any], place: int) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            kept.append(arguments[place])
            return original(*arguments)

        return call

    monkeypatch.setattr(training, "mean_loss", spy(looked, training.mean_loss, 1))
    monkeypatch.setattr(training, "transmit", spy(seen, training.transmit, 2))
    mixing = CodeMixing(1 - 1e-9, codes)
    train(classifier, digits.train[:100], digits.validation[:40], AWGN, SHORT, 0, transform=mixing)
    trained_on = [batch for batch in seen if len(batch) == SHORT.batch]
    assert len(trained_on) == SHORT.steps
    for batch in trained_on:
        assert torch.equal(batch.images, codes.signals[batch.labels])
    assert all(len(batch) == 40 for batch in looked)
    assert all((batch.images != codes.signals[batch.labels]).any() for batch in looked)


def test_without_a_share_training_is_what_it_was(
    classifier: NeuralCodec[Any], digits: Source, codes: MnemonicCodes
) -> None:
    """Bit for bit, whether codes are at hand or not; with a share it differs, and repeats."""

    def trained(share: float, codes: MnemonicCodes | None) -> NeuralCodec[Any]:
        codec = new_codec("task", {"encoder": "mlp", "hidden": 16}, [record.payload for record in digits.train], 0)
        mixing = CodeMixing(share, codes) if share else None
        train(codec, digits.train[:100], digits.validation[:40], AWGN, SHORT, 0, transform=mixing)
        return codec

    plain = trained(0.0, None)
    assert _same(plain, trained(0.0, codes))
    mixed = trained(0.5, codes)
    assert not _same(plain, mixed)
    assert _same(mixed, trained(0.5, codes))


def test_a_checkpoint_of_other_codes_is_refused(
    classifier: NeuralCodec[Any], digits: Source, codes: MnemonicCodes, tmp_path: Path
) -> None:
    place = tmp_path / "checkpoint"
    arguments = (digits.train[:100], digits.validation[:40], AWGN, SHORT, 0, "test", place)
    train(copy.deepcopy(classifier), *arguments, transform=CodeMixing(SHARE, codes))
    train(copy.deepcopy(classifier), *arguments, transform=CodeMixing(SHARE, codes))
    with pytest.raises(BundleError, match="of other work"):
        train(copy.deepcopy(classifier), *arguments, transform=CodeMixing(SHARE, MnemonicCodes.drawn(10, (1, 8, 8), 1)))


def test_what_cannot_be_mixed_is_refused(
    fresh_toy: Callable[..., NeuralCodec[Any]], classifier: NeuralCodec[Any], digits: Source, codes: MnemonicCodes
) -> None:
    def attempt(codec: NeuralCodec[Any], records: Any, codes: MnemonicCodes | None) -> None:
        train(codec, records, digits.validation[:40], AWGN, SHORT, 0, transform=CodeMixing(SHARE, codes))

    records = digits.train[:100]
    for codec, chosen, given, words in (
        (fresh_toy(), records, codes, "does not infer"),
        (classifier, records, None, r"put codes\.safetensors back"),
        (classifier, [*records, replace(records[0], label=None)], codes, "records without a class"),
        (classifier, records, codes.without([records[0].label]), f"class {records[0].label}, which has no code"),
        (classifier, records, MnemonicCodes.drawn(10, (1, 4, 4), 0), r"shape \[1, 4, 4\]"),
    ):
        with pytest.raises(WrongField, match=words):
            attempt(codec, chosen, given)
    with pytest.raises(WrongField, match="does not infer"):
        MnemonicCodes.drawn_for(fresh_toy(), records[0].payload, 10, 0)
    for fields in ({"mnemonic": 1.0}, {"mnemonic": -0.1}, {"mnemonic": math.nan}, {"codes": "mine"}):
        with pytest.raises(WrongField, match="training cannot take"):
            RecipeTraining(**fields)
