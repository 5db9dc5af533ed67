"""Curves over Es/N0 with interval bands, as small multiples: record sets across, channels down."""

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import matplotlib.style
import numpy as np
from markupsafe import Markup
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from semlink.errors import ResultsError
from semlink.experiments.report.axes_panel import FONT_SIZE, GRID, INK, PAPER, Panel, Stroke, axes_for, stroke_line
from semlink.experiments.report.labels import channel_label, set_label, snr_label
from semlink.experiments.report.measurements import Measurements, Series, measurements_of
from semlink.experiments.report.png import png_of
from semlink.simulator.results import Row

# Colours after Okabe and Ito, darkened to 4.5:1 on white. The erased codec is the subject: its line is solid.
VERSION_STROKES = {
    "original": Stroke("#5f6672", (0, (1, 1.4)), "s", 1.8),
    "retrained": Stroke("#0067ad", (0, (5, 1.8)), "D"),
    "erased": Stroke("#b84a00", "solid", "o", 2.0),
}
OTHER_STROKES = (
    Stroke("#0067ad", "solid", "o"),
    Stroke("#b84a00", (0, (5, 1.8)), "s"),
    Stroke("#007a5a", (0, (1, 1.4)), "D"),
    Stroke("#a0447c", (0, (6, 1.5, 1, 1.5)), "^"),
    Stroke("#7a6400", (0, (3, 1, 1, 1, 1, 1)), "v"),
    Stroke("#5f6672", (0, (9, 2)), "P"),
    Stroke("#0067ad", (0, (2, 1)), "X"),
    Stroke("#007a5a", (0, (8, 1, 1, 1)), "*"),
)
# In the page the figures take these colours from the style sheet, so that they follow light, dark and print.
PAGE_COLOURS = {
    INK: "currentColor",
    GRID: "var(--line)",
    PAPER: "var(--paper)",
    "#5f6672": "var(--original)",
    "#0067ad": "var(--retrained)",
    "#b84a00": "var(--erased)",
    "#007a5a": "var(--fourth)",
    "#a0447c": "var(--fifth)",
    "#7a6400": "var(--sixth)",
}
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": FONT_SIZE,
    "text.parse_math": False,
    "text.color": INK,
    "figure.facecolor": PAPER,
    "svg.fonttype": "none",  # text stays text: it can be read, found and scaled
    "svg.hashsalt": "semlink",  # the same rows give the same bytes
}
PNG_DPI = 150
SMALL, LARGE = (2.75, 1.85), (3.6, 2.2)  # a panel, in inches
LEFT, RIGHT, BOTTOM, ACROSS, DOWN = 0.70, 0.12, 0.48, 0.28, 0.42


@dataclass(frozen=True)
class Drawing:
    """A figure.

    svg: as a file. width: in CSS pixels at its natural size. description: for readers who do not see it.
    """

    figure: Figure = field(repr=False)
    svg: str = field(repr=False)
    width: int
    description: str

    def png(self) -> bytes:
        """The figure as a PNG file."""
        with matplotlib.style.context(["default", STYLE]):
            self.figure.set_dpi(PNG_DPI)
            canvas = FigureCanvasAgg(self.figure)
            canvas.draw()
            return png_of(np.asarray(canvas.buffer_rgba())[..., :3], PNG_DPI)

    def inline(self, prefix: str) -> Markup:
        """The figure for a page that holds several: its ids begin with `prefix`, its colours are those of the page."""
        parts = re.search(r'<svg[^>]*?(viewBox="[^"]*")[^>]*>(.*)', self.svg, flags=re.DOTALL)
        assert parts, "matplotlib writes a viewBox"
        view, body = parts.groups()
        kept = set(re.findall(r'(?:href="|url\()#(\w+)', body))
        body = re.sub(r' id="([^"]*)"', lambda match: match.group() if match[1] in kept else "", body)
        body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}-", body)
        body = re.sub("|".join(PAGE_COLOURS), lambda match: PAGE_COLOURS[match.group()], body)
        body = re.sub(r"<[^>]*>", lambda match: _shorter(match.group()), body)
        body = re.sub(r">\s+<", "><", body)
        return Markup('<svg {} role="img" aria-label="{}">{}').format(Markup(view), self.description, Markup(body))


