"""What stands in a sweep: stored codecs, and classical ones beside them. Both are named here and made where they are used."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from semlink.codecs.bundle import load_bundle
from semlink.codecs.contract import Codec
from semlink.codecs.digital.compression import COMPRESSORS
from semlink.codecs.text.tokenizer import TextTokenizer
from semlink.errors import RecipeError
from semlink.experiments.shelf import block_errors
from semlink.simulator.classical import Digital, classical_codec, classical_from
from semlink.simulator.senders import Adapting
from semlink.simulator.sources import Source
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry

GREY = 128
LOOKED_AT = 2000  # training images, for their mean colour
AWGN = "awgn"


@dataclass(frozen=True)
class Contender:
    """A stored codec under test, and what the rows call it."""

    folder: Path
    name: str
    version: str = "original"
    method: str = "none"

    def digest(self) -> str:
        """Of all that its results depend on."""
        return load_bundle(self.folder).digest()

    def entry(self, device: str) -> Entry:
        """The codec, ready to be measured. Errors: BundleError."""
        return Entry(load_bundle(self.folder).codec.on(device), self.name, self.version, self.method)


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

    def entry(self, device: str) -> Entry:
        """The codec, ready to be measured. Errors: BundleError; CodecError when what was learned is damaged."""
        plan = classical_from(self.name)
        kind = COMPRESSORS[plan.compressor]
        compressor = kind() if self.learned is None else kind.load(self.learned)
        codec = classical_codec(plan, compressor, self._neighbour(device), self.blank, device)
        return Entry(codec, self.name, sender=plan.sender(block_errors))

    def learn(self, source: Source) -> None:
        """Makes the file of what the compressor learns from the training sentences, unless it is there."""
        if self.learned is not None and not self.learned.exists():
            tokenizer = getattr(self._neighbour("cpu"), "tokenizer", None)
            reader = tokenizer or TextTokenizer.learn([], "word", 2, 1, lower_case=True)
            sentences = [reader.words(record.payload) for record in source.train]
            COMPRESSORS[classical_from(self.name).compressor].learn(sentences).save(self.learned)

    def _neighbour(self, device: str) -> Codec[Any] | None:
        return None if self.like is None else load_bundle(self.like).codec.on(device)


def is_classical(text: str) -> bool:
    """Whether a codec is named as a classical one rather than as a stored one."""
    return text.partition(":")[0] in ("digital", "limit") and not Path(text).exists()


def classical_contenders(names: Sequence[str], source: Source, like: Path | None, parts: Path) -> tuple[Classical, ...]:
    """The classical codecs of a sweep over records of a source. like: of the stored codec that they stand beside.

    parts: folder for what they learn. Errors: UnknownName, WrongField; RecipeError when one is of another kind of data.
    """
    blank: Any = () if source.modality == "text" or not names else mean_colour(source)
    found = []
    for name in dict.fromkeys(names):
        kind = COMPRESSORS[classical_from(name).compressor]
        if kind.modality != source.modality:
            raise RecipeError(f"{name} sends {kind.modality}, but the records of {source.name} are {source.modality}.")
        facts = repr((source.digest(), classical_from(name).compressor))
        file = parts / f"{classical_from(name).compressor}-{hashlib.sha256(facts.encode()).hexdigest()[:24]}"
        found.append(Classical(name, like, file if kind.learns else None, blank))
    return tuple(found)


def mean_colour(source: Source) -> tuple[int, ...]:
    """The mean colour of training images, which a receiver knows beforehand; grey where there are none."""
    images = [record.payload for record in subset(source.train, LOOKED_AT, 0)]
    if not images:
        return (GREY,)
    colours = [np.asarray(image).reshape(*image.shape[:2], -1).mean(axis=(0, 1)) for image in images]
    return tuple(int(value) for value in np.mean(colours, axis=0).round())


def measure_errors(one: Classical, payloads: Sequence[Any], channel_name: str, points: Sequence[float]) -> None:
    """Makes sure that the block error rates which a classical codec's sender looks up are measured."""
    plan, entry = classical_from(one.name), one.entry("cpu")
    if not isinstance(plan, Digital) or not isinstance(entry.sender, Adapting):
        return
    uses: set[int] = set()
    for shape in {np.shape(payload) for payload in payloads}:
        fitting = entry.codec.sized(shape)
        own = [payload for payload in payloads if np.shape(payload) == shape]
        uses |= set(fitting.channel_uses(fitting.prepare(own)).tolist())
    entry.sender.look_up(sorted(uses), channel_name, points)
