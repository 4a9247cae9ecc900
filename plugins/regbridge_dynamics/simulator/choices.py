"""Columns whose values are options: yes or no, one choice, several choices, state and status."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regbridge_dynamics.simulator.columns import Column, Required, Stored
from regbridge_dynamics.simulator.errors import ApiError

if TYPE_CHECKING:
    from regbridge_dynamics.simulator.schema import Table

_VALUES = re.compile(r"-?[0-9]{1,10}(,-?[0-9]{1,10})*", re.ASCII)
_LANGUAGE = 1033


@dataclass(frozen=True, slots=True)
class Option:
    """An option's number and label. Of a status, `state` is the state that it belongs to."""

    value: int
    label: str
    state: int | None = None


def label(text: str) -> dict[str, Any]:
    """Return a label as metadata holds it."""
    localized = {"Label": text, "LanguageCode": _LANGUAGE, "IsManaged": False}
    return {"LocalizedLabels": [localized], "UserLocalizedLabel": localized}


@dataclass(frozen=True, kw_only=True)
class BooleanColumn(Column):
    """Yes or no; only JSON's true and false."""

    attribute_type = "Boolean"
    type_name = "BooleanType"
    edm = "Edm.Boolean"
    metadata_type = "BooleanAttributeMetadata"

    def value(self, given: object, table: Table) -> Stored:
        """Return the value. Raises `ApiError`."""
        if not isinstance(given, bool):
            raise self._refuse(given, table)
        return given

    def literal(self, text: str, *, quoted: bool) -> Stored:
        """Return the value, without quotes."""
        if quoted or text not in ("true", "false"):
            raise self._refuse_literal()
        return text == "true"

    def details(self) -> dict[str, Any]:
        """Return the two options."""
        options = {
            "FalseOption": {"Value": 0, "Label": label("No")},
            "TrueOption": {"Value": 1, "Label": label("Yes")},
        }
        return {"DefaultValue": False, "OptionSet": options}

    def formatted(self, value: Stored) -> str | None:
        """Return Yes or No."""
        return None if value is None else "Yes" if value else "No"


@dataclass(frozen=True, kw_only=True)
class ChoiceColumn(Column):
    """One option, given by its number; a label is refused. A global set has a name of its own."""

    options: tuple[Option, ...]
    global_set: str = ""

    attribute_type = "Picklist"
    type_name = "PicklistType"
    edm = "Edm.Int32"
    metadata_type = "PicklistAttributeMetadata"
    may_be_key = True

    def value(self, given: object, table: Table) -> Stored:
        """Return the option's number. Raises `ApiError` for a label or an unknown option."""
        if isinstance(given, bool) or not isinstance(given, int) or abs(given) >= 2**31:
            raise self._refuse(given, table)
        self._require(given, table)
        return given

    def literal(self, text: str, *, quoted: bool) -> Stored:
        """Return the option's number, without quotes."""
        if quoted or not text.lstrip("-").isdecimal():
            raise self._refuse_literal()
        return int(text)

    def details(self) -> dict[str, Any]:
        """Return the options: once as the column's set, once more when the set is global."""
        option_set = {
            "Name": self.global_set or f"{self.name}_set",
            "IsGlobal": bool(self.global_set),
            "OptionSetType": self.attribute_type
            if self.attribute_type != "Virtual"
            else "Picklist",
            "Options": [self._described(option) for option in self.options],
        }
        return {"OptionSet": option_set, "GlobalOptionSet": option_set if self.global_set else None}

    def formatted(self, value: Stored) -> str | None:
        """Return the option's label."""
        return next((option.label for option in self.options if option.value == value), None)

    def _described(self, option: Option) -> dict[str, Any]:
        return {"Value": option.value, "Label": label(option.label)}

    def _require(self, value: int, table: Table) -> None:
        valid = [option.value for option in self.options]
        if value not in valid:
            accepted = f" Accepted Values: {','.join(map(str, valid))}"
            message = (
                f"A validation error occurred.  The value {value} of '{self.name}' on record of "
                f"type '{table.name}' is outside the valid range.{accepted}"
            )
            raise ApiError(400, "0x8004431A", message)


@dataclass(frozen=True, kw_only=True)
class MultiChoiceColumn(ChoiceColumn):
    """Several options, given as one text of numbers with commas and no spaces."""

    attribute_type = "Virtual"
    type_name = "MultiSelectPicklistType"
    edm = "Edm.String"
    metadata_type = "MultiSelectPicklistAttributeMetadata"
    may_be_key = False

    def value(self, given: object, table: Table) -> Stored:
        """Return the numbers as given. Raises `ApiError` for labels and unknown options."""
        if not isinstance(given, str) or (given and not _VALUES.fullmatch(given)):
            raise self._refuse(given, table)
        for text in given.split(",") if given else ():
            self._require(int(text), table)
        return given or None

    def literal(self, text: str, *, quoted: bool) -> Stored:  # noqa: ARG002
        """Refuse: several choices are filtered by functions that the simulator does not have."""
        raise self._refuse_literal()

    def formatted(self, value: Stored) -> str | None:
        """Return the labels with semicolons."""
        if value is None:
            return None
        chosen = str(value).split(",")
        return "; ".join(option.label for option in self.options if str(option.value) in chosen)


@dataclass(frozen=True, kw_only=True)
class StateColumn(ChoiceColumn):
    """Whether a record is active; set together with its status."""

    name: str = "statecode"
    required: Required = Required.SYSTEM
    options: tuple[Option, ...] = (Option(0, "Active"), Option(1, "Inactive"))

    attribute_type = "State"
    type_name = "StateType"
    metadata_type = "StateAttributeMetadata"
    may_be_key = False


@dataclass(frozen=True, kw_only=True)
class StatusColumn(ChoiceColumn):
    """The reason for a record's state; each option belongs to one state."""

    name: str = "statuscode"
    options: tuple[Option, ...] = (Option(1, "Active", 0), Option(2, "Inactive", 1))

    attribute_type = "Status"
    type_name = "StatusType"
    metadata_type = "StatusAttributeMetadata"
    may_be_key = False

    def default(self, state: int) -> int:
        """Return the first status of a state."""
        return next(option.value for option in self.options if option.state == state)

    def fits(self, status: object, state: object) -> bool:
        """Return whether a status belongs to a state."""
        return any(option.value == status and option.state == state for option in self.options)

    def _described(self, option: Option) -> dict[str, Any]:
        return {**super()._described(option), "State": option.state}
