"""Samples of a run: what was sent and what arrived, for the eye."""

import base64
import difflib
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.image import imsave
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from semlink.errors import ResultsError
from semlink.simulator.packed_image import unpacked

UNKNOWN = re.compile(r"[\[<⟨({]+\s*unk\w*\s*[\]>⟩)}]+", re.IGNORECASE)
HYPHEN = re.compile(r"(?<=\w)-(?=\w)")
LARGEST_SIDE = 96  # pixels of an image in the page; of larger ones every second, third, ... is shown
SMALLEST_SIDE = 64  # pixels; smaller ones are enlarged by repetition
PIXELS = 400_000  # in all images of one experiment, so that the page stays small
SHOWN = {"forget": 4, "retain": 2, "test": 2}  # records of one experiment

Mark = Literal["right", "wrong", "missing", "unknown", "term"]


@dataclass(frozen=True)
class Sample:
    """One record at one Es/N0: what was sent and what each version of the codec made of it.

    Where nothing is sent, channel is empty and snr_db None: each version made an image of the class of the record.

    reference, estimates: text, or an image as nested lists [channels][height][width] in 0..1; where classes are
                          inferred, estimates name one. label: the class of the record, where classes are inferred.
    """

    experiment: str
    modality: Literal["text", "image", "class"]
    channel: str
    set: str
    snr_db: float | None
    record: str
    reference: Any
    estimates: dict[str, Any]
    label: str = ""

    def __post_init__(self) -> None:
        texts = {"text": (self.reference, *self.estimates.values()), "class": tuple(self.estimates.values())}
        if not all(isinstance(text, str) for text in texts.get(self.modality, ())):
            raise ValueError(f"a sample of {self.modality} holds something that is not text")
        if self.channel and self.snr_db is None:
            raise ValueError("a sample that was sent has no Es/N0")

    @property
    def images(self) -> tuple[Any, ...]:
        """The images that it holds."""
        arrived = tuple(self.estimates.values()) if self.modality == "image" else ()
        return () if self.modality == "text" else (self.reference, *arrived)


@dataclass(frozen=True)
class MarkedWord:
    """A word of an estimate (or of the reference) and how it compares."""

    text: str
    mark: Mark


@dataclass(frozen=True)
class Exhibit:
    """One record over one channel, with its samples in ascending order of Es/N0; one sample where nothing was sent."""

    modality: str
    set: str
    channel: str
    record: str
    reference: Any
    samples: tuple[Sample, ...]


def check_samples(content: object, name: str) -> list[Sample]:
    """The samples of a file that was read as JSON. Errors: ResultsError, which says which sample is damaged."""
    try:
        return TypeAdapter(list[Sample]).validate_python(_unpacked(content))
    except ValidationError as error:
        place = error.errors()[0]["loc"]
        which = f"Sample {place[0] + 1} of" if place and isinstance(place[0], int) else "The list in"
        raise ResultsError(f"{which} {name} is not a sample; remove it or run the experiment again.") from error


def _unpacked(content: Any) -> Any:
    """JSON with its packed images as nested lists. Errors: ResultsError when an image is damaged."""
    if isinstance(content, list):
        return [_unpacked(item) for item in content] if content and isinstance(content[0], dict) else content
    if not isinstance(content, dict):
        return content
    return unpacked(content) if "thousandths" in content else {key: _unpacked(content[key]) for key in content}


def exhibits(samples: Sequence[Sample], channel: str | None) -> list[Exhibit]:
    """The records to show: the first ones of each set, erased before others, over `channel` where it was sampled."""
    groups: dict[tuple[str, str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.set, sample.record, sample.channel), []).append(sample)
    chosen: dict[tuple[str, str], list[Sample]] = {}
    for (set_name, record, its_channel), group in groups.items():
        if (set_name, record) not in chosen or its_channel == channel:
            chosen[set_name, record] = group
    shown: list[Exhibit] = []
    pixels = 0
    for wanted in dict.fromkeys((*SHOWN, *(set_name for set_name, _ in chosen))):
        of_set = [group for (set_name, _), group in chosen.items() if set_name == wanted]
        for group in of_set[: SHOWN.get(wanted, 2)]:
            first = group[0]
            pixels += sum(_pixels(image) for sample in group for image in sample.images)
            if shown and pixels > PIXELS:
                return shown
            ordered = tuple(sorted(group, key=lambda sample: sample.snr_db or 0.0))
            shown.append(Exhibit(first.modality, first.set, first.channel, first.record, first.reference, ordered))
    return shown


def compare(reference: str, estimate: str) -> list[MarkedWord]:
    """The words of an estimate beside those of the reference; letter case does not count.

    A word that was sent and has nothing in its place is listed as missing.
    """
    # A tokenizer sets hyphens apart; how words are spaced is not what a codec is judged by.
    sent, arrived = (HYPHEN.sub(" - ", text).split() for text in (reference, estimate))
    matcher = difflib.SequenceMatcher(None, [w.lower() for w in sent], [w.lower() for w in arrived], autojunk=False)
    words: list[MarkedWord] = []
    for change, i, i_end, j, j_end in matcher.get_opcodes():
        for word in arrived[j:j_end]:
            mark: Mark = "unknown" if UNKNOWN.search(word) else "right" if change == "equal" else "wrong"
            words.append(MarkedWord(word, mark))
        if change == "delete":
            words += [MarkedWord(word, "missing") for word in sent[i:i_end]]
    return words


def mark_terms(reference: str, terms: Sequence[str]) -> list[MarkedWord]:
    """The words of the reference, those marked that the request names."""
    named = {term.lower() for term in terms}
    return [
        MarkedWord(word, "term" if named & {word.lower(), word.lower().strip(".,;:!?()\"'`")} else "right")
        for word in reference.split()
    ]


def data_uri(image: object) -> str:
    """An image [channels][height][width] in 0..1, grey or RGB, as a PNG inside a URI. Errors: ResultsError."""
    pixels = _as_array(image)
    step = _step(pixels)
    pixels = pixels[:, ::step, ::step]
    enlarge = max(1, SMALLEST_SIDE // max(pixels.shape[1:]))  # so that no viewer and no printer blurs a tiny image
    pixels = pixels.repeat(enlarge, axis=1).repeat(enlarge, axis=2)
    buffer = io.BytesIO()
    picture = np.repeat(pixels, 3, axis=0) if len(pixels) == 1 else pixels
    imsave(buffer, picture.transpose(1, 2, 0), format="png", metadata={"Software": "semlink"})
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def estimates_of(sample: Sample, versions: Sequence[str]) -> Mapping[str, Any]:
    """The estimates in the order of the versions, then those that no version names."""
    return {name: sample.estimates[name] for name in (*versions, *sample.estimates) if name in sample.estimates}


def _step(pixels: NDArray[np.float64]) -> int:
    """Every how many pixels a large image is sampled; averaging would hide its noise."""
    largest: int = max(pixels.shape[1:])
    return math.ceil(largest / LARGEST_SIDE)


def _pixels(image: object) -> int:
    pixels = _as_array(image)
    return int(pixels.size) // _step(pixels) ** 2


def _as_array(image: object) -> NDArray[np.float64]:
    try:
        pixels = np.asarray(image, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ResultsError("An image among the samples is not a list of numbers; run the experiment again.") from error
    if pixels.ndim != 3 or pixels.shape[0] not in (1, 3) or 0 in pixels.shape:
        shape = "x".join(map(str, pixels.shape))
        raise ResultsError(f"An image among the samples is {shape}; it must be [1 or 3][height][width].")
    return np.clip(np.nan_to_num(pixels), 0.0, 1.0)
