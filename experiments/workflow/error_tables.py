"""Tables of measured block error rates: what a sender of the classical chain looks up, measured beforehand."""

from collections.abc import Sequence
from numbers import Real
from pathlib import Path

import torch

from semlink.channels import channel_name
from semlink.errors import RecipeError
from semlink.experiments.workflow.classical import SHARES
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.plugin_use import plugins_of
from semlink.experiments.workflow.run_folder import RunFolder
from semlink.experiments.workflow.run_plan import BlockErrorsPlan
from semlink.experiments.workflow.store import block_errors
from semlink.experiments.workflow.tasks import Task, run_tasks
from semlink.folder_lock import locked
from semlink.progress import Progress
from semlink.simulator.block_errors import measured_uses


def block_errors_plan(
    channels: Sequence[str], uses: Sequence[int], snr_db: Sequence[float], target: float, table: Path | None
) -> BlockErrorsPlan:
    """The plan of a measurement.

    In:     uses: channel uses of a block; each stands for the measured number at or below it. target: the block error
            rate that a choice may have. table: folder of the tables; by default the user's own.
    Errors: RecipeError when a number of channel uses makes no sense; UnknownName, WrongField.
    """
    if not uses or min(uses) < 1:
        raise RecipeError("A block needs at least 1 channel use; give --uses of 1 or more.")
    if not isinstance(target, Real) or isinstance(target, bool) or not 0 < target < 1:
        raise RecipeError(f"A block error rate cannot be {target!r:.60}; give --target a number above 0 and below 1.")
    return BlockErrorsPlan(
        channels=tuple(channel_name(channel) for channel in channels),
        uses=tuple(sorted({measured_uses(count) for count in uses})),
        snr_db=tuple(snr_db),
        target=float(target),
        table=None if table is None else str(table),
    )


@locked("out")
def run_block_errors(plan: BlockErrorsPlan, out: Path, machine: Machine, command: str) -> RunFolder:
    """Measures what choices at these Es/N0 rest on, keeps it in the table, and leaves what is known as rows in `out`.

    Errors: RecipeError; ResultsError when a table is damaged.
    """
    folder = RunFolder.reserve(out, plan, command, plugins=plugins_of(plan))
    table = None if plan.table is None else Path(plan.table)
    tasks = {
        f"{channel}, {uses} uses, part {share}": Task(
            _measure, (channel, uses, plan.snr_db[share::SHARES], plan.target, table)
        )
        for channel in plan.channels
        for uses in plan.uses
        for share in range(min(SHARES, len(plan.snr_db)))
    }
    run_tasks(tasks, machine.workers)
    errors = block_errors(table)
    if table is not None:
        errors.tidy()
    wanted = {f"{uses} uses" for uses in plan.uses}
    folder.write([row for channel in plan.channels for row in errors.rows(channel, "original") if row.set in wanted])
    return folder


def _measure(channel: str, uses: int, points: Sequence[float], target: float, table: Path | None) -> None:
    torch.set_num_threads(1)
    errors = block_errors(table)
    with Progress(f"block errors over {channel}, {uses} uses", len(points)) as progress:
        for snr_db in points:
            errors.choose(uses, channel, snr_db, target)
            progress.step()
