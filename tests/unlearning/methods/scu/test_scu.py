"""SCU is faithful to its publication, and forgets."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels import build_channel
from semlink.channels.contract import Reception
from semlink.codecs.contract import NeuralCodec
from semlink.codecs.posterior import Posterior, divergence
from semlink.codecs.prediction import Pixels
from semlink.errors import ErasureError, WrongField
from semlink.seeding import generator_for
from semlink.simulator.link import Transmission, draw_snr, transmit
from semlink.simulator.training import mean_loss
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.scu.losses import contrastive_ratio
from semlink.unlearning.methods.scu.scu import Scu, contrast

CHANNEL, LAW = build_channel("awgn"), (5.0, 15.0)
Gradients = dict[str, torch.Tensor]


def batches(codec: NeuralCodec[Any], partition: Partition) -> tuple[torch.Tensor, torch.Tensor]:
    forget, retain = partition.forget[:16], partition.retain[:16]
    return codec.prepare([r.payload for r in forget]), codec.prepare([r.payload for r in retain])


def loss_of(scu: Scu, codec: NeuralCodec[Any], original: NeuralCodec[Any], partition: Partition) -> torch.Tensor:
    return scu.loss(codec, original, *batches(codec, partition), CHANNEL, LAW, generator_for("a step"))


def gradients(loss: torch.Tensor, codec: NeuralCodec[Any]) -> Gradients:
    names, parameters = zip(*codec.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))


def forgetting_term(codec: NeuralCodec[Any], partition: Partition, weight: float) -> torch.Tensor:
    """-beta_u * rec(x_e), sent as the first passage of `loss_of`."""
    forget, _ = batches(codec, partition)
    generator = generator_for("a step")
    reception = transmit(codec, CHANNEL, forget, draw_snr(LAW, len(forget), generator), generator).reception
    return -weight * codec.loss(forget, reception).mean()


def moved(trained: NeuralCodec[Any], partition: Partition) -> NeuralCodec[Any]:
    """A codec on its way: a little off the original."""
    codec = copy.deepcopy(trained)
    with torch.no_grad():
        for parameter in codec.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator_for("move", parameter.numel())))
    return codec


def test_brake_is_zero_after_copying(trained: NeuralCodec[Any], partition: Partition) -> None:
    forget, _ = batches(trained, partition)
    codec = copy.deepcopy(trained)
    brake = divergence(codec.represent(forget), trained.represent(forget))
    assert torch.equal(brake, torch.zeros(16))
    found = gradients(Scu(brake_weight=1.0, compensation=0.0).loss(
        codec, trained, *batches(codec, partition), CHANNEL, LAW, generator_for("a step")), codec)  # fmt: skip
    expected = gradients(forgetting_term(codec, partition, 0.1), codec)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-5, atol=1e-9)


def test_first_step_does_not_feel_the_brake(trained: NeuralCodec[Any], partition: Partition) -> None:
    """With compensation too: whatever the weight of the brake, the same gradient."""
    codec = copy.deepcopy(trained)
    soft, hard = (
        gradients(loss_of(Scu(brake_weight=weight), codec, trained, partition), codec) for weight in (0.0, 100.0)
    )
    for name, gradient in soft.items():
        torch.testing.assert_close(gradient, hard[name], rtol=1e-5, atol=1e-9)


def test_without_compensation_it_is_joint_unlearning(trained: NeuralCodec[Any], partition: Partition) -> None:
    codec = moved(trained, partition)
    forget, _ = batches(codec, partition)
    brake = divergence(codec.represent(forget), trained.represent(forget)).mean()
    assert brake > 0.01
    expected = 0.5 * brake + forgetting_term(codec, partition, 0.1)
    found = loss_of(Scu(brake_weight=0.5, compensation=0.0), codec, trained, partition)
    torch.testing.assert_close(found, expected)
    without_brake = loss_of(Scu(brake_weight=0.0, compensation=0.0), codec, trained, partition)
    torch.testing.assert_close(without_brake, forgetting_term(codec, partition, 0.1))


class Mirror(NeuralCodec[torch.Tensor]):
    """A perfect auto-encoder of black and white images, with one parameter each side."""

    modality = "image"

    def __init__(self, toy: NeuralCodec[Any]) -> None:
        super().__init__(toy.config)
        self.mixing = torch.nn.Parameter(torch.ones(2))
        self.gain = torch.nn.Parameter(torch.ones(()))

    def prepare(self, payloads: Any) -> torch.Tensor:
        return torch.tensor(np.stack(payloads) / 255.0, dtype=torch.float32)

    def represent(self, batch: torch.Tensor) -> Posterior:
        mean = self.mixing * (2 * batch - 1).reshape(len(batch), -1, 2)
        return Posterior(mean, torch.zeros_like(mean), torch.ones(mean.shape[:2], dtype=torch.bool), sampled=False)

    def decode(self, reception: Reception) -> torch.Tensor:
        return (self.gain * torch.view_as_real(reception.symbols).flatten(1) * 2**0.5 + 1) / 2

    def element_losses(self, batch: torch.Tensor, reception: Reception) -> tuple[torch.Tensor, torch.Tensor]:
        losses = (self.decode(reception) - batch.flatten(1)).square()
        return losses, torch.ones_like(losses, dtype=torch.bool)

    @property
    def sender(self) -> tuple[torch.nn.Module, ...]:
        return ()

    receiver = sender  # its two parameters are in no module

    def predict(self, batch: torch.Tensor, reception: Reception) -> Pixels:
        return Pixels(self.decode(reception))

    def mislabel(self, batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return batch.roll(1, dims=0)

    def embed(self, latent: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return latent.flatten(1)

    def as_metric_input(self, batch: torch.Tensor) -> torch.Tensor:
        return batch

    def reference(self, payloads: Any) -> torch.Tensor:
        return self.prepare(payloads)

    def channel_uses(self, batch: torch.Tensor) -> torch.Tensor:
        return torch.full((len(batch),), batch[0].numel() // 2)


@pytest.fixture
def passages(
    fresh_toy: Callable[..., NeuralCodec[Any]],
) -> tuple[Mirror, Callable[[float], tuple[Transmission, Transmission]]]:
    mirror = Mirror(fresh_toy())
    pixels = np.random.default_rng(0).integers(0, 2, size=(2, 8, 6, 6)) * 255

    def send(snr_db: float) -> tuple[Transmission, Transmission]:
        generator = generator_for("mirror")
        first, second = (transmit(mirror, CHANNEL, mirror.prepare(part), snr_db, generator) for part in pixels)
        return first, second

    return mirror, send


def test_ratio_is_zero_for_a_perfect_auto_encoder(passages: Any) -> None:
    mirror, send = passages
    (lost, kept), (noisy_lost, noisy_kept) = send(float("inf")), send(0.0)
    assert 0 <= contrastive_ratio(*contrast(mirror, lost, kept, generator_for(0))) < 1e-6
    assert contrastive_ratio(*contrast(mirror, noisy_lost, noisy_kept, generator_for(0))) > 0.1


def test_ratio_moves_the_sender_and_not_the_receiver(passages: Any) -> None:
    mirror, send = passages
    lost, kept = send(0.0)
    contrastive_ratio(*contrast(mirror, lost, kept, generator_for(0))).backward()
    assert mirror.mixing.grad is not None
    assert mirror.mixing.grad.abs().sum() > 0
    assert mirror.gain.grad is None


def loss_on(codec: NeuralCodec[Any], records: Any) -> float:
    return mean_loss(codec, codec.prepare([r.payload for r in records]), CHANNEL, LAW, 0, draws=2)


def test_it_forgets_and_keeps_the_rest(
    trained: NeuralCodec[Any], partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    """The loss on the forget set rises by half while that on the retain set stays within a tenth."""
    before = copy.deepcopy(trained.state_dict())
    scu = Scu(brake_weight=1e-3, ratio=False, rate=1e-3, passes=10, stop_at=2.0, check=5)
    erased = scu.erase(trained, partition, context_for())
    for name, value in trained.state_dict().items():
        assert torch.equal(value, before[name])
    for name, parameter in erased.codec.named_parameters():
        assert not torch.equal(parameter, before[name]), name
    assert erased.notes["stopped"] == "threshold"
    assert erased.reads == ("forget", "retain", "validation")
    assert erased.samples == 32 * erased.steps
    assert loss_on(erased.codec, partition.forget) > 1.5 * loss_on(trained, partition.forget)
    assert loss_on(erased.codec, partition.retain) < 1.1 * loss_on(trained, partition.retain)


def test_a_rule_that_the_original_meets_is_no_evidence(
    trained: NeuralCodec[Any], partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    easy, hard = (
        Scu(passes=1, check=2, stop_at=level).erase(trained, partition, context_for()) for level in (0.1, 9.0)
    )
    assert easy.steps == 2
    assert "before the first step" in str(easy.notes["warning"])
    assert hard.notes["stopped"] == "passes"
    assert "warning" not in hard.notes


@pytest.mark.parametrize("decay", [False, True])
def test_same_seed_same_codec(
    trained: NeuralCodec[Any], partition: Partition, context_for: Callable[..., ErasureContext], decay: bool
) -> None:
    scu = Scu(passes=1, stop="none", decay=decay)
    first, second = (scu.erase(trained, partition, context_for()) for _ in range(2))
    other = scu.erase(trained, partition, context_for(seed=8))
    assert first.steps == len(partition.forget) // 16
    assert first.reads == ("forget", "retain")
    states = first.codec.state_dict(), second.codec.state_dict(), other.codec.state_dict()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not all(torch.equal(states[0][name], states[2][name]) for name in states[0])


def test_few_records_on_either_side(
    trained: NeuralCodec[Any], partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    """Batches of both sets have the size of the smaller set."""
    one = Scu(passes=3, stop="none").erase(trained, replace(partition, forget=partition.forget[:1]), context_for())
    assert (one.steps, one.samples) == (3, 6)
    few = Scu(passes=1, stop="none").erase(trained, replace(partition, retain=partition.retain[:5]), context_for())
    assert few.samples == 10 * few.steps


def test_errors(trained: NeuralCodec[Any], partition: Partition, context_for: Callable[..., ErasureContext]) -> None:
    with pytest.raises(ErasureError, match="The forget set"):
        Scu().erase(trained, replace(partition, forget=[]), context_for())
    with pytest.raises(ErasureError, match="The retain set"):
        Scu().erase(trained, replace(partition, retain=[]), context_for())
    with pytest.raises(ErasureError, match="diverged at step"):
        Scu(rate=1e30, stop="none").erase(trained, partition, context_for())
    with pytest.raises(WrongField, match="rate=0"):
        Scu(rate=0)
    with pytest.raises(WrongField, match="brake_weight=-1"):
        Scu(brake_weight=-1)
