"""Codecs with a discriminator: who moves whom, what the class changes, and that a small one learns."""

from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels.awgn import Awgn
from semlink.codecs import CODECS
from semlink.codecs.building import new_codec
from semlink.codecs.bundle import load_bundle, save_bundle
from semlink.codecs.generative.model import Gan, GenerativeCodec
from semlink.codecs.generative.networks import condition_of
from semlink.errors import CodecError, WrongField
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.link import transmit
from semlink.simulator.sources.contract import Record
from semlink.simulator.training import train
from semlink.simulator.training_settings import TrainingSettings

FIELDS = {"uses": 4, "classes": 2, "network": "mlp", "hidden": 48}
SETTINGS = TrainingSettings(
    steps=600, batch=32, learning_rate=1e-3, weight_decay=0.0, snr_db=40.0, clip=1000.0, keep="last", momentum=0.5
)


def records(count: int) -> list[Record]:
    """Images whose left half, or whose upper half, is bright, by class; how bright is random."""
    random, found = np.random.default_rng(0), []
    for index in range(count):
        pixels = random.integers(0, 60, (8, 8)).astype(np.uint8)
        pixels[(slice(None), slice(4))[:: 1 if index % 2 else -1]] += np.uint8(random.integers(100, 190))
        found.append(Record(f"bar-{index}", pixels, "a", index % 2))
    return found


def made(name: str, **fields: object) -> Any:
    codec = new_codec(name, {**FIELDS, **fields}, [record.payload for record in records(4)], 0)
    return codec.eval()


@pytest.fixture(scope="module")
def gan() -> Gan:
    codec = made("gan", network="dcgan", filters=8)
    train(codec, records(400), records(40), Awgn(), SETTINGS, 0)
    return codec


@pytest.mark.parametrize("name", ["gan", "generative"])
@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_each_player_moves_only_itself(name: str, network: str) -> None:
    codec = made(name, network=network, conditional=True)
    batch = batch_of(codec, records(6))
    reception = transmit(codec, Awgn(), batch, 10.0, generator_for("test")).reception
    judging = {id(parameter) for part in codec.discriminator_parts() for parameter in part.parameters()}
    for place in (0, 1):
        codec.zero_grad()
        codec.player_losses(batch, reception, generator_for("players"))[place].backward()
        moved = {name for name, value in codec.named_parameters() if value.grad is not None and value.grad.any()}
        assert moved
        assert moved == {name for name, value in codec.named_parameters() if (id(value) in judging) == (place == 1)}
        reception = transmit(codec, Awgn(), batch, 10.0, generator_for("test")).reception
    both = codec.objective(batch, reception, generator_for("players"))
    assert both == sum(codec.player_losses(batch, reception, generator_for("players")))


def test_losses_are_the_least_squares_ones() -> None:
    codec = made("generative", reconstruction_weight=7.0, adversarial_weight=0.3)
    batch = batch_of(codec, records(6))
    reception = transmit(codec, Awgn(), batch, 10.0, generator_for("test")).reception
    images = codec.decode(reception).images
    fake, real = codec.scores(images, None), codec.scores(batch.images, None)
    maker, judge = codec.player_losses(batch, reception, generator_for("players"))
    error = (images - batch.images).square().mean()
    torch.testing.assert_close(maker, 7.0 * error + 0.3 * (fake - 1).square().mean())
    torch.testing.assert_close(judge, ((real - 1).square().mean() + fake.square().mean()) / 2)
    torch.testing.assert_close(codec.loss(batch, reception).mean(), error)


def test_the_class_on_request(gan: Gan) -> None:
    """Whether the left or the upper half is the brighter one says it."""
    labels = torch.arange(200) % 2
    with torch.no_grad():
        images = gan.generate(gan.prior(200, generator_for("test")), labels)[:, 0]
    left = images[:, :, :4].mean(dim=(1, 2)) > images[:, :4].mean(dim=(1, 2))
    assert (left == (labels == 1)).float().mean() > 0.95
    assert images.amax(dim=(1, 2)).median() > 0.4


def test_the_loss_of_a_gan_is_the_error_of_the_score(gan: Gan) -> None:
    batch = batch_of(gan, records(6))
    reception = transmit(gan, Awgn(), batch, 10.0, generator_for("test")).reception
    torch.testing.assert_close(gan.loss(batch, reception), (gan.scores(batch.images, batch.labels) - 1).square())


def test_nothing_of_a_record_is_sent_by_a_gan(gan: Gan) -> None:
    batch = batch_of(gan, records(6))
    posterior = gan.represent(batch)
    assert posterior.sampled
    assert not posterior.mean.any()
    assert not posterior.log_variance.any()
    frame = gan.encode(batch)
    torch.testing.assert_close(frame.symbols.abs().square().mean(dim=1), torch.ones(6))
    assert torch.equal(frame.symbols, gan.encode(batch[torch.tensor([3])]).symbols.expand(6, -1))
    assert not torch.equal(
        gan.encode(batch, generator_for("a")).symbols[0], gan.encode(batch, generator_for("b")).symbols[0]
    )


