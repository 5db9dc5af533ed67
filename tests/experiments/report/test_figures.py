"""Figures of the report: what is drawn is what the rows say."""

import dataclasses
import io
import itertools
import math
import re

import numpy as np
import pytest
from PIL import Image

from semlink.experiments.report.axes_panel import axes_for
from semlink.experiments.report.figures import MOST_CURVES, curve_groups, draw, draw_dots
from semlink.experiments.report.measurements import Measurements, Series
from semlink.experiments.report.palette import BLACK, GREY, GRID, ORANGE, PAGE_COLOURS, STROKES, strokes_of
from semlink.experiments.report.png import png_of
from semlink.simulator.results import Row


def row(
    version: str, snr_db: float, value: float, metric: str = "ssim", codec: str = "c", set_name: str = "test"
) -> Row:
    return Row(
        "x", codec, version, "", "awgn", snr_db, set_name, metric, value, value - 0.1, value + 0.1, 0.95, 9, "1", 0, "0"
    )


def curve_points(svg: str, colour: str) -> list[list[tuple[float, float]]]:
    """The corner points of each drawn line of a colour."""
    paths = re.findall(rf'<path d="([^"]*)"[^>]*style="fill: none;[^"]*stroke: {colour}', svg)
    return [[(float(x), float(y)) for x, y in re.findall(r"[ML] ([\d.]+) ([\d.]+)", path)] for path in paths]


def test_points_lie_where_the_values_are() -> None:
    """Straight-line values give equal steps: x in Es/N0, and y, which grows downwards in SVG, in the value."""
    rows = [row("erased", snr_db, snr_db / 20) for snr_db in (0.0, 5.0, 10.0, 15.0)]
    rows += [row("original", snr_db, 0.9) for snr_db in (0.0, 5.0, 10.0, 15.0)]
    svg = draw(Measurements("x", rows), "ssim", [[("awgn", "test")]]).svg
    line = next(points for points in curve_points(svg, "#b84a00") if len(points) == 4)
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(line)]
    assert all(
        math.isclose(x, steps[0][0], rel_tol=1e-3) and math.isclose(y, steps[0][1], rel_tol=1e-3) for x, y in steps
    )
    assert steps[0][0] > 0 > steps[0][1]


def test_a_gap_in_the_values_is_a_gap_in_the_line() -> None:
    values = [0.1, math.nan, 0.3, 0.4]
    rows = [row("erased", 3.0 * i, value) for i, value in enumerate(values)]
    svg = draw(Measurements("x", [*rows, row("original", 0.0, 0.5)]), "ssim", [[("awgn", "test")]]).svg
    assert max(len(points) for points in curve_points(svg, "#b84a00")) == 3


def test_versions_differ_without_colour() -> None:
    series = [Series(version, "c", "", 0) for version in ("original", "erased", "retrained")]
    strokes = strokes_of(series)
    assert len({stroke.dashes for stroke in strokes}) == len({stroke.marker for stroke in strokes}) == 3
    assert strokes_of(series[:2]) == strokes[:2]
    codecs = strokes_of([Series("original", codec, "", 0) for codec in "abcdef"])
    assert len({(stroke.dashes, stroke.marker) for stroke in codecs}) == 6


def test_a_role_looks_the_same_in_every_figure() -> None:
    """Colour, dashes and marker of the first of a role are those of no other role, whatever stands beside it."""
    names = {"original": "c", "erased": "c", "retrained": "c", "classical": "digital:avif", "limit": "limit:avif"}
    series = [
        Series(role if role in ("erased", "retrained") else "original", codec, "", 0) for role, codec in names.items()
    ]
    together = dict(zip(names, strokes_of(series), strict=True))
    assert [strokes_of([each])[0] for each in series] == list(together.values())
    assert len({stroke.colour for stroke in together.values()}) == len(together)
    assert len({stroke.dashes for stroke in together.values()}) == len(together)
    assert len({stroke.marker for stroke in together.values()}) == len(together)
    for role, strokes in STROKES.items():
        assert together[role] == strokes[0]
        assert len({(stroke.colour, stroke.dashes, stroke.marker) for stroke in strokes}) == len(strokes)


