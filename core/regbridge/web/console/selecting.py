"""Reads what a list of registrations shall show from the fields of its form."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import falcon

from regbridge.clients import Clients
from regbridge.nearest import did_you_mean
from regbridge.store.clock import to_ms
from regbridge.store.columns import PlainText
from regbridge.store.listing import known_names
from regbridge.store.selection import Selection
from regbridge.store.tables import State
from regbridge.store.walks import BOTTOM, TOP, Start

FIELDS = ("search", "client", "target", "event", "state", "reason", "from", "to", "order")

OLDEST = "oldest"
"""The order in which the oldest come first; the newest do otherwise."""

STATES = tuple(state for state in State if state is not State.SPLIT)
"""What a registration or a delivery can be."""

LONGEST = 1000
"""So many characters of a field are taken."""

# No longer than the ledger's columns are: a time, a receipt, a position; or a number.
_KEY = re.compile(r"\d{1,18}(-\d{1,18}-\d{1,9})?", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.\d{1,9})?)?)?Z?", re.ASCII
)


@dataclass(frozen=True)
class Choices:
    """What can be chosen from: clients, targets, and events with their eventStubs."""

    clients: Collection[str]
    targets: Collection[str]
    events: Mapping[str, Collection[str]]


def read_choices(connection: Any, clients: Clients) -> Choices:
    """Return what the client files name, and what the ledger knows besides."""
    known, targets = known_names(connection)
    known |= {refused.name for refused in clients.refused}
    events: dict[str, set[str]] = {}
    for name, pipeline in clients.running.items():
        known.add(name)
        targets.update(pipeline.client.targets)
        for event in pipeline.client.events.values():
            events.setdefault(event.name, set()).add(event.id)
    return Choices(sorted(known), sorted(targets), dict(sorted(events.items())))


def read_fields(request: falcon.Request) -> dict[str, str]:
    """Return the fields of the form, "" for those left out. Raises `falcon.HTTPBadRequest`."""
    fields = {}
    for name in FIELDS:
        text = PlainText.clean(request.get_param(name, default="")).strip()
        if len(text) > LONGEST:
            raise _wrong(f"{name} is too long; write {LONGEST:,} characters at most.")
        fields[name] = text
    return fields


def read_selection(fields: Mapping[str, str], choices: Choices) -> Selection:
    """Return what the fields choose. Raises `falcon.HTTPBadRequest` for what nobody can mean."""
    state = _one_of("state", fields["state"], STATES)
    event = _one_of("event", fields["event"], choices.events)
    return Selection(
        search=fields["search"],
        client=_one_of("client", fields["client"], choices.clients),
        target=_one_of("target", fields["target"], choices.targets),
        state=State(state) if state else None,
        reason=fields["reason"],
        events=tuple(sorted(choices.events[event])) if event else (),
        since=_time("from", fields["from"])[0],
        until=_time("to", fields["to"])[1],
    )


def read_start(request: falcon.Request, first: Start) -> Start:
    """Return from where a page goes on, `first` if none says so. Raises `falcon.HTTPBadRequest`."""
    up = request.get_param("after", default="")
    key = up or request.get_param("before", default="")
    if key and not _KEY.fullmatch(key):
        raise _wrong("This is no link of this page; begin at the first one.")
    return Start(tuple(int(part) for part in key.split("-")), bool(up)) if key else first


def read_first(fields: Mapping[str, str]) -> Start:
    """Return where the list begins. Raises `falcon.HTTPBadRequest`."""
    return BOTTOM if _one_of("order", fields["order"], (OLDEST,)) else TOP


def shown(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields as the form shows them; its fields of time take a time to the minute."""
    times = {"from": "00:00", "to": "23:59"}
    found = dict(fields)
    for name, default in times.items():
        if match := _TIME.fullmatch(found[name]):
            found[name] = f"{match[1]}T{match[2] or default}"
    return found


def _one_of(name: str, value: str, valid: Collection[str]) -> str:
    if value and value not in valid:
        remedy = did_you_mean(value, valid)
        raise _wrong(f"There is no such {name}{f'; {remedy}' if remedy else ''}.")
    return value


def _time(name: str, text: str) -> tuple[int | None, int | None]:
    """Return when a day, a minute or a second begins and when it is over, in ms."""
    if not text:
        return None, None
    try:
        match: Any = _TIME.fullmatch(text)
        begin = datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00'}:{match[3] or '00'}+00:00")
        span = timedelta(seconds=1) if match[3] else timedelta(minutes=1)
        return to_ms(begin), to_ms(begin + (span if match[2] else timedelta(days=1)))
    except (TypeError, ValueError, OverflowError):
        raise _wrong(
            f"{name} is no time; write one in UTC, as 2026-11-28 or 2026-11-28T09:30."
        ) from None


def _wrong(text: str) -> falcon.HTTPBadRequest:
    return falcon.HTTPBadRequest(description=text)
