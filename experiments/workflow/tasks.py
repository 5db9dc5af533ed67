"""Tasks that wait for each other, spread over processes."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from semlink.errors import SemlinkError


@dataclass(frozen=True)
class Task:
    """A call that can go to another process, and the names of the tasks that must be done before it."""

    call: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    after: tuple[str, ...] = ()


def run_tasks(tasks: Mapping[str, Task], workers: int) -> dict[str, Any]:
    """Runs every task and returns what each returned. Tasks that are ready start in the order of the mapping.

    With one worker everything runs in this process. An error of a task stops the rest and is raised here.
    Errors: SemlinkError when a worker process was killed.
    """
    if workers == 1:
        results: dict[str, Any] = {}
        while len(results) < len(tasks):
            name = next(name for name in tasks if _ready(name, tasks, results) and name not in results)
            results[name] = tasks[name].call(*tasks[name].arguments)
        return results
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    try:
        return _run_in(pool, tasks)
    except BrokenProcessPool as error:
        raise SemlinkError(
            "A worker process was killed, perhaps for want of memory; run the same command again to go on, "
            'if need be with fewer --workers. A script has to start the work below: if __name__ == "__main__".'
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in multiprocessing.active_children():  # after an error some are still at work
            worker.terminate()


def _run_in(pool: ProcessPoolExecutor, tasks: Mapping[str, Task]) -> dict[str, Any]:
    results: dict[str, Any] = {}
    running: dict[Future[Any], str] = {}
    waiting = dict(tasks)
    while waiting or running:
        for name in [name for name in waiting if _ready(name, tasks, results)]:
            task = waiting.pop(name)
            running[pool.submit(task.call, *task.arguments)] = name
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            results[running.pop(future)] = future.result()
    return results


def _ready(name: str, tasks: Mapping[str, Task], results: Mapping[str, Any]) -> bool:
    return all(needed in results for needed in tasks[name].after)


def _start_worker() -> None:
    """A worker ends quietly when it is told to, and does not outlive the process that started it."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # SIGHUP is not on Windows
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()  # a pipe that breaks at once when the parent is gone, also where it went before this line
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
