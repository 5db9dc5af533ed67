"""An equivalence test passes retrained codecs at its stated rate, and never because there are few records."""

import math

import numpy as np
import pytest

from semlink.simulator.intervals import Interval, mean_interval
from semlink.unlearning.equivalence import equivalence, margin_of

LEAN, NOISE = 0.1, 0.5  # how far retrained codecs lie apart, and single records


def outcome_of(shift: float, records: int, draws: np.random.Generator, retrained: int = 5) -> str:
    """The outcome for a codec that is like the retrained ones but for a shift, of losses of some records."""
    means = draws.normal(scale=LEAN, size=retrained)
    gaps = shift + draws.normal(scale=LEAN) - means.mean() + draws.normal(scale=NOISE, size=records)
    return equivalence(mean_interval(gaps), margin_of(means.tolist())).outcome


def test_a_retrained_codec_is_said_to_differ_at_most_at_the_stated_rate() -> None:
    """With 95 % margins one of twenty lies beyond them; of 600, more than 45 would by chance once in 1,000 times."""
    draws = np.random.default_rng(0)
    found = [outcome_of(0.0, 400, draws) for _ in range(600)]
    assert found.count("more") + found.count("less") <= 45
    assert found.count("matches") > 400


def test_few_records_decide_nothing() -> None:
    """With 6 records the interval is wider than the margin: neither a retrained codec nor a broken one passes."""
    draws = np.random.default_rng(1)
    for shift in (0.0, 0.3):
        found = [outcome_of(shift, 6, draws) for _ in range(200)]
        assert found.count("matches") < 20
        assert found.count("not decided") > 120


def test_a_codec_that_knows_more_or_less_is_found() -> None:
    draws = np.random.default_rng(2)
    for shift, word in ((-2.0, "less"), (2.0, "more")):
        assert {outcome_of(shift, 400, draws) for _ in range(100)} == {word}


def test_what_would_decide_is_told() -> None:
    """Of a difference of half the margin, whose interval reaches three times too far: nine times the records."""
    found = equivalence(Interval(0.5, -1.0, 2.0, 0.95, 40), 1.0)
    assert (found.outcome, found.needed) == ("not decided", 360)
    beyond = equivalence(Interval(2.0, 0.0, 4.0, 0.95, 10), 1.0)
    assert (beyond.outcome, beyond.needed) == ("not decided", 40)
    assert equivalence(Interval(1.0, 0.5, 1.5, 0.95, 10), 1.0).needed is None
    assert equivalence(Interval(0.1, -math.inf, math.inf, 0.95, 1), 1.0).needed is None


def test_a_spread_takes_three_retrained_codecs() -> None:
    """Of 1, 2 and 3: s = 1, t = 4.3027, so the margin is 4.3027 * sqrt(4 / 3)."""
    assert margin_of([1.0, 2.0, 3.0]) == pytest.approx(4.3027 * math.sqrt(4 / 3), rel=1e-4)
    with pytest.raises(ValueError, match="3 of them"):
        margin_of([1.0, 2.0])