def test_the_twin_of_another_run_keeps_colour_and_marker() -> None:
    for strokes in STROKES.values():
        twin = strokes[0].twin()
        assert (twin.colour, twin.marker) == (strokes[0].colour, strokes[0].marker)
        assert twin.dashes != strokes[0].dashes
        assert twin.hollow != strokes[0].hollow


def many_methods(count: int) -> Measurements:
    rows = [row(version, snr_db, 0.5) for version in ("original", "retrained") for snr_db in (0.0, 6.0, 12.0)]
    for method in range(count):
        for snr_db in (0.0, 6.0, 12.0):
            erased = row("erased", snr_db, method / count)
            rows += [dataclasses.replace(erased, method=f"m{method}", set=name) for name in ("forget", "test")]
    return Measurements("x", rows)


@pytest.mark.parametrize("count", [1, 4, 5, 20])
def test_no_panel_holds_more_than_six_curves(count: int) -> None:
    """Every series stands in a group; original and retrained stand in each, in the order of all."""
    measured = many_methods(count)
    groups = curve_groups(measured, "ssim")
    assert max(map(len, groups)) <= MOST_CURVES
    assert {series for group in groups for series in group} == set(measured.series)
    assert all([series for series in measured.series if series in group] == group for group in groups)
    assert all({"original", "retrained"} <= {series.version for series in group} for group in groups)
    assert len(groups) == math.ceil(count / 4)


def test_many_codecs_of_a_sweep_stand_beside_the_neural_one() -> None:
    names = ["neural", *(f"digital:{name}" for name in ("avif", "heic", "webp", "jpeg", "jpeg2000", "a", "b"))]
    rows = [row("original", snr_db, 0.5, codec=name) for name in names for snr_db in (0.0, 6.0)]
    groups = curve_groups(Measurements("x", rows), "ssim")
    assert [len(group) for group in groups] == [5, 4]
    assert all(group[0].codec == "neural" for group in groups)


def test_dots_tell_every_method_at_one_point() -> None:
    """A line for each method, whose dots lie where the values are: equal steps to the right."""
    drawing = draw_dots(many_methods(5), [("ssim", "forget"), ("ssim", "test")])
    texts = re.findall(r">([^<]+)</text>", drawing.svg)
    assert [text for text in texts if re.fullmatch(r"m\d", text)] == [f"m{number}" for number in range(5)]
    assert {"Erased images", "Unseen images", "original", "retrained", "erased"} <= set(texts)
    assert drawing.description.count("erased · m4 0.8") == 2
    dots = [float(x) for x in re.findall(rf'<use [^>]*x="([\d.]+)"[^>]*style="fill: {ORANGE}', drawing.svg)]
    first = [b - a for a, b in itertools.pairwise(dots[:5])]
    assert first == pytest.approx([first[0]] * 4, rel=1e-3)
    assert first[0] > 0


def test_colours_can_be_read_on_white() -> None:
    """Contrast of 4.5:1 or more (WCAG 2.1, success criterion 1.4.3) for all that carries meaning."""
    for colour in PAGE_COLOURS.keys() - {GRID, "#ffffff"}:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 4.5, colour


def test_inline_figures_have_ids_of_their_own() -> None:
    drawing = draw(Measurements("x", [row("original", s, 0.5) for s in (0.0, 3.0)]), "ssim", [[("awgn", "test")]])
    pictures = [str(drawing.inline(prefix)) for prefix in ("a", "b")]
    ids = [set(re.findall(r'id="([^"]*)"', svg)) for svg in pictures]
    assert ids[0]
    assert not ids[0] & ids[1]
    for svg, its_ids in zip(pictures, ids, strict=True):
        assert set(re.findall(r'(?:href="|url\()#([^")]*)', svg)) == its_ids
        assert not re.search(r"#[0-9a-f]{6}", svg)


