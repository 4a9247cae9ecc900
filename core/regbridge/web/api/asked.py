"""Reads what a request asks for: its parameters, and the numbers in its path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import falcon

_LONGEST_NUMBER = 17
"""So many digits fit into a number of any database."""

_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a request, as texts."""

    values: dict[str, str]

    def text(self, name: str) -> str:
        """Return a text, "" for none."""
        return self.values.get(name, "").strip()

    def number(self, name: str, default: int, most: int) -> int:
        """Return a whole number from 1 on. Raises `falcon.HTTPBadRequest`."""
        if name not in self.values:
            return default
        number = whole(self.values[name])
        if number is None or not 1 <= number <= most:
            raise falcon.HTTPBadRequest(description=f"{name} is a number from 1 to {most:,}.")
        return number

    def truth(self, name: str) -> bool:
        """Return a truth, False for none. Raises `falcon.HTTPBadRequest`."""
        found = _TRUTHS.get(self.values.get(name, "false").lower())
        if found is None:
            raise falcon.HTTPBadRequest(description=f"{name} is true or false.")
        return found


def read_query(request: falcon.Request, names: Sequence[str]) -> Asked:
    """Return the parameters. Raises `falcon.HTTPBadRequest` for one that means nothing here."""
    values = {}
    for name, value in request.params.items():
        if name not in names:
            known = f"; it takes {', '.join(names)}" if names else ""
            text = f"This path takes no parameter of this name{known}."
            raise falcon.HTTPBadRequest(description=text)
        if not isinstance(value, str):
            raise falcon.HTTPBadRequest(description=f"{name} stands there twice.")
        if "\0" in value:
            raise falcon.HTTPBadRequest(description=f"{name} holds a NUL character.")
        values[name] = value
    return Asked(values)


def whole(text: str) -> int | None:
    """Return a whole number that a text is, or None."""
    plain = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if plain else None
