"""Classical codecs in a sweep: parsed once from their names, with what they learn and look up beforehand."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from semlink.codecs.contract import Codec
from semlink.codecs.digital.codec import DigitalCodec
from semlink.codecs.digital.compression import COMPRESSORS
from semlink.codecs.digital.compression.ngram import Ngram
from semlink.codecs.digital.language.contract import LanguageModel
from semlink.codecs.text.tokenizer import TextTokenizer
from semlink.errors import RecipeError
from semlink.experiments.workflow.store import block_errors, stored_bundle
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
class ClassicalSpec:
    """A classical codec as its user named it, which is its name in the rows.

    plan:    the name, parsed. like: the stored codec whose channel uses it takes, if any.
    learned: the file of what its compressor learned from training sentences, if it does; made before the first job.
    blank:   what its receiver shows when nothing arrives.
    """

    name: str
    plan: Plan
    like: Path | None = None
    learned: Path | None = None
    blank: Any = ()

    def digest(self) -> str:
        """Of all that its results depend on, but for measured block error rates."""
        return f"{self.learned and self.learned.name} {self.blank} {self.like and stored_bundle(self.like).digest()}"

    def entry(self, device: str) -> Entry | None:
        """The codec, ready to be measured; None where there is nothing to send.

        Errors: BundleError; CodecError when what was learned is damaged.
        """
        if isinstance(self.plan, Bound):
            return None
        return Entry(self._codec(device), self.name, "original", "none", self.plan.policy(block_errors))

    def looked_up(self) -> tuple[Any, ...] | None:
        """What its sender looks up among block error rates: equal for codecs that need the same; None for nothing."""
        plan = self.plan
        if not isinstance(plan, Digital) or plan.mcs != ADAPTED:
            return None
        return plan.target, plan.knowledge, plan.bandwidth_ratio, plan.uses_per_word

    def limit(self, records: Sequence[Record], channel: str) -> Interval | None:
        """The Es/N0 from which its model of language says that all could arrive; None where it has none to say."""
        plan = self.plan
        if isinstance(plan, Digital) or (isinstance(plan, Limit) and plan.compressor != "ngram"):
            return None
        assert self.learned is not None
        model: LanguageModel
        if isinstance(plan, Bound) and plan.model == "transformer":
            from semlink.codecs.digital.language.transformer import TransformerModel

            model = TransformerModel.load(self.learned)
        else:
            model = Ngram.load(self.learned).model
        payloads = [record.payload for record in records]
        return limit_of(self._codec("cpu"), model, payloads, channel, plan.error_rate)

    def learn(self, source: Source) -> None:
        """Makes the file of what is learned from the training sentences, unless it is there."""
        if self.learned is None or self.learned.exists():
            return
        tokenizer = getattr(self._neural("cpu"), "tokenizer", None)
        reader = tokenizer or TextTokenizer.learn([], "word", 2, 1, lower_case=True)
        sentences = [reader.words(record.payload) for record in source.train]
        if isinstance(self.plan, Bound) and self.plan.model == "transformer":
            from semlink.codecs.digital.language.transformer import TransformerModel

            TransformerModel.learn(sentences, self.plan.steps, seed=0).save(self.learned)
        else:
            COMPRESSORS[_learner(self.plan)].learn(sentences).save(self.learned)

    def measure_errors(self, payloads: Sequence[Any], channel: str, points: Sequence[float]) -> None:
        """Makes sure that the block error rates which its sender looks up for these payloads are measured."""
        entry = self.entry("cpu")
        if entry is None or not isinstance(entry.policy, Adaptive):
            return
        uses: set[int] = set()
        for shape in {np.shape(payload) for payload in payloads}:
            fitting = entry.codec.sized(shape)
            of_shape = [payload for payload in payloads if np.shape(payload) == shape]
            uses |= set(fitting.channel_uses(fitting.prepare(of_shape)).tolist())
        entry.policy.look_up(sorted(uses), channel, points)

    def _codec(self, device: str) -> DigitalCodec:
        kind = COMPRESSORS[self.plan.compressor]
        compressor = kind.load(self.learned) if kind.learns and self.learned is not None else kind()
        return classical_codec(self.plan, compressor, self._neural(device), self.blank, device)

    def _neural(self, device: str) -> Codec[Any] | None:
        return None if self.like is None else stored_bundle(self.like).codec.on(device)


def is_classical(text: str) -> bool:
    """Whether a codec is named as a classical one rather than as a stored one."""
    return text.partition(":")[0] in CLASSICAL and not Path(text).exists()


def classical_specs(names: Sequence[str], source: Source, like: Path | None, parts: Path) -> tuple[ClassicalSpec, ...]:
    """The classical codecs of a sweep over records of a source.

    In:     like: the stored codec whose channel uses they take. parts: folder for what they learn.
    Errors: UnknownName, WrongField; RecipeError when one is of another kind of data.
    """
    blank: Any = () if source.modality == "text" or not names else mean_colour(source)
    specs = []
    for name in dict.fromkeys(names):
        plan = classical_from(name)
        kind = COMPRESSORS[plan.compressor]
        if kind.modality != source.modality:
            raise RecipeError(f"{name} sends {kind.modality}, but the records of {source.name} are {source.modality}.")
        learner = _learner(plan)
        facts = repr((source.digest(), learner, plan.steps if isinstance(plan, Bound) else None))
        file = parts / f"{learner}-{hashlib.sha256(facts.encode()).hexdigest()[:24]}"
        learns = learner not in COMPRESSORS or COMPRESSORS[learner].learns
        specs.append(ClassicalSpec(name, plan, like, file if learns else None, blank))
    return tuple(specs)


def error_measurements(
    specs: Sequence[ClassicalSpec], payloads: Sequence[Any], channels: Sequence[str], points: Sequence[float]
) -> dict[str, tuple[ClassicalSpec, Sequence[Any], str, Sequence[float]]]:
    """The arguments of each call of `measure_errors` that is needed before a sweep, by name; each is there once."""
    needed: dict[str, tuple[ClassicalSpec, Sequence[Any], str, Sequence[float]]] = {}
    for spec in {spec.looked_up(): spec for spec in specs if spec.looked_up() is not None}.values():
        assert isinstance(spec.plan, Digital)
        if spec.plan.knowledge == "instantaneous":  # whatever the channel and the Es/N0, it looks AWGN up
            needed[f"{spec.name}, all channels"] = (spec, payloads, channels[0], points[:1])
            continue
        for channel in channels:
            for share in range(min(SHARES, len(points))):
                needed[f"{spec.name} over {channel}, part {share}"] = (spec, payloads, channel, points[share::SHARES])
    return needed


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
