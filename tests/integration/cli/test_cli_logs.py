"""The log on stderr, in its two forms."""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from regbridge.cli.logs import LogSettings, logged, set_up_logging
from regbridge.hidden import remember

PERSON = "mary.jones@example.org"


def fail() -> None:
    secret = "hunter2" * 2
    try:
        raise ValueError(len(secret))
    except ValueError:
        structlog.get_logger().exception("failed", client="acme")


def entries(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    out, err = capsys.readouterr()
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


def test_away_from_a_terminal_every_entry_is_a_line_of_json_with_its_time_in_utc(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging(LogSettings())
    structlog.get_logger().info("started", clients=["acme"])
    [entry] = entries(capsys)
    assert (entry["event"], entry["level"], entry["clients"]) == ("started", "info", ["acme"])
    assert datetime.fromisoformat(entry["timestamp"]).tzinfo == UTC


def test_what_is_less_grave_than_the_level_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogSettings("error"))
    structlog.get_logger().warning("not this")
    logging.getLogger("waitress").warning("nor this")
    structlog.get_logger().error("this")
    assert [entry["event"] for entry in entries(capsys)] == ["this"]


def test_libraries_write_into_the_same_log(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogSettings())
    set_up_logging(LogSettings())
    logging.getLogger("waitress").error("the %s broke", "loop")
    logging.getLogger("another").log(35, "a level of its own")
    error, other = entries(capsys)
    assert (error["event"], error["logger"]) == ("the loop broke", "waitress")
    assert other["level"] == "warning"


@pytest.mark.parametrize("terminal", [True, False])
def test_a_traceback_shows_no_local_variables(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    set_up_logging(LogSettings())
    fail()
    err = capsys.readouterr().err
    assert "ValueError: 14" in err
    assert "in fail" in err
    assert "hunter2hunter2" not in err
    assert err.startswith("{") is not terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_a_traceback_shows_no_values_and_no_line_shows_a_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    set_up_logging(LogSettings("info"))
    remember('correct-"horse"-battery')
    people: dict[str, int] = {}
    try:
        people[PERSON]
    except KeyError:
        structlog.get_logger().exception("failed")
    structlog.get_logger().info("refused", token='correct-"horse"-battery')
    logging.getLogger("a plugin").error("no %s", 'correct-"horse"-battery')
    err = capsys.readouterr().err
    assert "KeyError: '" in err
    assert "mary" not in err
    assert "horse" not in err


def test_a_thread_that_ends_by_a_bug_is_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    with logged(LogSettings("info")):
        thread = threading.Thread(target=lambda: int(PERSON), name="leases")
        thread.start()
        thread.join()
    [entry] = entries(capsys)
    assert (entry["event"], entry["thread"]) == ("a thread has ended", "leases")
    assert "ValueError: invalid literal" in entry["exception"]
    assert "mary" not in entry["exception"]
