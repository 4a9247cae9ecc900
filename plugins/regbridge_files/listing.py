"""Reads a file of lines back, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from regbridge import Delivered, DeliveredPage, RejectedError
from regbridge_files.formats import Format
from regbridge_files.lines import other_columns

_PAGE = re.compile(r"(?P<start>[0-9]{1,18}):(?P<number>[0-9]{1,18})", re.ASCII)
_LARGEST = 16_000_000
"""So many bytes end a page, however few lines they are."""


def list_page(path: Path, form: Format, page: str, lines: int) -> DeliveredPage:
    """Return the records of at most `lines` lines. A file that is not there has none.

    A page is named by the byte where it starts and the number of its first line. A line that is
    no record's is listed by its number: it is somebody's hand. Empty lines, and a last one without
    its newline, are nobody's. Raises `OSError`, `RetryableError` for a file with another header,
    and `RejectedError` for a page that the file does not have any more.
    """
    if not path.exists():
        if page:
            raise _unknown(path)
        return DeliveredPage(())
    with path.open("rb") as file:
        if not form.header.startswith(file.read(len(form.header))):
            raise other_columns(path)
        start, number = _begin(file, page) if page else (len(form.header), 1 + bool(form.header))
        if start is None:
            raise _unknown(path)
        file.seek(start)
        return _read(file, form, number, lines)


def _begin(file: BufferedReader, page: str) -> tuple[int | None, int]:
    """Return where a page starts, None when no line starts there."""
    match = _PAGE.fullmatch(page)
    if not match or not (start := int(match["start"])):
        return None, 0
    file.seek(start - 1)
    return (start if file.read(1) == b"\n" else None), int(match["number"])


def _read(file: BufferedReader, form: Format, number: int, most: int) -> DeliveredPage:
    start = at = file.tell()
    found: list[Delivered] = []
    for line in _whole_lines(file):
        at += len(line)
        if line.strip():
            found.append(_listed(form, line, number))
        number += 1
        most -= 1
        if not most or at - start > _LARGEST:
            return DeliveredPage(found, f"{at}:{number}")
    return DeliveredPage(found)


def _whole_lines(file: BufferedReader) -> Iterator[bytes]:
    for line in file:
        if line.endswith(b"\n"):
            yield line


def _listed(form: Format, line: bytes, number: int) -> Delivered:
    try:
        return form.read(line)
    except ValueError:
        return Delivered(f"line {number}")


def _unknown(path: Path) -> RejectedError:
    return RejectedError(f"{path} has changed since its last page was read; begin again")
