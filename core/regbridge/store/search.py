"""Finds registrations by what names somebody, however many there are (docs/decisions/0012).

What a search may give is kept as numbers in segments. The rows of a sync go into the newest one, so
that they lie side by side; a search looks once into each.
"""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, or_, select

from regbridge.store.bulk import insert_numbers
from regbridge.store.sql import among
from regbridge.store.tables import registrations, search_terms

SEGMENT = 1 << 18
"""So many registrations share a segment, by their numbers."""

NAMING = ("email", "search_name", "confirmation", "invitee_stub")
"""The columns of a registration by which it is found."""

_FIRST_READ = 64
_LONGEST_READ = 4096
_FILLED_TOGETHER = 20_000


def search_form(text: str) -> str:
    """Return a text as it is searched for: whatever its case and its spaces."""
    return " ".join(text.split()).casefold()


def is_named(text: str) -> ColumnElement[bool]:
    """Return the condition that a text names a registration.

    It is a confirmation number, an e-mail address, a name, an invitee's id, or the number of the
    registration. Names and ids are compared without case.
    """
    columns = registrations.c
    lower = text.strip().lower()
    matches = [
        columns.confirmation == text.strip().upper(),
        columns.confirmation == text.strip(),
        columns.email == lower,
        columns.invitee_stub == lower,
        columns.invitee_stub == text.strip(),
        columns.search_name == search_form(text),
    ]
    if number := _number(text):
        matches.append(columns.id == number)
    return or_(*matches)


def candidates(
    connection: Connection, text: str, after: int | None = None, *, up: bool = False
) -> Iterator[int]:
    """Yield the numbers of all registrations that a text may name (see `is_named`), each once.

    They come newest first, or oldest first with `up`, and only those beyond `after`.
    """
    found = _in_segments(connection, _term(text), after, up)
    if number := _number(text):
        is_beyond = after is None or (number > after if up else number < after)
        found = heapq.merge(found, [number] if is_beyond else (), reverse=not up)
    return (each for each, _ in groupby(found))


def newest_named(connection: Connection, text: str, client: str, limit: int) -> list[int]:
    """Return the numbers of the newest registrations of a client, "" for any, that a text names."""
    maybe = candidates(connection, text)
    meant = [is_named(text), *([registrations.c.client == client] if client else [])]
    found: list[int] = []
    while len(found) < limit and (chunk := list(islice(maybe, _LONGEST_READ))):
        named = select(registrations.c.id).where(among(registrations.c.id, chunk), *meant)
        found += sorted(connection.scalars(named), reverse=True)
    return found[:limit]


def add_terms(connection: Connection, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Make registrations found: their numbers, each with the values of `NAMING`."""
    terms = [
        (number // SEGMENT, _term(row[name]), number)
        for number, row in rows
        for name in NAMING
        if row[name]
    ]
    insert_numbers(connection, search_terms, terms)


def add_all_terms(connection: Connection) -> None:
    """Make all registrations found that a version without these terms wrote."""
    columns = [registrations.c[name] for name in ("id", *NAMING)]
    some = select(*columns).order_by(registrations.c.id).limit(_FILLED_TOGETHER)
    last = 0
    while rows := connection.execute(some.where(registrations.c.id > last)).all():
        add_terms(connection, [(row.id, row._asdict()) for row in rows])
        last = rows[-1].id


def forget_terms(
    connection: Connection, ids: Collection[int], names: Collection[str] = NAMING
) -> None:
    """Let registrations be found no more by some of their columns.

    To be called while the columns have their values.
    """
    columns = [registrations.c[name] for name in names]
    rows = connection.execute(
        select(registrations.c.id, *columns).where(among(registrations.c.id, ids))
    )
    own = [
        {"in_segment": row.id // SEGMENT, "of_term": _term(value), "of": row.id}
        for row in rows
        for value in row[1:]
        if value
    ]
    if own:
        places = search_terms.c
        chosen = delete(search_terms).where(
            places.segment == bindparam("in_segment"),
            places.term == bindparam("of_term"),
            places.registration_id == bindparam("of"),
        )
        connection.execute(chosen, own)


def _in_segments(connection: Connection, term: int, after: int | None, up: bool) -> Iterator[int]:
    newest = connection.scalar(select(func.max(registrations.c.id))) or 0
    segments = range(newest // SEGMENT + 1)
    if after is not None:
        segments = segments[after // SEGMENT :] if up else segments[: after // SEGMENT + 1]
    for segment in segments if up else reversed(segments):
        yield from _in_segment(connection, segment, term, after, up)


def _in_segment(
    connection: Connection, segment: int, term: int, after: int | None, up: bool
) -> Iterator[int]:
    number, size = search_terms.c.registration_id, _FIRST_READ
    chosen = select(number).where(search_terms.c.segment == segment, search_terms.c.term == term)
    chosen = chosen.order_by(number if up else number.desc())
    while True:
        rest = chosen
        if after is not None:
            rest = chosen.where(number > after if up else number < after)
        found = connection.scalars(rest.limit(size)).all()
        yield from found
        if len(found) < size:
            return
        after, size = found[-1], min(size * 4, _LONGEST_READ)


def _term(text: str) -> int:
    """Return the number under which a text is found; others may have the same."""
    return zlib.crc32(search_form(text).encode("utf-8", "replace"))


def _number(text: str) -> int | None:
    digits = text.strip()
    is_number = digits.isascii() and digits.isdigit() and len(digits) < 18
    return int(digits) if is_number else None
