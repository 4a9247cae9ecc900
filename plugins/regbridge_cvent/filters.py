"""Filters of Cvent's lists: chains of `or`, as many as fit, with every value quoted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote_plus

from regbridge import RejectedError

_OR = " or "


def equals(field: str, value: str) -> str:
    """Return the condition that a field has a value (reference/cvent-rest-api.md, section 6).

    Raises `RejectedError` for a value that no filter can hold.
    """
    if not value.isprintable():
        raise RejectedError("an id of Cvent has characters that a filter cannot hold")
    if "'" not in value and "\\" not in value and '"' not in value:
        return f"{field} eq '{value}'"
    if "\\" in value:
        raise RejectedError("an id of Cvent has a backslash, which a filter cannot hold safely")
    escaped = value.replace('"', '\\"')
    return f'{field} eq "{escaped}"'


def chains(
    fields: Sequence[str], values: Sequence[str], most: int, longest: int, *, in_url: bool = False
) -> Iterator[tuple[list[str], str]]:
    """Yield values in groups, each with the filter that finds them in any of the fields.

    A group has at most `most` values, and its filter at most `longest` characters (as a URL
    writes them with `in_url`), unless a single value is longer.
    """
    group: list[str] = []
    conditions: list[str] = []
    length = 0
    for value in values:
        own = [equals(field, value) for field in fields]
        size = sum(_size(condition, in_url=in_url) for condition in own)
        if group and (len(group) >= most or length + size > longest):
            yield group, _OR.join(conditions)
            group, conditions, length = [], [], 0
        group.append(value)
        conditions += own
        length += size
    if group:
        yield group, _OR.join(conditions)


def capacity(fields: Sequence[str], longest: int, *, in_url: bool = False) -> int:
    """Return how many GUIDs fit into one filter over some fields."""
    guid = "00000000-0000-0000-0000-000000000000"
    size = sum(_size(equals(field, guid), in_url=in_url) for field in fields)
    return max(1, longest // size)


def _size(condition: str, *, in_url: bool) -> int:
    text = condition + _OR
    return len(quote_plus(text) if in_url else text)
