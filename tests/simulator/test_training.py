"""Training: the loss falls, the best weights are kept, and stopped training ends where uninterrupted training does."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from semlink.channels import build_channel
from semlink.errors import BundleError, SourceError, WrongField
from semlink.progress import Progress
from semlink.simulator import optimisation
from semlink.simulator.sources.contract import Record
from semlink.simulator.training import mean_loss, train
from semlink.simulator.training_settings import TrainingSettings

SHORT = TrainingSettings(steps=12, batch=16, warmup=3, validate=4)
AWGN = build_channel("awgn")


class Stopped(Exception):
    """Stands for whatever ends a run half-way."""


@pytest.fixture
def stop_at(monkeypatch):
    """Makes training stop once it has done so many steps; None lets it go on."""

    def arrange(at: int | None) -> None:
        class Stopping(Progress):
            def step(self, note: str = "", count: int = 1) -> None:
                super().step(note, count)
                if self.done == at:
                    raise Stopped

        monkeypatch.setattr(optimisation, "Progress", Stopping)

    return arrange


def _train(codec, digits, settings=SHORT, seed=0, checkpoint=None, channel=AWGN):
    return train(codec, digits.train[:100], digits.validation[:40], channel, settings, seed, "test", checkpoint)


def _same(first, second) -> bool:
    one, other = first.state_dict(), second.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def _flat(value: int, count: int) -> list[Record]:
    """Images of one grey level."""
    return [Record(f"flat-{value}-{index}", np.full((8, 8), value, np.uint8), "tests") for index in range(count)]


@pytest.mark.parametrize("channel", ["awgn", "rayleigh"])
@pytest.mark.parametrize("variational", [False, True])
def test_the_loss_falls(make_codec, digits, channel: str, variational: bool) -> None:
    """An untrained codec answers with mid grey; sixty steps have to learn at least where the ink usually is."""
    codec = make_codec(variational=variational)
    held_out = codec.prepare([record.payload for record in digits.validation[:40]])
    before = mean_loss(codec, held_out, build_channel(channel), 12.0, seed=0)
    settings = TrainingSettings(steps=60, batch=32, warmup=10, learning_rate=3e-3, validate=20)
    outcome = _train(codec, digits, settings, channel=build_channel(channel))
    after = mean_loss(codec, held_out, build_channel(channel), 12.0, seed=0)
    assert after < 0.7 * before
    assert not codec.training
    assert outcome.seconds > 0


def test_the_best_weights_on_validation_are_kept(make_codec) -> None:
    """Black images to learn and white ones to validate: the first look is the best one."""
    settings = TrainingSettings(steps=24, batch=8, warmup=0, learning_rate=1e-2, validate=6, snr_db=12.0)
    codec, white = make_codec(), _flat(255, 8)
    outcome = train(codec, _flat(0, 16), white, AWGN, settings, seed=0)
    kept = mean_loss(codec, codec.prepare([record.payload for record in white]), AWGN, 12.0, seed=0)
    assert outcome.best_step == 6
    assert outcome.validation_loss == kept
    seen_longer = make_codec()
    train(seen_longer, _flat(0, 16), _flat(0, 8), AWGN, settings, seed=0)
    assert mean_loss(seen_longer, codec.prepare([record.payload for record in white]), AWGN, 12.0, seed=0) > kept


@pytest.mark.parametrize(
    ("variational", "settings"), [(False, SHORT), (True, SHORT), (False, replace(SHORT, information_weight=0.1))]
)
@pytest.mark.parametrize("stops", [(2,), (4,), (7,), (12,), (3, 9, 11)])
def test_stopped_training_ends_with_the_same_weights(
    make_codec, digits, tmp_path, stop_at, stops, variational, settings
) -> None:
    """Before the first checkpoint, right after one, between two, after the last step, and several times."""
    whole = make_codec(variational=variational)
    expected = _train(whole, digits, settings, checkpoint=tmp_path / "whole")
    for stop in stops:
        stop_at(stop)
        with pytest.raises(Stopped):
            _train(make_codec(variational=variational), digits, settings, checkpoint=tmp_path / "stopped")
    stop_at(None)
    resumed = make_codec(variational=variational)
    outcome = _train(resumed, digits, settings, checkpoint=tmp_path / "stopped")
    assert _same(resumed, whole)
    assert (outcome.validation_loss, outcome.best_step) == (expected.validation_loss, expected.best_step)


def test_a_resumed_run_does_not_begin_again(make_codec, digits, tmp_path, stop_at) -> None:
    stop_at(9)
    with pytest.raises(Stopped):
        _train(make_codec(), digits, checkpoint=tmp_path / "stopped")
    starts = []

    class Noting(Progress):
        def __init__(self, label: str, total: int, start: int = 0) -> None:
            starts.append(start)
            super().__init__(label, total, start)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimisation, "Progress", Noting)
        _train(make_codec(), digits, checkpoint=tmp_path / "stopped")
    assert starts == [8]


def test_long_waits_for_a_look_have_checkpoints_between(make_codec, digits, tmp_path, stop_at, monkeypatch) -> None:
    monkeypatch.setattr(optimisation, "SAVED_EVERY", 0.0)
    seldom = replace(SHORT, validate=SHORT.steps)
    whole = make_codec()
    _train(whole, digits, seldom)
    stop_at(7)
    with pytest.raises(Stopped):
        _train(make_codec(), digits, seldom, checkpoint=tmp_path / "stopped")
    stop_at(None)
    with pytest.raises(BundleError, match="of other work"):
        _train(whole, digits, seldom, checkpoint=tmp_path / "stopped")  # from other weights
    resumed = make_codec()
    _train(resumed, digits, seldom, checkpoint=tmp_path / "stopped")
    assert _same(resumed, whole)


def test_a_checkpoint_changes_no_weight(make_codec, digits, tmp_path) -> None:
    with_one, without = make_codec(), make_codec()
    _train(with_one, digits, checkpoint=tmp_path / "checkpoint")
    _train(without, digits)
    assert _same(with_one, without)


def test_weights_depend_on_the_seed_and_not_on_global_randomness(make_codec, digits) -> None:
    codecs = []
    for state, seed in ((1, 0), (2, 0), (1, 5)):
        torch.manual_seed(state)
        before = torch.get_rng_state()
        codecs.append(make_codec())
        _train(codecs[-1], digits, seed=seed)
        assert torch.equal(before, torch.get_rng_state())
    assert _same(codecs[0], codecs[1])
    assert not _same(codecs[0], codecs[2])


def test_information_between_symbols_is_part_of_the_loss(make_codec, digits) -> None:
    """Its network is not part of the codec."""
    plain, informed = make_codec(), make_codec()
    _train(plain, digits)
    _train(informed, digits, replace(SHORT, information_weight=0.1))
    assert plain.state_dict().keys() == informed.state_dict().keys()
    assert not _same(plain, informed)


@pytest.fixture
def checkpoint(make_codec, digits, tmp_path) -> Path:
    """Of a training with `SHORT` that is done."""
    path = tmp_path / "checkpoint"
    _train(make_codec(), digits, checkpoint=path)
    return path


@pytest.mark.parametrize("place", [0.0, 0.0003, 0.3, 0.6, 0.9, 0.9999])
def test_a_changed_byte_of_a_checkpoint_shows(make_codec, digits, checkpoint: Path, place: float) -> None:
    """In the weights too, where loading alone would not notice."""
    content = bytearray(checkpoint.read_bytes())
    content[int(place * len(content))] ^= 1
    checkpoint.write_bytes(content)
    with pytest.raises(BundleError, match=r"damaged; delete it"):
        _train(make_codec(), digits, checkpoint=checkpoint)
    assert checkpoint.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"x", b"steps: 12\n" * 100])
def test_a_file_that_is_no_checkpoint(make_codec, digits, tmp_path, content: bytes) -> None:
    (tmp_path / "foreign").write_bytes(content)
    with pytest.raises(BundleError, match="damaged"):
        _train(make_codec(), digits, checkpoint=tmp_path / "foreign")
    assert (tmp_path / "foreign").read_bytes() == content


def test_a_half_written_checkpoint(make_codec, digits, checkpoint: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:-5000])
    with pytest.raises(BundleError, match="damaged"):
        _train(make_codec(), digits, checkpoint=checkpoint)


@pytest.mark.parametrize(
    "change",
    [
        {"settings": replace(SHORT, learning_rate=2e-3)},
        {"settings": replace(SHORT, snr_db=12.0)},
        {"seed": 1},
        {"channel": build_channel("rayleigh")},
    ],
)
def test_the_checkpoint_of_another_training(make_codec, digits, checkpoint: Path, change) -> None:
    with pytest.raises(BundleError, match="of other work; delete it"):
        _train(make_codec(), digits, checkpoint=checkpoint, **change)


def test_the_checkpoint_of_another_channel_of_one_kind(make_codec, digits, tmp_path) -> None:
    path = tmp_path / "checkpoint"
    _train(make_codec(), digits, checkpoint=path, channel=build_channel("rician:k_factor_db=3"))
    with pytest.raises(BundleError, match="other work"):
        _train(make_codec(), digits, checkpoint=path, channel=build_channel("rician:k_factor_db=4"))


def test_the_checkpoint_of_another_codec_or_other_records(make_codec, digits, checkpoint: Path) -> None:
    with pytest.raises(BundleError, match="other work"):
        _train(make_codec(bandwidth_ratio=0.25), digits, checkpoint=checkpoint)
    with pytest.raises(BundleError, match="other work"):
        train(make_codec(), digits.train[1:101], digits.validation[:40], AWGN, SHORT, 0, "test", checkpoint)


def test_diverged_training_is_explained(make_codec, digits, tmp_path) -> None:
    """And leaves no checkpoint from which the next run would start with broken weights."""
    with pytest.raises(WrongField, match=r"diverged by step [1-4]; lower its learning rate"):
        _train(make_codec(), digits, replace(SHORT, learning_rate=1e30), checkpoint=tmp_path / "checkpoint")
    assert not (tmp_path / "checkpoint").exists()


@pytest.mark.parametrize("empty", ["train", "validation"])
def test_sets_without_records(make_codec, digits, empty: str) -> None:
    sets = {"train": digits.train[:10], "validation": digits.validation[:10], empty: []}
    with pytest.raises(SourceError, match=f"no records for {empty}"):
        train(make_codec(), sets["train"], sets["validation"], AWGN, SHORT, seed=0)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"steps": 0}, "steps"),
        ({"batch": 0}, "batch"),
        ({"validate": 0}, "validate"),
        ({"warmup": -1}, "warmup"),
        ({"learning_rate": math.nan}, "learning_rate"),
        ({"learning_rate": math.inf}, "learning_rate"),
        ({"weight_decay": -0.1}, "weight_decay"),
        ({"clip": -1.0}, "clip"),
        ({"prior_weight": -1e-4}, "prior_weight"),
        ({"information_weight": -1e-4}, "information_weight"),
        ({"snr_db": math.nan}, "snr_db"),
        ({"snr_db": (0.0, math.nan)}, "snr_db"),
        ({"snr_db": (18.0, 0.0)}, "low <= high"),
        ({"snr_db": (0.0, 101.0)}, "from -300 to 100"),
        ({"snr_db": 1000.0}, "from -300 to 100"),
        ({"snr_db": (-400.0, 0.0)}, "from -300 to 100"),
        ({"snr_db": (0.0, math.inf)}, "low <= high"),
    ],
)
def test_settings_that_make_no_sense(wrong, words: str) -> None:
    with pytest.raises(WrongField, match=words):
        TrainingSettings(**wrong)


def test_noise_free_training_is_allowed(make_codec, digits) -> None:
    assert math.isfinite(_train(make_codec(), digits, replace(SHORT, snr_db=math.inf)).validation_loss)


def test_mean_loss_is_the_same_each_time_and_leaves_the_mode(make_codec, digits) -> None:
    """In chunks too: the mean is over examples, not over chunks of unequal size."""
    codec = make_codec().train()
    batch = codec.prepare([record.payload for record in digits.test[:10]])
    first = mean_loss(codec, batch, AWGN, math.inf, seed=0)
    assert first == mean_loss(codec, batch, AWGN, math.inf, seed=0)
    assert first == pytest.approx(mean_loss(codec, batch, AWGN, math.inf, seed=0, chunk=7), rel=1e-6)
    assert codec.training
    assert mean_loss(codec, batch, AWGN, 0.0, seed=0) != mean_loss(codec, batch, AWGN, 0.0, seed=1)
