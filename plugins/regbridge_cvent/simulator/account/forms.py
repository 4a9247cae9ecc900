"""How Cvent's REST API writes ids and times, and leaves out what is empty."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from regbridge.testing.people import guid


def rest_id(stub: str) -> str:
    """Return a webhook's stub as the REST API writes it: the same id in lower case."""
    return stub.lower()


def new_id(what: str, number: int = 0) -> str:
    """Return the id of something made up, always the same for the same arguments."""
    return rest_id(guid(what, number))


shared_id = lru_cache(maxsize=10_000)(new_id)
"""`new_id` for what many records refer to, which need not be reckoned each time."""


def write_time(time: datetime) -> str:
    """Return an aware time in UTC, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value: what is empty is left out."""
    return {name: value for name, value in fields.items() if value not in ("", None, {})}


def audit(created: datetime, modified: datetime | None = None) -> dict[str, str]:
    """Return the fields that say when a record was made and last changed."""
    first = write_time(created)
    return {"created": first, "lastModified": write_time(modified) if modified else first}
