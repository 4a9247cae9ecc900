"""Reads the columns of a table out of its metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regbridge_dynamics.schema import Behavior, Column, Option, Type

BASE = (
    "LogicalName,AttributeType,AttributeTypeName,RequiredLevel,IsValidForCreate,IsValidForUpdate,"
    "IsValidForRead,IsSecured,IsCustomAttribute,DisplayName"
)
"""What every column tells."""

_TYPES = {kind.value: kind for kind in Type}
_BEHAVIORS = {behavior.value: behavior for behavior in Behavior}
_OWN_PLACES = 0
_MONEY_PLACES = 4


@dataclass(frozen=True, slots=True)
class Cast:
    """A kind of column, and what only that kind tells (reference, section 11)."""

    name: str
    select: str = ""
    expand: str = ""

    @property
    def params(self) -> dict[str, str]:
        """The query that asks for it."""
        query = {"$select": f"LogicalName{self.select and ','}{self.select}"}
        return query | ({"$expand": self.expand} if self.expand else {})


_RANGE = "MinValue,MaxValue"
_GLOBAL = "OptionSet,GlobalOptionSet"

CASTS = (
    Cast("StringAttributeMetadata", "MaxLength"),
    Cast("MemoAttributeMetadata", "MaxLength"),
    Cast("IntegerAttributeMetadata", _RANGE),
    Cast("BigIntAttributeMetadata", _RANGE),
    Cast("DecimalAttributeMetadata", f"{_RANGE},Precision"),
    Cast("DoubleAttributeMetadata", f"{_RANGE},Precision"),
    Cast("MoneyAttributeMetadata", f"{_RANGE},Precision,PrecisionSource"),
    Cast("DateTimeAttributeMetadata", "DateTimeBehavior"),
    Cast("LookupAttributeMetadata", "Targets"),
    Cast("BooleanAttributeMetadata", expand="OptionSet"),
    Cast("PicklistAttributeMetadata", expand=_GLOBAL),
    Cast("MultiSelectPicklistAttributeMetadata", expand=_GLOBAL),
    Cast("StateAttributeMetadata", expand="OptionSet"),
    Cast("StatusAttributeMetadata", expand="OptionSet"),
)


def read_columns(
    base: Sequence[Mapping[str, Any]], casts: Sequence[Sequence[Mapping[str, Any]]]
) -> dict[str, Column]:
    """Return the columns by name, from what every one tells and what each kind tells besides."""
    details = {str(one["LogicalName"]): one for cast in casts for one in cast}
    columns = (_column(one, details.get(str(one["LogicalName"]), {})) for one in base)
    return {column.name: column for column in columns}


def _column(base: Mapping[str, Any], details: Mapping[str, Any]) -> Column:
    kind = str((base.get("AttributeTypeName") or {}).get("Value") or "")
    required = str((base.get("RequiredLevel") or {}).get("Value") or "")
    behavior = str((details.get("DateTimeBehavior") or {}).get("Value") or "")
    return Column(
        name=str(base["LogicalName"]),
        type=_TYPES.get(kind, Type.OTHER),
        type_name=kind.removesuffix("Type") or str(base.get("AttributeType") or "unknown"),
        display=next(_labels(base.get("DisplayName")), ""),
        can_create=base.get("IsValidForCreate") is not False,
        can_update=base.get("IsValidForUpdate") is not False,
        can_read=base.get("IsValidForRead") is not False and base.get("IsSecured") is not True,
        is_required=required == "SystemRequired",
        is_custom=base.get("IsCustomAttribute") is True,
        max_length=details.get("MaxLength"),
        minimum=details.get("MinValue"),
        maximum=details.get("MaxValue"),
        places=_places(details),
        behavior=_BEHAVIORS.get(behavior, Behavior.USER_LOCAL),
        options=tuple(_options(details)),
        targets=tuple(details.get("Targets") or ()),
    )


def _places(details: Mapping[str, Any]) -> int | None:
    """Return the digits after the point; money may have those of a currency, at most four."""
    if details.get("PrecisionSource", _OWN_PLACES) != _OWN_PLACES:
        return _MONEY_PLACES
    return details.get("Precision")


def _options(details: Mapping[str, Any]) -> Iterator[Option]:
    found = details.get("OptionSet") or details.get("GlobalOptionSet") or {}
    for one in found.get("Options") or (found.get("FalseOption"), found.get("TrueOption")):
        if one:
            yield Option(int(one["Value"]), tuple(_labels(one.get("Label"))), one.get("State"))


def _labels(label: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield a label in the user's language, then in all others."""
    given = label or {}
    localized = [given.get("UserLocalizedLabel"), *(given.get("LocalizedLabels") or ())]
    yield from dict.fromkeys(str(one["Label"]) for one in localized if one and one.get("Label"))
