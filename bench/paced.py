"""Plugins for benchmarks whose calls take a fixed time, and may fail after it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from regbridge import (
    Outcome,
    Plugin,
    PluginContext,
    Record,
    Registration,
    RetryableError,
    Settings,
    TargetPlugin,
    hookimpl,
)


class PacedSettings(Settings):
    """`seconds` is how long a call takes; with `fails`, it has no answer then."""

    path: str
    seconds: float
    fails: bool = False
    batch: int = 200
    threads: int = 1


class Paced(TargetPlugin):
    """Notes when each call began, how many records it had, and which were sent alone."""

    settings: PacedSettings
    settings_model = PacedSettings
    idempotent = True

    def __init__(self, settings: PacedSettings, context: PluginContext) -> None:
        super().__init__(settings, context)
        self.batch_size = settings.batch
        self.concurrency = settings.threads
        self._path = context.folder / settings.path

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Take the time that it takes."""
        begun = time.time()
        time.sleep(self.settings.seconds)
        if self.settings.fails:
            raise RetryableError("no answer")
        singles = [r.fields["Company"] for r in records if r.fields["Title"] == "single"]
        line = json.dumps({"begun": begun, "records": len(records), "singles": singles})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        return [Outcome.created() for _ in records]


class NoAnswersSettings(Settings):
    """`seconds` is how long a call takes until it fails."""

    seconds: float = 0.0


class NoAnswers(Plugin):
    """An enrichment that is down."""

    settings: NoAnswersSettings
    settings_model = NoAnswersSettings

    @hookimpl
    def enrich_registrations(self, registrations: Sequence[Registration]) -> Any:  # noqa: ARG002
        """Fail, after the time that it takes."""
        time.sleep(self.settings.seconds)
        raise RetryableError("no answer")
