"""Curves over Es/N0 with interval bands, as small multiples: record sets across, channels down."""

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.style
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullLocator

from semlink.experiments.report.rows import Measurements, Series
from semlink.experiments.report.wording import channel_words, metric_words, set_words, snr_words
from semlink.simulator.results import Row

INK, GRID, PAPER = "#1c2230", "#d8dce3", "#ffffff"


@dataclass(frozen=True)
class Stroke:
    """How one series is drawn; the dashes and the marker tell it apart in grey print."""

    colour: str
    dashes: str | tuple[int, tuple[float, ...]]
    marker: str
    width: float = 1.6


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
    "font.size": 9,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titley": 1.03,
    "xtick.bottom": False,  # the grid marks the places
    "ytick.left": False,
    "figure.facecolor": PAPER,
    "svg.fonttype": "none",  # text stays text: it can be read, found and scaled
    "svg.hashsalt": "semlink",  # the same rows give the same bytes
}
SMALL, LARGE = (2.75, 1.85), (3.6, 2.2)  # a panel, in inches
LEFT, RIGHT, BOTTOM, ACROSS, DOWN = 0.70, 0.12, 0.48, 0.28, 0.42


@dataclass(frozen=True)
class Drawing:
    """A figure as files. width: in CSS pixels at its natural size. description: for those who do not see it."""

    svg: str
    png: bytes
    width: int
    description: str

    def inline(self, prefix: str) -> Markup:
        """The figure for a page that holds others too: own ids, colours from the style sheet."""
        found = re.search(r'<svg[^>]*?(viewBox="[^"]*")[^>]*>(.*)', self.svg, flags=re.DOTALL)
        assert found, "matplotlib writes a viewBox"
        view, body = found.groups()
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
    noun: str,
    places: Sequence[Sequence[tuple[str, str]]],
    panel: tuple[float, float] = SMALL,
) -> Drawing:
    """Draws one metric for every series, a panel for each place.

    In:  noun: what the records are ("sentences"). places: rows of (channel, set), all of one length.
         panel: width and height of one panel in inches.
    Out: one y axis shared by all panels; a place that was not measured stays empty.
    """
    words, (panel_width, panel_height) = metric_words(metric), panel
    shown = [s for s in measured.series if any(measured.curve(metric, c, d, s) for row in places for c, d in row)]
    strokes = dict(zip(shown, strokes_of(shown), strict=True))
    labels = [measured.label(series) for series in shown]
    columns, lines = len(places[0]), len(places)
    width = LEFT + columns * panel_width + (columns - 1) * ACROSS + RIGHT
    in_legend = max(1, min(len(shown), int((width - LEFT) / (0.56 + 0.063 * max(map(len, labels))))))
    top = 0.36 + 0.24 * math.ceil(len(shown) / in_legend)
    height = top + lines * panel_height + (lines - 1) * DOWN + BOTTOM
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure(figsize=(width, height))
        scale_rows = [row for row in measured.rows if row.metric == metric and row.minus is None]
        for line, row in enumerate(places):
            for column, (channel, set_name) in enumerate(row):
                x = LEFT + column * (panel_width + ACROSS)
                y = BOTTOM + (lines - 1 - line) * (panel_height + DOWN)
                box = (x / width, y / height, panel_width / width, panel_height / height)
                axes = figure.add_axes(box)
                axes.set_title(f"{set_words(set_name, noun)}, {channel_words(channel)}")
                axes.yaxis.set_visible(column == 0)
                axes.xaxis.set_visible(line == lines - 1)
                if column == 0:
                    axes.set_ylabel(words.label)
                    axes.yaxis.set_label_coords(-0.54 / panel_width, 0.5)  # a set place is found faster
                if line == lines - 1:
                    axes.set_xlabel("Es/N0 (dB)")
                    axes.xaxis.set_label_coords(0.5, -0.26 / panel_height)
                _set_scale(axes, scale_rows, words.scale)
                for series, stroke in strokes.items():
                    _draw_curve(axes, measured.curve(metric, channel, set_name, series), stroke)
        handles = [_line(figure.axes[0], [], [], strokes[series]) for series in shown]
        texts = [label.lstrip("_") or "unnamed" for label in labels]  # matplotlib hides labels that begin with _
        corner = ((LEFT - 0.08) / width, 1 - 0.08 / height)
        figure.legend(
            handles, texts, loc="upper left", bbox_to_anchor=corner, ncols=in_legend,
            frameon=False, handlelength=2.6, borderaxespad=0, borderpad=0.1, columnspacing=1.2,
        )  # fmt: skip
        return Drawing(_svg(figure), _png(figure), round(width * 96), _description(measured, metric, noun, places))


