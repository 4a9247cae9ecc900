"""Listens to what a plugin prints and logs while it works."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field

import structlog.testing


@dataclass
class Heard:
    """What was printed, and what was logged by either of the usual ways."""

    printed: io.StringIO = field(default_factory=io.StringIO)
    complained: io.StringIO = field(default_factory=io.StringIO)
    logged: list[str] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """All of it."""
        return [self.printed.getvalue(), self.complained.getvalue(), *self.logged]


class _Ear(logging.Handler):
    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._heard = heard
        self.setFormatter(logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.append(self.format(record))


@contextmanager
def listening() -> Iterator[Heard]:
    """Keep what is printed and logged to ourselves while the block runs; yields it."""
    heard = Heard()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    ear = _Ear(heard.logged)
    root.handlers[:] = [ear]
    root.setLevel(logging.DEBUG)
    with redirect_stdout(heard.printed), redirect_stderr(heard.complained):
        try:
            with structlog.testing.capture_logs() as events:
                yield heard
        finally:
            heard.logged += [str(event) for event in events]
            root.handlers[:] = handlers
            root.setLevel(level)
