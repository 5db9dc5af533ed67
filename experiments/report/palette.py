"""How every curve and dot of the project looks: one colour and one marker for each role, told apart in grey print too.

Colours after Okabe and Ito, darkened to 4.5:1 on white. In a page they come from its style sheet, so that they follow
light, dark and print.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from semlink.experiments.report.measurements import Series

INK, GRID, PAPER = "#1c2230", "#d8dce3", "#ffffff"
BLACK, ORANGE, BLUE, GREEN, GREY, PURPLE, OLIVE = (
    "#23283a", "#b84a00", "#0067ad", "#007a5a", "#5f6672", "#a0447c", "#7a6400",
)  # fmt: skip
Role = Literal["original", "erased", "retrained", "classical", "limit"]
Dashes = Literal["solid"] | tuple[int, tuple[float, ...]]
DOTS, DASHES, DASH_DOTS, LONG, TWIN = (0, (1, 1.3)), (0, (5, 1.8)), (0, (6, 1.5, 1, 1.5)), (0, (9, 2.5)), (0, (1, 2.5))


@dataclass(frozen=True)
class Stroke:
    """How one series is drawn; dashes and marker tell it apart in grey print. hollow: the marker is not filled."""

    colour: str
    dashes: Dashes
    marker: str
    width: float = 1.6
    hollow: bool = False

    def twin(self) -> "Stroke":
        """The same series of another run: its colour and marker, filled the other way, in a thin line of points."""
        return replace(self, dashes=TWIN, width=1.0, hollow=not self.hollow)


# The first stroke of a role is its own everywhere; the others are for more codecs of that role in the same figure.
STROKES: dict[Role, tuple[Stroke, ...]] = {
    "original": (
        Stroke(BLACK, DOTS, "s", 1.8),
        Stroke(PURPLE, DASHES, "P"),
        Stroke(OLIVE, DASH_DOTS, "X"),
        Stroke(BLUE, LONG, "*"),
        Stroke(ORANGE, (0, (3, 1, 1, 1)), "h"),
        Stroke(GREEN, "solid", "p"),
    ),
    "erased": (
        Stroke(ORANGE, "solid", "o", 2.0),
        Stroke(PURPLE, (0, (3, 1, 1, 1)), "P"),
        Stroke(OLIVE, LONG, "X"),
        Stroke(GREEN, (0, (2, 1)), "*"),
    ),
    "retrained": (Stroke(BLUE, DASHES, "D", hollow=True), Stroke(PURPLE, LONG, "d"), Stroke(OLIVE, DASH_DOTS, "H")),
    "classical": (
        Stroke(GREEN, DASH_DOTS, "^"),
        Stroke(PURPLE, DASHES, "v"),
        Stroke(OLIVE, (0, (2, 1)), "<"),
        Stroke(BLUE, (0, (3, 1, 1, 1)), ">"),
        Stroke(ORANGE, LONG, "d"),
    ),
    "limit": (
        Stroke(GREY, LONG, "x", 1.3),
        Stroke(GREY, (0, (1, 3)), "+", 1.3),
        Stroke(GREY, (0, (4, 1, 1, 1, 1, 1)), "1", 1.3),
    ),
}
PAGE_COLOURS = {
    INK: "currentColor",
    GRID: "var(--line)",
    PAPER: "var(--paper)",
    BLACK: "var(--original)",
    ORANGE: "var(--erased)",
    BLUE: "var(--retrained)",
    GREEN: "var(--classical)",
    GREY: "var(--limit)",
    PURPLE: "var(--fifth)",
    OLIVE: "var(--sixth)",
}


def role_of(series: Series) -> Role:
    """What a series is: a version of a neural codec, the classical chain, or a limit of it."""
    kind = series.codec.partition(":")[0]
    if kind in ("limit", "bound"):
        return "limit"
    if kind in ("digital", "classical"):
        return "classical"
    return {"erased": "erased", "retrained": "retrained"}.get(series.version, "original")  # type: ignore[return-value]


def strokes_of(series: Sequence[Series]) -> list[Stroke]:
    """A stroke for each series of one figure."""
    taken: dict[Role, int] = {}
    strokes = []
    for each in series:
        role = role_of(each)
        choice = STROKES[role]
        strokes.append(choice[taken.get(role, 0) % len(choice)])
        taken[role] = taken.get(role, 0) + 1
    return strokes
