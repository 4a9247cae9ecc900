"""A log in a file that is put aside when it is large; the oldest is removed."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

MOST_BYTES = 10_000_000
KEPT = 9


class LogFile:
    """Takes the lines of a log. Safe to share between threads.

    `regbridge.log` becomes `regbridge.log.1` when it is full, that becomes `regbridge.log.2`, and
    so on. The file is open for a line at a time, so that others may move it. On Windows a file that
    somebody has open may refuse to be put aside: then the lines go on into it, and it is tried
    again after as many bytes. Raises `OSError` at once if the file cannot be written.
    """

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES, kept: int = KEPT) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._kept = kept
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            self._room = most_bytes - file.tell()

    def write(self, text: str) -> None:
        """Append a text; what the disk does not take goes to stderr, and fails nobody's work."""
        content = text.encode("utf-8", "backslashreplace")
        with self._lock:
            if self._room < len(content):
                self._put_aside()
            try:
                with self._path.open("ab") as file:
                    file.write(content)
            except OSError:
                sys.stderr.write(text)
            self._room -= len(content)

    def flush(self) -> None:
        """Do nothing: every text is in the file when it is written."""

    def _put_aside(self) -> None:
        """Make room for a new file, or go on in this one if the system does not let it go."""
        self._room = self._most_bytes
        try:
            for number in range(self._kept, 0, -1):
                older = self._numbered(number - 1)
                if older.exists():
                    older.replace(self._numbered(number))
        except OSError:
            return

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path
