"""The list of registrations: did it arrive, and how does it stand?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import falcon

from regbridge.clients import Clients
from regbridge.spreadsheet import csv_row
from regbridge.store.listing import Listed, list_page
from regbridge.store.selection import Selection
from regbridge.store.walks import Key, Start
from regbridge.web.console.desk import Page, place
from regbridge.web.console.render import plain, time
from regbridge.web.console.selecting import (
    STATES,
    Choices,
    read_choices,
    read_fields,
    read_first,
    read_selection,
    read_start,
    shown,
)
from regbridge.web.console.visitor import Visitor

LIST = "/registrations"
EXPORT = "/registrations.csv"

MOST_EXPORTED = 50_000
_AT_ONCE = 1000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # by it, Excel knows UTF-8
_COLUMNS = (
    "registration",
    "client",
    "name",
    "confirmation number",
    "kind",
    "event",
    "eventStub",
    "state",
    "field",
    "reason",
    "received at (UTC)",
)


@dataclass(frozen=True)
class _Asked:
    fields: Mapping[str, str]
    choices: Choices
    selection: Selection
    first: Start
    start: Start
    found: Listed

    @property
    def is_back(self) -> bool:
        """Whether the page was asked for by the one behind it."""
        return self.start.up != self.first.up


class Registrations(Page):
    """Searches, filters and pages through the registrations."""

    def look(
        self, req: falcon.Request, resp: falcon.Response, visitor: Visitor, **_places: Any
    ) -> None:
        """Show one page of them."""
        asked = self.desk.store.read(partial(_ask, self.desk.clients, req))
        # Names are shown to who searches for somebody, not to who leafs through the list.
        named = bool(asked.selection.search)
        if named:
            self.desk.note(visitor, "searched", about="registrations", text=_chosen(asked.fields))
        self.desk.show(
            req,
            resp,
            "registrations",
            visitor,
            title="Registrations",
            fields=shown(asked.fields),
            choices=asked.choices,
            named=named,
            states=STATES,
            rows=[(row, event_name(self.desk.clients, row)) for row in asked.found.rows],
            target=asked.selection.target,
            hint=_hint(asked),
            looked_to_time=asked.found.looked_to_time,
            most=MOST_EXPORTED,
            oldest_first=asked.first.up,
            links=_links(asked),
        )


class Export(Page):
    """Writes what a list shows as a CSV file for spreadsheets."""

    def look(
        self, req: falcon.Request, resp: falcon.Response, visitor: Visitor, **_places: Any
    ) -> None:
        """Send the file in pieces, so that it is never whole in memory."""
        fields = read_fields(req)
        first = read_first(fields)
        selection = self.desk.store.read(
            lambda c: read_selection(fields, read_choices(c, self.desk.clients))
        )
        self.desk.note(visitor, "exported", about="registrations", text=_chosen(fields))
        resp.content_type = "text/csv; charset=utf-8"
        resp.set_header("Content-Disposition", 'attachment; filename="registrations.csv"')
        resp.set_header("Cache-Control", "no-store")
        resp.set_header("X-Content-Type-Options", "nosniff")
        resp.stream = self._lines(selection, first)

    def _lines(self, selection: Selection, first: Start) -> Iterator[bytes]:
        """Yield the file. Each piece is read by itself: a slow reader must not hold the ledger."""
        yield _BYTE_ORDER_MARK + csv_row(_COLUMNS)
        left, start = MOST_EXPORTED, first
        while left:
            limit = min(left, _AT_ONCE)
            read = partial(list_page, selection=selection, start=start, limit=limit, first=first)
            found = self.desk.store.read(read)
            yield b"".join(self._line(row) for row in found.rows)
            left -= len(found.rows)
            key = found.last if found.more else found.looked_to
            if key is None:
                return
            start = Start(key, first.up)

    def _line(self, row: Any) -> bytes:
        cells = (
            row.id,
            row.client,
            row.name,
            row.confirmation,
            row.kind,
            event_name(self.desk.clients, row),
            row.event_stub,
            row.state,
            row.field,
            row.reason,
            time(row.received_at),
        )
        return csv_row(plain(cell) for cell in cells)


def event_name(clients: Clients, row: Any) -> str:
    """Return what the client file calls the event of a row; its eventStub where it says nothing."""
    pipeline = clients.running.get(row.client)
    event = pipeline.client.events_by_id.get(row.event_stub) if pipeline else None
    return event.name if event else row.event_stub


def _ask(clients: Clients, request: falcon.Request, connection: Any) -> _Asked:
    fields = read_fields(request)
    first = read_first(fields)
    choices = read_choices(connection, clients)
    selection, start = read_selection(fields, choices), read_start(request, first)
    found = list_page(connection, selection, start, first=first)
    if start.up != first.up and not found.more and found.looked_to is None:
        start = first  # the first page, whole
        found = list_page(connection, selection, start, first=first)
    return _Asked(fields, choices, selection, first, start, found)


def _links(asked: _Asked) -> dict[str, str]:
    """Return where the page leads to: back, begin, next, on (look further), csv, all."""
    fields = {name: value for name, value in asked.fields.items() if value}
    found = asked.found
    onward, backward = ("after", "before") if asked.first.up else ("before", "after")
    is_first = asked.start.key is None
    links = {"csv": place(EXPORT, **fields), "all": place(LIST)}
    if not is_first:
        links["begin"] = place(LIST, **fields)
    if found.first and not is_first:
        links["back"] = place(LIST, **fields, **{backward: _written(found.first)})
    if found.last and (found.more or asked.is_back):
        links["next"] = place(LIST, **fields, **{onward: _written(found.last)})
    if found.looked_to:
        way = "after" if asked.start.up else "before"
        links["on"] = place(LIST, **fields, **{way: _written(found.looked_to)})
    return links


def _written(key: Key) -> str:
    return "-".join(map(str, key))


def _chosen(fields: Mapping[str, str]) -> str:
    """Return what the audit says of a selection: nothing that may name somebody."""
    hidden = ("search", "reason")
    return ", ".join(
        f"by {name}" if name in hidden else f"{name} {value}"
        for name, value in fields.items()
        if value
    )


def _hint(asked: _Asked) -> str:
    """Return what to try when a list is empty."""
    if asked.found.rows or asked.found.looked_to:
        return ""
    if asked.start.key:
        return "There are no more."
    if asked.fields["search"]:
        return (
            "Nobody was found. Give the whole confirmation number, e-mail address or name as "
            "Cvent has it, and leave the other fields empty. A message that could not be read "
            "names nobody yet."
        )
    if any(asked.fields.values()):
        return "Nothing is like this. Leave a field empty, or take more time between from and to."
    return "No registration has arrived yet."
