"""What a record must fulfil to be found: tests on its fields, and their combinations."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

Record = Mapping[str, Any]
Read = Callable[[Record], list[Any]]


class Row(Protocol):
    """A record, and those of its fields that are known without making it (None for no value)."""

    keys: Mapping[str, Any]

    @property
    def record(self) -> Record:
        """The record."""

    @property
    def modified(self) -> datetime:
        """When it was last changed."""


@dataclass(frozen=True, slots=True)
class FieldTest:
    """A test on one field, which is read from a row's keys if it is among them.

    Else `read` returns the values that the record has there: none, one, or those of a list. A test
    holds when it does so for one of them; `ne` when `eq` does not.
    """

    field: str
    operator: str
    values: frozenset[Any]
    read: Read

    def holds(self, row: Row) -> bool:
        """Say whether a row passes."""
        if self.field not in row.keys:
            return _OPERATORS[self.operator](self.read(row.record), self.values)
        value = row.keys[self.field]
        return _OPERATORS[self.operator]([] if value is None else [value], self.values)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Holds when every part does."""

    parts: tuple[Condition, ...] = ()

    def holds(self, row: Row) -> bool:
        """Say whether a row passes."""
        return all(part.holds(row) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds when one part does."""

    parts: tuple[Condition, ...]

    def holds(self, row: Row) -> bool:
        """Say whether a row passes."""
        return any(part.holds(row) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Changed:
    """Holds for what was added or changed within a window, whose ends belong to it or not."""

    after: datetime | None
    before: datetime | None
    inclusive: bool = False

    def holds(self, row: Row) -> bool:
        """Say whether a row passes."""
        if self.inclusive and row.modified in (self.after, self.before):
            return True
        is_after = self.after is None or row.modified > self.after
        return is_after and (self.before is None or row.modified < self.before)


Condition = FieldTest | AllOf | AnyOf | Changed
EVERYTHING = AllOf()


def either(parts: Sequence[Condition]) -> Condition:
    """Return the condition that one of the parts holds; `eq` on one field becomes one test.

    A chain of two hundred ids is then looked up once for each record, not compared two hundred
    times.
    """
    merged: dict[str, FieldTest] = {}
    others: list[Condition] = []
    for part in parts:
        if not isinstance(part, FieldTest) or part.operator != "eq":
            others.append(part)
        elif part.field in merged:
            values = merged[part.field].values | part.values
            merged[part.field] = FieldTest(part.field, "eq", values, part.read)
        else:
            merged[part.field] = part
    every = (*merged.values(), *others)
    return every[0] if len(every) == 1 else AnyOf(every)


def equals(field: str, value: Any) -> FieldTest:
    """Return the test that a field, whose path is its name, has a value."""
    return FieldTest(field, "eq", frozenset({value}), at(*field.split(".")))


def is_not_marked(field: str) -> FieldTest:
    """Return the test that a record does not have `true` in a field."""
    return FieldTest(field, "ne", frozenset({True}), at(field))


def at(*path: str) -> Read:
    """Return the reader of what is at a path; lists on the way are gone through."""

    def read(record: Record) -> list[Any]:
        found: list[Any] = [record]
        for name in path:
            found = [value for each in found for value in _get(each, name)]
        return found

    return read


def _get(value: Any, name: str) -> Iterable[Any]:
    inner = value.get(name) if isinstance(value, Mapping) else None
    if inner is None:
        return ()
    return inner if isinstance(inner, list) else (inner,)


def _compared(fits: Callable[[Any, Any], bool]) -> Callable[[list[Any], frozenset[Any]], bool]:
    return lambda found, values: any(fits(each, value) for each in found for value in values)


_OPERATORS: Mapping[str, Callable[[list[Any], frozenset[Any]], bool]] = {
    "eq": lambda found, values: not values.isdisjoint(found),
    "ne": lambda found, values: values.isdisjoint(found),
    "in": lambda found, values: not values.isdisjoint(found),
    "lt": _compared(operator.lt),
    "le": _compared(operator.le),
    "gt": _compared(operator.gt),
    "ge": _compared(operator.ge),
    "sw": _compared(lambda each, value: each.startswith(value)),
    "contains": _compared(operator.contains),
    "match": _compared(lambda each, value: value.casefold() in each.casefold()),
    "is null": lambda found, _: not found,
    "is not null": lambda found, _: bool(found),
    "is empty": lambda found, _: not any(each != "" for each in found),
    "is not empty": lambda found, _: any(each != "" for each in found),
}
