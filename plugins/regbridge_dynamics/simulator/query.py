"""Reads query strings."""

from __future__ import annotations

from urllib.parse import parse_qsl

from regbridge_dynamics.simulator.errors import bad_request


def read_query(text: str) -> dict[str, str]:
    """Return the options of a query string, decoded. Raises `ApiError` when one is there twice."""
    pairs = parse_qsl(text, keep_blank_values=True)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise bad_request("A query option is there more than once.")
    return found
