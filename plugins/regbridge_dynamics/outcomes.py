"""What an answer of Dataverse means for one record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from regbridge import Outcome, masker
from regbridge_dynamics.errors import THROTTLED, Refusal, Trouble
from regbridge_dynamics.records import Upsert

_QUOTED = re.compile(r"['\"]([A-Za-z_][A-Za-z0-9_]{0,127})['\"]", re.ASCII)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_LONGEST = 300


def delivered(upsert: Upsert) -> Outcome:
    """Return "it is there" for an upsert by key, which says neither whether it was new nor its id.

    What was delivered before is updated; a record without an id is known by its key from then on.
    """
    if upsert.record.external_id:
        return Outcome.updated(upsert.record.external_id)
    return Outcome.created(upsert.address.plain)


def refused(refusal: Refusal, upsert: Upsert) -> Outcome:
    """Return what a refusal means for the record that it is about."""
    match refusal.trouble:
        case Trouble.PARENT:
            return _without_parent(refusal, upsert)
        case Trouble.LATER | Trouble.UNAUTHENTICATED:
            return Outcome.retry(str(refusal), refusal.retry_after)
        case kind if kind in THROTTLED:
            return Outcome.retry(str(refusal), refusal.retry_after)
    said = _said(refusal, upsert)
    return Outcome.rejected(f"{refusal}{said and ': '}{said}", _field(refusal.message, upsert))


def _without_parent(refusal: Refusal, upsert: Upsert) -> Outcome:
    """Say which lookup refers to nothing: Dataverse names the table only."""
    words = set(_WORD.findall(refusal.message))
    named = {name: one for name, one in upsert.parents.items() if one.table in words}
    if len(named) != 1:
        named = dict(upsert.parents) if len(upsert.parents) == 1 else {}
    for name, lookup in named.items():
        text = f"{name}: there is no such record in the table {lookup.table} ({refusal.code})"
        if lookup.missing == "retry":
            return Outcome.retry(text)
        return Outcome.rejected(text, name)
    if any(lookup.missing == "retry" for lookup in upsert.parents.values()):
        return Outcome.retry(str(refusal))
    return Outcome.rejected(str(refusal))


def _said(refusal: Refusal, upsert: Upsert) -> str:
    """Return Dataverse's own words where ours say nothing, without the record's values."""
    if not refusal.needs_message:
        return ""
    values = [*_plain(upsert.record.fields.values()), upsert.address.plain]
    return masker(values)(refusal.message[: _LONGEST * 4])[:_LONGEST].strip()


def _plain(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from _plain(value)
        elif isinstance(value, dict):
            yield from _plain(value.values())
        else:
            yield value


def _field(message: str, upsert: Upsert) -> str | None:
    """Return the column that a message names in quotes, if it is one of the record's."""
    found = {name for name in _QUOTED.findall(message) if name in upsert.record.fields}
    return found.pop() if len(found) == 1 else None
