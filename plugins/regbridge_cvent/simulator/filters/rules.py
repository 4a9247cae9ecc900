"""Which fields an operation lets a filter test, with which operators."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from regbridge import did_you_mean
from regbridge_cvent.simulator.filters.conditions import (
    AllOf,
    Condition,
    FieldTest,
    Read,
    Record,
    at,
    either,
)
from regbridge_cvent.simulator.filters.grammar import Comparison, Dialect, FilterError, Node, parse

EQUALITY = "eq, ne"
ORDER = "eq, ne, lt, le, gt, ge"
_DIALECT = Dialect()
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
Convert = Callable[[Any], Any]


def as_text(value: Any) -> Any:
    """Return a value as it is."""
    return value


def as_folded(value: Any) -> Any:
    """Return text without the difference of capitals."""
    return value.casefold()


def as_number(value: Any) -> Any:
    """Return a number. Raises `ValueError` for any other text."""
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError
    return float(value)


def as_flag(value: Any) -> Any:
    """Return true or false. Raises `ValueError` for any other text."""
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise ValueError
    return value == "true"


def as_time(value: Any) -> Any:
    """Return an ISO 8601 time with its zone. Raises `ValueError` for anything else."""
    time = datetime.fromisoformat(value)
    if time.tzinfo is None:
        raise ValueError
    return time.astimezone(UTC)


_EXPECTED: Mapping[Convert, str] = {
    as_flag: "'true' or 'false'",
    as_number: "a number",
    as_time: "a time in ISO 8601 with its zone",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field's operators, what its values are, and where a record has them."""

    operators: tuple[str, ...]
    read: Read
    convert: Convert = as_text
    contains_length: range | None = None

    def test(self, comparison: Comparison) -> FieldTest:
        """Return the test that a comparison asks for. Raises `FilterError`."""
        name, operator = comparison.field, comparison.operator
        if operator not in self.operators:
            raise FilterError(
                f"{name} allows {', '.join(self.operators)}, not {operator}{_in(operator)}"
            )
        if operator == "contains":
            self._require_length(name, comparison.values[0])
        return FieldTest(name, operator, self._values(comparison), self._read_converted)

    def _values(self, comparison: Comparison) -> frozenset[Any]:
        try:
            return frozenset(map(self.convert, comparison.values))
        except (ValueError, OverflowError):
            raise FilterError(
                f"{comparison.field} is compared with {_EXPECTED[self.convert]}"
            ) from None

    def _require_length(self, name: str, value: str) -> None:
        allowed = self.contains_length
        if allowed is not None and len(value) not in allowed:
            raise FilterError(
                f"{name} contains: the value must have {allowed[0]} to {allowed[-1]} characters"
            )

    def _read_converted(self, record: Record) -> list[Any]:
        return [self.convert(value) for value in self.read(record)]


@dataclass(frozen=True, slots=True)
class Rules:
    """The fields of one operation, and how its filters are written.

    `families` are fields such as `customField.{id}`, found by what stands before the last dot.
    `refusals` say of a field why it cannot be used here.
    """

    fields: Mapping[str, Field]
    families: Mapping[str, Callable[[str], Field]] = field(default_factory=dict)
    dialect: Dialect = _DIALECT
    demand: Callable[[Node], None] = lambda _: None
    refusals: Mapping[str, str] = field(default_factory=dict)

    def compile(self, text: str) -> Condition:
        """Return the condition that a filter stands for. Raises `FilterError`."""
        node = parse(text, self.dialect)
        self.demand(node)
        return self._condition(node)

    def without(self, name: str, why: str) -> Rules:
        """Return the same rules less one field."""
        rest = {known: self.fields[known] for known in self.fields if known != name}
        return replace(self, fields=rest, refusals={**self.refusals, name: why})

    def _condition(self, node: Node) -> Condition:
        if isinstance(node, Comparison):
            return self._field(node.field).test(node)
        parts = tuple(self._condition(part) for part in node.parts)
        return either(parts) if node.word == "or" else AllOf(parts)

    def _field(self, name: str) -> Field:
        if name in self.fields:
            return self.fields[name]
        family, _, last = name.rpartition(".")
        if family in self.families:
            return self.families[family](last)
        if name in self.refusals:
            raise FilterError(f"{name} cannot be used: {self.refusals[name]}")
        remedy = did_you_mean(name, self.fields)
        raise FilterError(f"this operation does not filter by {name}{remedy and f'; {remedy}'}")


def fields(
    operators: str, *names: str, convert: Convert = as_text, moved: Mapping[str, str] | None = None
) -> dict[str, Field]:
    """Return fields that share their operators, which are separated by commas.

    `moved` maps the beginning of a field's name to where a record has it, when that differs.
    """
    allowed = _operators(operators)
    return {name: Field(allowed, at(*_place(name, moved or {})), convert) for name in names}


def answers(last: str) -> Field:
    """Return the field `answers.question.{id}` of an attendee."""

    def read(record: Record) -> list[Any]:
        given = record.get("answers", ())
        return [
            value for each in given if each["question"]["id"] == last for value in each["value"]
        ]

    return Field(_operators(EQUALITY), read)


def custom_field(operators: str) -> Callable[[str], Field]:
    """Return the family `customField.{id}` of records that have `customFields`."""

    def family(last: str) -> Field:
        def read(record: Record) -> list[Any]:
            given = record.get("customFields", ())
            return [value for each in given if each["id"] == last for value in each["value"]]

        return Field(_operators(operators), read)

    return family


def _operators(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _place(name: str, moved: Mapping[str, str]) -> Iterable[str]:
    for start, place in moved.items():
        if name.startswith(f"{start}."):
            return f"{place}{name.removeprefix(start)}".split(".")
    return name.split(".")


def _in(operator: str) -> str:
    return "; join `eq` by `or` instead" if operator == "in" else ""
