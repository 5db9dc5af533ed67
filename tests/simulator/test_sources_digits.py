"""The embedded digits: scaling, labels and the owners that are inferred from the order of the labels."""

from difflib import SequenceMatcher

import numpy as np
from sklearn.datasets import load_digits

from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import SPLITS
from semlink.simulator.sources.digits import FORM_STARTS


def test_pixels_are_scaled_to_the_whole_range() -> None:
    source, raw = build_source("digits"), load_digits()
    for record in source.test:
        image = raw.images[int(record.id.split("/")[1])]
        assert np.array_equal(record.payload, np.round(image * 255 / 16))
        assert record.label == raw.target[int(record.id.split("/")[1])]


def test_a_form_is_one_run_through_the_preprinted_digits() -> None:
    """Some forms lack up to eight of the 130 digits; a wrong start by one digit lowers the likeness of that form."""
    target = "".join(map(str, load_digits().target))
    starts, ends = FORM_STARTS, [*FORM_STARTS[1:], len(target)]
    whole = target[: starts[1]]

    def likeness(start: int, end: int) -> float:
        return SequenceMatcher(None, whole, target[start:end], autojunk=False).ratio()

    for start, end in zip(starts, ends, strict=True):
        assert 120 < end - start <= len(whole)
        assert likeness(start, end) > 0.96
        assert start == 0 or likeness(start, end) >= likeness(start - 1, end)
        assert likeness(start, end) > likeness(start + 1, end)


def test_every_form_has_records_to_erase() -> None:
    source = build_source("digits")
    owners = [record.owner for record in source.train]
    assert {f"form-{number:02d}" for number in range(1, 15)} == set(owners)
    assert all(80 <= owners.count(owner) <= 115 for owner in set(owners))
    assert sum(len(source.split(split)) for split in SPLITS) == 1797
