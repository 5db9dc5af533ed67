"""How the program ends when the machine has not enough memory: one sentence and status 2."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from semlink.experiments.cli import app as program


def _of_python() -> None:
    raise MemoryError


def _of_torch() -> None:
    torch.empty(1 << 55)


def _of_a_cuda_device() -> None:
    raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")


def _told_by_another_error() -> None:
    try:
        raise MemoryError
    except MemoryError as error:
        raise RuntimeError("a worker ended") from error


@pytest.mark.parametrize("fail", [_of_python, _of_torch, _of_a_cuda_device, _told_by_another_error])
def test_memory_that_cannot_be_had_ends_in_a_sentence(
    fail: Callable[[], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*_: Any, **__: Any) -> None:
        fail()

    monkeypatch.setattr(program, "app", run)
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith("Error: There is not enough memory;")


def test_other_errors_of_our_own_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: Any, **__: Any) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(program, "app", run)
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        program.main()
