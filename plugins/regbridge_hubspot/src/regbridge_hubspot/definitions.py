"""The properties of a type of object, as the account defines them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from regbridge import RetryableError
from regbridge_hubspot.client import HubspotApi

_MOST_AGE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Option:
    """One value that a property can have: HubSpot keeps `value`, people see `label`."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Property:
    """A property. `type` is HubSpot's: string, number, date, datetime, enumeration, bool, ...

    `options` are those of an enumeration; `is_open` says that HubSpot has more than it lists.
    """

    name: str
    label: str = ""
    type: str = "string"
    field_type: str = ""
    options: tuple[Option, ...] = ()
    is_open: bool = False
    is_unique: bool = False
    is_read_only: bool = False
    is_own: bool = False

    @property
    def takes_several(self) -> bool:
        """Whether several options can be chosen."""
        return self.type == "enumeration" and self.field_type == "checkbox"


Properties = Mapping[str, Property]


class Definitions:
    """The properties of one type, asked for again after some minutes. Threads may share it."""

    def __init__(self, api: HubspotApi, object_type: str, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._object_type = object_type
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Properties = {}
        self._asked: datetime | None = None

    def properties(self) -> Properties:
        """Return the properties by name. Raises as `HubspotApi.get` does."""
        with self._lock:
            now = self._clock()
            if self._asked is None or now - self._asked >= _MOST_AGE:
                self._known = read_properties(self._api, self._object_type)
                self._asked = now
            return self._known


def read_properties(api: HubspotApi, object_type: str) -> Properties:
    """Ask for the properties of a type. Raises as `HubspotApi.get` does."""
    document = api.get(api.paths.properties(object_type))
    listed = document.get("results") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise RetryableError("HubSpot answers a question about properties with no list of them")
    found = (_property(one) for one in listed if isinstance(one, dict) and one.get("name"))
    return {one.name: one for one in found}


def _property(given: Mapping[str, Any]) -> Property:
    rights = given.get("modificationMetadata")
    can_be_written = not (isinstance(rights, dict) and rights.get("readOnlyValue") is True)
    return Property(
        name=str(given["name"]),
        label=str(given.get("label") or ""),
        type=str(given.get("type") or "string"),
        field_type=str(given.get("fieldType") or ""),
        options=tuple(_options(given.get("options"))),
        is_open=given.get("externalOptions") is True,
        is_unique=given.get("hasUniqueValue") is True,
        is_read_only=not can_be_written or given.get("calculated") is True,
        is_own=given.get("hubspotDefined") is not True,
    )


def _options(listed: Any) -> Iterator[Option]:
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and one.get("value") is not None:
            yield Option(str(one["value"]), str(one.get("label") or ""))
