"""One panel of a figure: scales, grid and curves, drawn straight onto the figure.

matplotlib's own axes make a tick of five artists for every number; without them a figure takes half the time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, ScalarFormatter

from semlink.experiments.report.palette import GRID, INK, PAPER, Stroke
from semlink.simulator.measure import Scale
from semlink.simulator.results import Row

POINTS = 72  # in an inch
LABEL_GAP = 7 / POINTS  # inches between a panel and the numbers beside it
NICE = (1, 2, 2.5, 5, 10)  # steps between numbers
FONT_SIZE = 9
TITLE_SIZE, LETTERS = 9.5, 11.6  # points, and how many letters of that size fit into an inch; longer titles are smaller
LINE = 12 / POINTS  # inches from one line of a title to the next


@dataclass(frozen=True)
class Axis:
    """A scale: its ends, the numbers that are written beside it, and how they are written."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value lies, 0 at the low and 1 at the high end; nan stays nan."""
        if self.log:
            value, low, high = (math.log(max(number, 0.5 * self.low)) for number in (value, self.low, self.high))
            return max(0.0, (value - low) / (high - low))
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Panel:
    """A box on a figure, in inches from its lower left corner, with its two scales."""

    figure: Figure
    left: float
    bottom: float
    width: float
    height: float
    x: Axis
    y: Axis

    def frame(self, title: str, subtitle: str = "") -> None:
        """The grid as one broken line, the two axes, and the title in one line or two."""
        nowhere = (math.nan, math.nan)
        grid = [point for x in self.x.ticks for point in ((x, self.y.low), (x, self.y.high), nowhere)]
        grid += [point for y in self.y.ticks for point in ((self.x.low, y), (self.x.high, y), nowhere)]
        self._line(grid, color=GRID, linewidth=0.6, zorder=0.5)
        corners = [(self.x.low, self.y.high), (self.x.low, self.y.low), (self.x.high, self.y.low)]
        self._line(corners, color=INK, linewidth=0.7, zorder=2.5, solid_capstyle="projecting", solid_joinstyle="miter")
        lines = [(title, "bold"), (subtitle, "normal")] if subtitle else [(title, "bold")]
        for number, (text, weight) in enumerate(reversed(lines)):
            size = min(TITLE_SIZE, TITLE_SIZE * LETTERS * self.width / max(1, len(text)))
            above = 1.03 * self.height + 6 / POINTS + number * LINE
            self._text(0, above, text, ha="left", va="baseline", fontsize=size, fontweight=weight)

    def label_x(self, text: str) -> None:
        """The numbers below the panel, and what they are."""
        for tick, label in zip(self.x.ticks, self.x.labels, strict=True):
            self._text(self.x.share(tick) * self.width, -LABEL_GAP, label, ha="center", va="top")
        self._text(0.5 * self.width, -0.26, text, ha="center", va="top")

    def label_y(self, text: str) -> None:
        """The numbers left of the panel, and what they are; a set place is found faster."""
        for tick, label in zip(self.y.ticks, self.y.labels, strict=True):
            self._text(-LABEL_GAP, self.y.share(tick) * self.height, label, ha="right", va="center_baseline")
        self._text(-0.54, 0.5 * self.height, text, ha="center", va="bottom", rotation=90, rotation_mode="anchor")

    def curve(self, rows: Sequence[Row], stroke: Stroke) -> None:
        """A line with its markers and its band; a number that is not finite leaves a gap."""
        drawn = [(row, row.snr_db) for row in rows if row.snr_db is not None]
        run: list[tuple[float, Row]] = []
        for row, snr_db in [*drawn, (None, math.nan)]:
            if row is not None and math.isfinite(row.low) and math.isfinite(row.high):
                run.append((snr_db, row))
                continue
            if run:
                band = [(x, point.low) for x, point in run] + [(x, point.high) for x, point in reversed(run)]
                self._area(band, stroke)
            run = []
        points = [(x, row.value if math.isfinite(row.value) else math.nan) for row, x in drawn]
        if points:
            self.figure.add_artist(stroke_line(self._places(points), stroke, self.figure), clip=False)

    def dot(self, at: float, row: Row, stroke: Stroke) -> None:
        """A value at a height of the panel, with its interval as a line; nothing where it is not finite."""
        if not math.isfinite(row.value):
            return
        if math.isfinite(row.low) and math.isfinite(row.high):
            ends = [(min(max(limit, self.x.low), self.x.high), at) for limit in (row.low, row.high)]
            self._line(ends, color=stroke.colour, linewidth=1.4, zorder=2)
        self.figure.add_artist(stroke_line(self._places([(row.value, at)]), stroke, self.figure), clip=False)

    def band(self, row: Row, stroke: Stroke) -> None:
        """A value as a line from bottom to top, its interval as a band."""
        if math.isfinite(row.low) and math.isfinite(row.high):
            low, high = (min(max(limit, self.x.low), self.x.high) for limit in (row.low, row.high))
            corners = [(low, self.y.low), (high, self.y.low), (high, self.y.high), (low, self.y.high)]
            self._area(corners, stroke)
        self.mark(row.value, stroke)

    def mark(self, snr_db: float, stroke: Stroke) -> None:
        """A fine line from bottom to top at one place; nothing where that is off the scale."""
        if self.x.low <= snr_db <= self.x.high:
            ends = [(snr_db, self.y.low), (snr_db, self.y.high)]
            self._line(ends, color=stroke.colour, linestyle=stroke.dashes, linewidth=0.9, zorder=1.5)

    def _area(self, corners: Sequence[tuple[float, float]], stroke: Stroke) -> None:
        self.figure.add_artist(
            Polygon(
                self._places(corners), closed=True, facecolor=stroke.colour, alpha=0.16, linewidth=0,
                transform=self.figure.transFigure,
            ),
            clip=False,
        )  # fmt: skip

    def _places(self, points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Values as shares of the figure."""
        across, up = self.figure.get_size_inches()
        return [
            (
                (self.left + self.x.share(x) * self.width) / across,
                math.nan if math.isnan(y) else (self.bottom + self.y.share(y) * self.height) / up,
            )
            for x, y in points
        ]

    def _line(self, points: Sequence[tuple[float, float]], **look: Any) -> None:
        places = self._places(points)
        line = Line2D([x for x, _ in places], [y for _, y in places], transform=self.figure.transFigure, **look)
        self.figure.add_artist(line, clip=False)

    def _text(self, x: float, y: float, text: str, **look: Any) -> None:
        across, up = self.figure.get_size_inches()
        self.figure.text((self.left + x) / across, (self.bottom + y) / up, text, **look)


def stroke_line(places: Sequence[tuple[float, float]], stroke: Stroke, figure: Figure) -> Line2D:
    """A line in the manner of its series through places given as shares of the figure."""
    face = PAPER if stroke.hollow else stroke.colour
    return Line2D(
        [x for x, _ in places], [y for _, y in places], color=stroke.colour, linestyle=stroke.dashes,
        linewidth=stroke.width, marker=stroke.marker, markersize=4, markerfacecolor=face, markeredgewidth=1.0,
        transform=figure.transFigure,
    )  # fmt: skip


def axes_for(rows: Sequence[Row], scale: Scale, width: float, height: float) -> tuple[Axis, Axis]:
    """Both scales from all rows of a metric, so that any two of its figures can be compared by eye.

    In: width and height of a panel in inches, which say how many numbers have room beside it.
    """
    snr_db = sorted({row.snr_db for row in rows if row.snr_db is not None and math.isfinite(row.snr_db)})
    margin = 0.05 * (snr_db[-1] - snr_db[0]) or 1.0
    room = MaxNLocator(int(width * POINTS / (3 * FONT_SIZE)), steps=NICE)
    x = _linear(snr_db[0] - margin, snr_db[-1] + margin, FixedLocator(snr_db) if len(snr_db) <= 10 else room)
    values = [value for row in rows for value in (row.value, row.low, row.high) if math.isfinite(value)]
    positive = [value for value in values if value > 0]
    lines = int(height * POINTS / (2 * FONT_SIZE))
    if scale == "share" and all(0 <= value <= 1 for value in values):
        return x, _linear(-0.03, 1.03, MaxNLocator(lines, steps=NICE))
    if scale == "log" and positive:
        low, high = min(positive) / 1.3, max(positive) * 1.3
        subs = (1, 2, 5) if max(positive) < 100 * min(positive) else (1,)
        ticks = [float(tick) for tick in LogLocator(subs=subs, numticks=lines).tick_values(low, high)]
        shown = tuple(tick for tick in ticks if low <= tick <= high)
        return x, Axis(low, high, shown, tuple(f"{tick:g}" for tick in shown), log=True)
    if not values:
        return x, _linear(0.0, 1.0, MaxNLocator(lines, steps=NICE))
    margin = 0.06 * (max(values) - min(values)) or 1.0
    return x, _linear(min(values) - margin, max(values) + margin, MaxNLocator(6, steps=[1, 2, 5, 10]))


def value_axis(rows: Sequence[Row], scale: Scale, width: float) -> Axis:
    """A scale across for the values of some rows and their intervals. In: width of a panel in inches."""
    ends = [value for row in rows for value in (row.value, row.low, row.high) if math.isfinite(value)]
    if scale == "share" and all(0 <= value <= 1 for value in ends):
        return _linear(-0.03, 1.03, MaxNLocator(5, steps=NICE))
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    margin = 0.06 * (high - low) or 1.0
    return _linear(low - margin, high + margin, MaxNLocator(int(1.8 * width), steps=NICE))


def _linear(low: float, high: float, locator: FixedLocator | MaxNLocator) -> Axis:
    formatter = ScalarFormatter(useOffset=False)
    formatter.set_scientific(False)
    formatter.create_dummy_axis()
    assert formatter.axis is not None
    formatter.axis.set_view_interval(low, high)
    ticks = tuple(float(tick) for tick in locator.tick_values(low, high) if low <= tick <= high)
    return Axis(low, high, ticks, tuple(formatter.format_ticks(list(ticks))))
