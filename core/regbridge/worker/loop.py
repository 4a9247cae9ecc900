"""Runs the steps: one lane of threads for each, woken when there is work."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import structlog

from regbridge.clients import Clients
from regbridge.config.schema import WorkerConfig
from regbridge.errors import RegbridgeError
from regbridge.leasing import Leasing
from regbridge.pipeline import Pipeline
from regbridge.pulse import Pulse
from regbridge.store.configurations import remember_configuration
from regbridge.store.engine import Store
from regbridge.store.pauses import is_worker_paused
from regbridge.timings import Timings
from regbridge.worker.context import Context
from regbridge.worker.deliver import Deliverer
from regbridge.worker.prepare import Preparer
from regbridge.worker.reconcile import Reconciling
from regbridge.worker.schedule import Limits
from regbridge.worker.split import Splitter

log = structlog.get_logger()

STOP_SECONDS = 30.0

PAUSE_SEEN_SECONDS = 0.5
"""So long it takes at most until the pause of the worker is seen."""

ENRICHING = 4
"""Batches of a client's syncs that are enriched at once: a vendor's answer takes its time."""


def clock() -> int:
    """Return the time in ms since 1970, UTC."""
    return time.time_ns() // 1_000_000


@dataclass
class Lane:
    """One step for one client (and a part of it). `run` returns whether there was work to do."""

    step: str
    client: str
    part: str
    run: Callable[[], bool]
    threads: int = 1
    woken: threading.Event = field(default_factory=threading.Event)


class Worker:
    """The worker of one process. `start` returns at once; `stop` settles what is under way."""

    def __init__(
        self,
        store: Store,
        clients: Clients,
        config: WorkerConfig,
        *,
        clock: Callable[[], int] = clock,
        jitter: Callable[[], float] = random.random,
        ring: Callable[[str, str], None] = lambda _step, _client: None,
        timings: Timings | None = None,
    ) -> None:
        self.context = Context(
            store=store,
            clients=clients,
            leasing=Leasing(store, clock, config.lease_seconds),
            clock=clock,
            jitter=jitter,
            limits=Limits(config.retry.attempts, config.retry.bug_attempts),
            batch_size=config.batch_size,
            wake=self._wake_all,
            retry_seconds=config.poll_seconds,
            timings=timings or Timings(),
        )
        self._config = config
        self._ring = ring
        self._lanes = _lanes(self.context)
        self.pulses: list[Pulse] = []
        self._paused = False
        self._look_again_at = 0.0

    def start(self) -> None:
        """Start the lanes' threads."""
        for pipeline in self.context.clients.running.values():
            self._remember(pipeline)
        self._spawn(self._keep_leases, Pulse("leases", ""), "leases")
        for lane in self._lanes:
            for number in range(lane.threads):
                words = (lane.step, lane.client, lane.part, str(number))
                pulse = Pulse(lane.step, lane.client, lane.part)
                self._spawn(partial(self._run_lane, lane), pulse, " ".join(filter(None, words)))

    def wake(self, step: str = "", client: str = "") -> None:
        """Let the lanes of a step, or of all steps, look for work now; of one client, or of all."""
        for lane in self._lanes:
            if step in ("", lane.step) and client in ("", lane.client):
                lane.woken.set()

    def _wake_all(self, step: str, client: str) -> None:
        """Wake lanes here, and at the other hosts of the ledger."""
        self.wake(step, client)
        self._ring(step, client)

    def stop(self) -> bool:
        """Let the steps under way settle; return False if some did not end in time.

        What did not end keeps its lease until it runs out; then any worker takes it up.
        """
        self.context.stopping.set()
        for lane in self._lanes:
            lane.woken.set()
        deadline = time.monotonic() + STOP_SECONDS
        for pulse in self.pulses:
            if pulse.thread:
                pulse.thread.join(max(deadline - time.monotonic(), 0))
        return not any(pulse.is_alive for pulse in self.pulses)

    def run_once(self) -> None:
        """Do everything that is due, in this thread; for tests and `cases`."""
        while not self.context.store.read(is_worker_paused):
            if not any([lane.run() for lane in self._lanes]):  # noqa: C419 - each has its turn
                return

    def _is_paused(self) -> bool:
        """Say whether the worker was told to begin nothing; looks once in a while."""
        now = time.monotonic()
        if now >= self._look_again_at:
            self._look_again_at = now + PAUSE_SEEN_SECONDS
            self._paused = self.context.store.read(is_worker_paused)
        return self._paused

    def _remember(self, pipeline: Pipeline) -> None:
        now = self.context.clock()
        self.context.store.write(
            lambda c: remember_configuration(
                c, pipeline.client.name, pipeline.fingerprint, pipeline.text, now
            )
        )

    def _spawn(self, run: Callable[[Pulse], None], pulse: Pulse, name: str) -> None:
        pulse.thread = threading.Thread(target=run, args=[pulse], name=name, daemon=True)
        self.pulses.append(pulse)
        pulse.thread.start()

    def _run_lane(self, lane: Lane, pulse: Pulse) -> None:
        while not self.context.stopping.is_set():
            lane.woken.wait(self._config.poll_seconds)
            lane.woken.clear()
            try:
                while not self.context.stopping.is_set() and not self._is_paused():
                    with pulse.at_work():
                        if not lane.run():
                            break
            except RegbridgeError as error:
                log.error("step failed", step=lane.step, client=lane.client, error=error.detail)
                self.context.stopping.wait(self._config.poll_seconds)
            except Exception:
                log.exception("step failed by a bug", step=lane.step, client=lane.client)
                self.context.stopping.wait(self._config.poll_seconds)

    def _keep_leases(self, _pulse: Pulse) -> None:
        while not self.context.stopping.wait(self._config.lease_seconds / 3):
            try:
                self.context.leasing.renew_all()
            except RegbridgeError as error:
                log.error("leases cannot be renewed", error=error.detail)


def _lanes(context: Context) -> list[Lane]:
    lanes = [
        Lane("split", "", "", Splitter(context, syncs=False).run),
        Lane("split", "", "syncs", Splitter(context, syncs=True).run),
    ]
    for pipeline in context.clients.running.values():
        name = pipeline.client.name
        # Single messages are prepared in the order of their arrival, by one thread of their own.
        lanes.append(Lane("prepare", name, "", Preparer(context, pipeline, bulk=False).run))
        syncs = Preparer(context, pipeline, bulk=True)
        at_once = ENRICHING if pipeline.enrichers() else 1
        lanes.append(Lane("prepare", name, "syncs", syncs.run, at_once))
        if pipeline.implements("list_attendees"):
            lanes.append(Lane("reconcile", name, "", Reconciling(context, pipeline).run))
        for target in pipeline.client.targets.values():
            deliverer = Deliverer(context, pipeline, target)
            threads = pipeline.target_plugin(target.name).concurrency
            lanes.append(Lane("deliver", name, target.name, deliverer.run, threads))
    return lanes
