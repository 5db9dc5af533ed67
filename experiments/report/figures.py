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
from semlink.experiments.report.axes_panel import FONT_SIZE, LINE, Axis, Panel, axes_for, stroke_line, value_axis
from semlink.experiments.report.labels import channel_label, set_label, snr_label, snr_span
from semlink.experiments.report.measurements import Measurements, Series, measurements_of
from semlink.experiments.report.palette import INK, PAGE_COLOURS, PAPER, Stroke, role_of, strokes_of
from semlink.experiments.report.png import png_of
from semlink.simulator.results import Row

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
SEPARATOR = " · "  # between the version of a series and its method, in its label
MOST_CURVES = 6  # in one panel; more are drawn in several figures, or as dots
DOT_LINE, DOT_WIDTH, DOT_ACROSS = (
    0.21,
    2.7,
    0.5,
)  # inches: from one line of a dot plot to the next, across one of its panels and between two


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
    series: Sequence[Series] | None = None,
    look: Sequence[Stroke] | None = None,
) -> Drawing:
    """Draws one metric for some series (all of them), a panel for each place.

    In:  look: a stroke for each of these series, where theirs are not those of their roles.
         places: rows of (channel, set), all of one length. panel: width and height of one panel in inches.
    Out: one y axis shared by all panels, whose titles leave out a set that is the same in all of several; a place that
         was not measured stays empty. Shares of what was sent get a fine vertical line at the Es/N0 from which a limit
         allows all of it (`limit_snr_db`).
    """
    measure, (panel_width, panel_height) = measured.measures[metric], panel
    asked = measured.series if series is None else series
    wanted = [place for row in places for place in row]
    marks = {
        (each, place): limit.value
        for each in asked
        for place in wanted
        if measure.scale == "share" and (limit := measured.singles_at.get(("limit_snr_db", *place, each)))
    }
    curved = [s for s in asked if any(measured.curves.get((metric, *place, s)) for place in wanted)]
    one_set = len(wanted) > 1 and len({set_name for _, set_name in wanted}) == 1
    titles = {
        place: ("", channel_label(place[0]))
        if one_set
        else (set_label(place[1], measured.noun), channel_label(place[0]))
        for place in wanted
    }
    shown = [s for s in asked if s in curved or s in {each for each, _ in marks}]
    given = dict(zip(asked, look, strict=True)) if look is not None else {}
    strokes = {each: given.get(each, stroke) for each, stroke in zip(shown, strokes_of(shown), strict=True)}
    labels = _short_labels(measured, shown)
    columns, lines = len(places[0]), len(places)
    width = LEFT + columns * panel_width + (columns - 1) * ACROSS + RIGHT
    in_legend = max(1, min(len(shown), int((width - LEFT) / (0.56 + 0.063 * max(map(len, labels))))))
    second = 0.0 if one_set else LINE  # more room, for the second line of the titles
    top = 0.36 + second + 0.24 * math.ceil(len(shown) / in_legend)
    height = top + lines * panel_height + (lines - 1) * (DOWN + second) + BOTTOM
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure(figsize=(width, height))
        scale_rows = [row for row in measured.rows if row.metric == metric and row.minus is None]
        x, y = axes_for(scale_rows, measure.scale, *panel)
        for line, row in enumerate(places):
            for column, (channel, set_name) in enumerate(row):
                left = LEFT + column * (panel_width + ACROSS)
                bottom = BOTTOM + (lines - 1 - line) * (panel_height + DOWN + second)
                box = Panel(figure, left, bottom, panel_width, panel_height, x, y)
                box.frame(*filter(None, titles[channel, set_name]))
                if column == 0:
                    box.label_y(measure.label)
                if line == lines - 1:
                    box.label_x("Es/N0 (dB)")
                for each, stroke in strokes.items():
                    box.mark(marks.get((each, (channel, set_name)), math.nan), stroke)
                    box.curve(measured.curves.get((metric, channel, set_name, each), []), stroke)
        _legend(figure, labels, list(strokes.values()), in_legend, LEFT - 0.08)
        return Drawing(figure, _svg(figure), round(width * 96), _description(measured, metric, wanted, asked))


