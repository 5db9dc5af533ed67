"""Tasks that wait for each other, spread over processes."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, ClassVar

import cloudpickle

from semlink.errors import SemlinkError
from semlink.plugins import Shipment, shipment


@dataclass(frozen=True)
class Task:
    """A call that can go to another process, and the names of the tasks that must be done before it."""

    call: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    after: tuple[str, ...] = ()


def run_tasks(tasks: Mapping[str, Task], workers: int) -> dict[str, Any]:
    """Runs every task and returns what each returned. Tasks that are ready start in the order of the mapping.

    With one worker everything runs in this process. An error of a task stops the rest and is raised here.
    Worker processes know the plug-ins of this one.
    Errors: PluginError when a registered class cannot be sent to one; SemlinkError when one was killed.
    """
    if workers == 1:
        results: dict[str, Any] = {}
        while len(results) < len(tasks):
            name = next(name for name in tasks if _ready(name, tasks, results) and name not in results)
            results[name] = tasks[name].call(*tasks[name].arguments)
        return results
    pool = ProcessPoolExecutor(workers, mp_context=_Context(), initializer=_start_worker, initargs=(shipment(),))
    try:
        return _run_in(pool, tasks)
    except BrokenProcessPool as error:
        raise SemlinkError(
            "A worker process was killed, perhaps for want of memory; run the same command again to go on, "
            "if need be with fewer --workers."
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
            running[pool.submit(_carry_out, cloudpickle.dumps(task))] = name
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            results[running.pop(future)] = future.result()
    return results


def _ready(name: str, tasks: Mapping[str, Task], results: Mapping[str, Any]) -> bool:
    return all(needed in results for needed in tasks[name].after)


class _Process(SpawnProcess):
    """A process that does not run the script of its parent again, which would start the same work once more.

    What tasks need of the script travels with them, and what it registers with the shipment of plug-ins.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        main = sys.modules["__main__"]
        hidden: dict[str, Any] = {name: vars(main).pop(name) for name in ("__file__", "__spec__") if name in vars(main)}
        main.__spec__ = None
        try:
            return SpawnProcess._Popen(process_obj)
        finally:
            vars(main).update(hidden)


class _Context(SpawnContext):
    """Starts such processes."""

    Process = _Process


class _Plugins:
    """What keeps this worker process from working: its plug-ins, which cannot be loaded here."""

    fault: ClassVar[SemlinkError | None] = None


def _carry_out(packed: bytes) -> Any:
    if _Plugins.fault is not None:
        raise _Plugins.fault
    task: Task = cloudpickle.loads(packed)
    return task.call(*task.arguments)


def _start_worker(plugins: Shipment) -> None:
    """A worker knows the plug-ins, ends quietly when it is told to, and does not outlive what started it."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # SIGHUP is not on Windows
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()  # a pipe that breaks at once when the parent is gone, also where it went before this line
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    try:
        plugins.unpack()
    except SemlinkError as error:
        _Plugins.fault = error
