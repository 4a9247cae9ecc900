"""What is wrong with a reason that planners read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from regbridge.models import Registration

_LONGEST = 300
_NAMING = ("firstName", "lastName", "fullName", "email", "workPhone", "first_name", "last_name")
_TELLING = 4
_LONG = 8


def unreadable(reason: object) -> Iterator[str]:
    """Yield why people could not read a reason."""
    if not isinstance(reason, str):
        yield f"a reason is {type(reason).__name__}"
    elif not reason.strip():
        yield "a reason is empty"
    elif len(reason) > _LONGEST:
        yield f"a reason has {len(reason)} characters; {_LONGEST} are plenty"
    elif not reason.isprintable():
        yield "a reason has line breaks, or signs that cannot be printed"


def names_in(registration: Registration) -> list[str]:
    """Return the texts by which a registration's person would be known.

    A short name that is a plain word may stand in a reason by chance, and so may what another field
    says as well: those are none of them.
    """
    fields = registration.fields
    others = [value for name, value in fields.items() if name not in _NAMING]
    values = (fields.get(name) for name in _NAMING)
    texts = [text.strip() for text in values if isinstance(text, str) and text not in others]
    return [
        text
        for text in texts
        if len(text) >= _LONG or (len(text) >= _TELLING and not text.isalpha())
    ]


def named(registration: Registration, texts: Sequence[str]) -> bool:
    """Say whether any of the texts names a registration's person."""
    return any(name in text for name in names_in(registration) for text in texts)
