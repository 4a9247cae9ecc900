"""Turns the records of a target into upserts of its object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from regbridge import Record, RejectedError, did_you_mean
from regbridge_salesforce.schema import NUMBERS, WHOLE_NUMBERS, Field, SObject
from regbridge_salesforce.settings import LookupSettings, SalesforceSettings
from regbridge_salesforce.values import write_value


@dataclass(frozen=True, slots=True)
class Upsert:
    """One record as Salesforce takes it; `place` is its place among the records of the call.

    Two with the same `key` may be one record for Salesforce. `parents` are the relationships that
    are set.
    """

    place: int
    record: Record
    key: str = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)
    parents: Mapping[str, LookupSettings] = field(default_factory=dict)


class Translator:
    """Knows an object, those that its lookups refer to, and the settings, which fit them."""

    def __init__(
        self,
        sobject: SObject,
        parents: Mapping[str, SObject],
        settings: SalesforceSettings,
        zone: tzinfo | None = None,
    ) -> None:
        self.sobject = sobject
        self._parents = parents
        self._settings = settings
        self._zone = zone
        self._key = sobject.fields[settings.external_id]

    def upsert(self, place: int, record: Record) -> Upsert:
        """Return what is sent for a record.

        Raises `RejectedError` with the name of the field, and never with its value.
        """
        key = self._written_key(self._key, self._key.name, record.fields.get(self._key.name))
        if key is None:
            raise _refused(self._key.name, "the external id has no value")
        body: dict[str, Any] = {"attributes": {"type": self.sobject.name}, self._key.name: key}
        parents: dict[str, LookupSettings] = {}
        for name, value in record.fields.items():
            if lookup := self._settings.lookups.get(name):
                relation = self.sobject.relationships[name]
                referred = self._referred(name, lookup, relation, value)
                if referred is None:
                    body[relation.name] = None
                else:
                    body[name] = referred
                    parents[name] = lookup
            elif name != self._key.name:
                body[name] = self._written(name, value)
        return Upsert(place, record, mark(self._key, key), body, parents)

    def _written(self, name: str, value: Any) -> Any:
        one = self.sobject.fields.get(name)
        if one is None:
            remedy = did_you_mean(name, self.sobject.fields)
            raise _refused(name, f"the object {self.sobject.name} has no such field; {remedy}")
        if not (one.can_create and one.can_update):
            raise _refused(name, "the integration user cannot write the field")
        try:
            return write_value(one, value, self._zone)
        except ValueError as error:
            raise _refused(name, str(error)) from None

    def _referred(
        self, name: str, lookup: LookupSettings, relation: Field, value: Any
    ) -> dict[str, Any] | None:
        parent = self._parents[name]
        key = self._written_key(parent.fields[lookup.key], name, value)
        if key is None:
            return None
        if len(relation.refers_to) > 1:
            return {"attributes": {"type": parent.name}, lookup.key: key}
        return {lookup.key: key}

    def _written_key(self, one: Field, name: str, value: Any) -> Any:
        """Return a key's value, None for none. Salesforce takes the spaces around a text away."""
        if value is None or value == "":
            return None
        try:
            written = write_value(one, value, self._zone)
            if isinstance(written, str) and written != written.strip():
                raise ValueError("a key cannot begin or end with a space")
        except ValueError as error:
            raise _refused(name, str(error)) from None
        return written


def mark(key: Field, value: Any) -> str:
    """Return what is equal for two values of a key that Salesforce takes for one.

    Unless its field says otherwise, capitals make no difference.
    """
    if key.type in NUMBERS | WHOLE_NUMBERS:
        return f"{float(value):.17g}"
    text = str(value).strip()
    return text if key.is_case_sensitive else text.casefold()


def _refused(name: str, text: str) -> RejectedError:
    return RejectedError(f"{name}: {text}".removesuffix("; "), field=name)
