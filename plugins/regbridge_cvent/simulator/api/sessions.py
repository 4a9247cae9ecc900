"""The operations on sessions and on who is registered for them."""

from __future__ import annotations

from collections.abc import Iterator

from regbridge_cvent.simulator.api.listing import Listing, Service
from regbridge_cvent.simulator.api.operation import WINDOW, Operation
from regbridge_cvent.simulator.filters.fields import ENROLLMENT, SESSIONS

_SORTABLE = (
    "start",
    "end",
    "title",
    "includedSession",
    "category.name",
    "code",
    "relevance",
    "order",
)


def session_operations(service: Service) -> Iterator[Operation]:
    """Yield the operations on sessions.

    `match` finds a title that contains the text. The score that Cvent adds then is left out, since
    how it is reckoned is not documented.
    """
    tables = service.world.tables
    yield Operation(
        "listSessions",
        "GET",
        "/sessions",
        Listing(service, tables.sessions, rules=lambda _: SESSIONS),
        ("event/sessions:read",),
        WINDOW | {"filter", "sort", "locale"},
        _SORTABLE,
    )
    yield Operation(
        "listSessionsEnrollment",
        "GET",
        "/sessions/enrollment",
        Listing(service, tables.enrollments, rules=lambda _: ENROLLMENT, includes_ends=True),
        ("event/session-enrollment:read",),
        WINDOW | {"filter"},
    )
