"""The records of a type as a target lists them, and those that it delivers in the same form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from decimal import Decimal, InvalidOperation
from typing import Any

from regbridge import Delivered
from regbridge_hubspot.definitions import Properties, Property
from regbridge_hubspot.inputs import EMAIL, Input, listed_key
from regbridge_hubspot.values import write_value

_MOVED_BY_HUBSPOT = frozenset({"lifecyclestage"})
"""HubSpot sets it by its own rules, and forward only."""


class Rows:
    """What a target writes of a type; `mapped` is the target's map.

    Without a map, a plugin makes the records, and the id alone is listed.
    """

    def __init__(self, id_property: str, properties: Properties, mapped: Mapping[str, Any]) -> None:
        self.id_property = id_property
        self._compared = [
            found
            for name in mapped
            if (found := properties.get(name))
            and name != id_property
            and not found.is_read_only
            and name not in _MOVED_BY_HUBSPOT
        ]

    @property
    def names(self) -> list[str]:
        """The properties to ask for."""
        return [self.id_property, *(one.name for one in self._compared)]

    def of_result(self, result: Mapping[str, Any]) -> Delivered | None:
        """Return a record as it is listed, None for one without the id: it is none of ours."""
        given = result.get("properties")
        values = given if isinstance(given, dict) else {}
        key = listed_key(self.id_property, str(values.get(self.id_property) or ""))
        return Delivered(key, self._fields(values)) if key else None

    def of_input(self, one: Input) -> Delivered:
        """Return how the record of an input is listed."""
        sent = [found for found in self._compared if found.name in one.properties]
        return Delivered(
            listed_key(self.id_property, one.id),
            {found.name: comparable(found, one.properties[found.name]) for found in sent},
        )

    def _fields(self, values: Mapping[str, Any]) -> dict[str, str | None]:
        return {one.name: comparable(one, values.get(one.name)) for one in self._compared}


def comparable(of: Property, value: Any) -> str | None:
    """Return a value, as it is sent or as it is listed, in the form in which two are compared.

    What has no known form stays as it is, and so is told from all that have.
    """
    text = str(value or "").replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        return None
    try:
        return _FORMS.get(of.type, _text)(of, text)
    except (ValueError, InvalidOperation, OverflowError):
        return text


def _text(of: Property, text: str) -> str:
    return text.lower() if of.name == EMAIL else text


def _number(_: Property, text: str) -> str:
    return format(Decimal(text).normalize(), "f")


def _choices(_: Property, text: str) -> str:
    """Return the chosen values in an order of their own: HubSpot keeps a set."""
    return ";".join(sorted(filter(None, text.split(";"))))


def _time(of: Property, text: str) -> str:
    return write_value(of, text, UTC)


_FORMS: Mapping[str, Callable[[Property, str], str]] = {
    "number": _number,
    "enumeration": _choices,
    "bool": lambda _, text: text.lower(),
    "date": _time,
    "datetime": _time,
}
