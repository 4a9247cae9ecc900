"""What holds for every test."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

# How long an example takes depends on the machine, and no test may.
settings.register_profile(
    "any-machine",
    deadline=None,
    max_examples=int(os.environ.get("REGBRIDGE_TEST_EXAMPLES", "100")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any-machine")


@pytest.fixture(autouse=True)
def unchanged_log() -> Iterator[None]:
    """The log is as it was: each command sets it up for a process of its own."""
    handlers, excepthook = logging.getLogger().handlers[:], threading.excepthook
    yield
    threading.excepthook = excepthook
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers
