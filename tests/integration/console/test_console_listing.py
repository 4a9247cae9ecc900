"""The way through the ledger: complete, in order, and never long."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, select
from tests.integration.console.console_registrations import (
    GALA,
    NOON,
    SECOND,
    SUMMIT,
    Console,
    console,
    console_on,
)

from regbridge.store.listing import Listed, list_page
from regbridge.store.selection import Selection
from regbridge.store.tables import State, deliveries, receipts, registrations
from regbridge.store.walks import TOP, Start
from regbridge.web.console import registrations as page

__all__ = ["console", "console_on"]

STATES = (State.DELIVERED, State.PARKED, State.FILTERED)


@pytest.mark.parametrize("seed", range(3))
def test_pages_show_each_registration_that_is_meant_once_and_no_other(
    console_on: Console, seed: int
) -> None:
    chance = random.Random(seed)
    fill(console_on, chance)
    for _ in range(20):
        selection = any_selection(chance)
        limit, look_at = chance.choice([(3, 7), (9, 1000), (50, 20), (4, 4)])

        shown = [
            number for found in pages(console_on, selection, limit, look_at) for number in found
        ]

        assert len(shown) == len(set(shown)), selection
        assert set(shown) == meant(console_on, selection), selection


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(state=State.PARKED),
        Selection(target="crm"),
        Selection(search="Ada"),
        Selection(since=NOON - 90 * SECOND),
        Selection(since=NOON - 90 * SECOND, client="acme"),
    ],
    ids=str,
)
@pytest.mark.parametrize("look_at", [5, 1000])
def test_the_way_up_shows_what_the_way_down_showed(
    console_on: Console, selection: Selection, look_at: int
) -> None:
    fill(console_on, random.Random(1))
    down = [number for found in pages(console_on, selection, 3, look_at) for number in found]
    last = list(walk(console_on, selection, TOP, 3, look_at))[-1]
    assert last.last

    up = list(walk(console_on, selection, Start(last.last, up=True), 3, look_at))

    shown = [row.id for found in up for row in reversed(found.rows)]
    assert shown[::-1] == down[: len(shown)]
    assert len(shown) == len(down) - 1


def test_a_filter_that_looks_far_stops_and_says_how_far_it_came(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = console.add("the first", NOON, state="parked", reason="rare")
    console.add_records([{"name": "other"} for _ in range(30)], NOON + SECOND, first=100)
    monkeypatch.setattr(page, "list_page", stopping_after(20))

    view = console.get(reason="rare")
    further = console.get(view.follow("go on"))

    assert view.names == []
    assert "Searched back to 2027-01-15 12:00:01" in " ".join(view.page.words.split())
    assert [row[0] for row in further.page.rows] == [str(first)]
    assert "go on" not in further.page.links
    assert further.page.fields["reason"] == "rare"


def test_an_export_looks_as_far_as_it_must(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.add("the first", state="parked", reason="rare")
    console.add_records([{"name": "other"} for _ in range(50)], NOON + SECOND, first=100)
    monkeypatch.setattr(page, "list_page", stopping_after(20))

    view = console.get("/console/registrations.csv", reason="rare")

    assert [line.split(",")[2] for line in view.text.splitlines()[1:]] == ['"the first"']


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"state": "parked"},
        {"client": "acme"},
        {"target": "crm", "state": "parked"},
        {"search": "c7@example.com"},
        {"from": "2027-01-15", "to": "2027-01-15"},
        {"event": "Summit", "reason": "because"},
    ],
    ids=str,
)
def test_no_page_reads_a_table_from_its_beginning_to_its_end_or_sorts_it(
    console: Console, query: dict[str, str]
) -> None:
    parked = {"target": "crm", "state": "parked"}
    rows = [{"email": f"c{n}@example.com", "reason": "because", "there": parked} for n in range(99)]
    console.add_records([{"state": "parked", **row} for row in rows], NOON, first=1)
    with recorded(console) as statements:
        assert console.get(**query).status == 200

    plans = {each: plan(console, *each) for each in statements if "SELECT" in each[0]}
    wrong = {
        statement: step
        for (statement, _), steps in plans.items()
        for step in steps
        if step.startswith("SCAN") and not is_bounded(statement, step)
    }
    sorts = [step for steps in plans.values() for step in steps if "TEMP B-TREE" in step]

    assert len(plans) > 3
    assert wrong == {}
    assert sorts == []


def is_bounded(statement: str, step: str) -> bool:
    """Say whether a step reads on from one end of an index, and no further than a limit."""
    end = "LIMIT" in statement or "min(" in statement
    return "json_each" in step or (end and "WHERE" not in statement.replace("WHERE 1", ""))


def fill(console: Console, chance: random.Random) -> None:
    for first in range(9):
        rows = [any_row(chance) for _ in range(chance.choice([1, 1, 5, 12]))]
        client = chance.choice(["acme", "acme", "zeta"])
        at = NOON + chance.randrange(-100, 100) * SECOND
        console.add_records([{**row, "client": client} for row in rows], at, first * 1000)


def any_row(chance: random.Random) -> dict[str, Any]:
    target = chance.choice(["crm", "crm", "lake", None])
    there = {"target": target, "state": chance.choice(STATES), "reason": chance.choice(["", "so"])}
    return {
        "name": chance.choice(["Ada", "Bo"]),
        "endpoint": chance.choice(["CventReg", "Other"]),
        "event_stub": chance.choice([SUMMIT, GALA, ""]),
        "state": chance.choice(STATES),
        "reason": chance.choice(["", "so it is", "SO"]),
        "there": there if target else None,
    }


def any_selection(chance: random.Random) -> Selection:
    since = chance.choice([None, None, NOON - 50 * SECOND])
    until = chance.choice([None, None, NOON + 50 * SECOND])
    return Selection(
        search=chance.choice(["", "", "ada"]),
        client=chance.choice(["", "acme"]),
        target=chance.choice(["", "crm"]),
        state=chance.choice([None, *STATES]),
        reason=chance.choice(["", "", "so"]),
        events=chance.choice([(), (), (SUMMIT,)]),
        since=since,
        until=until,
    )


def meant(console: Console, selection: Selection) -> set[int]:
    """Return what a selection means, found in the plainest way."""
    everything = select(
        registrations,
        receipts.c.received_at,
        deliveries.c.target,
        deliveries.c.state.label("there"),
        deliveries.c.reason.label("there_because"),
    ).join(receipts, receipts.c.id == registrations.c.receipt_id)
    everything = everything.outerjoin(
        deliveries, deliveries.c.registration_id == registrations.c.id
    )
    rows = console.host.store.read(lambda c: c.execute(everything).all())
    return {row.id for row in rows if is_meant(row, selection)}


def is_meant(row: Any, selection: Selection) -> bool:
    at_target = selection.target != ""
    state = row.there if at_target else row.state
    reason = (row.there_because if at_target else row.reason) or ""
    return (
        selection.search in ("", row.search_name)
        and selection.client in ("", row.client)
        and (not at_target or row.target == selection.target)
        and selection.state in (None, state)
        and selection.reason in reason.lower()
        and (not selection.events or row.event_stub in selection.events)
        and (selection.since is None or row.received_at >= selection.since)
        and (selection.until is None or row.received_at < selection.until)
    )


def walk(
    console: Console, selection: Selection, start: Start, limit: int, look_at: int
) -> Iterator[Listed]:
    while True:
        at = start
        found = console.host.store.read(
            lambda c, at=at: list_page(c, selection, at, limit, look_at)  # type: ignore[misc]
        )
        yield found
        end = found.first if start.up else found.last
        key = end if found.more else found.looked_to
        if key is None:
            return
        start = Start(key, start.up)


def pages(console: Console, selection: Selection, limit: int, look_at: int) -> Iterator[list[int]]:
    for found in walk(console, selection, TOP, limit, look_at):
        yield [row.id for row in found.rows]


def stopping_after(count: int) -> Any:
    return partial(list_page, look_at=count)


class recorded:  # noqa: N801 - reads as a statement
    """Notes what a page asks of the ledger."""

    def __init__(self, console: Console) -> None:
        self._engine = console.host.store.engine
        self._found: list[tuple[str, Any]] = []

    def __enter__(self) -> list[tuple[str, Any]]:
        event.listen(self._engine, "before_cursor_execute", self._note)
        return self._found

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)

    def _note(
        self, _c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, _many: bool
    ) -> None:
        self._found.append((statement, parameters))


def plan(console: Console, statement: str, parameters: Any) -> list[str]:
    explain = f"EXPLAIN QUERY PLAN {statement}"
    rows = console.host.store.read(lambda c: c.exec_driver_sql(explain, parameters).all())
    return [row[-1] for row in rows]
