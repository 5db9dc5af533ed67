"""Which versions of a codec are compared record by record, in a sweep and in an audit."""

from collections.abc import Sequence

from semlink.simulator.sweep import Entry

# (version, version that is subtracted). Of several retrained codecs the first one is subtracted, also from the others:
# the difference between two of them is what the seed alone makes.
COMPARISONS = (("erased", "original"), ("erased", "retrained"), ("retrained", "original"), ("retrained", "retrained"))


def compared_pairs(entries: Sequence[Entry]) -> list[tuple[int, int]]:
    """The pairs of versions of one codec that `semlink.simulator.sweep.measure` compares, as places in `entries`.

    Out: (first, second) in the order of the first, then of the second. The second is the first entry of its version.
    """
    leading: dict[tuple[str, str], int] = {}
    for index, entry in enumerate(entries):
        leading.setdefault((entry.name, entry.version), index)
    return [
        (index, other)
        for index, entry in enumerate(entries)
        for (name, version), other in leading.items()
        if entry.name == name and (entry.version, version) in COMPARISONS and index != other
    ]
