"""The codec whose receiver infers a class: sizes of its networks, its loss and labels, and that it learns."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels.awgn import Awgn
from semlink.channels.contract import Reception
from semlink.codecs.building import new_codec
from semlink.codecs.task.batch import LabelledImages
from semlink.codecs.task.configuration import TaskCodecConfig
from semlink.codecs.task.model import TaskCodec
from semlink.errors import CodecError, WrongField
from semlink.seeding import generator_for, seeded

SIZE = {"height": 28, "width": 28, "channels": 1}


def codec_of(**fields: Any) -> TaskCodec:
    codec = seeded(0, lambda: TaskCodec(TaskCodecConfig(**{**SIZE, **fields})))
    codec.eval()
    return codec


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def some_images(codec: TaskCodec, count: int = 6) -> LabelledImages:
    config = codec.config
    pixels = torch.rand(count, config.channels, config.height, config.width, generator=generator_for("pixels"))
    return LabelledImages(pixels, torch.arange(count) % config.classes)


def received(codec: TaskCodec, batch: LabelledImages, snr_db: float = 10.0) -> Reception:
    reception: Reception = Awgn()(codec.encode(batch), snr_db, generator_for("noise"))
    return reception


def test_networks_have_the_published_sizes() -> None:
    """11 173 962 is the usual count of ResNet-18 for CIFAR-10, with its last layer of 512 x 10 + 10."""
    colour = codec_of(encoder="resnet18", filters=64, height=32, width=32, channels=3)
    assert parameters(colour.encoder) == 11_173_962 - 5_130
    assert colour.mean.weight.shape == (128, 512)
    layered = codec_of(encoder="mlp", hidden=1000)
    assert parameters(layered.encoder) == 784_000 + 1000
    seen = codec_of(encoder="mlp", hidden=1000, activation="sigmoid").encoder(torch.zeros(1, 1, 28, 28))
    assert ((seen > 0) & (seen < 1)).all()
    assert codec_of(encoder="conv", filters=32).mean.weight.shape == (128, 64 * 7 * 7)
    seen = codec_of(encoder="vit", d_model=16, patch=7).encoder(torch.zeros(2, 1, 28, 28))
    assert seen.shape == (2, 16)


def test_residual_network_computes_what_is_written() -> None:
    """A block whose last normalisation is zero passes its input on; the features are means over all places."""
    network: Any = codec_of(encoder="resnet18", filters=8).encoder
    features = network(some_images(codec_of()).images - 0.5)
    assert features.shape == (6, 64)
    maps = network.layers(some_images(codec_of()).images - 0.5)
    assert maps.shape == (6, 64, 4, 4)  # 28, 14, 7, 4
    torch.testing.assert_close(features, maps.mean(dim=(2, 3)))
    block = network.layers[3]
    torch.nn.init.zeros_(block.residual[-1].weight)
    seen = torch.rand(2, 8, 5, 5)
    torch.testing.assert_close(block(seen), seen)


def test_embedding_is_what_is_sent_and_has_unit_energy_for_each_use() -> None:
    codec = codec_of()
    batch = some_images(codec)
    posterior = codec.represent(batch)
    embedded = codec.embed(posterior.mean, posterior.mask)
    assert embedded.shape == (6, 128)
    torch.testing.assert_close(embedded.norm(dim=1), torch.full((6,), math.sqrt(64)))
    torch.testing.assert_close(embedded.view(6, 64, 2), torch.view_as_real(codec.encode(batch).symbols))


def test_loss_is_the_surprise_at_the_class() -> None:
    codec = codec_of(encoder="mlp", hidden=16)
    batch = some_images(codec)
    reception = received(codec, batch)
    beliefs, scores = codec.decode(reception), codec.predict(batch, reception).scores
    torch.testing.assert_close(beliefs, scores - scores.logsumexp(dim=1, keepdim=True))
    torch.testing.assert_close(codec.loss(batch, reception), -beliefs[torch.arange(6), batch.labels])
    assert codec.predict(batch, reception).divergence(codec.predict(batch, reception)).abs().max() < 1e-6
    assert codec.delivers == "class"
    assert codec.as_metric_input(beliefs) is beliefs


def test_wrong_labels_are_all_the_others_alike() -> None:
    """1000 draws for each of 3 others: 333 +- 15; 6 standard deviations, 30 counts, false alarm below 1e-7."""
    codec = codec_of(classes=4)
    batch = LabelledImages(torch.zeros(4000, 1, 28, 28), torch.arange(4).repeat_interleave(1000))
    wrong = codec.mislabel(batch, generator_for("wrong"))
    assert torch.equal(wrong.images, batch.images)
    for label in range(4):
        counts = torch.bincount(wrong.labels[batch.labels == label], minlength=4)
        assert counts[label] == 0
        assert (counts[[other for other in range(4) if other != label]] - 1000 / 3).abs().max() < 90


def test_classes_are_needed_where_they_are_compared() -> None:
    codec = codec_of(classes=3)
    unknown = codec.prepare([np.zeros((28, 28), np.uint8)])
    assert unknown.labels.tolist() == [-1]
    reception = received(codec, unknown)
    with pytest.raises(CodecError, match="have no class"):
        codec.loss(unknown, reception)
    with pytest.raises(CodecError, match="have no class"):
        codec.mislabel(unknown, generator_for("wrong"))
    with pytest.raises(CodecError, match="are of class 3, and this codec knows 3"):
        codec.loss(codec.labelled(unknown, torch.tensor([3])), reception)
    assert codec.loss(codec.labelled(unknown, torch.tensor([2])), reception).isfinite().all()


def test_as_many_classes_as_the_source_has_unless_told() -> None:
    images = [np.zeros((8, 6, 3), np.uint8)]
    made = new_codec("task", {"encoder": "mlp", "hidden": 4}, images, 0, ("a", "b", "c"))
    config: Any = made.config
    assert (config.classes, config.height, config.width, config.channels) == (3, 8, 6, 3)
    told: Any = new_codec("task", {"encoder": "mlp", "hidden": 4, "classes": 5}, images, 0, ("a", "b", "c")).config
    assert told.classes == 5
    other: Any = new_codec("image", {}, [np.zeros((8, 6), np.uint8)], 0, ("a", "b", "c")).config
    assert not hasattr(other, "classes")


@pytest.mark.parametrize(
    "fields",
    [
        {"classes": 1},
        {"encoder": "vit", "patch": 5},
        {"encoder": "vit", "d_model": 30},
        {"encoder": "resnet50"},
        {"activation": "tanh"},
        {"uses": 0},
        {"bandwidth_ratio": 0.5},
    ],
)
def test_wrong_fields(fields: dict[str, Any]) -> None:
    with pytest.raises(WrongField, match=next(reversed(fields))):
        new_codec("task", fields, [np.zeros((28, 28), np.uint8)], 0)


def test_only_images_of_its_own_size() -> None:
    codec = codec_of()
    assert codec.sized((28, 28)) is codec
    assert codec.sized((28, 28, 1)) is codec
    for shape in ((28, 27), (28, 28, 3), ()):
        with pytest.raises(CodecError, match="does not fit this codec"):
            codec.sized(shape)


def test_normalisation_of_batches_follows_the_data_in_training_alone() -> None:
    """Running averages move while it learns, and not while it is used; then company does not matter."""
    codec = codec_of(encoder="resnet18", filters=8)
    batch = some_images(codec)
    before = {name: value.clone() for name, value in codec.named_buffers()}
    codec.encode(batch)
    assert all(torch.equal(value, before[name]) for name, value in codec.named_buffers())
    codec.train().encode(batch)
    assert not any(torch.equal(value, before[name]) for name, value in codec.named_buffers())
    alone = codec.eval().encode(batch[torch.tensor([0])]).symbols
    torch.testing.assert_close(alone[0], codec.encode(batch).symbols[0])


@pytest.mark.parametrize("encoder", ["mlp", "conv", "resnet18", "vit"])
def test_each_encoder_learns_classes_through_noise(encoder: str) -> None:
    """Four classes of stripes, 80 steps: nearly all of unseen images are told apart, where guessing gives a quarter."""
    fields: dict[str, Any] = {"height": 8, "width": 8, "classes": 4, "uses": 8, "filters": 8, "hidden": 32}
    codec = codec_of(**fields, encoder=encoder, d_model=16, patch=2)
    rows = torch.arange(8.0)
    stripes = torch.stack([torch.sin((0.5 + label) * rows)[:, None].expand(8, 8) for label in range(4)])

    def batch_of(name: str) -> LabelledImages:
        labels = torch.randint(0, 4, (64,), generator=generator_for(name, "labels"))
        noise = torch.randn(64, 1, 8, 8, generator=generator_for(name, "pixels"))
        return LabelledImages((0.5 + 0.3 * stripes[labels].unsqueeze(1) + 0.15 * noise).clamp(0, 1), labels)

    optimiser = torch.optim.Adam(codec.train().parameters(), lr=5e-3)
    for step in range(80):
        batch = batch_of(f"train {step}")
        optimiser.zero_grad()
        codec.loss(batch, received(codec, batch)).mean().backward()
        optimiser.step()
    unseen = batch_of("test")
    codec.eval()
    assert (codec.decode(received(codec, unseen)).argmax(dim=1) == unseen.labels).double().mean() > 0.9
