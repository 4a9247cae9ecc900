"""What is known about a table: its columns, choices, keys, and how other tables are referred to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Type(StrEnum):
    """A column's type, as `AttributeTypeName` spells it."""

    STRING = "StringType"
    MEMO = "MemoType"
    INTEGER = "IntegerType"
    BIG_INTEGER = "BigIntType"
    DECIMAL = "DecimalType"
    DOUBLE = "DoubleType"
    MONEY = "MoneyType"
    BOOLEAN = "BooleanType"
    DATE_TIME = "DateTimeType"
    CHOICE = "PicklistType"
    CHOICES = "MultiSelectPicklistType"
    STATE = "StateType"
    STATUS = "StatusType"
    LOOKUP = "LookupType"
    CUSTOMER = "CustomerType"
    OWNER = "OwnerType"
    GUID = "UniqueidentifierType"
    OTHER = ""


TEXTS = frozenset({Type.STRING, Type.MEMO})
WHOLE_NUMBERS = frozenset({Type.INTEGER, Type.BIG_INTEGER})
NUMBERS = frozenset({Type.DECIMAL, Type.DOUBLE, Type.MONEY})
SINGLE_CHOICES = frozenset({Type.CHOICE, Type.STATE, Type.STATUS})
LOOKUPS = frozenset({Type.LOOKUP, Type.CUSTOMER, Type.OWNER})


class Behavior(StrEnum):
    """How a date relates to time zones (reference/dataverse-web-api.md, section 6)."""

    USER_LOCAL = "UserLocal"
    DATE_ONLY = "DateOnly"
    TIME_ZONE_INDEPENDENT = "TimeZoneIndependent"


@dataclass(frozen=True, slots=True)
class Option:
    """An option's number and its labels, one for each language; `state` is that of a status."""

    value: int
    labels: tuple[str, ...] = ()
    state: int | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `max_length` is in UTF-16 units; `places` are the digits after the point.

    `can_read` says that answers hold its value; that of a secured column may be hidden.
    """

    name: str
    type: Type
    type_name: str = ""
    display: str = ""
    can_create: bool = True
    can_update: bool = True
    can_read: bool = True
    is_required: bool = False
    is_custom: bool = False
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    places: int | None = None
    behavior: Behavior = Behavior.USER_LOCAL
    options: tuple[Option, ...] = ()
    targets: tuple[str, ...] = ()

    @property
    def property_name(self) -> str:
        """The name by which a key and an answer know it."""
        return f"_{self.name}_value" if self.type in LOOKUPS else self.name


@dataclass(frozen=True, slots=True)
class Key:
    """An alternate key; its index is built some time after the key was made."""

    name: str
    columns: frozenset[str]
    status: str

    @property
    def is_active(self) -> bool:
        """Whether records can be found by it."""
        return self.status == "Active"


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    `navigation` gives the property that sets a lookup, by the lookup's column and the table that
    it refers to; it is case-sensitive. `privileges` are the names of the table's privileges by
    their kind (`Create`, `AppendTo`).
    """

    name: str
    entity_set: str
    primary_id: str
    columns: Mapping[str, Column]
    keys: tuple[Key, ...] = ()
    navigation: Mapping[tuple[str, str], str] = field(default_factory=dict)
    privileges: Mapping[str, str] = field(default_factory=dict)
    takes_bulk: bool = False

    def key_of(self, columns: frozenset[str]) -> Key | None:
        """Return the alternate key with exactly these columns, whatever its state."""
        return next((key for key in self.keys if key.columns == columns), None)
