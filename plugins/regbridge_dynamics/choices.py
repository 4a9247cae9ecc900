"""Choices as Dataverse takes them: by number, from a number or a label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from regbridge_dynamics.schema import Option

_NUMBER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_NUMBERS = re.compile(r"[+-]?\d{1,10}(\s*,\s*[+-]?\d{1,10})*", re.ASCII)
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MOST_SHOWN = 8


def write_choice(value: Any, options: Sequence[Option]) -> int:
    """Return an option's number, for its number or one of its labels in any language.

    Capitals and spaces around a label make no difference. Raises `ValueError`, which names the
    options and not the value.
    """
    match value:
        case bool():
            pass
        case int() if _known(value, options):
            return value
        case float() if value.is_integer() and _known(int(value), options):
            return int(value)
        case str():
            return _of_text(value, options)
    raise _unknown(options)


def write_choices(value: Any, options: Sequence[Option]) -> str | None:
    """Return the numbers of several options, joined by commas; None for none.

    A list holds numbers and labels; a text is one label, several with semicolons between them, or
    numbers with commas. Raises `ValueError`.
    """
    if not isinstance(value, list | tuple):
        value = _pieces(value, options)
    numbers = [write_choice(each, options) for each in value if each not in (None, "")]
    return ",".join(map(str, dict.fromkeys(numbers))) or None


def write_boolean(value: Any, options: Sequence[Option]) -> bool:
    """Return true or false, also for yes and no, 1 and 0, and the column's own two labels.

    Raises `ValueError`.
    """
    match value:
        case bool():
            return value
        case int() if value in (0, 1):
            return bool(value)
        case str():
            text = value.strip().casefold()
            found = [option for option in options if text in _normal_labels(option)]
            if len(found) == 1:
                return bool(found[0].value)
            if text in _BOOLEANS:
                return _BOOLEANS[text]
    raise ValueError("the value is neither yes nor no")


def _of_text(text: str, options: Sequence[Option]) -> int:
    label = text.strip().casefold()
    found = {option.value for option in options if label in _normal_labels(option)}
    if len(found) == 1:
        return found.pop()
    if len(found) > 1:
        raise ValueError("several options have this label; give the number of one")
    if _NUMBER.fullmatch(text.strip()) and _known(int(text), options):
        return int(text)
    raise _unknown(options)


def _pieces(value: Any, options: Sequence[Option]) -> Sequence[Any]:
    if not isinstance(value, str):
        return [value]
    is_label = any(value.strip().casefold() in _normal_labels(option) for option in options)
    if not is_label and _NUMBERS.fullmatch(value.strip()):
        return value.split(",")
    return [value] if is_label else [piece.strip() for piece in value.split(";")]


def _normal_labels(option: Option) -> set[str]:
    return {label.strip().casefold() for label in option.labels}


def _known(number: int, options: Sequence[Option]) -> bool:
    return any(option.value == number for option in options)


def _unknown(options: Sequence[Option]) -> ValueError:
    shown = [f"{option.value} {next(iter(option.labels), '')}".strip() for option in options]
    more = ", ..." if len(shown) > _MOST_SHOWN else ""
    return ValueError(f"the value is none of the options: {', '.join(shown[:_MOST_SHOWN])}{more}")
