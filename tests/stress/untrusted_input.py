"""Hostile input, at length: forged bundles, tampered bytes, and damaged files and words for every reader.

    python tests/stress/untrusted_input.py --tries 60000 --seconds 900

Each input has to be taken, or refused in one sentence of at most `SENTENCE_MOST` characters, within 10 s, within 2 GiB
of memory, and without a socket. The figures are printed; the status is 1 where one of these does not hold. It is no
part of the tests, which run a few hundred of the same inputs. One process; equal seeds give equal inputs.
"""

import argparse
import contextlib
import copy
import faulthandler
import gzip
import importlib.util
import io
import json
import logging
import os
import random
import resource
import shutil
import socket
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from semlink.channels import channel_name
from semlink.codecs.building import new_codec
from semlink.codecs.bundle import WEIGHTS, _manifest, load_bundle, save_bundle
from semlink.codecs.interop.sidecar import read_sidecar
from semlink.codecs.interop.tf_deepsc import read_vocabulary
from semlink.codecs.pretrained import build_network
from semlink.codecs.text.backbone_tokenizer import BackboneTokenizer
from semlink.codecs.text.tokenizer import TextTokenizer
from semlink.errors import SemlinkError
from semlink.experiments.workflow.component import component_from
from semlink.experiments.workflow.recipe_file import load_recipe, override, plan_from, recipe_from
from semlink.experiments.workflow.run_folder import RunFolder
from semlink.simulator.packed_image import packed, unpacked
from semlink.simulator.results import Row, read_rows, write_rows
from semlink.simulator.sources.idx import read_idx
from semlink.simulator.sources.kodak import _pixels
from semlink.unlearning.request import read_request
from semlink.untrusted import json_of, yaml_of, yaml_text

SENTENCE_MOST, SECONDS_MOST, MEMORY_MOST = 700, 10.0, 2 << 30  # characters beside paths, seconds, bytes
SENTENCES = ["The sender encodes.", "A receiver decodes what is left.", "Noise is added to every symbol!"]
SMALL = {"d_model": 16, "heads": 2, "feed_forward": 32, "encoder_layers": 1, "decoder_layers": 1}
CODECS: dict[str, tuple[str, dict[str, Any]]] = {
    "text": ("text", {**SMALL, "symbols_per_token": 3, "max_length": 14}),
    "pieces": ("text", {**SMALL, "tokenizer": "bpe", "max_length": 24, "receiver": "autoregressive"}),
    "deepsc": ("deepsc", {**SMALL, "channel_hidden": 12, "max_length": 14}),
    "image": ("image", {**SMALL, "bandwidth_ratio": 0.3}),
    "deepjscc": ("deepjscc", {"bandwidth_ratio": 0.25}),
    "task": ("task", {"encoder": "mlp", "hidden": 24, "uses": 12, "classes": 3}),
    "sharded-task": ("sharded-task", {"shards": 2, "encoder": "mlp", "hidden": 24, "uses": 13, "classes": 3}),
    "generative": ("generative", {"network": "mlp", "hidden": 24, "uses": 12, "classes": 3}),
    "gan": ("gan", {"network": "mlp", "hidden": 24, "uses": 12, "classes": 3}),
}
BACKBONES: dict[str, Literal["text", "image"]] = {
    "bert": "text",
    "t5": "text",
    "roberta": "text",
    "vit": "image",
    "vit_mae": "image",
}
REQUEST = {"id": "r", "time": "2026-11-01", "reason": "x", "selection": {"by": "owner", "values": ["a", "b"]}}
WORDS = [
    b"[", b"{", b"}", b'"', b":", b",", b"\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"- ", b"&a ", b"*a", b"<<: ",
    b"!!python/object:os.system ", b"NaN", b"Infinity", b"1e999", b"-1", b"9" * 5000, b"\\ud800", b"5:20:5", b"0x10",
    b"2026-11-31", b"[" * 3000, b'{"a":' * 3000, b"null", b"true", b"x" * 70000, "\u202e".encode(), b"../../etc", b"=",
    b"~", b"? ", b"| ", b"%YAML 9.9\n", b"--- ", b"2**40", b"\xed\xa0\x80",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 10**9, 2**40, 2**63, 10**39, 1e308, -1e-308, "", "x", "x" * 5000, "\u0000", "../x",
    "someone/something", [], {}, [[]], [{}], {"a": {}}, ["a"] * 100, list(range(3000)), {"": ""}, "nan", "1e5", [0],
]  # fmt: skip
PADDING = {"strategy": {"Fixed": 2**40}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0}
PADDING |= {"pad_type_id": 0, "pad_token": "<pad>"}
TRUNCATION = {"max_length": 2**40, "strategy": "LongestFirst", "stride": 2**40, "direction": "Right"}


