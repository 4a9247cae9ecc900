"""How a record is one line of JSON Lines or of CSV."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, Protocol

from regbridge import Delivered, Record, RejectedError

DELIVERY = "_delivery"
"""The first field of every line: it tells apart two registrations with the same fields."""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_UNENCODABLE = (TypeError, ValueError, RecursionError)
_NEWLINE = re.compile(r"\r\n|\r|\n")
# The last four are the full-width forms, which spreadsheets take as formulas as well.
_FORMULA = tuple("=+-@\t\uff1d\uff0b\uff0d\uff20")
# Not the csv module: its limit for a cell is one of the whole process.
_CELL = re.compile(r'(?:"(?P<quoted>[^"]*(?:""[^"]*)*)"|(?P<bare>[^",]*))(?P<end>,|$)')
_WHOLE = re.compile(r"-?[0-9]{1,20}", re.ASCII)


class Format(Protocol):
    """Turns records into lines, and back; `header` is the file's first line, empty for none."""

    header: bytes

    def line(self, record: Record) -> bytes:
        """Return a record's line with its newline; `RejectedError` when it cannot hold it."""

    def read(self, line: bytes) -> Delivered:
        """Return what a line says; `ValueError` when no record becomes such a line."""


class JsonLines:
    """One JSON object a line."""

    header = b""

    def line(self, record: Record) -> bytes:
        """Return the record's fields in their order, as compact JSON."""
        try:
            text = _encode({DELIVERY: record.delivery, **record.fields})
            return f"{text}\n".encode()
        except _UNENCODABLE:
            raise _rejected(record) from None

    def read(self, line: bytes) -> Delivered:
        """Return the line's values as JSON has them."""
        try:
            found = json.loads(line.decode())
            _encode(found).encode()  # not everything that Python reads is JSON
        except RecursionError:
            raise ValueError("too deep") from None
        if not isinstance(found, dict) or type(number := found.pop(DELIVERY, None)) is not int:
            raise ValueError("no record")
        return Delivered(str(number), found)


class Csv:
    """Comma-separated values with fixed columns, made safe for spreadsheets.

    A text that a spreadsheet would run as a formula gets an apostrophe before it, a newline
    becomes a space. Lists and objects are written as JSON.
    """

    def __init__(self, columns: Iterable[str]) -> None:
        self._columns = tuple(columns)
        self._known = frozenset(self._columns)
        # All text is quoted: a cell stays one cell where semicolons separate lists.
        self._writer = csv.writer(
            SimpleNamespace(write=str), lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC
        )
        self.header = self._row([_safe(name) for name in (DELIVERY, *self._columns)])

    def line(self, record: Record) -> bytes:
        """Return the record's row; a field that it lacks is an empty cell."""
        fields = record.fields
        if unknown := sorted(fields.keys() - self._known):
            name = unknown[0]
            raise RejectedError(f"{name} is not a column of the CSV file", field=name)
        try:
            cells = [_cell(fields.get(name)) for name in self._columns]
            return self._row([record.delivery, *cells])
        except _UNENCODABLE:
            raise _rejected(record) from None

    def read(self, line: bytes) -> Delivered:
        """Return the texts of the row's cells."""
        number, *cells = _cells(line.decode().removesuffix("\n").removesuffix("\r"))
        if not _WHOLE.fullmatch(number):
            raise ValueError("no record")
        return Delivered(str(int(number)), dict(zip(self._columns, cells, strict=True)))

    def _row(self, cells: Iterable[Any]) -> bytes:
        row: str = self._writer.writerow(cells)
        return row.encode()


def _cell(value: Any) -> Any:
    match value:
        case None:
            return ""
        case str():
            return _safe(value)
        case bool() | list() | dict():
            return _encode(value)
        case int():
            return value
        case float() if math.isfinite(value):
            return value
    raise TypeError


def _safe(text: str) -> str:
    text = _NEWLINE.sub(" ", text)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _cells(row: str) -> list[str]:
    """Return the texts of a row's cells. Raises `ValueError`."""
    found = []
    at = 0
    while match := _CELL.match(row, at):
        quoted = match["quoted"]
        found.append(match["bare"] if quoted is None else quoted.replace('""', '"'))
        at = match.end()
        if not match["end"]:
            return found
    raise ValueError("no row")


def _rejected(record: Record) -> RejectedError:
    for name, value in record.fields.items():
        try:
            _encode(value).encode()
        except _UNENCODABLE:
            return RejectedError(f"{name} holds a value that a file cannot hold", field=name)
    return RejectedError("the name of a field cannot be written to a file")