def draw(
    measured: Measurements,
    metric: str,
    places: Sequence[Sequence[tuple[str, str]]],
    panel: tuple[float, float] = SMALL,
) -> Drawing:
    """Draws one metric for every series, a panel for each place.

    In:  places: rows of (channel, set), all of one length. panel: width and height of one panel in inches.
    Out: one y axis shared by all panels, whose titles leave out a set that is the same in all of several; a place that
         was not measured stays empty. Shares of what was sent get a fine vertical line at the Es/N0 from which a limit
         allows all of it (`limit_snr_db`).
    """
    measure, (panel_width, panel_height) = measured.measures[metric], panel
    wanted = [place for row in places for place in row]
    marks = {
        (series, place): limit.value
        for series in measured.series
        for place in wanted
        if measure.scale == "share" and (limit := measured.singles_at.get(("limit_snr_db", *place, series)))
    }
    curved = [s for s in measured.series if any(measured.curves.get((metric, *place, s)) for place in wanted)]
    one_set = len(wanted) > 1 and len({set_name for _, set_name in wanted}) == 1
    shown = [s for s in measured.series if s in curved or s in {series for series, _ in marks}]
    strokes = dict(zip(shown, strokes_of(shown), strict=True))
    labels = [measured.labels[series] for series in shown]
    columns, lines = len(places[0]), len(places)
    width = LEFT + columns * panel_width + (columns - 1) * ACROSS + RIGHT
    in_legend = max(1, min(len(shown), int((width - LEFT) / (0.56 + 0.063 * max(map(len, labels))))))
    top = 0.36 + 0.24 * math.ceil(len(shown) / in_legend)
    height = top + lines * panel_height + (lines - 1) * DOWN + BOTTOM
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure(figsize=(width, height))
        scale_rows = [row for row in measured.rows if row.metric == metric and row.minus is None]
        x, y = axes_for(scale_rows, measure.scale, *panel)
        for line, row in enumerate(places):
            for column, (channel, set_name) in enumerate(row):
                left = LEFT + column * (panel_width + ACROSS)
                bottom = BOTTOM + (lines - 1 - line) * (panel_height + DOWN)
                box = Panel(figure, left, bottom, panel_width, panel_height, x, y)
                title = channel_label(channel)
                box.frame(title if one_set else f"{set_label(set_name, measured.noun)}, {title}")
                if column == 0:
                    box.label_y(measure.label)
                if line == lines - 1:
                    box.label_x("Es/N0 (dB)")
                for series, stroke in strokes.items():
                    box.mark(marks.get((series, (channel, set_name)), math.nan), stroke)
                    box.curve(measured.curves.get((metric, channel, set_name, series), []), stroke)
        handles = [stroke_line([], strokes[series], figure) for series in shown]
        texts = [label.lstrip("_") or "unnamed" for label in labels]  # matplotlib hides labels that begin with _
        corner = ((LEFT - 0.08) / width, 1 - 0.08 / height)
        figure.legend(
            handles, texts, loc="upper left", bbox_to_anchor=corner, ncols=in_legend,
            frameon=False, handlelength=2.6, borderaxespad=0, borderpad=0.1, columnspacing=1.2,
        )  # fmt: skip
        return Drawing(figure, _svg(figure), round(width * 96), _description(measured, metric, wanted))


def grid_of(measured: Measurements, metric: str) -> list[list[tuple[str, str]]]:
    """All places (channel, set) of a metric as rows of one length: sets across, channels down."""
    sets, channels = measured.sets_of[metric], measured.channels_of[metric]
    if len(sets) > 1:
        return [[(channel, set_name) for set_name in sets] for channel in channels]
    count = len(channels)
    across = count // 2 if count > 3 and count % 2 == 0 else count  # two lines are read more easily than a long one
    line = [(channel, sets[0]) for channel in channels]
    return [line[start : start + across] for start in range(0, count, across)]


def figure_of(rows: Sequence[Row], metric: str | None = None) -> Figure:
    """One metric of the first experiment of some rows, over all its sets and channels.

    In:     metric: None: the one that says most about the quality of the codec.
    Errors: ResultsError when there is no curve of it.
    """
    experiments = measurements_of(rows)
    metric = metric or (experiments[0].quality_metric if experiments else None)
    if metric is None or not experiments or metric not in experiments[0].curve_metrics:
        known = ", ".join(experiments[0].curve_metrics) if experiments else ""
        raise ResultsError(f"There is no curve of {metric or 'any metric'}; choose one of: {known or 'none'}.")
    return draw(experiments[0], metric, grid_of(experiments[0], metric)).figure


def strokes_of(series: Sequence[Series]) -> list[Stroke]:
    """A stroke for each series: the three versions always look the same; where there are more, colours take turns."""
    versions = [each.version for each in series]
    if len(set(versions)) == len(versions) > 1 and set(versions) <= VERSION_STROKES.keys():
        return [VERSION_STROKES[version] for version in versions]
    return [OTHER_STROKES[index % len(OTHER_STROKES)] for index in range(len(series))]


def _shorter(tag: str) -> str:
    """A tag with coordinates to a hundredth of a point and without the font, which is the page's own."""
    tag = re.sub(r"(\d\.\d\d)\d+", r"\1", tag)
    tag = re.sub(r"font-family: [^;]*; |transform=\"rotate\(-0 [^\"]*\"", "", tag)
    return re.sub(r"\s+", " ", tag)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return re.sub(r"\s*<metadata>.*?</metadata>", "", buffer.getvalue(), flags=re.DOTALL)


def _description(measured: Measurements, metric: str, places: Sequence[tuple[str, str]]) -> str:
    """The ends of every curve in words."""
    panels = []
    for channel, set_name in places:
        ends = [
            f"{measured.labels[series]} {curve[0].value:.3g} to {curve[-1].value:.3g}"
            for series in measured.series
            if (curve := measured.curves.get((metric, channel, set_name, series)))
        ]
        title = f"{set_label(set_name, measured.noun)}, {channel_label(channel)}"
        panels.append(f"{title}: {'; '.join(ends) or 'not measured'}.")
    points = [row.snr_db for row in measured.rows if row.metric == metric and row.snr_db is not None]
    span = f"from {snr_label(min(points))} to {snr_label(max(points))}"
    return f"{measured.measures[metric].label} against Es/N0 {span}. {' '.join(panels)}"