@dataclass
class Tally:
    """What became of the inputs of one kind. worst: of those that were not handled, the last lines of a traceback."""

    counts: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    worst: dict[str, str] = field(default_factory=dict)

    def one(self, attempt: Callable[[], object]) -> str:
        """Tries one input: "accepted", "refused" or "unhandled"."""
        began = time.monotonic()
        faulthandler.dump_traceback_later(60, exit=True)  # a hang inside a library cannot be stopped otherwise
        try:
            attempt()
            outcome = "accepted"
        except (SemlinkError, OSError) as error:
            text = str(error)
            fair = len(text) <= SENTENCE_MOST and "\n" not in text.strip()
            outcome = "refused" if fair else "unhandled"
            if not fair:
                self.worst[f"sentence of {len(text)} characters"] = text[:300]
        except (Exception, RecursionError) as error:
            outcome = "unhandled"
            lines = traceback.format_exception(error)
            place = traceback.extract_tb(error.__traceback__)[-1]
            self.worst[f"{type(error).__name__} in {place.name} of {Path(place.filename).name}"] = "".join(lines)[-900:]
        finally:
            faulthandler.cancel_dump_traceback_later()
        seconds = time.monotonic() - began
        self.slowest = max(self.slowest, seconds)
        if seconds > SECONDS_MOST:
            outcome = "unhandled"
            self.worst[f"{seconds:.0f} s"] = "too slow"
        self.counts[outcome] += 1
        return outcome


def damaged(chance: random.Random, whole: bytes) -> bytes:
    """Bytes with a few places changed, cut, repeated, or with a hostile word in them."""
    data = bytearray(whole)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0 if data:
                data[min(place, len(data) - 1)] = chance.randrange(256)
            case 1:
                del data[place : place + chance.randrange(1, 40)]
            case 2:
                data[place:place] = chance.choice(WORDS)
            case 3:
                data = data[:place]
            case 4:
                data[place:place] = data[place : place + chance.randrange(1, 60)]
            case _:
                data[place : place + chance.randrange(1, 6)] = chance.choice(WORDS)
    return bytes(data)


def replaced(chance: random.Random, content: Any) -> Any:
    """Plain data with one value, anywhere in it, replaced by a hostile one, taken out, or given another name."""
    changed = copy.deepcopy(content)
    places: list[tuple[Any, Any]] = []
    below = [changed]
    while below:
        item = below.pop()
        pairs = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
        for key, value in pairs:
            places.append((item, key))
            below.append(value)
    if not places or chance.randrange(40) == 0:
        return copy.deepcopy(chance.choice(VALUES))
    holder, key = chance.choice(places)
    match chance.randrange(8):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[str(chance.choice(("backbone", "attn_implementation", "auto_map", "", "x" * 999, "num_labels")))] = (
                copy.deepcopy(chance.choice(VALUES))
            )
        case 2 if isinstance(holder, list):
            holder.append(copy.deepcopy(chance.choice(VALUES)))
        case _:
            holder[key] = copy.deepcopy(chance.choice(VALUES))
    return changed


