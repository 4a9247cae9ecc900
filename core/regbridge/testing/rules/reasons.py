"""What is wrong with a reason that planners read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from regbridge.models import Registration

_LONGEST = 300
_NAMING = ("firstName", "lastName", "fullName", "email", "workPhone", "first_name", "last_name")
_TELLING = 4


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
    """Return the texts by which a registration's person would be known."""
    values = (registration.fields.get(name) for name in _NAMING)
    return [text for text in values if isinstance(text, str) and len(text.strip()) >= _TELLING]


def named(registration: Registration, texts: Sequence[str]) -> bool:
    """Say whether any of the texts names a registration's person."""
    return any(name in text for name in names_in(registration) for text in texts)
