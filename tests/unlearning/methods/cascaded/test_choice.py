"""What cascaded unlearning chooses, and what it refuses."""

from types import SimpleNamespace
from typing import Any

import pytest

from semlink.errors import ErasureError
from semlink.unlearning.contract import Partition, Reads
from semlink.unlearning.methods.cascaded.choice import Choice, choice_for

PLAIN = SimpleNamespace(traits={"adversary"}, config=SimpleNamespace(conditional=False))
CONDITIONAL = SimpleNamespace(traits={"adversary"}, config=SimpleNamespace(conditional=True))
LINK = SimpleNamespace(traits={"adversary", "reconstruction"}, config=SimpleNamespace(conditional=False))
ITEMS, CLASS = Partition([], [], [], []), Partition([], [], [], [], labels=(3,))
ALL: tuple[Reads, ...] = ("forget", "retain", "validation")


def choose(codec: Any, partition: Partition, **fields: Any) -> Choice:
    given = {"fake": "auto", "substitute": "auto", "players": "both", "stop": "auto", "retained": None}
    return choice_for(codec, partition, **{**given, **fields})


@pytest.mark.parametrize(
    ("codec", "partition", "expected"),
    [
        (PLAIN, ITEMS, Choice("rank", None, True, ALL)),
        (CONDITIONAL, ITEMS, Choice("rank", None, True, ALL)),
        (LINK, ITEMS, Choice("rank", "nearest", True, ALL)),
        (PLAIN, CLASS, Choice("zero", None, False, ("forget", "retain"))),
        (CONDITIONAL, CLASS, Choice("mean", "mean-condition", False, ALL)),
        (LINK, CLASS, Choice("mean", None, False, ALL)),
    ],
)
def test_auto(codec: Any, partition: Partition, expected: Choice) -> None:
    assert choose(codec, partition) == expected


@pytest.mark.parametrize(
    ("codec", "partition", "fields", "expected"),
    [
        (LINK, ITEMS, {"players": "discriminator"}, Choice("rank", None, True, ALL)),
        (LINK, ITEMS, {"players": "generator"}, Choice(None, "nearest", False, ("forget", "retain"))),
        (CONDITIONAL, CLASS, {"fake": "zero"}, Choice("zero", "mean-condition", False, ("forget", "retain"))),
        (CONDITIONAL, CLASS, {"retained": 0}, Choice("mean", "mean-condition", False, ("forget", "validation"))),
        (PLAIN, ITEMS, {"retained": 0}, Choice("rank", None, False, ("forget", "validation"))),
        (PLAIN, ITEMS, {"stop": "none", "substitute": "random"}, Choice("rank", "random", False, ALL)),
        (PLAIN, CLASS, {"stop": "scores"}, Choice("zero", None, True, ALL)),
    ],
)
def test_given(codec: Any, partition: Partition, fields: dict[str, Any], expected: Choice) -> None:
    assert choose(codec, partition, **fields) == expected


@pytest.mark.parametrize(
    ("codec", "partition", "fields", "sentence"),
    [
        (PLAIN, ITEMS, {"players": "generator"}, "nothing to unlearn without a substitute"),
        (PLAIN, CLASS, {"substitute": "mean-condition"}, "needs a generator that takes a class"),
        (CONDITIONAL, ITEMS, {"substitute": "mean-condition"}, "and a request that names one"),
        (PLAIN, CLASS, {"retained": 0}, "would bring back"),
        (LINK, ITEMS, {"retained": 0}, "no data of the sender"),
        (PLAIN, ITEMS, {"retained": 0, "substitute": "nearest"}, "is a retained image"),
        (PLAIN, ITEMS, {"retained": 0, "stop": "scores"}, "looks at retained records"),
    ],
)
def test_refused(codec: Any, partition: Partition, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ErasureError, match=sentence):
        choose(codec, partition, **fields)