@pytest.mark.parametrize("name", ["gan", "generative"])
def test_scores_and_images_do_not_depend_on_company(name: str) -> None:
    codec = made(name, network="dcgan", conditional=True)
    batch = batch_of(codec, records(6))
    latents = codec.prior(6, generator_for("test"))
    torch.testing.assert_close(latents.square().sum(dim=2).mean(dim=1), torch.ones(6))
    scores, images = codec.scores(batch.images, batch.labels), codec.generate(latents, batch.labels)
    for row in range(6):
        one = torch.tensor([row])
        torch.testing.assert_close(codec.scores(batch.images[one], batch.labels[one])[0], scores[row])
        torch.testing.assert_close(codec.generate(latents[one], batch.labels[one])[0], images[row])
    other = codec.generate(latents, 1 - batch.labels)
    assert (other - images).abs().amax() > 0


def test_conditions() -> None:
    device = torch.device("cpu")
    assert condition_of(torch.tensor([1, -1]), 2, 4, device).tolist() == [[0, 1, 0, 0], [0.25] * 4]
    assert condition_of(None, 1, 2, device).tolist() == [[0.5, 0.5]]
    soft = torch.tensor([[0.3, 0.7]])
    assert condition_of(soft, 1, 2, device) is soft


@pytest.mark.parametrize("name", ["gan", "generative"])
def test_records_without_a_class_and_of_a_class_too_many(name: str) -> None:
    codec = made(name, conditional=True)
    known = batch_of(codec, records(6))
    reception = transmit(codec, Awgn(), known, 10.0, generator_for("test")).reception
    unknown = codec.labelled(known, torch.full((6,), -1))
    assert codec.objective(unknown, reception, generator_for("players")).isfinite()
    foreign = codec.labelled(known, torch.tensor([0, 1, 0, 1, 0, 2]))
    with pytest.raises(CodecError, match="of class 2, and this codec knows 2"):
        codec.objective(foreign, reception, generator_for("players"))
    plain = made(name, conditional=False)
    assert torch.equal(plain.scores(foreign.images, foreign.labels), plain.scores(known.images, None))


def test_the_class_is_learned_from_the_records_that_have_one() -> None:
    """Cross-entropy over those alone, whatever their share."""
    codec = made("generative", conditional=True, reconstruction_weight=1e-12, adversarial_weight=1e-12)
    batch = batch_of(codec, records(6))
    reception = transmit(codec, Awgn(), batch, 10.0, generator_for("test")).reception
    rows = torch.tensor([0, 3])
    labels = torch.full((6,), -1).index_copy(0, rows, batch.labels[rows])
    some, _ = codec.player_losses(codec.labelled(batch, labels), reception, generator_for("players"))
    alone, _ = codec.player_losses(batch[rows], reception[rows], generator_for("players"))
    torch.testing.assert_close(some, alone)


def test_a_link_learns_to_infer_the_class() -> None:
    codec: GenerativeCodec = made("generative", conditional=True)
    settings = TrainingSettings(steps=300, batch=32, learning_rate=3e-3, snr_db=15.0, clip=1000.0, momentum=0.5)
    before = batch_of(codec, records(200))
    outcome = train(codec, records(400), records(200), Awgn(), settings, 0)
    reception = transmit(codec, Awgn(), before, 15.0, generator_for("test")).reception
    estimate = codec.decode(reception)
    assert (estimate.labels == before.labels).float().mean() > 0.95
    assert outcome.validation_loss < 0.5 * float((before.images - before.images.mean(dim=0)).square().mean())
    assert torch.equal(codec.encode(estimate).mask.sum(dim=1), codec.channel_uses(estimate))


def test_bundles_and_mistakes(gan: Gan, tmp_path: Any) -> None:
    save_bundle(gan, {}, tmp_path / "gan")
    loaded = load_bundle(tmp_path / "gan").codec
    batch = batch_of(gan, records(3))
    assert isinstance(loaded, Gan)
    assert torch.equal(loaded.scores(batch.images, batch.labels), gan.scores(batch.images, batch.labels))
    with pytest.raises(CodecError, match="which takes images of shape"):
        gan.sized((9, 9))
    with pytest.raises(WrongField, match="at least 4 x 4"):
        new_codec("gan", {}, [np.zeros((3, 8), dtype=np.uint8)], 0)
    with pytest.raises(WrongField, match="at least two classes"):
        CODECS["gan"].config_class(classes=1)
