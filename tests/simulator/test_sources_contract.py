"""Every source keeps the contract: stable records, unique ids, splits that share nothing."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semlink.errors import SourceError, UnknownName, WrongField
from semlink.simulator.sources import SOURCES, build_source
from semlink.simulator.sources.contract import SPLITS, Source

EMBEDDED = ("digits", "python-docs")


@pytest.fixture(params=[*EMBEDDED, "text-file"])
def source_twice(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Source, Source]:
    fields: dict[str, object] = {}
    if request.param == "text-file":
        fields = {"path": str(tmp_path / "lines.txt")}
        (tmp_path / "lines.txt").write_text("".join(f"This is sentence number {n}.\n" for n in range(300)))
    return build_source(request.param, fields), build_source(request.param, fields)


def payload_key(payload: Any) -> object:
    return " ".join(re.findall(r"\w+", payload.casefold())) if isinstance(payload, str) else payload.tobytes()


def test_two_builds_are_equal(source_twice: tuple[Source, Source]) -> None:
    first, second = source_twice
    assert first.digest() == second.digest()
    assert [record.id for record in first.train] == [record.id for record in second.train]


def test_ids_are_unique_and_splits_disjoint(source_twice: tuple[Source, Source]) -> None:
    source, _ = source_twice
    records = [record for split in SPLITS for record in source.split(split)]
    assert len({record.id for record in records}) == len(records)
    assert len({payload_key(record.payload) for record in records}) == len(records)


def test_splits_are_about_80_10_10(source_twice: tuple[Source, Source]) -> None:
    source, _ = source_twice
    total = sum(len(source.split(split)) for split in SPLITS)
    assert 0.75 < len(source.train) / total < 0.85
    for split in ("validation", "test"):
        assert 0.05 < len(source.split(split)) / total < 0.15


def test_payloads_and_labels_fit_the_modality(source_twice: tuple[Source, Source]) -> None:
    source, _ = source_twice
    for record in source.train:
        if source.modality == "text":
            assert isinstance(record.payload, str)
            assert record.label is None
        else:
            assert record.payload.dtype == np.uint8
            assert record.label in range(len(source.labels))


def test_an_unknown_source_names_the_known_ones() -> None:
    with pytest.raises(UnknownName, match='Did you mean "digits"'):
        build_source("digit")
    assert set(EMBEDDED) < set(SOURCES)


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(WrongField, match='no field "limitt"'):
        build_source("mnist", {"limitt": 3})


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(SourceError, match="train, validation, test"):
        build_source("digits").split("dev")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_states_its_terms(name: str) -> None:
    terms = SOURCES[name].terms
    for sentence in (terms.content, terms.persons, terms.licence):
        assert sentence.endswith(".")
        assert len(sentence) > 4
