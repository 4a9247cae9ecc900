"""Options of an enumeration, chosen by their internal value or by the label that people see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from regbridge_hubspot.definitions import Option


def write_boolean(options: Sequence[Option], value: Any) -> str:
    """Return "true" or "false", also for a label such as Yes. Raises `ValueError`."""
    text = str(value).strip().lower()
    if text in ("true", "false"):
        return text
    chosen = {one.value for one in options if one.label.strip().lower() == text}
    if len(chosen) == 1:
        return chosen.pop()
    raise ValueError("the value is neither true nor false")


def write_choices(options: Sequence[Option], value: Any, *, several: bool) -> str:
    """Return the internal values of what is chosen, separated by semicolons.

    Raises `ValueError` for what the property does not offer, and for several where one is taken.
    """
    if isinstance(value, list | tuple):
        chosen = [str(one) for one in value if one not in (None, "")]
    else:
        # An option's own value may hold a semicolon, and then it is one option.
        is_one = not several or _found(options, str(value)) is not None
        chosen = [str(value)] if is_one else str(value).split(";")
    values = [_require(options, one) for one in chosen if one.strip()]
    if len(values) > 1 and not several:
        raise ValueError("the property takes one option, and there are several")
    return ";".join(dict.fromkeys(values))


def _require(options: Sequence[Option], text: str) -> str:
    found = _found(options, text)
    if found is None:
        raise ValueError("the property has no such option; write a lookup in the map")
    return found


def _found(options: Sequence[Option], text: str) -> str | None:
    """Return the value of the option that a text means: internal values go before labels."""
    text = text.strip()
    if any(one.value == text for one in options):
        return text
    labelled = {one.value for one in options if one.label.strip().lower() == text.lower()}
    return labelled.pop() if len(labelled) == 1 else None
