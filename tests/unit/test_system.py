"""What Windows does differently, simulated: locks, stops, time zones."""

from __future__ import annotations

import ctypes
import importlib.util
import signal
import sys
import threading
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import IO, Any

import pytest

from regbridge import ConfigError, system
from regbridge.commands import wait_for_stop
from regbridge.config.words import _known_time_zone
from regbridge.store import host_lock
from regbridge.store.host_lock import HostLock

# Windows has no such signal, and no use for it: what needs it here is a simulation of Windows.
USR2 = getattr(signal, "SIGUSR2", signal.SIGTERM)


class Msvcrt:
    """Locks as Windows does: a byte of a file is one process's, until its file is closed."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.owners: dict[tuple[int, int], int] = {}

    def locking(self, number: int, mode: int, length: int) -> None:
        assert (mode, length) == (self.LK_NBLCK, 1)
        found = Path(f"/dev/fd/{number}").stat()
        key = (found.st_dev, found.st_ino)
        if self.owners.setdefault(key, number) != number:
            raise PermissionError(13, "Permission denied")


class Kernel32:
    """Writes down whether Ctrl+C was switched on."""

    def __init__(self) -> None:
        self.calls: list[tuple[None, bool]] = []

    def SetConsoleCtrlHandler(self, handler: None, add: bool) -> int:  # noqa: N802 - its own name
        self.calls.append((handler, add))
        return 1


@pytest.fixture
def kernel32() -> Kernel32:
    return Kernel32()


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch, kernel32: Kernel32) -> ModuleType:
    """The module as Windows loads it."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "msvcrt", Msvcrt())
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel32), raising=False)
    # A service stop there is Ctrl+Break, which other systems have no signal for.
    monkeypatch.setattr(signal, "SIGBREAK", USR2, raising=False)
    assert system.__file__
    spec = importlib.util.spec_from_file_location("regbridge_system_on_windows", system.__file__)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def handlers() -> Iterator[None]:
    """Puts the signal handlers back."""
    numbers = [signal.SIGINT, signal.SIGTERM, USR2]
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


posix = pytest.mark.skipif(sys.platform == "win32", reason="a simulation of it")


@posix
def test_a_second_process_is_kept_away_from_the_ledger_on_windows_too(
    windows: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_lock, "lock", windows.lock)
    first, second = (HostLock(tmp_path / "a.db", ["receive", "work"]) for _ in range(2))
    first.take()
    with pytest.raises(ConfigError, match="another regbridge process receives messages"):
        second.take()
    first.release()


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGBREAK", "SIGTERM"])
def test_ctrl_c_ctrl_break_and_a_stop_are_heard_on_windows(
    windows: Any, handlers: None, name: str
) -> None:
    stop: threading.Event = windows.hear_of_stops()
    assert not stop.is_set()
    signal.raise_signal(getattr(signal, name))
    windows.wait_for(stop)
    assert stop.is_set()


@posix
def test_ctrl_c_is_switched_on_for_a_process_in_a_group_of_its_own(
    windows: Any, handlers: None, kernel32: Kernel32
) -> None:
    windows.hear_of_stops()
    assert kernel32.calls == [(None, False)]


def test_a_second_stop_ends_the_process_at_once(
    handlers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr("os._exit", ended.append)
    system.hear_of_stops()
    signal.raise_signal(signal.SIGTERM)
    assert ended == []
    signal.raise_signal(signal.SIGINT)
    assert ended == [1]


def test_a_lock_that_another_file_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with path.open("ab") as first, path.open("ab") as second:
        system.lock(first)
        refused(system.lock, second)
    with path.open("ab") as third:
        system.lock(third)


def refused(lock: Callable[[IO[bytes]], None], file: IO[bytes]) -> None:
    with pytest.raises(OSError, match=r"\[Errno \d+\]"):
        lock(file)


@pytest.fixture
def no_time_zones_of_the_system() -> Iterator[None]:
    """A machine as Windows is, which has no time zones that Python reads."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[])
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(to=before)
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("no_time_zones_of_the_system")
def test_time_zones_come_from_a_package_where_the_system_has_none() -> None:
    assert _known_time_zone("America/New_York") == "America/New_York"
    with pytest.raises(ValueError, match="did you mean 'America/New_York'"):
        _known_time_zone("America/New_Yrok")


def test_a_plugins_command_waits_until_it_is_asked_to_stop(
    handlers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float | None] = []

    class Event(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout)
            if len(waited) > 1:
                signal.raise_signal(signal.SIGINT)
            return self.is_set()

    monkeypatch.setattr(threading, "Event", Event)
    wait_for_stop()
    assert waited == [0.5, 0.5]
