"""A file of lines that survives a crash in the middle of one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from threading import Lock

from regbridge import RetryableError

_TAIL = 4_000_000
"""How many bytes from the end are searched for lines that a crashed attempt has written."""

_KEPT = 20_000
"""How many of the latest lines are remembered, at least."""

_LOCKS: dict[str, Lock] = {}
"""One lock for each file of this process, because two targets may name the same file."""


class LineFile:
    """Appends lines, each once: a line that is already there is not written again.

    The file is opened for every append, so that it may be moved away at any time. Whenever it is
    not as the last append left it (a start, a crash, somebody else's line) its end is read again.
    A last line without its newline is the work of a crash: it is moved to `<file>.torn`.
    """

    def __init__(self, path: Path, header: bytes = b"") -> None:
        self.path = path
        self._header = header
        self._lock = _LOCKS.setdefault(os.path.normcase(path.resolve()), Lock())
        self._size = -1
        self._written: dict[int, None] = {}

    def append(self, lines: Iterable[bytes]) -> None:
        """Bring lines to the disk. Raises `OSError`, after which none of them counts as written.

        Raises `RetryableError` when the file begins with another header.
        """
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileIO(self.path, "a+") as file:
                size = file.seek(0, os.SEEK_END)
                if size != self._size:
                    size = self._take_up(file, size)
                new = [line for line in dict.fromkeys(lines) if hash(line) not in self._written]
                self._size = _write(file, size, b"".join(new if size else [self._header, *new]))
            self._remember(new)

    def _take_up(self, file: FileIO, size: int) -> int:
        """Learn what is there, and return the size without the torn line."""
        self._size = -1
        start, tail = _tail(file, size)
        *lines, torn = tail.split(b"\n")
        if torn:
            _append(torn_path(self.path), torn + b"\n")
            size -= len(torn)
            file.truncate(size)
        if size and not has_header(file, self._header):
            raise other_columns(self.path)
        # The first line of a tail from the middle of the file is only the end of a line.
        self._written = {}
        self._remember([line + b"\n" for line in lines[1 if start else 0 :]])
        return size

    def _remember(self, lines: Iterable[bytes]) -> None:
        self._written.update(dict.fromkeys(map(hash, lines)))
        if len(self._written) > 2 * _KEPT:
            self._written = dict.fromkeys(list(self._written)[-_KEPT:])


def torn_path(path: Path) -> Path:
    """Return where the torn lines of a file go."""
    return path.with_name(f"{path.name}.torn")


def other_columns(path: Path) -> RetryableError:
    """Return the error of a file that begins with another header."""
    return RetryableError(
        f"{path} begins with other columns than the mapping has now; move the file away, and a new "
        "one is begun"
    )


def has_header(file: FileIO, header: bytes) -> bool:
    """Say whether a file begins with a header."""
    file.seek(0)
    return file.read(len(header)) == header


def _tail(file: FileIO, size: int) -> tuple[int, bytes]:
    """Return the end of a file and where it starts: enough to hold a whole line's newline."""
    span = _TAIL
    while True:
        start = max(0, size - span)
        file.seek(start)
        tail = file.readall()
        if start == 0 or b"\n" in tail:
            return start, tail
        span *= 2


def _append(path: Path, content: bytes) -> None:
    with FileIO(path, "a") as file:
        _write(file, file.seek(0, os.SEEK_END), content)


def _write(file: FileIO, size: int, content: bytes) -> int:
    """Append to a file of `size` bytes, wait for the disk, and return the new size.

    When the disk refuses, what was written is taken back: after a failed fsync nobody knows what
    has reached the disk, although reading would still show it.
    """
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            file.truncate(size)
        raise
    return size + len(content)
