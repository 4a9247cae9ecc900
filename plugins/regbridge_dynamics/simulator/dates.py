"""Columns that hold a day or a time, by one of three behaviours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from regbridge_dynamics.simulator.columns import Column, Stored
from regbridge_dynamics.simulator.errors import ApiError

if TYPE_CHECKING:
    from regbridge_dynamics.simulator.schema import Table

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,7})?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_EARLIEST = date(1753, 1, 1)


class Behavior(StrEnum):
    """How a column's value relates to time zones (reference section 6)."""

    USER_LOCAL = "UserLocal"
    DATE_ONLY = "DateOnly"
    TIME_ZONE_INDEPENDENT = "TimeZoneIndependent"


@dataclass(frozen=True, kw_only=True)
class DateTimeColumn(Column):
    """A day or a time.

    `DateOnly` takes `2026-05-01` and nothing else. `UserLocal` takes a time and stores it in UTC;
    without an offset it is taken for UTC. `TimeZoneIndependent` stores the time as it is written,
    whatever its offset. Times have whole seconds.
    """

    behavior: Behavior = Behavior.USER_LOCAL
    shows_time: bool = True

    attribute_type = "DateTime"
    type_name = "DateTimeType"
    metadata_type = "DateTimeAttributeMetadata"
    may_be_key = True

    @property
    def edm_type(self) -> str:
        """Return `Edm.Date` for days, `Edm.DateTimeOffset` for times."""
        return "Edm.Date" if self.behavior is Behavior.DATE_ONLY else "Edm.DateTimeOffset"

    def value(self, given: object, table: Table) -> Stored:
        """Return the day or the time in UTC. Raises `ApiError` for another form or a wrong day."""
        if not isinstance(given, str) or not self._fits(given):
            raise self._refuse(given, table)
        try:
            return self._stored(given)
        except (ValueError, OverflowError):
            message = "The date-time format is invalid, or value is outside the supported range."
            raise ApiError(400, "0x80040239", message) from None

    def literal(self, text: str, *, quoted: bool) -> Stored:
        """Return the day or the time, without quotes."""
        if quoted or not self._fits(text):
            raise self._refuse_literal()
        try:
            return self._stored(text)
        except (ValueError, OverflowError):
            raise self._refuse_literal() from None

    def details(self) -> dict[str, Any]:
        """Return the behaviour and the format."""
        return {
            "Format": "DateAndTime" if self.shows_time else "DateOnly",
            "DateTimeBehavior": {"Value": self.behavior.value},
            "MinSupportedValue": "1753-01-01T00:00:00Z",
            "MaxSupportedValue": "9999-12-30T23:59:59Z",
        }

    def _fits(self, text: str) -> bool:
        form = _DAY if self.behavior is Behavior.DATE_ONLY else _TIME
        return form.fullmatch(text) is not None

    def _stored(self, text: str) -> str:
        if self.behavior is Behavior.DATE_ONLY:
            day = date.fromisoformat(text)
            if day < _EARLIEST:
                raise ValueError(text)
            return day.isoformat()
        match = _TIME.fullmatch(text)
        assert match
        written, offset = match.groups()
        if self.behavior is Behavior.TIME_ZONE_INDEPENDENT:
            offset = "Z"
        time = datetime.fromisoformat(f"{written}{offset or 'Z'}").astimezone(UTC)
        if time.date() < _EARLIEST:
            raise ValueError(text)
        return time.strftime("%Y-%m-%dT%H:%M:%SZ")
