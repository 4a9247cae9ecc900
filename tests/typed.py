"""`regbridge` as if somebody typed it, for tests that look at something else afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog

from regbridge.cli import main


def typed(*arguments: str) -> None:
    """Run a command to its end, whatever that is."""
    with unchanged_log(), pytest.raises(SystemExit):
        main(arguments)


@contextmanager
def unchanged_log() -> Iterator[None]:
    """Leave the log as it is without a command: each sets it up for a process of its own."""
    handlers = logging.getLogger().handlers[:]
    try:
        yield
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers[:] = handlers
