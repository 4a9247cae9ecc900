"""What an error of the database means for the transaction that it ended."""

from __future__ import annotations

from enum import Enum

from sqlalchemy.exc import DBAPIError, OperationalError


class Trouble(Enum):
    """What to do after an error."""

    CONFLICT = "another transaction was in the way: do the work again"
    LOST = "the server is gone: connect again"
    ERROR = "the work itself is what fails"


_CONFLICTS = {
    "40001",  # serialization failure
    "40P01",  # deadlock
    "55P03",  # lock not available in time
}
_LOST = {
    "57P01",  # the administrator ends the connection
    "57P02",  # the server crashed
    "57P03",  # the server starts or stops
    "53300",  # too many connections
    "25006",  # read-only: this is the standby, or the old primary
}


def trouble_of(error: DBAPIError) -> Trouble:
    """Say what an error of SQLite or PostgreSQL means."""
    state = getattr(error.orig, "sqlstate", None)
    if state in _CONFLICTS or "database is locked" in str(error.orig):
        return Trouble.CONFLICT
    if state in _LOST or (state or "").startswith("08") or error.connection_invalidated:
        return Trouble.LOST
    # psycopg's own errors, such as a refused connection, have no state.
    is_psycopg = type(error.orig).__module__.startswith("psycopg")
    if is_psycopg and state is None and isinstance(error, OperationalError):
        return Trouble.LOST
    return Trouble.ERROR
