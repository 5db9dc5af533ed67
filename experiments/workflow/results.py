"""What a run found, in memory: rows to filter, to draw, and to hand on to other programs."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from semlink.errors import RecipeError, ResultsError
from semlink.experiments.workflow.run_folder import ROWS, RunFolder
from semlink.simulator.results import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Results:
    """The rows of a run, and the run that they are from.

    rows: one number with its interval each; `minus` is None in measured values, a version in paired differences.
    folder: of the run. samples, metadata: see `RunFolder`.

    >>> import semlink as sl
    >>> results = sl.sweep("image-digits", snr_db=[0, 12], overrides=["records=20", "draws=1"])
    >>> [row.snr_db for row in results.filter(metric="psnr")]
    [0.0, 12.0]
    """

    rows: tuple[Row, ...]
    folder: RunFolder
    samples: tuple[Any, ...] = ()
    metadata: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)

    @classmethod
    def read(cls, folder: str | Path | RunFolder) -> Self:
        """The results in a run folder. Errors: ResultsError."""
        run = folder if isinstance(folder, RunFolder) else RunFolder.open(Path(folder))
        return cls(tuple(run.rows()), run, tuple(run.samples()), run.metadata())

    def __repr__(self) -> str:
        """In one line; the plan of a run may hold a request in full."""
        return f"<Results: {len(self.rows)} rows of {self.folder.path}>"

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def filter(
        self,
        metric: str | None = None,
        *,
        set: str | None = None,  # noqa: A002 (the name of the column)
        channel: str | None = None,
        codec: str | None = None,
        version: str | None = None,
        method: str | None = None,
        experiment: str | None = None,
        snr_db: float | None = None,
        minus: str | None = None,
    ) -> Self:
        """The rows with these values.

        In:     minus: "original" or "retrained" gives paired differences; without it there are none in the result.
        Errors: ResultsError when no row at all has one of the values, which says what there is.
        """
        wanted = {
            "metric": metric, "set": set, "channel": channel, "codec": codec, "version": version, "method": method,
            "experiment": experiment, "snr_db": snr_db,
        }  # fmt: skip
        given = {name: value for name, value in wanted.items() if value is not None}
        for name, value in given.items():
            there = {getattr(row, name) for row in self.rows}
            if there and value not in there:
                listing = ", ".join(sorted(map(str, there - {None})))
                raise ResultsError(f'No row has the {name} "{value}"; there are: {listing}.')
        rows = [
            row
            for row in self.rows
            if row.minus == minus and all(getattr(row, name) == value for name, value in given.items())
        ]
        return dataclasses.replace(self, rows=tuple(rows))

    def to_pandas(self) -> Any:
        """The rows as a pandas DataFrame, a column for each field of a row. Errors: ResultsError without pandas."""
        try:
            import pandas
        except ImportError as error:
            raise ResultsError("A DataFrame needs pandas. Install it with: pip install pandas.") from error
        return pandas.DataFrame([dataclasses.asdict(row) for row in self.rows])

    def plot(self, metric: str | None = None) -> "Figure":
        """One metric over Es/N0 with its intervals, as a matplotlib figure: record sets across, channels down.

        In:     metric: None: the one that says most about the quality of the codec.
        Errors: ResultsError when there is no curve of it.
        """
        from semlink.experiments.report.figures import figure_of

        return figure_of(self.rows, metric)

    def report(self, folder: str | Path | None = None, show_erased: bool = False) -> Path:
        """Writes the report page with its figures, and returns the path of the page.

        In:     folder: where the rows go too; None: the folder of the run. show_erased: as in `semlink.report`.
        Errors: RecipeError when that folder holds something else, or other rows of the run; ResultsError; OSError.
        """
        from semlink.experiments.report import write_report

        if folder is None:
            if not self.folder.path.is_dir():
                raise ResultsError("These results are in memory alone; give the folder for their report.")
            return write_report(self.folder.path, show_erased=show_erased)
        if (Path(folder) / ROWS).exists() and Results.read(folder).rows != self.rows:
            raise RecipeError(f"{folder} holds other rows of the run; choose another folder for the report.")
        run = self.folder.copied_to(Path(folder))
        run.write(self.rows, self.samples, self.metadata)
        return write_report(run.path, show_erased=show_erased)
