"""What `semlink import` takes: one class for each kind of foreign codec, with the options that the kind needs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from semlink.codecs.interop.imported import Imported
from semlink.codecs.interop.tf_deepsc import AMPLITUDES, import_deepsc
from semlink.codecs.interop.torch_deepjscc import import_deepjscc
from semlink.codecs.pixels import size_of_images
from semlink.errors import RecipeError
from semlink.registry import choose
from semlink.simulator.sources.contract import Source


class ForeignCodec(ABC):
    """A codec of another program, as files and options.

    codec: what recipes call such a codec.
    """

    codec: ClassVar[str]

    @abstractmethod
    def read(self, source: Source) -> Imported[Any]:
        """The codec. In: source: its records. Errors: CodecError, RecipeError, UnknownName."""

    def facts(self) -> dict[str, str]:
        """What its card says of the original, beside the digest and the labels of SNR."""
        return {}


@dataclass(frozen=True)
class TfDeepSc(ForeignCodec):
    """The published DeepSC in TensorFlow 2; see `import_deepsc`."""

    codec: ClassVar[str] = "deepsc"

    checkpoint: Path
    vocabulary: Path
    heads: int = 8
    max_length: int = 30
    power: str = "complex"
    positions: str = "column"

    def __post_init__(self) -> None:
        choose("power rule", AMPLITUDES, self.power)
        choose("rule of positions", {"column": 1, "pair": 1}, self.positions)

    def read(self, source: Source) -> Imported[Any]:
        return import_deepsc(
            self.checkpoint, self.vocabulary, self.heads, self.max_length,
            self.power, self.positions,  # type: ignore[arg-type]
        )  # fmt: skip

    def facts(self) -> dict[str, str]:
        return {"power": self.power}


@dataclass(frozen=True)
class PyTorchDeepJscc(ForeignCodec):
    """The public DeepJSCC in PyTorch; see `import_deepjscc`."""

    codec: ClassVar[str] = "deepjscc"

    checkpoint: Path

    def read(self, source: Source) -> Imported[Any]:
        if source.modality != "image":
            raise RecipeError(f"DeepJSCC sends images, but the records of {source.name} are text; give its images.")
        size = size_of_images([source.train[0].payload])
        return import_deepjscc(self.checkpoint, size["height"], size["width"])

    def facts(self) -> dict[str, str]:
        return {"power": "real", "pairs": "filters 2i and 2i + 1 at one place"}


FOREIGN: Mapping[str, type[ForeignCodec]] = {"tf-deepsc": TfDeepSc, "deepjscc-pytorch": PyTorchDeepJscc}


def foreign_codec(kind: str, options: Mapping[str, object]) -> ForeignCodec:
    """A foreign codec from the options that were given; the others have their defaults.

    Errors: UnknownName; RecipeError when the kind takes no such option, or needs another.
    """
    make = choose("kind of import", FOREIGN, kind)
    fields = make.__dataclass_fields__  # type: ignore[attr-defined]
    taken = ", ".join(map(_written, fields))
    for option in options:
        if option not in fields:
            raise RecipeError(f"semlink import {kind} has no {_written(option)}; it takes {taken}.")
    for name in fields:
        if name not in options and not hasattr(make, name):
            raise RecipeError(f"semlink import {kind} needs {_written(name)}; it takes {taken}.")
    return make(**options)


def _written(option: str) -> str:
    return "CHECKPOINT" if option == "checkpoint" else f"--{option.replace('_', '-')}"
