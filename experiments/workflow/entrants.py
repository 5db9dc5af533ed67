"""What stands in a sweep: stored codecs, and classical ones beside them. Both are named here and made where they are used."""

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from semlink.codecs.bundle import load_bundle
from semlink.codecs.contract import Codec
from semlink.codecs.digital.codec import DigitalCodec
from semlink.codecs.digital.compression import COMPRESSORS
from semlink.codecs.digital.compression.ngram import Ngram
from semlink.codecs.digital.language.transformer import TransformerModel
from semlink.codecs.interop.exported import open_export
from semlink.codecs.interop.sidecar import SIDECAR, read_sidecar
from semlink.codecs.text.tokenizer import TextTokenizer
from semlink.errors import RecipeError
from semlink.experiments.workflow.store import block_errors
from semlink.files import sha256_of
from semlink.simulator.classical import (
    ADAPTED,
    CLASSICAL,
    Bound,
    Digital,
    Limit,
    Plan,
    classical_codec,
    classical_from,
    limit_of,
)
from semlink.simulator.intervals import Interval
from semlink.simulator.link_adaptation import Adaptive
from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry

GREY = 128  # what a receiver shows that knows no training images
LOOKED_AT = 2000  # training images, for their mean colour
SHARES = 4  # tasks that the measurement of block error rates over one channel is divided into


@dataclass(frozen=True)
class Contender:
    """A stored codec under test, and what the rows call it.

    export: the folder of its export, where that is run and not the codec itself.
    """

    folder: Path
    name: str
    version: str = "original"
    method: str = "none"
    export: Path | None = None

    def digest(self) -> str:
        """Of all that its results depend on."""
        stored = load_bundle(self.folder).digest()
        return stored if self.export is None else f"{stored} {sha256_of(self.export / SIDECAR)}"

    def entry(self, device: str) -> Entry:
        """The codec, ready to be measured; an export is, whatever the device, on the CPU. Errors: BundleError, CodecError."""
        bundle = load_bundle(self.folder)
        codec: Codec[Any] = (
            bundle.codec.on(device) if self.export is None else open_export(self.export, bundle.codec, bundle.digest())
        )
        return Entry(codec, self.name, self.version, self.method)


@dataclass(frozen=True)
class Classical:
    """A classical codec, which the rows call as its user wrote it.

    like:    the stored codec whose channel uses it takes, if any.
    learned: the file of what its compressor learned from training sentences, if it does; made before the first job.
    blank:   what its receiver shows when nothing arrives.
    """

    name: str
    like: Path | None = None
    learned: Path | None = None
    blank: Any = ()

    def digest(self) -> str:
        """Of all that its results depend on, but for measured block error rates."""
        return f"{self.learned and self.learned.name} {self.blank} {self.like and load_bundle(self.like).digest()}"

    def entry(self, device: str) -> Entry | None:
        """The codec, ready to be measured; None where there is nothing to send.

        Errors: BundleError; CodecError when what was learned is damaged.
        """
        plan = classical_from(self.name)
        if isinstance(plan, Bound):
            return None
        return Entry(self._codec(plan, device), self.name, "original", policy=plan.policy(block_errors))

    def looked_up(self) -> tuple[Any, ...] | None:
        """What its sender looks up among block error rates: equal for codecs that need the same; None for nothing."""
        plan = classical_from(self.name)
        if not isinstance(plan, Digital) or plan.mcs != ADAPTED:
            return None
        return plan.target, plan.knowledge, plan.bandwidth_ratio, plan.uses_per_word

    def limit(self, records: Sequence[Record], channel: str) -> Interval | None:
        """The Es/N0 from which its model of language says that all could arrive; None where it has none to say."""
        plan = classical_from(self.name)
        if isinstance(plan, Digital) or (isinstance(plan, Limit) and plan.compressor != "ngram"):
            return None
        assert self.learned is not None
        transformer = isinstance(plan, Bound) and plan.model == "transformer"
        model = TransformerModel.load(self.learned) if transformer else Ngram.load(self.learned).model
        payloads = [record.payload for record in records]
        return limit_of(self._codec(plan, "cpu"), model, payloads, channel, plan.error_rate)

    def learn(self, source: Source) -> None:
        """Makes the file of what is learned from the training sentences, unless it is there."""
        if self.learned is None or self.learned.exists():
            return
        tokenizer = getattr(self._neighbour("cpu"), "tokenizer", None)
        reader = tokenizer or TextTokenizer.learn([], "word", 2, 1, lower_case=True)
        sentences = [reader.words(record.payload) for record in source.train]
        plan = classical_from(self.name)
        if isinstance(plan, Bound) and plan.model == "transformer":
            TransformerModel.learn(sentences, plan.steps, seed=0).save(self.learned)
        else:
            COMPRESSORS[_learner(plan)].learn(sentences).save(self.learned)

    def _codec(self, plan: Plan, device: str) -> DigitalCodec:
        kind = COMPRESSORS[plan.compressor]
        compressor = kind.load(self.learned) if kind.learns and self.learned is not None else kind()
        return classical_codec(plan, compressor, self._neighbour(device), self.blank, device)

    def _neighbour(self, device: str) -> Codec[Any] | None:
        return None if self.like is None else load_bundle(self.like).codec.on(device)


