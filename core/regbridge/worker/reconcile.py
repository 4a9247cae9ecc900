"""The step beside the others: events are compared with Cvent, on a schedule."""

from __future__ import annotations

import time

from regbridge.pipeline import Pipeline
from regbridge.reconcile.plan import find_due
from regbridge.reconcile.reconciler import Reconciler
from regbridge.store.passes import begin_passes
from regbridge.worker.context import Context, log

LOOK_SECONDS = 10.0
"""How often the worker looks whether an event is due."""


class Reconciling:
    """The passes of one client, one at a time: those of its schedule, and what others left."""

    def __init__(self, context: Context, pipeline: Pipeline) -> None:
        self._context = context
        self._client = pipeline.client
        self._look_at = 0.0
        self._reconciler = Reconciler(
            context.store, pipeline, context.leasing, context.clock, context.wake, log=log
        )

    def run(self) -> bool:
        """Take one step of a pass; return whether there was one to take."""
        if self._client.reconcile.every_minutes and time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_SECONDS
            self._begin()
        return self._reconciler.run()

    def _begin(self) -> None:
        now = self._context.clock()
        due = self._context.store.read(lambda c: find_due(c, self._client, now))
        if due:
            self._context.store.write(lambda c: begin_passes(c, due, now))
