"""Warnings and errors in the Event Log of Windows, by pywin32 (the extra `windows`)."""

from __future__ import annotations

import importlib.util
import logging
import sys
from logging.handlers import NTEventLogHandler

from regbridge.errors import ConfigError

SOURCE = "regbridge"
"""The source of our events, in the log `Application`."""

_LONGEST = 30_000
"""Windows takes 31,839 characters in an event."""


class EventLog(NTEventLogHandler):
    """Writes what is grave into the log `Application`.

    Windows knows the source's texts once a process with administrator's rights has begun it; until
    then events are there, with a remark that their description cannot be found.
    """

    def __init__(self) -> None:
        """Register the source, as far as this account may. Raises `ConfigError` without pywin32."""
        if sys.platform != "win32":
            raise ConfigError.of("only Windows has an Event Log", "leave --event-log out")
        if importlib.util.find_spec("win32evtlogutil") is None:
            raise ConfigError.of(
                "pywin32 is not installed, which writes into the Event Log",
                'run `python -m pip install "regbridge[windows]"`',
            )
        super().__init__(SOURCE)
        self.setLevel(logging.WARNING)

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of an event."""
        text = super().format(record)
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
