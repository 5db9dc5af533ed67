"""The contract of a reader: its fields are what a recipe may choose, and its method `read` makes the source."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from semlink.simulator.sources.contract import Source


@dataclass(frozen=True)
class Terms:
    """What the data are, which persons they are about and how they may be used, in the words of a model card."""

    content: str
    persons: str
    licence: str


class SourceReader(ABC):
    """Makes one source. Subclasses are frozen dataclasses; the folder of the data sets is not one of their fields."""

    terms: ClassVar[Terms]

    @abstractmethod
    def read(self, data_dir: Path | None) -> Source:
        """The records, with the registry's name of this reader as the name of the source.

        In:     data_dir: the folder of the large data sets, or None to look at the environment.
        Errors: SourceError when the data are missing or damaged.
        """
