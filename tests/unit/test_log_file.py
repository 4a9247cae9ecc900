"""A log file never grows beyond its limit, and loses no line for that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from regbridge.cli.log_file import LogFile


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def written(file: LogFile, count: int) -> None:
    for number in range(count):
        file.write(f"line {number}\n")


def test_a_full_file_is_put_aside_and_the_oldest_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "regbridge.log"
    written(LogFile(path, most_bytes=21, kept=2), 10)
    assert lines(path) == ["line 9"]
    assert lines(path.with_name("regbridge.log.1")) == ["line 6", "line 7", "line 8"]
    assert lines(path.with_name("regbridge.log.2")) == ["line 3", "line 4", "line 5"]
    assert len(list(path.parent.iterdir())) == 3


def test_a_restart_goes_on_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "regbridge.log"
    written(LogFile(path, most_bytes=21), 2)
    written(LogFile(path, most_bytes=21), 2)
    assert lines(path.with_name("regbridge.log.1")) == ["line 0", "line 1", "line 0"]
    assert lines(path) == ["line 1"]


def test_a_line_longer_than_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "regbridge.log"
    file = LogFile(path, most_bytes=10)
    file.write("x" * 30 + "\n")
    file.write("y\n")
    assert lines(path) == ["y"]
    assert lines(path.with_name("regbridge.log.1")) == ["x" * 30]


def test_a_file_that_windows_does_not_let_go_is_written_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "regbridge.log"
    file = LogFile(path, most_bytes=21, kept=2)

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "The process cannot access the file")

    with monkeypatch.context() as opened_by_somebody:
        opened_by_somebody.setattr(Path, "replace", refuse)
        written(file, 7)
    assert lines(path) == [f"line {number}" for number in range(7)]
    written(file, 3)
    assert len(lines(path.with_name("regbridge.log.1"))) > 6


def test_what_is_no_text_is_written_all_the_same(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "regbridge.log")
    file.write("\ud800\n")
    assert lines(tmp_path / "regbridge.log") == ["\\ud800"]


def test_a_disk_that_takes_nothing_fails_nobodys_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "logs"
    file = LogFile(folder / "regbridge.log")
    (folder / "regbridge.log").unlink()
    folder.rmdir()
    file.write("a line\n")
    assert capsys.readouterr().err == "a line\n"


def test_a_file_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        LogFile(tmp_path / "folder")
