"""The first page: how everything stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import falcon

from regbridge.reconcile.account import sentence
from regbridge.reconcile.report import proofs
from regbridge.store.clock import from_ms
from regbridge.store.limits import calls_since
from regbridge.store.overview import Count
from regbridge.store.pauses import Cause
from regbridge.store.report import all_pauses
from regbridge.store.tables import State
from regbridge.web.console import charts
from regbridge.web.console.counts import DAYS, Counts, Course, Recent
from regbridge.web.console.desk import Page, place
from regbridge.web.console.visitor import Visitor

PATIENCE = 2.0
"""So many seconds a view waits for the first count."""

_IN_LINK = 200
"""So many characters of a reason go into a link: those that have it contain these."""


@dataclass(frozen=True, slots=True)
class Line:
    """The counts of a client's registrations, or of its deliveries to a target, by state."""

    client: str
    target: str
    counts: dict[str, int]

    @property
    def all(self) -> int:
        """All of them, whatever their state."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Table:
    """Lines with a column for each state that occurs."""

    title: str
    states: Sequence[str]
    lines: Sequence[Line]


class Overview(Page):
    """How everything stands."""

    def look(
        self, req: falcon.Request, resp: falcon.Response, visitor: Visitor, **_places: Any
    ) -> None:
        """Show what was counted last, and what changes at once."""
        today = f"{from_ms(self.desk.clock()):%Y-%m-%d}"
        pauses, calls, passes = self.desk.store.read(
            lambda c: (all_pauses(c), calls_since(c, today), proofs(c))
        )
        self.desk.show(
            req,
            resp,
            "overview",
            visitor,
            title="Overview",
            refused=self.desk.clients.refused,
            pauses=[_named(row) for row in pauses],
            calls=calls,
            proofs=[{**row, "sentence": _result(row)} for row in passes],
            **_counted(self.desk.counts),
        )


def _counted(counts: Counts | None) -> dict[str, Any]:
    """Return what was counted, as much of it as there is."""
    shown: dict[str, Any] = {"standing": None, "counted_at": None, "tables": [], "charts": []}
    shown |= {"unreadable": 0, "reasons": [], "course_at": None, "recent_at": None}
    shown["waiting"] = None
    if counts is None:
        return shown
    counts.wait(PATIENCE)
    if course := counts.course.found:
        shown["course_at"] = counts.course.at
        shown["unreadable"] = course.unreadable
        shown["charts"] = _charts(course)
    if recent := counts.recent.found:
        shown |= {"tables": _lately(recent), "recent_at": counts.recent.at}
    if standing := counts.standing.found:
        shown |= {"standing": standing, "counted_at": counts.standing.at}
        shown["waiting"] = counts.waiting.found
        shown["tables"].append(_table("All", standing.states))
        shown["reasons"] = [_reason(*row) for row in standing.reasons]
    return shown


def _charts(course: Course) -> list[charts.Chart]:
    return [
        charts.hours(course.arrived, course.delivered, course.until),
        charts.days(course.arrived, course.delivered, course.until, DAYS),
    ]


def _lately(recent: Recent) -> list[Table]:
    lately = [Count(row.client, row.target, row.state, row.number) for row in recent.states]
    today = [each for each, row in zip(lately, recent.states, strict=True) if row.is_today]
    return [
        _table("Arrived today (since midnight UTC)", today),
        _table("Arrived in the last 24 hours", lately),
    ]


def _table(title: str, counts: Iterable[Count]) -> Table:
    lines: dict[tuple[str, str], Line] = {}
    for client, target, state, number in counts:
        line = lines.setdefault((client, target), Line(client, target, {}))
        line.counts[state] = line.counts.get(state, 0) + number
    there = {state for line in lines.values() for state in line.counts}
    return Table(title, [state.value for state in State if state in there], list(lines.values()))


def _reason(client: str, reason: str, count: int) -> dict[str, Any]:
    link = place("/registrations", state=State.PARKED, client=client, reason=reason[:_IN_LINK])
    return {"client": client, "reason": reason, "count": count, "link": link}


def _named(row: Any) -> dict[str, Any]:
    """Return a pause as people read it: that of the worker has no names, an operator's no end."""
    return {
        "client": row.client or "all clients",
        "upstream": row.upstream or "the worker",
        "cause": row.cause,
        "reason": row.reason,
        "since": row.since,
        "until": None if row.cause == Cause.OPERATOR else row.until,
    }


def _result(row: dict[str, Any]) -> str:
    """Return what a pass found, or how far it is."""
    if row["account"]:
        return sentence(row["account"])
    if row["finished_at"]:
        return ""
    of = f" of {row['total']:,}" if row["total"] else ""
    return f"under way ({row['step']}): {row['attendees']:,}{of} attendees"