def draw_dots(measured: Measurements, panels: Sequence[tuple[str, str]]) -> Drawing:
    """Many methods at the one Es/N0 that the report quotes: a line for each, a panel for each (metric, set).

    The original and the retrained codec are lines from top to bottom, their intervals bands.
    """
    assert measured.point is not None
    references = [measured.first[version] for version in ("original", "retrained") if version in measured.first]
    rows = [series for series in measured.series if series.version == "erased"]
    names = _short_labels(measured, rows)
    strokes = dict(zip([*references, rows[0]], strokes_of([*references, rows[0]]), strict=True))
    names_width = 0.075 * max(map(len, names)) + 0.25
    wide, high = len(panels), DOT_LINE * len(rows)
    width = names_width + wide * DOT_WIDTH + (wide - 1) * DOT_ACROSS + RIGHT
    height = BOTTOM + high + 0.62 + LINE
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure(figsize=(width, height))
        places = tuple(float(len(rows) - 1 - line) for line in range(len(rows)))
        y = Axis(-0.6, len(rows) - 0.4, places, tuple(names))
        for column, (metric, set_name) in enumerate(panels):
            measure = measured.measures[metric]
            found = {series: measured.quoted.get((metric, set_name, series)) for series in (*references, *rows)}
            x = value_axis([row for row in found.values() if row], measure.scale, DOT_WIDTH)
            left = names_width + column * (DOT_WIDTH + DOT_ACROSS)
            box = Panel(figure, left, BOTTOM, DOT_WIDTH, high, x, y)
            point = f"{snr_label(measured.point.snr_db)} over {channel_label(measured.point.channel)}"
            box.frame(set_label(set_name, measured.noun), point)
            box.label_x(measure.label)
            if column == 0:
                box.label_y("")
            for series in references:
                if row := found[series]:
                    box.band(row, strokes[series])
            for series, place in zip(rows, places, strict=True):
                if row := found[series]:
                    box.dot(place, row, strokes[rows[0]])
        legend = [*(series.version for series in references), "erased"]
        _legend(figure, legend, [strokes[series] for series in (*references, rows[0])], len(legend), names_width - 0.08)
        described = "; ".join(
            f"{set_label(set_name, measured.noun)}, {measured.measures[metric].label}: "
            + ", ".join(
                f"{measured.labels[series]} {row.value:.3g}"
                for series in (*references, *rows)
                if (row := measured.quoted.get((metric, set_name, series)))
            )
            for metric, set_name in panels
        )
        return Drawing(figure, _svg(figure), round(width * 96), f"At one Es/N0. {described}.")


def curve_groups(measured: Measurements, metric: str) -> list[list[Series]]:
    """The series in groups with at most `MOST_CURVES` curves of a metric, for a figure each.

    The codecs that the others are compared with stand in every group: original and retrained where something was
    erased, else the neural codec where there is one.
    """
    drawn = {series for (name, _, _, series), rows in measured.curves.items() if name == metric and rows}
    if len(drawn) <= MOST_CURVES:
        return [measured.series]
    roles = {series: role_of(series) for series in measured.series if series in drawn}
    common = [series for series, role in roles.items() if role in ("original", "retrained")]
    if (not measured.erased and len(common) > 1) or len(common) > MOST_CURVES // 2:
        common = [measured.first[version] for version in ("original", "retrained") if version in measured.first]
    others = [series for series in roles if series not in common]
    count = math.ceil(len(others) / (MOST_CURVES - len(common)))
    size = math.ceil(len(others) / count)
    groups = [set(common) | set(others[start : start + size]) for start in range(0, len(others), size)]
    return [[series for series in measured.series if series in group] for group in groups]


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


def _short_labels(measured: Measurements, series: Sequence[Series]) -> list[str]:
    """The labels of some series; where methods alone are told apart, an erased codec is called by its method."""
    others = [label for each, label in measured.labels.items() if each.version != "erased"]
    told = "" if any(SEPARATOR in label for label in others) else f"erased{SEPARATOR}"
    return [measured.labels[each].removeprefix(told) for each in series]


def _legend(figure: Figure, labels: Sequence[str], strokes: Sequence[Stroke], columns: int, left: float) -> None:
    """The key above the panels. In: left: where it begins, in inches."""
    width, height = figure.get_size_inches()
    texts = [label.lstrip("_") or "unnamed" for label in labels]  # matplotlib hides labels that begin with _
    figure.legend(
        [stroke_line([], stroke, figure) for stroke in strokes], texts, loc="upper left", ncols=columns,
        bbox_to_anchor=(left / width, 1 - 0.08 / height), frameon=False, handlelength=2.6, borderaxespad=0,
        borderpad=0.1, columnspacing=1.2,
    )  # fmt: skip


def _shorter(tag: str) -> str:
    """A tag with coordinates to a hundredth of a point and without the font, which is the page's own."""
    tag = re.sub(r"(\d\.\d\d)\d+", r"\1", tag)
    tag = re.sub(r"font-family: [^;]*; |transform=\"rotate\(-0 [^\"]*\"", "", tag)
    return re.sub(r"\s+", " ", tag)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return re.sub(r"\s*<metadata>.*?</metadata>", "", buffer.getvalue(), flags=re.DOTALL)


def _description(
    measured: Measurements, metric: str, places: Sequence[tuple[str, str]], asked: Sequence[Series]
) -> str:
    """The ends of every curve in words."""
    panels = []
    for channel, set_name in places:
        ends = [
            f"{measured.labels[series]} {' to '.join(f'{row.value:.3g}' for row in curve[:: len(curve) - 1 or 1])}"
            for series in asked
            if (curve := measured.curves.get((metric, channel, set_name, series)))
        ]
        title = f"{set_label(set_name, measured.noun)}, {channel_label(channel)}"
        panels.append(f"{title}: {'; '.join(ends) or 'not measured'}.")
    points = [row.snr_db for row in measured.rows if row.metric == metric and row.snr_db is not None]
    over = f"at {snr_span(points)}" if len(set(points)) == 1 else f"from {snr_span(points)}"
    return f"{measured.measures[metric].label} against Es/N0 {over}. {' '.join(panels)}"
