"""Tasks run when what they wait for is done, in one process or several, and a lost worker is explained."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

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


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    """It is killed while two of them are at work: neither writes what it would write two seconds later."""
    program = (
        "import pathlib, sys, time\n"
        "from semlink.experiments.workflow.tasks import Task, run_tasks\n"
        "def work(started, late):\n"
        "    started.touch(); time.sleep(2); late.touch()\n"
        "if __name__ == '__main__':\n"
        "    here = pathlib.Path(sys.argv[1])\n"
        "    run_tasks({name: Task(work, (here / f'started-{name}', here / f'late-{name}')) for name in 'ab'}, 2)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(program)
    parent = subprocess.Popen([sys.executable, str(script), str(tmp_path)])
    while len(list(tmp_path.glob("started-*"))) < 2:
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    time.sleep(2.5)
    assert list(tmp_path.glob("late-*")) == []
