"""Some of many records, the same ones wherever they are wanted."""

from collections.abc import Sequence

from semlink.seeding import seed_for
from semlink.simulator.sources.contract import Record


def subset(records: Sequence[Record], limit: int, seed: int) -> list[Record]:
    """At most `limit` of the records, in their order; which ones depends on the seed and their ids alone."""
    chosen = {record.id for record in sorted(records, key=lambda record: seed_for(seed, "subset", record.id))[:limit]}
    return [record for record in records if record.id in chosen]
