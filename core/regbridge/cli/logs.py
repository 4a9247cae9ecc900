"""The log: lines for people on a terminal, JSON lines everywhere else; on stderr, or in a file."""

from __future__ import annotations

import logging
import sys
import threading
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

import structlog

from regbridge.cli.log_file import LogFile
from regbridge.hidden import hide
from regbridge.tracebacks import told


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
    threading.excepthook = _log_end_of_thread


def _rendering(file: LogFile | None) -> list[Any]:
    # Tracebacks without local variables, and without values in their messages: those are tokens,
    # and what registrants wrote.
    if file is None and sys.stderr.isatty():
        return [structlog.dev.ConsoleRenderer(exception_formatter=_write_told), _hidden]
    told_as_text = structlog.processors.ExceptionRenderer(lambda info: told(info[1]))
    return [told_as_text, structlog.processors.JSONRenderer(), _hidden]


def _write_told(stream: TextIO, info: Any) -> None:
    stream.write(f"\n{told(info[1])}")


def _hidden(_logger: Any, _name: str, text: Any) -> str:
    """Take out what somebody's plugin may have logged."""
    return hide(str(text))


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    name = ended.thread.name if ended.thread else ""
    info = (ended.exc_type, ended.exc_value, ended.exc_traceback)
    structlog.get_logger().error("a thread ended by a bug", thread=name, exc_info=info)


class _IntoTheSameLog(logging.Handler):
    """Passes on what libraries log in Python's own way."""

    def emit(self, record: logging.LogRecord) -> None:
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        structlog.get_logger().log(
            level, record.getMessage(), logger=record.name, exc_info=record.exc_info
        )
