"""Elements of examples: where a loss arises, and what can be counted."""

import numpy as np
import torch

from semlink.channels import build_channel
from semlink.codecs.building import new_codec
from semlink.seeding import generator_for

SMALL = {"d_model": 16, "heads": 2, "feed_forward": 16, "encoder_layers": 1, "decoder_layers": 1}


def test_tokens_have_ids_and_losses_and_padding_has_neither() -> None:
    sentences = ["a b c.", "b."]
    codec = new_codec("text", {**SMALL, "max_length": 8}, sentences, 0)
    batch = codec.prepare(sentences)
    ids = codec.element_ids(batch)
    assert ids is not None
    assert (ids >= 0).sum(dim=1).tolist() == [4, 2]
    assert ids[0, 1] == ids[1, 0]
    reception = build_channel("awgn")(codec.encode(batch), 5.0, generator_for("elements"))
    losses, mask = codec.element_losses(batch, reception)
    assert torch.equal(mask, ids >= 0)
    assert (losses[mask] > 0).all()
    assert not losses[~mask].any()
    torch.testing.assert_close(codec.loss(batch, reception)[1], losses[1, :2].mean())


def test_an_error_shows_in_its_patch() -> None:
    """Patches go from left to right, then down; the loss of an image is the mean squared error of its pixels."""
    image = np.full((8, 12, 3), 128, dtype=np.uint8)
    codec = new_codec("image", {**SMALL, "patch": 4, "bandwidth_ratio": 0.5}, [image], 0)
    assert codec.element_ids(codec.prepare([image])) is None
    reception = build_channel("awgn")(codec.encode(codec.prepare([image])), 5.0, generator_for("elements"))
    estimate = codec.decode(reception).detach()
    spoilt = estimate.clone()
    spoilt[:, :, 4:8, 8:12] += 0.5
    losses, mask = codec.element_losses(spoilt, reception)
    assert mask.all()
    torch.testing.assert_close(losses, torch.tensor([[0.0, 0.0, 0.0, 0.0, 0.0, 0.25]]))
    torch.testing.assert_close(codec.loss(spoilt, reception), (spoilt - estimate).square().mean().view(1))
