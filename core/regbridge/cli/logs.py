"""The log: lines for people on a terminal, JSON lines everywhere else; on stderr, or in a file."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

import structlog
import typer

from regbridge.cli.log_file import KEPT, LogFile
from regbridge.cli.printing import findings_of, harmless
from regbridge.errors import ConfigError, RegbridgeError
from regbridge.hidden import hide
from regbridge.system import lock
from regbridge.tracebacks import told

log = structlog.get_logger()


class LogLevel(StrEnum):
    """The least grave entries that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a line looks: for people, for machines, or as fits where it goes."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Where the log goes, and how it looks; `keep` is how many older files stay."""

    level: str = LogLevel.INFO
    format: LogFormat = LogFormat.AUTO
    file: Path | None = None
    keep: int = KEPT
    event_log: bool = False

    @property
    def is_elsewhere(self) -> bool:
        """Whether it goes where nobody sees what a command prints."""
        return self.file is not None or self.event_log


@contextmanager
def logged(settings: LogSettings) -> Iterator[None]:
    """Write the log of a service while the block runs, with how it and its threads come to an end.

    Raises `ConfigError` and `OSError` when it cannot be written where the settings say.
    """
    handlers = set_up_logging(settings)
    before = threading.excepthook
    threading.excepthook = _tell_crash
    try:
        yield
    except typer.Exit:
        raise
    except Exception as error:
        if settings.is_elsewhere:
            _tell_end(error)
        raise
    finally:
        threading.excepthook = before
        for handler in handlers:
            handler.close()


def set_up_logging(settings: LogSettings) -> Sequence[logging.Handler]:
    """Write everything from a level on, with times in UTC; return what writes it."""
    handlers = _handlers(settings)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_rendering(settings),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.level.upper()]
        ),
        logger_factory=lambda *_: _Lines(handlers),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    if not any(isinstance(handler, _IntoTheSameLog) for handler in root.handlers):
        root.addHandler(_IntoTheSameLog())
    return handlers


def _handlers(settings: LogSettings) -> list[logging.Handler]:
    handlers: list[logging.Handler] = []
    if settings.event_log:
        from regbridge.cli.event_log import EventLog

        handlers.append(EventLog())
    if settings.file is None:
        return [_ToStderr(), *handlers]
    return [_ToFile(settings.file, settings.keep), *handlers]


def _rendering(settings: LogSettings) -> list[Any]:
    # Tracebacks without local variables, and without values in their messages: those are tokens,
    # and what registrants wrote.
    at_terminal = settings.file is None and sys.stderr.isatty()
    if settings.format is LogFormat.JSON or (settings.format is LogFormat.AUTO and not at_terminal):
        told_as_text = structlog.processors.ExceptionRenderer(lambda info: told(info[1]))
        return [told_as_text, structlog.processors.JSONRenderer(), _hidden]
    colors: dict[str, Any] = {} if at_terminal else {"colors": False}
    renderer = structlog.dev.ConsoleRenderer(**colors, exception_formatter=_write_told)
    return [_escape, renderer, _hidden]


def _write_told(stream: TextIO, info: Any) -> None:
    stream.write(f"\n{told(info[1])}")


def _hidden(_logger: Any, _name: str, text: Any) -> str:
    """Take out what somebody's plugin may have logged."""
    return hide(str(text))


def _escape(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Keep what strangers sent from making lines of its own, or steering the terminal."""
    return {
        name: harmless(value) if isinstance(value, str) else value for name, value in entry.items()
    }


class _Lines:
    """Passes each line on to the handlers, by Python's own way of logging."""

    def __init__(self, handlers: Sequence[logging.Handler]) -> None:
        self._handlers = handlers

    def debug(self, line: str) -> None:
        self._write(logging.DEBUG, line)

    def info(self, line: str) -> None:
        self._write(logging.INFO, line)

    def warning(self, line: str) -> None:
        self._write(logging.WARNING, line)

    def error(self, line: str) -> None:
        self._write(logging.ERROR, line)

    def critical(self, line: str) -> None:
        self._write(logging.CRITICAL, line)

    def _write(self, level: int, line: str) -> None:
        record = logging.LogRecord("regbridge", level, "", 0, line, None, None)
        for handler in self._handlers:
            if level >= handler.level:
                handler.handle(record)


class _ToStderr(logging.Handler):
    """Writes to what stderr is at that moment: a test's is another one than its neighbour's."""

    def emit(self, record: logging.LogRecord) -> None:
        print(record.getMessage(), file=sys.stderr, flush=True)  # noqa: T201


class _ToFile(logging.Handler):
    """Writes into a file of this process alone: two that put it aside would lose lines."""

    def __init__(self, path: Path, keep: int) -> None:
        """Open the file. Raises `ConfigError` when another process has it, and `OSError`."""
        super().__init__()
        self._file = LogFile(path, kept=keep)
        self._lock_file = path.with_name(f"{path.name}.lock").open("ab")
        try:
            lock(self._lock_file)
        except OSError:
            self._lock_file.close()
            raise ConfigError.of(
                f"another process writes the log file {path}",
                "give this one another file, such as one for `serve` and one for `work`",
            ) from None

    def emit(self, record: logging.LogRecord) -> None:
        self._file.write(f"{record.getMessage()}\n")

    def close(self) -> None:
        super().close()
        self._lock_file.close()


class _IntoTheSameLog(logging.Handler):
    """Passes on what libraries log in Python's own way."""

    def emit(self, record: logging.LogRecord) -> None:
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        structlog.get_logger().log(
            level, record.getMessage(), logger=record.name, exc_info=record.exc_info
        )


def _tell_end(error: Exception) -> None:
    """Write down why the service ends, or does not begin; a bug with where it is."""
    if isinstance(error, RegbridgeError | OSError):
        for text in findings_of(error) if isinstance(error, RegbridgeError) else [str(error)]:
            log.error("the service ends", error=text)
    else:
        log.critical("the service ends by a bug", exc_info=error)


def _tell_crash(args: threading.ExceptHookArgs) -> None:
    """Write down that a thread has ended by an error that nobody caught."""
    name = args.thread.name if args.thread else ""
    error = args.exc_value or args.exc_type()
    log.critical("a thread has ended", thread=name, exc_info=error)
