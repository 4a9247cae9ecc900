"""The log in a file: begun anew when it is large, by one process, and nothing is lost."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog

from regbridge.cli import logs
from regbridge.cli.log_file import LogFile
from regbridge.cli.logs import LogFormat, LogSettings, logged, set_up_logging
from regbridge.errors import ConfigError

log = structlog.get_logger()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "regbridge.log"


def entries(*paths: Path) -> list[Any]:
    lines = [line for each in paths for line in each.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line) for line in lines]


def files(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir() if each.suffix != ".lock")


def test_the_file_gets_json_lines_and_standard_error_nothing(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logged(LogSettings(file=path)):
        log.info("started", who="Ségolène \ud800")
        logging.getLogger("waitress").error("the %s broke", "loop")

    first, second = entries(path)
    assert (first["event"], first["level"], first["who"]) == ("started", "info", "Ségolène \ud800")
    assert (second["event"], second["logger"]) == ("the loop broke", "waitress")
    assert capsys.readouterr() == ("", "")


def test_as_text_every_entry_is_one_line_whatever_a_stranger_sends(path: Path) -> None:
    with logged(LogSettings(format=LogFormat.TEXT, file=path)):
        log.info("request refused", path="/x\n2027 [error] fired\x1b[31m", reason="Ségolène\ud800")

    [line] = path.read_text(encoding="utf-8").splitlines()
    assert "2027 [error] fired" in line
    assert "\x1b" not in line


@pytest.mark.parametrize("format_", [LogFormat.JSON, LogFormat.TEXT])
def test_the_form_is_as_asked_for_on_standard_error_too(
    capsys: pytest.CaptureFixture[str], format_: LogFormat
) -> None:
    with logged(LogSettings(format=format_)):
        log.info("started")

    assert capsys.readouterr().err.startswith("{") == (format_ is LogFormat.JSON)


def test_a_large_file_is_begun_anew_and_so_many_stay(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LogFile", partial(LogFile, most_bytes=500))
    with logged(LogSettings(file=path, keep=2)):
        for number in range(40):
            log.info("entry", number=number)

    assert files(path) == ["regbridge.log", "regbridge.log.1", "regbridge.log.2"]
    newest_last = [path.with_name(f"regbridge.log{end}") for end in (".2", ".1", "")]
    numbers = [entry["number"] for entry in entries(*newest_last)]
    assert numbers == [*range(numbers[0], 40)]


def test_two_processes_do_not_share_a_file(path: Path) -> None:
    with logged(LogSettings(file=path)):
        with pytest.raises(ConfigError, match="another process writes the log file"):
            set_up_logging(LogSettings(file=path))
        log.info("the first one goes on")
    with logged(LogSettings(file=path)):
        log.info("and then the next")

    found = [entry["event"] for entry in entries(path)]
    assert found == ["the first one goes on", "and then the next"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ends_by_an_error_is_in_the_log(path: Path) -> None:
    before = threading.excepthook

    def fail() -> None:
        secret = "hunter2" * 2
        raise ValueError(len(secret))

    with logged(LogSettings(file=path)):
        thread = threading.Thread(target=fail, name="deliver acme crm 0")
        thread.start()
        thread.join()

    [entry] = entries(path)
    assert (entry["event"], entry["level"]) == ("a thread has ended", "critical")
    assert entry["thread"] == "deliver acme crm 0"
    assert "ValueError: 14" in entry["exception"]
    assert "hunter2hunter2" not in entry["exception"]
    assert threading.excepthook is before


def test_why_a_service_does_not_start_is_in_its_file_too(
    run: Callable[..., Any], configs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_CVENT_TOKEN")

    ran = run("serve", "--log-file", "logs/serve.log")

    assert ran.status == 1
    assert "ACME_CVENT_TOKEN is not set" in ran.err
    found = entries(Path("logs/serve.log"))
    assert [entry["event"] for entry in found] == ["the service ends"] * 2
    assert "ACME_CVENT_TOKEN is not set" in found[0]["error"]
    assert "regbridge check" in found[1]["error"]


def test_a_bug_that_ends_the_service_is_in_its_file_with_its_place(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), logged(LogSettings(file=path)):
        raise ZeroDivisionError

    [entry] = entries(path)
    assert entry["event"] == "the service ends by a bug"
    assert "test_cli_log_file.py" in entry["exception"]


def test_a_file_that_cannot_be_written_is_told_in_plain_words(
    run: Callable[..., Any], configs: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")

    ran = run("work", "--log-file", "taken/work.log")

    assert ran.status == 1
    assert "taken" in ran.err
    assert "Traceback" not in ran.err


def test_commands_keep_what_libraries_log_away_from_their_output(
    run: Callable[..., Any], configs: Path
) -> None:
    log.info("not in the output")

    assert run("status", "--json").json["registrations"] == []