def is_export(folder: Path) -> bool:
    """Whether a folder holds what `semlink export` made."""
    return (folder / SIDECAR).is_file()


def exported_contender(export: Path, stored: Sequence[Contender], mark: str | None = None) -> Contender:
    """The export of one of the stored codecs, called as that with a mark behind: by default its format.

    Errors: RecipeError when it is the export of none of them; BundleError when it was changed.
    """
    told = read_sidecar(export)
    for one in stored:
        if one.digest() == told["bundle"]:
            return dataclasses.replace(one, name=f"{one.name} ({mark or told['kind']})", export=export)
    raise RecipeError(
        f"{export} is the export of a codec that is not in this sweep; name the bundle that it was made of too."
    )


def is_classical(text: str) -> bool:
    """Whether a codec is named as a classical one rather than as a stored one."""
    return text.partition(":")[0] in CLASSICAL and not Path(text).exists()


def classical_contenders(names: Sequence[str], source: Source, like: Path | None, parts: Path) -> tuple[Classical, ...]:
    """The classical codecs of a sweep over records of a source. like: of the stored codec that they stand beside.

    parts: folder for what they learn. Errors: UnknownName, WrongField; RecipeError when one is of another kind of data.
    """
    blank: Any = () if source.modality == "text" or not names else mean_colour(source)
    found = []
    for name in dict.fromkeys(names):
        plan = classical_from(name)
        kind = COMPRESSORS[plan.compressor]
        if kind.modality != source.modality:
            raise RecipeError(f"{name} sends {kind.modality}, but the records of {source.name} are {source.modality}.")
        learner = _learner(plan)
        facts = repr((source.digest(), learner, plan.steps if isinstance(plan, Bound) else None))
        file = parts / f"{learner}-{hashlib.sha256(facts.encode()).hexdigest()[:24]}"
        learns = learner not in COMPRESSORS or COMPRESSORS[learner].learns
        found.append(Classical(name, like, file if learns else None, blank))
    return tuple(found)


def _learner(plan: Plan) -> str:
    """What learns from sentences, if anything does: a compressor or a language model."""
    return plan.model if isinstance(plan, Bound) else plan.compressor


def mean_colour(source: Source) -> tuple[int, ...]:
    """The mean colour of training images, which a receiver knows beforehand; grey where there are none."""
    images = [record.payload for record in subset(source.train, LOOKED_AT, 0)]
    if not images:
        return (GREY,)
    colours = [np.asarray(image).reshape(*image.shape[:2], -1).mean(axis=(0, 1)) for image in images]
    return tuple(int(value) for value in np.mean(colours, axis=0).round())


def measurements(
    classical: Sequence[Classical], payloads: Sequence[Any], channels: Sequence[str], points: Sequence[float]
) -> dict[str, tuple[Any, ...]]:
    """The calls of `measure_errors` that make sure of all that senders look up, by name; what several need is there once."""
    found: dict[str, tuple[Any, ...]] = {}
    for one in {one.looked_up(): one for one in classical if one.looked_up() is not None}.values():
        plan = classical_from(one.name)
        assert isinstance(plan, Digital)
        if plan.knowledge == "instantaneous":  # whatever the channel and the Es/N0, it looks AWGN up
            found[f"{one.name}, all channels"] = (one, payloads, channels[0], points[:1])
            continue
        for channel in channels:
            for share in range(min(SHARES, len(points))):
                found[f"{one.name} over {channel}, part {share}"] = (one, payloads, channel, points[share::SHARES])
    return found


def measure_errors(one: Classical, payloads: Sequence[Any], channel_name: str, points: Sequence[float]) -> None:
    """Makes sure that the block error rates which a classical codec's sender looks up are measured."""
    entry = one.entry("cpu")
    if entry is None or not isinstance(entry.policy, Adaptive):
        return
    uses: set[int] = set()
    for shape in {np.shape(payload) for payload in payloads}:
        fitting = entry.codec.sized(shape)
        own = [payload for payload in payloads if np.shape(payload) == shape]
        uses |= set(fitting.channel_uses(fitting.prepare(own)).tolist())
    entry.policy.look_up(sorted(uses), channel_name, points)
