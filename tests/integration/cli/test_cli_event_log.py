"""The Event Log of Windows, with a stand-in for Windows and for pywin32."""

from __future__ import annotations

import importlib.machinery
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import structlog

from regbridge.cli.event_log import EventLog
from regbridge.cli.logs import LogSettings, logged
from regbridge.errors import ConfigError

ERROR, WARNING, INFORMATION = 1, 2, 4


class AccessDeniedError(Exception):
    """What pywin32 raises where only an administrator may."""

    winerror = 5


class StandIn(ModuleType):
    """`win32evtlogutil`: it remembers the events."""

    def __init__(self) -> None:
        super().__init__("win32evtlogutil")
        self.__spec__ = importlib.machinery.ModuleSpec(self.__name__, None)
        self.__file__ = str(Path("site-packages") / "win32" / "win32evtlogutil.py")
        self.sources: list[str] = []
        self.events: list[tuple[str, int, str]] = []
        self.is_administrator = True

    def AddSourceToRegistry(self, name: str, _dll: str, log: str) -> None:  # noqa: N802
        if not self.is_administrator:
            raise AccessDeniedError
        self.sources.append(f"{log} {name}")

    def ReportEvent(  # noqa: N802
        self, name: str, _number: int, _category: int, kind: int, texts: list[str]
    ) -> None:
        self.events.append((name, kind, texts[0]))


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """A Windows with pywin32."""
    found, kinds = StandIn(), ModuleType("win32evtlog")
    vars(kinds).update(
        EVENTLOG_ERROR_TYPE=ERROR,
        EVENTLOG_WARNING_TYPE=WARNING,
        EVENTLOG_INFORMATION_TYPE=INFORMATION,
    )
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "win32evtlogutil", found)
    monkeypatch.setitem(sys.modules, "win32evtlog", kinds)
    return found


def test_warnings_and_errors_are_events_beside_the_log_itself(
    windows: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    with logged(LogSettings(event_log=True)):
        log: Any = structlog.get_logger()
        log.info("started")
        log.warning("alert", subject="acme: 1 registration is parked")
        log.error("step failed")
        log.critical("a thread has ended")

    assert windows.sources == ["Application regbridge"]
    assert {name for name, _, _ in windows.events} == {"regbridge"}
    assert [kind for _, kind, _ in windows.events] == [WARNING, ERROR, ERROR]
    assert "acme: 1 registration is parked" in windows.events[0][2]
    assert len(capsys.readouterr().err.splitlines()) == 4


def test_without_an_administrators_rights_events_are_written_all_the_same(
    windows: StandIn,
) -> None:
    windows.is_administrator = False
    with logged(LogSettings(event_log=True)):
        structlog.get_logger().error("step failed")

    assert len(windows.events) == 1


def test_an_event_is_no_longer_than_windows_takes(windows: StandIn) -> None:
    with logged(LogSettings(event_log=True)):
        structlog.get_logger().error("step failed", error="no room " * 10_000)

    [(_, _, text)] = windows.events
    assert len(text) == 30_000


def test_that_the_service_does_not_start_is_an_event(windows: StandIn) -> None:
    with pytest.raises(ConfigError), logged(LogSettings(event_log=True)):
        raise ConfigError.of("no client can start")

    assert "no client can start" in windows.events[0][2]


def test_elsewhere_the_option_says_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(ConfigError, match="only Windows has an Event Log"):
        EventLog()


def test_without_pywin32_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ConfigError, match=r'pip install "regbridge\[windows\]"'):
        EventLog()
