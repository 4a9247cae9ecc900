"""Columns that refer to a record, set by their navigation property."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regbridge_dynamics.simulator.columns import GUID, Column, Stored
from regbridge_dynamics.simulator.errors import direct_reference

if TYPE_CHECKING:
    from regbridge_dynamics.simulator.schema import Table


@dataclass(frozen=True, kw_only=True)
class LookupColumn(Column):
    """A reference; `targets` gives the navigation property for each table that it may name.

    The navigation property is case-sensitive and often is not the column's name
    (reference/dataverse-web-api.md, section 6).
    """

    targets: Mapping[str, str]

    attribute_type = "Lookup"
    type_name = "LookupType"
    edm = "Edm.Guid"
    metadata_type = "LookupAttributeMetadata"
    may_be_key = True

    @property
    def property_name(self) -> str:
        """Return the read-only property that holds the referred record's id."""
        return f"_{self.name}_value"

    def value(self, given: object, table: Table) -> Stored:  # noqa: ARG002
        """Refuse: a lookup takes no plain value, only `@odata.bind`."""
        raise direct_reference()

    def literal(self, text: str, *, quoted: bool) -> Stored:
        """Return the referred record's id, without quotes."""
        if quoted or not GUID.fullmatch(text):
            raise self._refuse_literal()
        return text.lower()

    def details(self) -> dict[str, Any]:
        """Return the tables that it may name."""
        return {"Targets": list(self.targets)}
