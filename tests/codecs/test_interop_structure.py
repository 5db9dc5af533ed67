"""Tensors of a DeepSC find their places by structure, whatever they are called; what is not whole is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from semlink.codecs.deepsc.model import DeepSc
from semlink.codecs.interop.tf_checkpoint import TensorFlowCheckpoint, _is_weight, _plain
from semlink.codecs.interop.tf_deepsc import imported_from, read_vocabulary
from semlink.errors import CodecError

WORDS = ["!", "a", "channel", "codec", "forgets", "sends", "the"]
WIDTH, VALUES, HIDDEN, RECEIVER = 8, 6, 10, 14


def tree(
    layers: int = 2, feed_forward: int | None = 12, bias: bool = False, names: str = "published"
) -> dict[str, np.ndarray]:
    """Random weights under the names of the published code, or of another one."""
    generator, found = np.random.default_rng(0), {}
    own = names == "published"
    entries = len(WORDS) + 4

    def dense(name: str, before: int, after: int, biased: bool = True) -> None:
        found[f"{name}/kernel"] = generator.normal(size=(before, after))
        if biased:
            found[f"{name}/bias"] = generator.normal(size=after)

    def norm(name: str) -> None:
        found[f"{name}/gamma"], found[f"{name}/beta"] = generator.normal(size=(2, WIDTH))

    def attention(name: str) -> None:
        for part in ("wq", "wk", "wv") if own else ("query", "key", "value"):
            dense(f"{name}/{part}", WIDTH, WIDTH, bias)
        dense(f"{name}/{'dense' if own else 'out'}", WIDTH, WIDTH)

    def layer(name: str, attentions: tuple[str, ...]) -> None:
        for part in attentions:
            attention(f"{name}/{part}")
        for number in range(len(attentions) + 1):
            norm(f"{name}/layernorm{number + 1}" if own else f"{name}/ln_{number}")
        if feed_forward:
            first, second = ("ffn/parts/0", "ffn/parts/1") if own else ("mlp_in", "mlp_out")
            dense(f"{name}/{first}", WIDTH, feed_forward)
            dense(f"{name}/{second}", feed_forward, WIDTH)

    sender, receiver = ("T/semantic_encoder", "T/semantic_decoder") if own else ("net/tx", "net/rx")
    for number in range(layers):
        layer(f"{sender}/{'encoder' if own else 'blocks'}/{number}", ("sl1",) if own else ("mha",))
        layer(
            f"{receiver}/{'dec_layers' if own else 'blocks'}/{number}",
            ("sl11", "sl12") if own else ("self_mha", "cross_mha"),
        )
    for end in (sender, receiver):
        found[f"{end}/{'embedding' if own else 'words'}/embeddings"] = generator.normal(size=(entries, WIDTH))
    dense(f"{receiver}/{'final_layer' if own else 'vocabulary'}", WIDTH, entries)
    channel_encoder, channel_decoder = ("T/channel_encoder", "T/channel_decoder") if own else ("net/mod", "net/demod")
    dense(f"{channel_encoder}/dense0", WIDTH, HIDDEN)
    dense(f"{channel_encoder}/dense1", HIDDEN, VALUES)
    dense(f"{channel_decoder}/dense1", VALUES, WIDTH)
    dense(f"{channel_decoder}/dense2", WIDTH, RECEIVER)
    dense(f"{channel_decoder}/dense3", RECEIVER, WIDTH)
    norm(f"{channel_decoder}/layernorm1")
    return found


@pytest.fixture
def vocabulary(tmp_path: Path) -> Path:
    """Specials and words, not in the order that ours has."""
    table = {"<PAD>": 0, "<START>": 1, "<END>": 2, "<UNK>": 3} | {word: 4 + index for index, word in enumerate(WORDS)}
    (tmp_path / "vocab.json").write_text(json.dumps({"token_to_idx": table}))
    return tmp_path / "vocab.json"


def take(weights: dict[str, np.ndarray], vocabulary: Path, heads: int = 2) -> Any:
    return imported_from(
        TensorFlowCheckpoint(weights, (), "sha256:0"), *read_vocabulary(vocabulary), heads, 9, 1.0, "column"
    )


@pytest.mark.parametrize("feed_forward", [12, None])
@pytest.mark.parametrize("bias", [False, True])
def test_names_do_not_matter(vocabulary: Path, feed_forward: int | None, bias: bool) -> None:
    """Two trees with the same weights in the same order and other names are the same codec."""
    one = take(tree(2, feed_forward, bias), vocabulary).codec
    two = take(tree(2, feed_forward, bias, "others"), vocabulary).codec
    assert type(one) is DeepSc
    assert (one.config.feed_forward, one.config.attention_bias) == (feed_forward, bias)
    for name, weight in one.state_dict().items():
        assert torch.equal(two.state_dict()[name], weight), name


def test_every_tensor_is_where_it_belongs(vocabulary: Path) -> None:
    weights = tree(11)  # layer 10 stands after layer 9, not after layer 1
    found = take(weights, vocabulary)
    state = found.codec.state_dict()
    assert len(found.used) == len(weights) == len(state)
    for number in (1, 9, 10):
        for ours, theirs in (
            (f"semantic_encoder.layers.{number}.attention.key", f"T/semantic_encoder/encoder/{number}/sl1/wk"),
            (f"semantic_decoder.layers.{number}.attention.value", f"T/semantic_decoder/dec_layers/{number}/sl11/wv"),
            (
                f"semantic_decoder.layers.{number}.listening.mixture",
                f"T/semantic_decoder/dec_layers/{number}/sl12/dense",
            ),
            (f"semantic_decoder.layers.{number}.feed_forward.2", f"T/semantic_decoder/dec_layers/{number}/ffn/parts/1"),
        ):
            np.testing.assert_allclose(state[f"{ours}.weight"], weights[f"{theirs}/kernel"].T, rtol=1e-6)
    order = [0, 3, *range(4, 4 + len(WORDS)), 1, 2]
    for end in ("en", "de"):
        table = weights[f"T/semantic_{end}coder/embedding/embeddings"]
        np.testing.assert_allclose(state[f"semantic_{end}coder.embedding.words.weight"], table[order], rtol=1e-6)
    np.testing.assert_allclose(
        state["semantic_decoder.projection.bias"], weights["T/semantic_decoder/final_layer/bias"][order], rtol=1e-6
    )


def test_partial_and_surplus_maps_are_refused(vocabulary: Path) -> None:
    """Without any one tensor, or with one more in a part that is used, nothing is imported."""
    whole = tree()
    for name in whole:
        with pytest.raises(CodecError) as refusal:
            take({key: value for key, value in whole.items() if key != name}, vocabulary)
        assert "\n" not in str(refusal.value)
    for place in ("T/semantic_encoder", "T/channel_encoder", "T/semantic_decoder/dec_layers/0"):
        with pytest.raises(CodecError):
            take({**whole, f"{place}/extra/kernel": np.zeros((3, 4))}, vocabulary)
    wider = {**whole, "T/channel_decoder/dense2/kernel": np.zeros((WIDTH, RECEIVER + 1))}
    with pytest.raises(CodecError):
        take(wider, vocabulary)
    with pytest.raises(CodecError, match="heads"):
        take(whole, vocabulary, heads=3)


def test_what_is_no_part_is_reported(vocabulary: Path) -> None:
    """The network that estimates mutual information stands beside the transceiver."""
    mine = {"mine/dense1/kernel": np.zeros((1, 10)), "mine/dense1/bias": np.zeros(10)}
    assert take({**tree(), **mine}, vocabulary).unused == tuple(sorted(mine))


def test_names_of_both_schemes_and_what_is_no_weight() -> None:
    for name in ("T/a/_kernel", "T/a/kernel"):
        assert _is_weight(f"{name}/.ATTRIBUTES/VARIABLE_VALUE")
        assert _plain(f"{name}/.ATTRIBUTES/VARIABLE_VALUE") == "T/a/kernel"
    for name in (
        "save_counter",
        "optim_net/iterations",
        "T/a/kernel/.OPTIMIZER_SLOT/optim_net/m",
        "T/dropout/seed_generator/_seed",
    ):
        assert not _is_weight(f"{name}/.ATTRIBUTES/VARIABLE_VALUE")
    assert not _is_weight("_CHECKPOINTABLE_OBJECT_GRAPH")


def test_vocabularies(vocabulary: Path, tmp_path: Path) -> None:
    tokenizer, rows = read_vocabulary(vocabulary)
    assert rows == [0, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2]
    assert tokenizer.words("The <b>cödec</b> forgets, don't!") == ("the", "codec", "forgets", "don", "t", "!")
    assert tokenizer.encode("a codec sent") == [3, 5, 1]
    assert tokenizer.reference("a codec sent").tokens == ("a", "codec", "<unk>")
    for text in ("[]", "{}", '{"token_to_idx": {"<PAD>": 0, "<START>": 1, "<END>": 2, "<UNK>": 3, "a": 9}}', "no"):
        (tmp_path / "broken.json").write_text(text)
        with pytest.raises(CodecError, match="no vocabulary"):
            read_vocabulary(tmp_path / "broken.json")
    (tmp_path / "small.json").write_text('{"<PAD>": 0, "<START>": 1, "<END>": 2, "<UNK>": 3, "a": 4}')
    with pytest.raises(CodecError, match="entries"):
        take(tree(), tmp_path / "small.json")
