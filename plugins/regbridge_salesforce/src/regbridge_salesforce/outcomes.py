"""What a refusal of Salesforce means for one record."""

from __future__ import annotations

from regbridge import Outcome, masker
from regbridge_salesforce.errors import Refusal, Trouble
from regbridge_salesforce.records import Upsert

_LONGEST = 300
_LATER = frozenset({Trouble.LATER, Trouble.QUOTA, Trouble.CONCURRENCY, Trouble.UNAUTHENTICATED})


def refused(refusal: Refusal, upsert: Upsert) -> Outcome:
    """Return what a refusal means for the record that it is about."""
    if refusal.trouble is Trouble.PARENT:
        return _without_parent(refusal, upsert)
    if refusal.trouble in _LATER:
        return Outcome.retry(str(refusal))
    said = _said(refusal, upsert)
    return Outcome.rejected(f"{refusal}{said and ': '}{said}", _field(refusal, upsert))


def _without_parent(refusal: Refusal, upsert: Upsert) -> Outcome:
    """Say which relationship refers to nothing: Salesforce names its key and its object only."""
    key, parent = refusal.parent
    named = {
        name: one
        for name, one in upsert.parents.items()
        if one.key == key and one.object in (None, parent)
    }
    if len(named) > 1:  # two relationships may go by one key: then nobody can say which it is
        waits = any(one.missing == "retry" for one in named.values())
        text = f"{' or '.join(named)}: there is no such record of {parent} ({refusal.code})"
        return Outcome.retry(text) if waits else Outcome.rejected(text)
    for name, lookup in named.items():
        text = f"{name}: there is no such record of {parent} ({refusal.code})"
        return Outcome.retry(text) if lookup.missing == "retry" else Outcome.rejected(text, name)
    return Outcome.rejected(str(refusal))


def _said(refusal: Refusal, upsert: Upsert) -> str:
    """Return Salesforce's own words where ours say nothing, without the record's values."""
    if refusal.words or not refusal.message:
        return ""
    mask = masker([upsert.record.fields, upsert.body])
    return mask(refusal.message[: _LONGEST * 4])[:_LONGEST].strip()


def _field(refusal: Refusal, upsert: Upsert) -> str | None:
    """Return the first field that Salesforce names, if it is one of the record's."""
    return next((name for name in refusal.fields if name in upsert.record.fields), None)