def test_description_tells_the_ends_of_the_curves() -> None:
    drawing = draw(Measurements("x", [row("original", s, s / 10) for s in (0.0, 6.0)]), "ssim", [[("awgn", "test")]])
    assert drawing.description == "SSIM against Es/N0 from 0\u00a0dB to 6\u00a0dB. Unseen images, AWGN: c 0 to 0.6."


def test_error_rates_are_drawn_on_a_logarithmic_axis() -> None:
    """Each decade takes the same height; a rate of zero cannot be drawn and is left out."""
    rows = [row("original", 3.0 * i, v, "block_error_rate") for i, v in enumerate((1e-1, 1e-2, 1e-3, 0.0))]
    svg = draw(Measurements("x", rows), "block_error_rate", [[("awgn", "test")]]).svg
    line = max(curve_points(svg, BLACK), key=len)[:3]
    assert {"0.1", "0.01", "0.001"} <= set(re.findall(r">([^<]+)</text>", svg))
    assert math.isclose(line[1][1] - line[0][1], line[2][1] - line[1][1], rel_tol=1e-3)


def test_png_holds_every_pixel_and_its_size() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(png_of(pixels, 150))) as picture:
        assert np.array_equal(np.array(picture), pixels)
        assert picture.info["dpi"] == pytest.approx((150, 150), abs=0.1)


def test_numbers_beside_the_panel() -> None:
    """A share is drawn from 0 to 1 whatever the rows are; a free scale has nice steps; many Es/N0 are thinned out."""
    x, y = axes_for([row("erased", 3.0 * step, 0.5) for step in range(7)], "share", 2.75, 1.85)
    assert x.labels == ("0", "3", "6", "9", "12", "15", "18")
    assert y.labels == ("0.0", "0.2", "0.4", "0.6", "0.8", "1.0")
    assert [y.share(value) for value in (-0.03, 0.5, 1.03)] == pytest.approx([0, 0.5, 1])
    x, y = axes_for([row("erased", float(step), 20.0 + step) for step in range(-10, 21)], "free", 2.75, 1.85)
    assert x.labels == ("−10", "−5", "0", "5", "10", "15", "20")
    assert y.labels == ("10", "20", "30", "40")
    x, y = axes_for([row("erased", 1.0, 10.0**-power) for power in range(1, 6)], "log", 2.75, 1.85)
    assert {"0.0001", "0.01"} <= set(y.labels)
    assert y.share(math.sqrt(y.low * y.high)) == pytest.approx(0.5)
    assert y.share(0.0) == 0  # a zero stays in the panel


def test_a_limit_is_a_vertical_line_in_the_manner_of_its_series() -> None:
    rows = [row("original", snr_db, 0.1 + snr_db / 20) for snr_db in (0.0, 5.0, 10.0)]
    limit = [row("original", snr_db, 0.9, codec="limit:avif") for snr_db in (0.0, 5.0, 10.0)]
    at = dataclasses.replace(limit[0], metric="limit_snr_db", snr_db=None, value=5.0)
    drawing = draw(Measurements("x", [*rows, *limit, at]), "ssim", [[("awgn", "test")]])
    lines = curve_points(drawing.svg, GREY)
    (upright,) = [line for line in lines if len(line) == 2 and line[0][0] == line[1][0]]
    curve = next(line for line in lines if len(line) == 3)
    assert upright[0][0] == pytest.approx(curve[1][0])
    beyond = draw(Measurements("x", [*rows, *limit, dataclasses.replace(at, value=30.0)]), "ssim", [[("awgn", "test")]])
    assert not [line for line in curve_points(beyond.svg, GREY) if len(line) == 2 and line[0][0] == line[1][0]]