def damaged_json(chance: random.Random, whole: bytes) -> bytes:
    """Half of the time damaged bytes, half of the time whole JSON with another value in it."""
    if chance.random() < 0.4:
        return damaged(chance, whole)
    content = json.loads(whole)
    for _ in range(chance.choice((1, 1, 2))):
        content = replaced(chance, content)
    return json.dumps(content).encode()


def damaged_yaml(chance: random.Random, whole: bytes) -> bytes:
    """The same for YAML."""
    if chance.random() < 0.5:
        return damaged(chance, whole)
    return yaml_text(replaced(chance, yaml_of(whole.decode()))).encode()


def seal(folder: Path) -> None:
    """Writes a manifest that agrees with the files, as a forger would."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"}
    (folder / "manifest.json").write_bytes(_manifest(files))


def forged(folder: Path, name: str, content: bytes) -> Callable[[], object]:
    """Loading a bundle with other content in one file, whose manifest agrees with it."""

    def attempt() -> object:
        path = folder / name
        whole, manifest = path.read_bytes(), (folder / "manifest.json").read_bytes()
        path.write_bytes(content)
        if name != "manifest.json":
            seal(folder)
        try:
            return load_bundle(folder)
        finally:
            path.write_bytes(whole)
            (folder / "manifest.json").write_bytes(manifest)

    return attempt


def make_bundles(shelf: Path, backbones: bool = True) -> dict[str, Path]:
    """A tiny bundle of each kind of codec."""
    pictures = list(np.random.default_rng(0).integers(0, 256, (3, 8, 8), dtype=np.uint8))
    made = {}
    codecs = dict(CODECS)
    if backbones:
        place = Path(__file__).parents[1] / "conftest.py"
        spec = importlib.util.spec_from_file_location("tiny_encoders", place)
        assert spec is not None
        assert spec.loader is not None
        tiny = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tiny)
        for name, modality in BACKBONES.items():
            folder = shelf / f"tiny-{name}"
            tiny._network(name).save_pretrained(folder)
            if modality == "text":
                {"bert": tiny._bert_tokenizer, "t5": tiny._t5_tokenizer, "roberta": tiny._roberta_tokenizer}[
                    name
                ]().save(str(folder / "tokenizer.json"))
            fields = {key: value for key, value in SMALL.items() if key != "encoder_layers"}
            fields |= {"backbone": str(folder)} | ({"max_length": 36} if modality == "text" else {})
            codecs[name] = (modality, fields)
    for name, (kind, fields) in codecs.items():
        payloads: Any = SENTENCES if kind in ("text", "deepsc") else pictures
        made[name] = shelf / name
        save_bundle(new_codec(kind, fields, payloads, 0), {"source": {"name": "toy"}, "seed": 0}, made[name])
    return made


def forgeries(bundles: dict[str, Path]) -> Iterator[tuple[str, Callable[[], object]]]:
    """Each forged bundle that is known to have done harm, and its like, with what loading it is."""
    for name, folder in bundles.items():
        config = json.loads((folder / "config.json").read_bytes())

        def with_config(change: dict[str, Any], folder: Path = folder, config: Any = config) -> Callable[[], object]:
            return forged(folder, "config.json", json.dumps({**config, **change}).encode())

        for key in config:
            for value in (10**9, 2**40, 10**39, -1, 0, [], {}, "x" * 10**6, [[[[]]]] * 99, None, 1e300):
                yield f"{name}: config {key}", with_config({key: value})
        for key, value in (
            ("attn_implementation", "org/kernel"), ("_attn_implementation", "org/kernel"), ("num_labels", 10**9),
            ("auto_map", {"AutoModel": "evil--x.Y"}), ("quantization_config", {"quant_method": "bnb"}),
            ("id2label", {str(label): "x" for label in range(99)}), ("backbone_config", {"model_type": "dpt"}),
        ):  # fmt: skip
            yield f"{name}: config {key}", with_config({key: value})
        for text in (
            b"[" * 10**6,
            b'{"a":' * 10**5,
            b"[]",
            b"3",
            b"",
            b"\xff",
            b'{"model_type":[]}',
            b'{"model_type":{}}',
        ):
            for file in ("config.json", "card.json", "manifest.json"):
                yield f"{name}: {file}", forged(folder, file, text)
        weights = (folder / "model.safetensors").read_bytes()
        size = int.from_bytes(weights[:8], "little")
        header = json.loads(weights[8 : 8 + size])
        for change in (
            {"dtype": "F99"},
            {"shape": [2**60]},
            {"shape": [-1]},
            {"data_offsets": [0, 2**62]},
            {"shape": {}},
        ):
            first = next(key for key in header if key != "__metadata__")
            text = json.dumps({**header, first: {**header[first], **change}}).encode()
            content = len(text).to_bytes(8, "little") + text + weights[8 + size :]
            yield f"{name}: weights", forged(folder, "model.safetensors", content)
        for content in (b"", b"\xff" * 8, (2**63).to_bytes(8, "little"), weights[: len(weights) // 2], weights + b"x"):
            yield f"{name}: weights", forged(folder, "model.safetensors", content)
        for file in ("config.json", "card.json", "model.safetensors", "manifest.json", "README.md"):
            for put in (_pipe, _endless, _folder, _sparse):
                yield f"{name}: {file} is another thing", _instead(folder / file, put)
        if "backbone_facts" in config:
            facts = config["backbone_facts"]
            kinds = ("dpt", "upernet", "detr", "zoedepth", "depth_anything", "llama4", "auto", "timm_backbone", "")
            for kind in kinds:
                new = {"model_type": kind, "backbone": "someone/something", "image_size": 8, "patch_size": 2}
                yield f"{name}: facts {kind}", with_config({"backbone_facts": {**facts, "config": new}})
            for change in (
                {"backbone": "someone/something"}, {"use_pretrained_backbone": True}, {"auto_map": {"A": "b--c.d"}},
                {"attn_implementation": "org/kernel"}, {"_attn_implementation": "org/kernel"}, {"hidden_act": "a/b"},
                {"num_hidden_layers": 10**9}, {"num_layers": 10**9}, {"hidden_size": 2**40}, {"d_model": 2**40},
                {"vocab_size": 2**40}, {"num_labels": 10**9}, {"quantization_config": {"quant_method": "x"}},
                {"image_size": [2**30, 2**30]}, {"patch_size": 0}, {"pruned_heads": {"0": [1]}},
                {"num_attention_heads": 0}, {"hidden_act": []}, {"hidden_size": "x"},
            ):  # fmt: skip
                new = {**facts["config"], **change}
                yield f"{name}: facts {next(iter(change))}", with_config({"backbone_facts": {**facts, "config": new}})
        if (folder / "tokenizer.json").exists():
            rules = json.loads((folder / "tokenizer.json").read_bytes())
            nested: Any = {"type": "Lowercase"}
            for _ in range(25):
                nested = {"type": "Sequence", "normalizers": [nested, nested]}
            deep: Any = {"type": "Lowercase"}
            for _ in range(300):
                deep = {"type": "Sequence", "normalizers": [deep]}
            twice = {"type": "Replace", "pattern": {"String": "e"}, "content": "eeeeeeee"}
            slow = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Removed", "invert": True}
            for change in (
                {"normalizer": deep}, {"normalizer": {"type": "Sequence", "normalizers": [twice] * 30}},
                {"padding": PADDING}, {"truncation": TRUNCATION},
                {"pre_tokenizer": slow}, {"model": []}, {"model": {**rules["model"], "vocab": {"<pad>": 2**40}}},
                {"model": {**rules["model"], "vocab": {"<pad>": 0, "<unk>": 1}}}, {"added_tokens": [{}] * 9}, {"x": 1},
                {"normalizer": []}, {"decoder": {"type": "Sequence", "decoders": [{"type": "Fuse"}] * 999}},
            ):  # fmt: skip
                yield f"{name}: tokenizer", forged(folder, "tokenizer.json", json.dumps({**rules, **change}).encode())


def _instead(path: Path, put: Callable[[Path], None]) -> Callable[[], object]:
    """Loading a bundle in which something else has the place of a file."""

    def attempt() -> object:
        kept = path.with_name(".kept")
        path.rename(kept)
        put(path)
        try:
            return load_bundle(path.parent)
        finally:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            kept.rename(path)

    return attempt


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _folder(path: Path) -> None:
    path.mkdir()


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def readers(shelf: Path, bundles: dict[str, Path]) -> dict[str, Callable[[random.Random], Callable[[], object]]]:
    """For each reader, how to make one damaged input of it."""
    shelf.mkdir(exist_ok=True)

    def from_file(name: str, whole: bytes, change: Callable[[random.Random, bytes], bytes], read: Any) -> Any:
        def make(chance: random.Random) -> Callable[[], object]:
            (shelf / name).parent.mkdir(exist_ok=True)
            (shelf / name).write_bytes(change(chance, whole))
            return lambda: read(shelf / name)

        return make

    def from_words(texts: list[str], read: Any) -> Any:
        def make(chance: random.Random) -> Callable[[], object]:
            text = damaged(chance, chance.choice(texts).encode()).decode("utf-8", "surrogateescape")
            return lambda: read(text)

        return make

    recipe = load_recipe("quickstart-digits", [])
    content = recipe.model_dump(mode="json")
    plan = {"kind": "sweep", "command": "semlink sweep", "code_version": "0", "device": "cpu", "plugins": []}
    run = {**plan, "kind": "experiment", "run": {"recipes": [content]}}
    rows = [
        Row("e", "c", "original", "none", "awgn", float(snr), "test", "psnr", 1.0, 0.0, 2.0, 0.95, 3, "dB", 0, "1")
        for snr in range(3)
    ]
    write_rows(shelf / "rows", rows)
    sidecar = {"format": "semlink-export-1", "files": {}, "ends": {}, "codec": "semlink-text", "kind": "onnx"}
    picture = json.dumps(packed(np.random.default_rng(0).random((1, 4, 4)))).encode()
    files = {name: bundles[name] / "tokenizer.json" for name in bundles}
    tokenizers = {name: file.read_bytes() for name, file in files.items() if file.exists()}
    image, text = bundles["image"], bundles["text"]
    weights = (image / "model.safetensors").read_bytes()
    vocabulary = {"token_to_idx": {"<PAD>": 0, "<START>": 1, "<END>": 2, "<UNK>": 3, "word": 4}}
    idx = b"\0\0\x08\x03" + b"".join(size.to_bytes(4, "big") for size in (2, 3, 3)) + bytes(18)
    photograph = io.BytesIO()
    from PIL import Image

    Image.new("RGB", (16, 8)).save(photograph, "PNG")
    settings = [f"{key}=1" for key in ("seed", "training.steps", "sweep.records", "codec.d_model", "source.limit")]
    settings += ["snr_db=5:20:5", "erasure.method={name: scu, rate: 0.1}", "erasure.request.time=2026-11-31"]
    settings += ["sweep.channels=[awgn, rayleigh]", "codec=image:patch=2", "erasure={request: {id: a}, audits: [x]}"]
    components = ["rayleigh:coherence=symbol,csi=estimated", "awgn", "tdl-c:csi=estimated", "text-file:path=a b.txt"]

    def bundle_file(folder: Path, name: str, change: Callable[[random.Random, bytes], bytes]) -> Any:
        whole = (folder / name).read_bytes()
        return lambda chance: forged(folder, name, change(chance, whole))

    def backbone(chance: random.Random) -> Callable[[], object]:
        name = chance.choice([name for name in bundles if name in BACKBONES])
        facts = json.loads((bundles[name] / "config.json").read_bytes())["backbone_facts"]["config"]
        changed = replaced(chance, facts)

        def attempt() -> object:
            import torch

            with torch.device("meta"):
                return build_network(
                    json_of(json.dumps(changed), dict) if isinstance(changed, dict) else {}, BACKBONES[name]
                )  # type: ignore[arg-type]

        return attempt

    def tokenizer(kind: Any, names: list[str]) -> Any:
        def make(chance: random.Random) -> Callable[[], object]:
            text = damaged_json(chance, tokenizers[chance.choice(names)]).decode("utf-8", "replace")
            return lambda: kind.from_json(text)

        return make

    made = {
        "request": from_file("request.json", json.dumps(REQUEST).encode(), damaged_json, read_request),
        "recipe": from_file("recipe.yaml", yaml_text(content).encode(), damaged_yaml, load_recipe),
        "--set": from_words(settings, lambda text: recipe_from(override(content, [text]), "fuzzed")),
        "component": from_words(components, component_from),
        "channel": from_words(components, channel_name),
        "SNR range": from_words(["0:18:3", "5:20:5", "-4:4:2", "1,2,3", "12"], _plan),
        "manifest": bundle_file(text, "manifest.json", damaged_json),
        "card": bundle_file(text, "card.json", damaged_json),
        "config of text": bundle_file(text, "config.json", damaged_json),
        "config of images": bundle_file(image, "config.json", damaged_json),
        "weights": lambda chance: forged(image, WEIGHTS, damaged(chance, weights[:4000]) + weights[4000:]),
        "tokenizer": tokenizer(TextTokenizer, ["text", "pieces"]),
        "run.yaml": from_file("run/run.yaml", yaml_text(run).encode(), damaged_yaml, _run),
        "result rows": from_file("rows.jsonl", (shelf / "rows").read_bytes(), damaged, read_rows),
        "sidecar": from_file("export/export.json", json.dumps(sidecar).encode(), damaged_json, _sidecar),
        "packed image": from_file("image.json", picture, damaged_json, _picture),
        "vocabulary": from_file("vocabulary.json", json.dumps(vocabulary).encode(), damaged_json, read_vocabulary),
        "IDX": from_file("idx.gz", gzip.compress(idx), damaged, lambda path: read_idx(path, "0")),
        "PNG": from_file("x.png", photograph.getvalue(), damaged, lambda path: _pixels(path, "0")),
    }  # fmt: skip
    if backbones := [name for name in tokenizers if name in BACKBONES]:
        made["backbone tokenizer"] = tokenizer(BackboneTokenizer, backbones)
        made["backbone configuration"] = backbone
    return made


def _run(path: Path) -> object:
    return RunFolder.open(path.parent)


def _sidecar(path: Path) -> object:
    return read_sidecar(path.parent)


def _plan(text: str) -> object:
    return plan_from(["awgn"], text, [], [])


def _picture(path: Path) -> object:
    return unpacked(_mapping(path))


def _mapping(path: Path) -> dict[str, Any]:
    """An image as a run folder hands it over. Errors: OSError, where it is none."""
    try:
        content: dict[str, Any] = json_of(path.read_bytes(), dict)
    except ValueError as error:
        raise OSError("no image") from error
    return content


def tampered(chance: random.Random, folder: Path) -> Iterator[Callable[[], object]]:
    """Loading a bundle with one byte changed: the first, the last, and one in each 64th part of each file."""
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        step = len(whole) // 64 + 1
        places = {0, len(whole) - 1, *(chance.randrange(part, part + step) for part in range(0, len(whole), step))}
        for place in sorted(place for place in places if place < len(whole)):

            def attempt(path: Path = path, whole: bytes = whole, place: int = place) -> None:
                broken = bytearray(whole)
                broken[place] ^= chance.randrange(1, 256)
                path.write_bytes(broken)
                try:
                    load_bundle(path.parent)
                finally:
                    path.write_bytes(whole)
                raise AssertionError("a changed byte was not noticed")

            yield attempt


class SocketsShut(contextlib.AbstractContextManager["SocketsShut"]):
    """Makes every new socket an error, and counts them."""

    opened = 0

    def __enter__(self) -> "SocketsShut":
        shut = self
        self._kept = socket.socket, socket.getaddrinfo

        def refuse(*_: object, **__: object) -> None:
            shut.opened += 1
            raise OSError("no sockets here")

        socket.socket = refuse  # type: ignore[assignment,misc]
        socket.getaddrinfo = refuse  # type: ignore[assignment]
        return self

    def __exit__(self, *_: object) -> None:
        socket.socket, socket.getaddrinfo = self._kept  # type: ignore[misc]


def run(shelf: Path, tries: int, seconds: float, backbones: bool = True, seed: int = 0) -> tuple[dict[str, Tally], int]:
    """All forgeries, tampered bytes, and about `tries` damaged inputs.

    Out: figures by kind; how many sockets were tried.
    """
    chance = random.Random(seed)
    ends = time.monotonic() + seconds
    bundles = make_bundles(shelf / "bundles", backbones)
    tallies: dict[str, Tally] = {"forged bundles": Tally(), "tampered bytes": Tally()}
    with SocketsShut() as sockets:
        for folder in bundles.values():
            load_bundle(folder)
        every = max(1, 60_000 // max(tries, 1))  # a short run takes a part of the forgeries, too
        for number, (_, attempt) in enumerate(forgeries(bundles)):
            if number % every == 0 and time.monotonic() < ends:
                tallies["forged bundles"].one(attempt)
        for name in ("text", "image"):
            for number, attempt in enumerate(tampered(chance, bundles[name])):
                if number % every == 0:
                    tallies["tampered bytes"].one(attempt)
        kinds = readers(shelf / "inputs", bundles)
        for number, (name, make) in enumerate(kinds.items()):
            tally = tallies.setdefault(name, Tally())
            share = time.monotonic() + (ends - time.monotonic()) / (len(kinds) - number)
            for _ in range(tries // len(kinds) + 1):
                if time.monotonic() > share:
                    break
                tally.one(make(chance))
        for folder in bundles.values():
            load_bundle(folder)  # as they were
    return tallies, sockets.opened


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--tries", type=int, default=60_000, help="damaged inputs, over all readers")
    parser.add_argument("--seconds", type=float, default=900.0, help="when to stop")
    parser.add_argument("--seed", type=int, default=0, help="of the damage; another one makes other inputs")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))  # an input that eats memory ends here, not the machine
    with tempfile.TemporaryDirectory() as folder:
        tallies, sockets = run(Path(folder), arguments.tries, arguments.seconds, seed=arguments.seed)
    print(f"{'':24}{'tried':>8}{'refused':>9}{'accepted':>10}{'unhandled':>11}{'slowest':>9}")
    total: Counter[str] = Counter()
    for name, tally in tallies.items():
        counts = tally.counts
        total += counts
        print(
            f"{name:24}{counts.total():8}{counts['refused']:9}{counts['accepted']:10}{counts['unhandled']:11}"
            f"{tally.slowest:8.2f}s"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    slowest = max(tally.slowest for tally in tallies.values())
    print(
        f"{'all':24}{total.total():8}{total['refused']:9}{total['accepted']:10}{total['unhandled']:11}{slowest:8.2f}s\n"
        f"peak memory {peak / 2**30:.2f} GiB, sockets {sockets}"
    )
    for name, tally in tallies.items():
        for what, where in tally.worst.items():
            print(f"\n{name}: {what}\n{where}")
    return int(total["unhandled"] > 0 or slowest > SECONDS_MOST or peak > MEMORY_MOST or sockets > 0)


if __name__ == "__main__":
    sys.exit(main())
