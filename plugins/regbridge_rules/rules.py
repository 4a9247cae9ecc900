"""One entry of a `map:` block, compiled."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from regbridge import Finding, Level, RejectedError
from regbridge_rules.dates import to_moment, write
from regbridge_rules.entry import Entry, Keys, read_entry
from regbridge_rules.expressions import Expression, Search
from regbridge_rules.values import CONVERSIONS, is_missing, is_true, to_string

Choice = Callable[[Any], Any]
Change = Callable[[Any, str], Any]


class LeftOut(Exception):  # noqa: N818 - a decision, not an error
    """The target gets no record; the text says why."""


class Rule:
    """How one field of a target's record gets its value.

    In this order: `from` or `value`; `lookup`, whose `default` answers for every value that is not
    in it, unless `keep` leaves those as they are; `then`/`else`, by JMESPath's truth (all but
    false, null, "", [] and {} is true, and so are 0 and "no"); `default`; `format`; `type`;
    `max_length`; `required` or `drop_if_missing`.

    Null and text with nothing but spaces in it are missing. A missing value is null in the record,
    so that a field which was cleared at Cvent is cleared at the CRM as well.
    """

    def __init__(self, field: str, raw: Any, zone: str | None) -> None:
        """Compile an entry without findings; `zone` is the target's time zone, if it has one."""
        self.field = field
        self._entry = read_entry(raw)
        self._origin = f" (from {self._entry.from_})" if self._entry.from_ else ""
        self._search = _search(self._entry)
        self._choices = tuple(_choices(self._entry))
        self._changes = tuple(_changes(self._entry, zone))

    def value(self, document: Mapping[str, Any], event_zone: str) -> Any:
        """Return the field's value for one registration's document.

        Raises `RejectedError` with the field's name, and never with the value, when a required
        value is missing or a value is wrong, and `LeftOut` for `drop_if_missing`.
        """
        try:
            value = self._search(document)
            for choose in self._choices:
                value = choose(value)
            value = self._changed(value, event_zone)
        except ValueError as error:
            raise RejectedError(f"{self.field}: {error}{self._origin}", field=self.field) from None
        if value is None and self._entry.required:
            raise RejectedError(
                f"{self.field} is required and has no value{self._origin}", field=self.field
            )
        if value is None and self._entry.drop_if_missing:
            raise LeftOut(self._entry.drop_if_missing)
        return value

    def constant_findings(self, path: Keys) -> Iterator[Finding]:
        """Yield the constants of the entry at `path` that no record could take."""
        for place, constant in _constants(self._entry):
            try:
                self._changed(constant, "UTC")
            except ValueError as error:
                message = f"{constant!r} cannot be sent: {error}"
                yield Finding(Level.ERROR, message, path=(*path, *place))

    def _changed(self, value: Any, event_zone: str) -> Any:
        if is_missing(value):
            return None
        if self._changes:
            for change in self._changes:
                value = change(value, event_zone)
            if is_missing(value):
                return None
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("the value is not a finite number")
        return value


def _search(entry: Entry) -> Search:
    if "value" in entry.model_fields_set:
        return lambda _: entry.value
    return Expression(entry.from_).search


def _choices(entry: Entry) -> Iterator[Choice]:
    """Yield the steps that put a constant in the place of what was found."""
    given = entry.model_fields_set
    if "lookup" in given:
        table = {key.strip(): value for key, value in entry.lookup.items()}
        yield (
            partial(_look_up_or_keep, table)
            if entry.keep
            else partial(_look_up, table, entry.default)
        )
    if "then" in given:
        yield lambda value: entry.then if is_true(value) else entry.else_
    if "default" in given and ("lookup" not in given or entry.keep):
        yield lambda value: entry.default if is_missing(value) else value


def _look_up(table: Mapping[str, Any], default: Any, value: Any) -> Any:
    """Return what a table holds for a value, which is compared as trimmed text."""
    return default if value is None else table.get(to_string(value).strip(), default)


def _look_up_or_keep(table: Mapping[str, Any], value: Any) -> Any:
    return None if value is None else table.get(to_string(value).strip(), value)


def _constants(entry: Entry) -> Iterator[tuple[Keys, Any]]:
    """Yield the constants that may become the field's value, each with its place."""
    given = entry.model_fields_set
    if "then" in given:
        yield ("then",), entry.then
        yield ("else",), entry.else_
    elif "lookup" in given:
        yield from ((("lookup", key), value) for key, value in entry.lookup.items())
    elif "value" in given:
        yield ("value",), entry.value
    yield ("default",), entry.default


def _changes(entry: Entry, zone: str | None) -> Iterator[Change]:
    """Yield the steps that a value which is not missing goes through."""
    if entry.format:
        yield partial(_formatted, entry.format, entry.time_zone or zone)
    if entry.type:
        convert = CONVERSIONS[entry.type]
        yield lambda value, _: convert(value)
    if entry.max_length:
        yield partial(_shortened, entry.max_length, entry.too_long == "cut")


def _formatted(pattern: str, zone: str | None, value: Any, event_zone: str) -> str:
    """Return a date in the given zone, or else in the event's."""
    return write(to_moment(value, ZoneInfo(event_zone), ZoneInfo(zone or event_zone)), pattern)


def _shortened(most: int, cut: bool, value: Any, _: str) -> str:
    text = to_string(value)
    if len(text) > most and not cut:
        raise ValueError(f"the value has {len(text)} characters, and {most} is the most")
    return text[:most]
