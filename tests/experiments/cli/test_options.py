"""What a run remembers of its command."""

import sys

import pytest

from semlink.experiments.cli.options import command


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (["sweep", "a", "--request", "weber.json", "--snr", "0:6:6"], "semlink sweep a --request FILE --snr 0:6:6"),
        (["sweep", "a", "--request=weber.json"], "semlink sweep a --request=FILE"),
        (["run", "r", "--set", "erasure.request={id: weber}"], "semlink run r --set erasure.request=..."),
        (["run", "r", "--set", "erasure={request: {id: weber}}"], "semlink run r --set erasure=..."),
        (["run", "r", "--set=erasure.request.id=weber"], "semlink run r --set erasure.request.id=..."),
        (["run", "r", "--set", "sweep.records=5", "x y"], "semlink run r --set sweep.records=5 'x y'"),
        (["sweep", "/home/weber/a", "--out=/tmp/x/", "--snr", "0:6:6"], "semlink sweep a --out=x/ --snr 0:6:6"),
        (
            ["records", "triggered:of=image-folder:path=/home/weber/b"],
            "semlink records triggered:of=image-folder:path=b",
        ),
        (["run", "r", "--request"], "semlink run r --request FILE"),
        (["run", "r", "--set"], "semlink run r --set ''"),
    ],
)
def test_nobody_is_named_in_it(monkeypatch: pytest.MonkeyPatch, typed: list[str], kept: str) -> None:
    monkeypatch.setattr(sys, "argv", ["semlink", *typed])
    assert command() == kept