def strokes_of(series: Sequence[Series]) -> list[Stroke]:
    """A stroke for each series: the three versions always look the same; where there are more, colours take turns."""
    versions = [one.version for one in series]
    if len(set(versions)) == len(versions) > 1 and set(versions) <= VERSION_STROKES.keys():
        return [VERSION_STROKES[version] for version in versions]
    return [OTHER_STROKES[index % len(OTHER_STROKES)] for index in range(len(series))]


def _line(axes: Axes, snr_db: Sequence[float], values: Sequence[float], stroke: Stroke) -> Line2D:
    face = PAPER if stroke.marker == "D" else stroke.colour
    line, *_ = axes.plot(
        snr_db, values, color=stroke.colour, linestyle=stroke.dashes, linewidth=stroke.width,
        marker=stroke.marker, markersize=4, markerfacecolor=face, markeredgewidth=1.0,
    )  # fmt: skip
    return line


def _draw_curve(axes: Axes, curve: Sequence[Row], stroke: Stroke) -> None:
    def finite(values: Sequence[float]) -> list[float]:
        return [value if math.isfinite(value) else math.nan for value in values]

    snr_db = [row.snr_db for row in curve if row.snr_db is not None]
    if snr_db:
        low, high = finite([row.low for row in curve]), finite([row.high for row in curve])
        axes.fill_between(snr_db, low, high, color=stroke.colour, alpha=0.16, linewidth=0)
        _line(axes, snr_db, finite([row.value for row in curve]), stroke)


def _set_scale(axes: Axes, rows: Sequence[Row], scale: str) -> None:
    """Limits, ticks and grid from all rows of the metric, so that any two of its figures can be compared by eye."""
    values = [value for row in rows for value in (row.value, row.low, row.high) if math.isfinite(value)]
    positive = [value for value in values if value > 0]
    snr_db = sorted({row.snr_db for row in rows if row.snr_db is not None and math.isfinite(row.snr_db)})
    margin = 0.05 * (snr_db[-1] - snr_db[0]) or 1.0
    axes.set_xlim(snr_db[0] - margin, snr_db[-1] + margin)
    if len(snr_db) <= 10:
        axes.xaxis.set_major_locator(FixedLocator(snr_db))
    if scale == "share" and all(0 <= value <= 1 for value in values):
        axes.set_ylim(-0.03, 1.03)
    elif scale == "log" and positive:
        axes.set_yscale("log")
        axes.set_ylim(min(positive) / 1.3, max(positive) * 1.3)
        narrow = max(positive) < 100 * min(positive)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(NullLocator())
    elif values:
        margin = 0.06 * (max(values) - min(values)) or 1.0
        axes.set_ylim(min(values) - margin, max(values) + margin)
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    _draw_grid(axes)


def _draw_grid(axes: Axes) -> None:
    """All grid lines as one broken line: a tenth of the time and size of a line for each tick."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    across = [(left, right, y, y) for y in axes.get_yticks() if bottom <= y <= top]
    lines = [(x, x, bottom, top) for x in axes.get_xticks() if left <= x <= right] + across
    x = [value for line in lines for value in (line[0], line[1], math.nan)]
    y = [value for line in lines for value in (line[2], line[3], math.nan)]
    axes.plot(x, y, color=GRID, linewidth=0.6, scalex=False, scaley=False, zorder=0.5)


def _shorter(tag: str) -> str:
    """A tag with coordinates to a hundredth of a point and without the font, which is the page's own."""
    tag = re.sub(r"(\d\.\d\d)\d+", r"\1", tag)
    tag = re.sub(r"font-family: [^;]*; |transform=\"rotate\(-0 [^\"]*\"", "", tag)
    return re.sub(r"\s+", " ", tag)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return re.sub(r"\s*<metadata>.*?</metadata>", "", buffer.getvalue(), flags=re.DOTALL)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None}, pil_kwargs={"compress_level": 3})
    return buffer.getvalue()


def _description(measured: Measurements, metric: str, noun: str, places: Sequence[Sequence[tuple[str, str]]]) -> str:
    told = []
    for channel, set_name in (place for row in places for place in row):
        ends = [
            f"{measured.label(series)} {curve[0].value:.3g} to {curve[-1].value:.3g}"
            for series in measured.series
            if (curve := measured.curve(metric, channel, set_name, series))
        ]
        told.append(f"{set_words(set_name, noun)}, {channel_words(channel)}: {'; '.join(ends) or 'not measured'}.")
    found = [row.snr_db for row in measured.rows if row.metric == metric and row.snr_db is not None]
    reach = f"from {snr_words(min(found))} to {snr_words(max(found))}"
    return f"{metric_words(metric).label} against Es/N0 {reach}. {' '.join(told)}"
