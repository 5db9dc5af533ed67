"""Tables of measured block error rates: what a sender of the classical chain looks up, measured beforehand."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
import yaml

from semlink.channels import channel_name
from semlink.errors import RecipeError
from semlink.experiments.workflow.bench import claim
from semlink.experiments.workflow.entrants import SHARES
from semlink.experiments.workflow.store import block_errors
from semlink.experiments.workflow.tasks import Task, run_tasks
from semlink.files import write_whole
from semlink.progress import Progress
from semlink.simulator.block_errors import measured_uses
from semlink.simulator.results import Row, write_rows


def measure_tables(
    channels: Sequence[str],
    uses: Sequence[int],
    points: Sequence[float],
    target: float,
    table: Path | None,
    out: Path,
    workers: int,
    command: str,
) -> list[Row]:
    """Measures what choices at these Es/N0 rest on, keeps it in the table, and leaves what is known as rows in `out`.

    In:     uses: channel uses of a block; each stands for the measured number at or below it. target: the block error
            rate that a choice may have. table: folder of the tables; by default the user's own.
    Errors: RecipeError when a number of channel uses makes no sense; UnknownName, WrongField; ResultsError when a table
            is damaged.
    """
    if not uses or min(uses) < 1:
        raise RecipeError("A block needs at least 1 channel use; give --uses of 1 or more.")
    names = [channel_name(channel) for channel in channels]
    sizes = sorted({measured_uses(count) for count in uses})
    settings = {"channels": names, "uses": sizes, "snr_db": list(points), "target": target}
    claim(out, yaml.safe_dump(settings, sort_keys=False))
    tasks = {
        f"{name}, {size} uses, part {share}": Task(_measure, (name, size, points[share::SHARES], target, table))
        for name in names
        for size in sizes
        for share in range(min(SHARES, len(points)))
    }
    run_tasks(tasks, workers)
    errors = block_errors(table)
    if table is not None:
        errors.tidy()
    wanted = {f"{size} uses" for size in sizes}
    rows = [row for name in names for row in errors.rows(name, "original") if row.set in wanted]
    write_rows(out / "results.jsonl", rows)
    facts = [{"experiment": row.experiment, "recipe": settings, "command": command} for row in rows[:1]]
    write_whole(out / "experiments.json", json.dumps(facts, indent=1) + "\n")
    return rows


def _measure(channel: str, uses: int, points: Sequence[float], target: float, table: Path | None) -> None:
    torch.set_num_threads(1)
    errors = block_errors(table)
    with Progress(f"block errors over {channel}, {uses} uses", len(points)) as progress:
        for snr_db in points:
            errors.choose(uses, channel, snr_db, target)
            progress.step()
