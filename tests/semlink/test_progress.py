"""Long work shows how far it is."""

import io

import pytest

from semlink.progress import Progress


def test_plain_lines_with_estimate(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("train", total=4, start=1, interval=0.0) as progress:
        for _ in range(3):
            progress.step("loss 1.0")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "train: 1/4, started"
    assert lines[1].startswith("train: 2/4, loss 1.0, about ")
    assert lines[-1].startswith("train: 4/4, done in ")


def test_a_terminal_gets_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with Progress("sweep", total=2, interval=0.0) as progress:
        progress.step()
        progress.step()
    assert screen.getvalue().count("\n") == 1
    assert "\r" in screen.getvalue()


def test_a_failure_is_not_called_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="broken"), Progress("train", total=2, interval=9.0):
        raise ValueError("broken")
    assert "done" not in capsys.readouterr().err
