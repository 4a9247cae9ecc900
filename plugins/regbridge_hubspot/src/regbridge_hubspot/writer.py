"""Turns records into inputs of a batch, by what the account says about its properties."""

from __future__ import annotations

from datetime import tzinfo

from regbridge import Record, RejectedError
from regbridge_hubspot.definitions import Properties
from regbridge_hubspot.inputs import Input, same_key
from regbridge_hubspot.values import write_value


class Writer:
    """Makes inputs; `zone` is the time zone of times that say none."""

    def __init__(self, id_property: str, properties: Properties, zone: tzinfo | None) -> None:
        self.id_property = id_property
        self.properties = properties
        self._zone = zone

    def input(self, place: int, record: Record) -> Input:
        """Return a record's input. Raises `RejectedError` with the field that is at fault."""
        written = {name: self._written(name, value) for name, value in record.fields.items()}
        id_ = written.get(self.id_property, "").strip()
        if not id_:
            raise RejectedError(
                f"{self.id_property} is empty, and HubSpot knows a record by it",
                field=self.id_property,
            )
        written[self.id_property] = id_
        trace = f"{record.delivery}-{place}"
        return Input(place, record, id_, same_key(id_), trace, written)

    def _written(self, name: str, value: object) -> str:
        try:
            return write_value(self.properties.get(name), value, self._zone)
        except ValueError as error:
            raise RejectedError(f"{name}: {error}", field=name) from None
