"""The records of an object as a target lists them, and its own records in the same form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from regbridge import Delivered
from regbridge_salesforce.comparable import can_be_compared, comparable
from regbridge_salesforce.records import Upsert, mark
from regbridge_salesforce.schema import Field, SObject
from regbridge_salesforce.settings import SalesforceSettings


class Rows:
    """What a target writes of its object; `mapped` is the target's map.

    Without a map, a plugin makes the records, and every field that can be written counts.
    """

    def __init__(
        self,
        sobject: SObject,
        parents: Mapping[str, SObject],
        settings: SalesforceSettings,
        mapped: Mapping[str, Any],
    ) -> None:
        self._key = sobject.fields[settings.external_id]
        self._parents = {
            name: parents[name].fields[lookup.key] for name, lookup in settings.lookups.items()
        }
        self._relations = {name: sobject.relationships[name].name for name in settings.lookups}
        self._fields = [
            one
            for name in mapped or sobject.fields
            if (one := sobject.fields.get(name))
            and one is not self._key
            and name not in self._relations.values()
            and can_be_compared(one)
        ]
        self.name = sobject.name

    @property
    def query(self) -> str:
        """The SOQL that asks for the fields, of records with an external id: others are not ours.

        Every name in it is one that the org's describe has.
        """
        names = [self._key.name, *(one.name for one in self._fields)]
        names += [f"{name}.{key.name}" for name, key in self._parents.items()]
        key = self._key.name
        return f"SELECT {', '.join(names)} FROM {self.name} WHERE {key} != null"  # noqa: S608

    @property
    def fingerprint(self) -> str:
        """What tells the pages of this query from those of another."""
        return hashlib.sha256(self.query.encode()).hexdigest()[:12]

    def of_row(self, row: Mapping[str, Any]) -> Delivered | None:
        """Return a record as it is listed, None for one without an external id."""
        value = row.get(self._key.name)
        if value is None or value == "":
            return None
        fields = {one.name: comparable(one, row.get(one.name)) for one in self._fields}
        for name, key in self._parents.items():
            parent = row.get(name)
            found = parent.get(key.name) if isinstance(parent, Mapping) else None
            fields[name] = _mark(key, found)
        return Delivered(mark(self._key, value), fields)

    def of_upsert(self, upsert: Upsert) -> Delivered:
        """Return how the record of an upsert is listed."""
        fields = {
            one.name: comparable(one, upsert.body[one.name])
            for one in self._fields
            if one.name in upsert.body
        }
        for name, key in self._parents.items():
            if name in upsert.body:
                fields[name] = _mark(key, upsert.body[name][key.name])
            elif self._relations[name] in upsert.body:
                fields[name] = None
        return Delivered(upsert.key, fields)


def _mark(key: Field, value: Any) -> str | None:
    return None if value is None else mark(key, value)
