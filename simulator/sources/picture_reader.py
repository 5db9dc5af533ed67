"""What sources of image files share: their fields, and how files become payloads."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from semlink.errors import SourceError, WrongField
from semlink.progress import Progress
from semlink.simulator.sources.own_records import tell_once
from semlink.simulator.sources.picture import Picture, PictureCache
from semlink.simulator.sources.picture_file import Colour, PictureFile
from semlink.simulator.sources.reader import SourceReader
from semlink.simulator.sources.splits import check_limit

MANY = 1000  # files from which on progress is shown


@dataclass(frozen=True, kw_only=True)
class PictureReader(SourceReader):
    """A source of image files of any sizes.

    Fields: crop: pixels a side of the squares that training sees, at places that depend on the seed, the record and the
            epoch alone; the codec has this size. Without it, training needs images of one size.
            smallest: a square is up to 1 / smallest as large and shrunk to the crop; 1: it is never shrunk.
            measured: what a sweep sends: the "whole" image, or the middle "crop", for codecs of one size.
            longest: images with a longer side are shrunk to that many pixels. colour: "rgb" or "grey".
            limit: at most so many records of each split, evenly spaced.
    """

    crop: int | None = None
    smallest: float = 1.0
    measured: Literal["whole", "crop"] = "whole"
    longest: int = 1024
    colour: Colour = "rgb"
    limit: int | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)
        for name, value in (("crop", self.crop), ("longest", self.longest)):
            if value is not None and not 1 <= value <= 8192:
                raise WrongField(f"A source of images cannot take {name}={value}; give pixels from 1 to 8192.")
        if not 0.1 <= self.smallest <= 1:
            raise WrongField(f"A source of images cannot take smallest={self.smallest}; give a number from 0.1 to 1.")

    def pictures(self, paths: Sequence[Path], where: Path) -> dict[Path, Picture]:
        """The payload of each file; those that are smaller than the crop are left out, which is told.

        Errors: SourceError when a file cannot be taken, or none is large enough.
        """
        cache, found, small, shrunk = PictureCache(), {}, 0, 0
        with Progress(f"read {where.name}", len(paths)) if len(paths) >= MANY else nullcontext() as progress:
            for path in paths:
                file = PictureFile.of(path, self.colour, self.longest)
                if self.crop is not None and min(file.height, file.width) < self.crop:
                    small += 1
                else:
                    found[path] = Picture(file, cache, self.crop, self.smallest, self.measured == "whole")
                    shrunk += file.shrunk
                if progress is not None:
                    progress.step()
        if not found:
            raise SourceError(f"No image of {where} is {self.crop} pixels high and wide; give a smaller crop.")
        if small:
            tell_once(f"Of {where}, images left out: {small} smaller than crop={self.crop}.")
        if shrunk:
            tell_once(f"Of {where}, images shrunk to longest={self.longest}: {shrunk} of {len(found)}.")
        return found
