"""What takes long to find is found once for all who look."""

from __future__ import annotations

import itertools

import pytest

from regbridge.web.console import kept
from regbridge.web.console.kept import Kept


class Ticks:
    """A clock that is set."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


def test_what_took_a_second_is_kept_for_fifty(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = Ticks()
    monkeypatch.setattr(kept, "time", ticks)
    numbers = itertools.count()
    mine: Kept[int] = Kept()

    def find() -> int:
        ticks.now += 1
        return next(numbers)

    assert [mine.get("a", find), mine.get("a", find), mine.get("b", find)] == [0, 0, 1]
    ticks.now += 51
    assert mine.get("a", find) == 2


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = Ticks()
    monkeypatch.setattr(kept, "time", ticks)
    numbers = itertools.count()
    mine: Kept[int] = Kept()

    def find() -> int:
        ticks.now += 10
        return next(numbers)

    for key in range(150):
        mine.get(key, find)
        ticks.now = 100.0

    assert mine.get(0, find) == 150
    assert mine.get(149, find) == 149
