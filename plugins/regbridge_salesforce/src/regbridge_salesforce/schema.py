"""What is known about an object of an org: its fields, and how they refer to other objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

TEXTS = frozenset({"string", "textarea", "phone", "url", "email", "encryptedstring", "combobox"})
WHOLE_NUMBERS = frozenset({"int", "long"})
NUMBERS = frozenset({"double", "currency", "percent"})
KEYS = frozenset({"string", "email", "phone", "url"}) | WHOLE_NUMBERS | NUMBERS
"""Types that an external id can have and that regbridge writes."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a picklist, and its label."""

    value: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A field, as describe tells it to the integration user. `length` is 0 where there is none."""

    name: str
    type: str
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    can_create: bool = True
    can_update: bool = True
    can_be_empty: bool = True
    has_default: bool = False
    is_external_id: bool = False
    is_unique: bool = False
    is_case_sensitive: bool = False
    is_restricted: bool = False
    choices: tuple[Choice, ...] = ()
    relationship: str = ""
    refers_to: tuple[str, ...] = ()

    @property
    def is_required(self) -> bool:
        """Whether a new record needs a value for it."""
        return self.can_create and not self.can_be_empty and not self.has_default


@dataclass(frozen=True)
class SObject:
    """An object, and what the integration user may do with its records."""

    name: str
    fields: Mapping[str, Field]
    can_create: bool = True
    can_update: bool = True
    can_query: bool = True
    relationships: Mapping[str, Field] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        named = {one.relationship: one for one in self.fields.values() if one.relationship}
        object.__setattr__(self, "relationships", named)

    @cached_property
    def external_ids(self) -> tuple[str, ...]:
        """The names of its external id fields."""
        return tuple(one.name for one in self.fields.values() if one.is_external_id)
