"""Tasks run when what they wait for is done, in one process or several, and a lost worker is explained."""

import os
import signal
from collections.abc import Callable

import pytest

from semlink.errors import SemlinkError
from semlink.experiments.workflow.tasks import Task, run_tasks


@pytest.mark.parametrize("workers", [1, 2])
def test_order_and_results(workers: int) -> None:
    tasks = {
        "sum": Task(sum, ([1, 2],), after=("first", "second")),
        "first": Task(pow, (2, 3)),
        "second": Task(pow, (3, 2), after=("first",)),
    }
    assert run_tasks(tasks, workers) == {"first": 8, "second": 9, "sum": 3}


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_raised_here(workers: int) -> None:
    with pytest.raises(ZeroDivisionError):
        run_tasks({"bad": Task(divmod, (1, 0)), "after": Task(pow, (1, 1), after=("bad",))}, workers)


def test_a_killed_worker_is_explained() -> None:
    kill: Callable[[int], None] = signal.raise_signal
    with pytest.raises(SemlinkError, match="fewer --workers"):
        run_tasks({"killed": Task(kill, (signal.SIGKILL,))}, workers=2)
    assert os.getpid() > 0
