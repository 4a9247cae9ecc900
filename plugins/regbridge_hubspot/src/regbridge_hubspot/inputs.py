"""What HubSpot is sent for a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from regbridge import Record

EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a batch. `place` is the record's among those that the host gave.

    Two inputs with the same `key` are about the same record at HubSpot. `trace` is what HubSpot
    names the input by in its answer.
    """

    place: int
    record: Record
    id: str = field(repr=False)
    key: str = field(repr=False)
    trace: str
    properties: Mapping[str, str] = field(repr=False)

    def values(self) -> Iterator[Any]:
        """Yield what a text about it must not show."""
        yield self.id
        yield from self.properties.values()


def same_key(value: str) -> str:
    """Return what is the same for values that HubSpot may take for the same.

    HubSpot keeps e-mail addresses in lower case; of other properties nobody says whether case
    counts, so two that differ in case alone never share a batch.
    """
    return value.strip().casefold()


def listed_key(id_property: str, value: str) -> str:
    """Return the key under which a record is listed: its value, as HubSpot keeps it."""
    return value.strip().lower() if id_property == EMAIL else value.strip()


def body_of(inputs: Sequence[Input], id_property: str) -> bytes:
    """Return the body of a batch upsert."""
    return msgspec.json.encode(
        {
            "inputs": [
                {
                    "id": one.id,
                    "idProperty": id_property,
                    "objectWriteTraceId": one.trace,
                    "properties": one.properties,
                }
                for one in inputs
            ]
        }
    )
