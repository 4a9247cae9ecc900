"""Refusals fill the log with a bounded number of lines, and none is left uncounted."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from structlog.testing import capture_logs

from regbridge.web.refusal_log import LINES, MINUTE, RefusalLog

Line = MutableMapping[str, Any]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def facts(address: str = "203.0.113.7", status: int = 401, **more: Any) -> dict[str, Any]:
    return {"status": status, "client": "apap", "remote_address": address, **more}


def counted(lines: list[Line]) -> int:
    """Return how many refusals some lines tell of."""
    return sum(line.get("more", 1) for line in lines)


def test_the_first_of_a_kind_is_logged_at_once_and_its_like_are_counted_after_the_minute() -> None:
    clock = Clock()
    log = RefusalLog(clock)

    with capture_logs() as lines:
        for _ in range(5):
            log.note(facts())
        log.note(facts(status=403))
        assert [line["event"] for line in lines] == ["request refused"] * 2
        clock.now += MINUTE
        log.flush()

    assert (lines[2]["event"], lines[2]["more"], lines[2]["status"]) == ("requests refused", 4, 401)
    assert len(lines) == 3


def test_the_next_minute_begins_anew() -> None:
    clock = Clock()
    log = RefusalLog(clock)

    with capture_logs() as lines:
        for _ in range(3):
            log.note(facts())
            clock.now += MINUTE

    assert [line["event"] for line in lines] == ["request refused"] * 3


def test_attackers_with_many_addresses_fill_no_disk_and_are_all_counted() -> None:
    clock = Clock()
    log = RefusalLog(clock)

    with capture_logs() as lines:
        for number in range(20_000):
            log.note(facts(f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"))
        log.flush(at_end=True)

    assert len(lines) == LINES + 1
    assert counted(lines) == 20_000


def test_a_network_of_ipv6_addresses_is_one() -> None:
    log = RefusalLog(Clock())

    with capture_logs() as lines:
        for number in range(500):
            log.note(facts(f"2001:db8::{number:x}"))

    assert len(lines) == 1


def test_what_nobody_loses_a_message_by_is_no_warning() -> None:
    log = RefusalLog(Clock())

    with capture_logs() as lines:
        for _ in range(2):
            log.note(facts(status=404), grave=False)
        log.flush(at_end=True)

    assert [line["log_level"] for line in lines] == ["info", "info"]


def test_a_long_path_is_cut() -> None:
    with capture_logs() as lines:
        RefusalLog(Clock()).note(facts(path="/" + "x" * 30_000))

    assert len(lines[0]["path"]) < 300
