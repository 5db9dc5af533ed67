"""How a source is made: a reader's fields are what a recipe may choose, its `read` finds the records."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from semlink.simulator.sources.contract import Source


@dataclass(frozen=True)
class Terms:
    """What the data are, whose they are and how they may be used, in the words of a model card."""

    content: str
    persons: str
    licence: str


class Reader(ABC):
    """Makes one source. Subclasses are frozen dataclasses; the place of the large data sets is no field of theirs."""

    terms: ClassVar[Terms]

    @abstractmethod
    def read(self, data_dir: Path | None) -> Source:
        """The records, with the registry's name of this reader as the name of the source.

        In:     data_dir: the folder of the large data sets, or None to look at the environment.
        Errors: SourceError when the data are missing or damaged.
        """
