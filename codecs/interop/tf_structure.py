"""Which tensor of a DeepSC-style checkpoint is which: by the tree that their names make, and by their shapes.

Attributes may have any names. A stack of layers is what has numbered parts; a layer with two
normalisations is the sender's, one with three the receiver's; among the four dense maps of an attention, names decide
which makes queries, keys and values.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from semlink.errors import CodecError

Weights = Mapping[str, NDArray[Any]]
ROLES = {"q": "query", "k": "key", "v": "value"}
ROLE = re.compile(r"_?w?_?([qkv])(?:uery|ey|al|alue)?(?:_.*|\d*)")


@dataclass(frozen=True)
class Structure:
    """parameter of `DeepSc` -> name in the checkpoint. Kernels are transposed there, as Keras has them."""

    names: Mapping[str, str]


def structure_of(weights: Weights) -> Structure:
    """Errors: CodecError when a part is missing, is there twice, or holds something that DeepSC does not have."""
    layers: dict[str, list[str]] = defaultdict(list)
    for name in weights:
        if layer := _layer_of(name, weights):
            layers[layer].append(name)
    stacks: dict[str, list[str]] = defaultdict(list)
    for layer in sorted(layers, key=_natural):
        stacks[layer.rstrip("0123456789")].append(layer)
    kinds: dict[int, list[str]] = defaultdict(list)
    for stack, members in stacks.items():
        counts = {sum(name.endswith("/gamma") for name in layers[layer]) for layer in members}
        kinds[counts.pop() if len(counts) == 1 else 0].append(stack)
    sender, receiver = (
        _only(kinds[norms], f"stack of {who} layers") for norms, who in ((2, "encoder"), (3, "decoder"))
    )
    names: dict[str, str] = {}
    for prefix, stack in (("semantic_encoder", sender), ("semantic_decoder", receiver)):
        for number, layer in enumerate(stacks[stack]):
            names |= {
                f"{prefix}.layers.{number}.{parameter}": given
                for parameter, given in _layer(layer, layers[layer], weights)
            }
    rest = [
        name
        for name in weights
        if name not in {name for stack in (sender, receiver) for layer in stacks[stack] for name in layers[layer]}
    ]
    names |= _embeddings(rest, sender, receiver)
    names |= _outside(rest, weights, names)
    _all_used(names, weights)
    return Structure(names)


def _layer_of(name: str, weights: Weights) -> str | None:
    """The layer that a weight is in: the deepest numbered part of its path with two or three normalisations."""
    steps = name.split("/")
    for depth in range(len(steps) - 1, 0, -1):
        part = "/".join(steps[:depth])
        if part[-1].isdigit() and sum(name.startswith(f"{part}/") and name.endswith("/gamma") for name in weights) in (
            2,
            3,
        ):
            return part
    return None


def _layer(layer: str, members: Sequence[str], weights: Weights) -> Iterator[tuple[str, str]]:
    """Pairs of parameter and name in the checkpoint."""
    blocks: dict[str, list[str]] = defaultdict(list)
    for name in members:
        if name.endswith("/kernel"):
            dense = name.rpartition("/")[0]
            blocks[dense.rpartition("/")[0]].append(dense)
    attentions = [block for block in sorted(blocks, key=_told_last) if _roles(blocks[block])]
    norms = sorted((name.rpartition("/")[0] for name in members if name.endswith("/gamma")), key=_natural)
    wanted = ("attention",) if len(norms) == 2 else ("attention", "listening")
    if len(attentions) != len(wanted):
        raise CodecError(
            f"{layer} has {len(attentions)} attentions whose parts can be told, not {len(wanted)}; see its names."
        )
    for attention, block in zip(wanted, attentions, strict=True):
        roles = _roles(blocks[block])
        for dense in blocks[block]:
            yield from _dense(f"{attention}.{roles[dense]}", dense, weights)
    others = sorted((dense for block in blocks if block not in attentions for dense in blocks[block]), key=_natural)
    if len(others) not in (0, 2):
        raise CodecError(f"{layer} has {len(others)} dense maps beside its attention, not 2 or none.")
    for place, dense in zip((0, 2), others, strict=False):
        yield from _dense(f"feed_forward.{place}", dense, weights)
    for number, norm in enumerate(norms):
        yield from _norm(f"norms.{number}", norm)


def _roles(block: Sequence[str]) -> dict[str, str]:
    """What each dense map of an attention makes; nothing when this is none."""
    roles = {dense: ROLES[role[1]] for dense in block if (role := ROLE.fullmatch(dense.rpartition("/")[2].lower()))}
    left = [dense for dense in block if dense not in roles]
    complete = sorted(roles.values()) == sorted(ROLES.values()) and len(left) == 1
    return roles | {left[0]: "mixture"} if complete else {}


def _embeddings(rest: Sequence[str], sender: str, receiver: str) -> dict[str, str]:
    """The two tables of word vectors: each stands nearer to one stack than to the other."""
    embeddings = [name for name in rest if name.endswith("/embeddings")]
    names = {}
    for prefix, near_layer, far_layer in (
        ("semantic_encoder", sender, receiver),
        ("semantic_decoder", receiver, sender),
    ):
        near = [name for name in embeddings if _shared(name, near_layer) > _shared(name, far_layer)]
        names[f"{prefix}.embedding.words.weight"] = _only(near, f"table of word vectors beside {near_layer}")
    return names


def _outside(rest: Sequence[str], weights: Weights, names: Mapping[str, str]) -> dict[str, str]:
    """The output projection and the channel codec."""
    entries, width = weights[names["semantic_decoder.embedding.words.weight"]].shape
    dense = [name.rpartition("/")[0] for name in rest if name.endswith("/kernel")]
    outputs = [layer for layer in dense if weights[f"{layer}/kernel"].shape == (width, entries)]
    output = _only(outputs, f"output projection from {width} to {entries}")
    names = dict(_dense("semantic_decoder.projection", output, weights))
    blocks: dict[str, list[str]] = defaultdict(list)
    for layer in sorted(set(dense) - {output}, key=_natural):
        blocks[layer.rpartition("/")[0]].append(layer)
    normed = {name.rpartition("/")[0].rpartition("/")[0] for name in rest if name.endswith("/gamma")}
    chains = {block: [weights[f"{layer}/kernel"].shape for layer in members] for block, members in blocks.items()}
    senders = [
        block for block, chain in chains.items()
        if block not in normed and len(chain) == 2 and chain[0][0] == width and chain[0][1] == chain[1][0]
    ]  # fmt: skip
    receivers = [
        block for block, chain in chains.items() if block in normed and len(chain) == 3 and chain[2][1] == width
    ]
    sender, receiver = _only(senders, "channel encoder of two dense maps"), _only(receivers, "channel decoder of three")
    for parameters, block in (
        (("channel_encoder.hidden", "channel_encoder.values"), sender),
        (("channel_decoder.first", "channel_decoder.hidden", "channel_decoder.last"), receiver),
    ):
        for parameter, layer in zip(parameters, blocks[block], strict=True):
            names |= dict(_dense(parameter, layer, weights))
    norm = _only(
        [name for name in rest if name.startswith(f"{receiver}/") and name.endswith("/gamma")],
        "norm of the channel decoder",
    )
    return names | dict(_norm("channel_decoder.norm", norm.rpartition("/")[0]))


def _dense(parameter: str, dense: str, weights: Weights) -> Iterator[tuple[str, str]]:
    yield f"{parameter}.weight", f"{dense}/kernel"
    if f"{dense}/bias" in weights:
        yield f"{parameter}.bias", f"{dense}/bias"


def _norm(parameter: str, norm: str) -> Iterator[tuple[str, str]]:
    yield f"{parameter}.weight", f"{norm}/gamma"
    yield f"{parameter}.bias", f"{norm}/beta"


def _all_used(names: Mapping[str, str], weights: Weights) -> None:
    """Checks that the parts that were taken have nothing more. Errors: CodecError."""
    used = set(names.values())
    absent = sorted(used - weights.keys())
    roots = {_root(name) for name in used}
    surplus = sorted(name for name in weights.keys() - used if _root(name) in roots)
    if absent or surplus:
        what = f"lacks {', '.join(absent[:3])}" if absent else f"also has {', '.join(surplus[:3])}"
        raise CodecError(f"The checkpoint {what}; only a whole DeepSC can be imported, and nothing else with it.")


def _root(name: str) -> str:
    """The part of the model that a weight belongs to: the first two steps of its path."""
    return "/".join(name.split("/")[:2])


def _only(candidates: Sequence[str], what: str) -> str:
    if len(candidates) != 1:
        count = f"there are {len(candidates)}: {', '.join(candidates)}" if candidates else "there is none"
        raise CodecError(
            f"The checkpoint should have one {what}, but {count}; give that of a DeepSC (of a Keras 3 model, "
            "tf.train.Checkpoint leaves out layers that are kept in lists: store each under a name of its own)."
        )
    return candidates[0]


def _shared(first: str, second: str) -> int:
    """How many first steps two paths have in common."""
    parts = list(zip(first.split("/"), second.split("/"), strict=False))
    return next((place for place, (left, right) in enumerate(parts) if left != right), len(parts))


def _natural(name: str) -> list[Any]:
    """Sorts numbers in names as numbers."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _told_last(block: str) -> tuple[bool, list[Any]]:
    """Sorts an attention to what was received behind the one to what was said."""
    name = block.rpartition("/")[2].lower()
    return any(word in name for word in ("cross", "enc", "src", "memory")), _natural(block)
