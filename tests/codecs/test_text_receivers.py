"""The receiver that says one word after the other: what it says, when it stops, and what its losses mean."""

import itertools
import operator
from collections.abc import Callable
from typing import Any

import pytest
import torch

from semlink.channels.awgn import Awgn
from semlink.channels.contract import Reception
from semlink.codecs.text.batch import TextBatch
from semlink.errors import WrongField
from semlink.seeding import generator_for


def received(codec: Any, batch: TextBatch, snr_db: float = 10.0, key: object = "test") -> Reception:
    reception: Reception = Awgn()(codec.encode(batch), snr_db, generator_for(str(key)))
    return reception


@pytest.fixture(scope="module")
def weights(speaking: Any) -> dict[str, torch.Tensor]:
    """Of a codec that has learned its five sentences, so that it says many different things on a bad channel."""
    codec = speaking.codec()
    batch = codec.prepare(speaking.payloads)
    optimiser = torch.optim.Adam(codec.parameters(), lr=1e-2)
    for step in range(100):
        loss = codec.loss(batch, received(codec, batch, 10.0, step)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    state: dict[str, torch.Tensor] = codec.state_dict()
    return state


@pytest.fixture
def taught(speaking: Any, weights: dict[str, torch.Tensor]) -> Callable[..., Any]:
    """Makes such a codec: `taught(beams=4)`."""

    def make(**fields: object) -> Any:
        codec = speaking.codec(**fields)
        codec.load_state_dict(weights)
        return codec

    return make


def calls(codec: Any, reception: Reception) -> tuple[TextBatch, list[int]]:
    """The estimate, and how many words the decoder was given at each call."""
    lengths: list[int] = []
    hook = codec.semantic_decoder.decoder.register_forward_pre_hook(
        lambda module, args, given: lengths.append(given["inputs_embeds"].shape[1]), with_kwargs=True
    )
    estimate = codec.decode(reception)
    hook.remove()
    return estimate, lengths


def summed(codec: Any, batch: TextBatch, reception: Reception) -> torch.Tensor:
    """-log of the probability of each sentence."""
    losses: torch.Tensor = codec.element_losses(batch, reception)[0].sum(dim=1)
    return losses


def test_the_end_is_an_element_of_its_own(speaking: Any, text: Any) -> None:
    codec, size = speaking.codec(), text.codec().config.vocabulary_size
    batch = codec.prepare(speaking.payloads[:2])
    ids = codec.element_ids(batch)
    assert codec.config.vocabulary_size == size
    assert ids.tolist() == [[*row[mask], size, *[-1] * (len(mask) - sum(mask))] for row, mask in rows(batch)]
    losses, there = codec.element_losses(batch, received(codec, batch))
    assert torch.equal(there, ids >= 0)
    assert (losses[there] > 0).all()
    assert not losses[~there].any()
    torch.testing.assert_close(codec.loss(batch, received(codec, batch))[0], losses[0, :5].mean())
    assert [len(parameter) for parameter in codec.element_parameters()] == [size + 1] * 2
    assert [len(parameter) for parameter in text.codec().element_parameters()] == [size] * 2


def rows(batch: TextBatch) -> Any:
    return zip(batch.ids.numpy(), batch.mask.numpy(), strict=True)


def test_each_word_said_is_the_best_after_those_before_it(speaking: Any, taught: Any) -> None:
    """Step by step with cached keys, and all at once with the right words given: the same scores."""
    codec = taught()
    batch = codec.prepare(speaking.payloads * 4)
    reception = received(codec, batch, -5.0)
    estimate = codec.decode(reception)
    lengths = estimate.mask.sum(dim=1)
    assert len(lengths.unique()) >= 3
    decoder = codec.semantic_decoder
    features, mask = codec.receive(reception)
    targets = decoder.targets(estimate)
    states = decoder.states(features, mask, targets, codec.shared_words())
    best = decoder.scores(states, targets, codec.shared_words()).argmax(dim=-1)
    said = torch.full_like(targets, -1).masked_scatter(targets >= 0, best)
    at_the_limit = torch.arange(targets.shape[1]) >= codec.config.max_length  # where nothing more is said
    assert torch.equal(said[:, ~at_the_limit], targets[:, ~at_the_limit])


@pytest.mark.parametrize("beams", [1, 3])
def test_cached_keys_change_nothing(speaking: Any, taught: Any, beams: int) -> None:
    codec = taught(beams=beams)
    reception = received(codec, codec.prepare(speaking.payloads * 4), -5.0)
    cached, lengths = calls(codec, reception)
    codec.semantic_decoder.generation_config.use_cache = False
    plain, growing = calls(codec, reception)
    assert torch.equal(cached.ids, plain.ids)
    assert torch.equal(cached.mask, plain.mask)
    assert lengths == [1] * len(lengths)
    assert growing == [*range(1, len(lengths) + 1)]


def test_later_words_do_not_change_earlier_scores(speaking: Any) -> None:
    codec = speaking.codec()
    batch = codec.prepare(["Forget the sender.", "Forget the symbol."])
    frame = codec.encode(batch[torch.tensor([0, 0])])
    losses, _ = codec.element_losses(batch, Reception(frame.symbols, torch.full((2, 1), 0.1), frame.mask))
    torch.testing.assert_close(losses[0, :2], losses[1, :2])
    assert (losses[0, 2:] != losses[1, 2:]).all()


def test_many_beams_find_the_most_probable_sentence(speaking: Any) -> None:
    """Of all sentences of at most two of the six words; one of the most words needs no end."""
    case = type(speaking)("text", {**speaking.fields, "max_length": 2}, ["a b", "c d", "e"])
    codec = case.codec(beams=60)
    entries = range(1, codec.config.vocabulary_size)
    every = [[word] for word in entries] + [[*pair] for pair in itertools.product(entries, repeat=2)]
    for seed, payload in itertools.product(range(3), case.payloads):
        frame = codec.encode(codec.prepare([payload]))
        reception = Awgn()(frame, 3.0, generator_for(seed))
        ids = torch.tensor([row + [0] * (2 - len(row)) for row in every])
        batch = TextBatch(ids, ids > 0)
        one_of_each = Reception(
            reception.symbols.expand(len(every), -1),
            reception.noise_variance.expand(len(every), 1),
            reception.mask.expand(len(every), -1),
        )
        losses, _ = codec.element_losses(batch, one_of_each)
        losses[len(entries) :, 2] = 0.0
        assert [*filter(None, codec.decode(reception).ids[0].tolist())] == every[int(losses.sum(dim=1).argmin())]


def test_beams_find_more_probable_sentences(speaking: Any, taught: Any) -> None:
    """Not each of them has to be: a beam search may drop the beginning of the best one."""
    greedy, searching = taught(), taught(beams=4)
    reception = received(greedy, greedy.prepare(speaking.payloads * 20), -10.0)
    found = [summed(greedy, codec.decode(reception), reception) for codec in (greedy, searching)]
    assert (found[1] <= found[0] + 1e-4).float().mean() > 0.8
    assert found[1].sum() < found[0].sum() - 1


@pytest.mark.parametrize("beams", [1, 2])
def test_it_stops_when_every_sentence_has_ended(speaking: Any, beams: int) -> None:
    codec = speaking.codec(beams=beams)
    batch = codec.prepare(speaking.payloads)
    with torch.no_grad():
        codec.vocabulary_bias[-1] = 100.0
    estimate, lengths = calls(codec, received(codec, batch))
    assert len(lengths) == 2  # an end before the first word is no sentence
    assert estimate.mask.sum(dim=1).tolist() == [1] * len(batch)
    with torch.no_grad():
        codec.vocabulary_bias[-1] = -100.0
    estimate, lengths = calls(codec, received(codec, batch))
    assert len(lengths) == codec.config.max_length
    assert estimate.mask.all()
    assert estimate.ids.shape == (len(batch), codec.config.max_length)


@pytest.mark.parametrize("beams", [1, 3])
def test_marks_and_padding_are_never_words(speaking: Any, taught: Any, beams: int) -> None:
    codec = taught(beams=beams)
    with torch.no_grad():
        codec.vocabulary_bias[0] = 100.0
    estimate = codec.decode(received(codec, codec.prepare(speaking.payloads), -5.0))
    assert not estimate.mask.all()
    assert torch.equal(estimate.ids > 0, estimate.mask)
    assert estimate.ids.max() < codec.config.vocabulary_size
    assert [len(sentence.tokens) for sentence in codec.as_metric_input(estimate)] == estimate.mask.sum(dim=1).tolist()


def test_pieces_of_words_can_be_said(speaking: Any) -> None:
    codec = speaking.codec(tokenizer="bpe", vocabulary_size=40, max_length=60)
    assert len(codec.decode(received(codec, codec.prepare(speaking.payloads)))) == len(speaking.payloads)


def test_it_learns_to_say_what_was_sent(speaking: Any, taught: Any) -> None:
    """Free-running: nobody tells it the right words. On a bad channel it goes wrong."""
    codec = taught()
    batch = codec.prepare(speaking.payloads * 4)
    sent = codec.as_metric_input(batch)
    right = [
        sum(map(operator.eq, codec.as_metric_input(codec.decode(received(codec, batch, snr_db))), sent))
        for snr_db in (-5.0, 18.0)
    ]
    assert right[1] >= 19
    assert right[0] <= 12


def test_company_does_not_change_what_is_said(speaking: Any, taught: Any) -> None:
    """Neither longer sentences in the batch nor sentences that end later."""
    codec = taught(beams=2)
    reception = received(codec, codec.prepare(speaking.payloads), -5.0)
    together = codec.as_metric_input(codec.decode(reception))
    uses = reception.mask.sum(dim=1).tolist()
    alone = [
        Reception(reception.symbols[[index], :used], reception.noise_variance[[index]], reception.mask[[index], :used])
        for index, used in enumerate(uses)
    ]
    assert [codec.as_metric_input(codec.decode(one))[0] for one in alone] == together


@pytest.mark.parametrize(("receiver", "beams"), [("one_pass", 2), ("autoregressive", 0)])
def test_beams_that_make_no_sense(text: Any, receiver: str, beams: int) -> None:
    with pytest.raises(WrongField, match="beams"):
        text.codec(receiver=receiver, beams=beams)
