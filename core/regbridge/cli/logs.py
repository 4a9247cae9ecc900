"""The log: lines for people on a terminal, JSON lines everywhere else; on stderr, or in a file."""

from __future__ import annotations

import logging
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog

from regbridge.cli.log_file import LogFile


class LogLevel(StrEnum):
    """The least grave entries that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def set_up_logging(level: str, path: Path | None = None) -> None:
    """Write everything from a level on to stderr, or into a file, with times in UTC."""
    file = LogFile(path) if path else None
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_rendering(file),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        # Asked for at every entry, because a test's stderr is another one than its neighbour's.
        logger_factory=lambda *_: structlog.WriteLogger(file or sys.stderr),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    if not any(isinstance(handler, _IntoTheSameLog) for handler in root.handlers):
        root.addHandler(_IntoTheSameLog())


def _rendering(file: LogFile | None) -> list[Any]:
    # Tracebacks without local variables: those hold tokens, and what registrants wrote.
    if file is None and sys.stderr.isatty():
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


class _IntoTheSameLog(logging.Handler):
    """Passes on what libraries log in Python's own way."""

    def emit(self, record: logging.LogRecord) -> None:
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        structlog.get_logger().log(
            level, record.getMessage(), logger=record.name, exc_info=record.exc_info
        )
