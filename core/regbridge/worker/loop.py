"""Runs the steps: one lane of threads for each, woken when there is work."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence

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
from regbridge.worker.context import Context, log
from regbridge.worker.lanes import STOP_SECONDS, Lane, Lanes, lanes_of, splitting
from regbridge.worker.schedule import Limits

PAUSE_SEEN_SECONDS = 0.5
"""So long it takes at most until the pause of the worker is seen."""


def clock() -> int:
    """Return the time in ms since 1970, UTC."""
    return time.time_ns() // 1_000_000


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
        self._splitting = splitting(self.context)
        self._clients = {
            name: lanes_of(self.context, pipeline) for name, pipeline in clients.running.items()
        }
        self._leaving: list[Lanes] = []
        self._lanes = self._all_lanes()
        self._keeping = Pulse("leases", "")
        self._paused = False
        self._look_again_at = 0.0

    def start(self) -> None:
        """Start the lanes' threads."""
        for pipeline in self.context.clients.running.values():
            self._remember(pipeline)
        keeping = threading.Thread(target=self._keep_leases, name="leases", daemon=True)
        self._keeping.thread = keeping
        keeping.start()
        for lanes in (self._splitting, *self._clients.values()):
            lanes.start(self._run_lane, None)

    def take_over(self, pipelines: Sequence[Pipeline]) -> None:
        """Let clients go on, or begin, with these pipelines; each batch under way ends first."""
        after = {each.client.name: lanes_of(self.context, each) for each in pipelines}
        before = {name: lanes for name, lanes in self._clients.items() if name in after}
        self._clients |= after
        self._lanes = self._all_lanes()
        for lanes in before.values():
            lanes.end()
        self._leaving = [lanes for lanes in self._leaving if not lanes.wait(0)]
        self._leaving += before.values()
        if self._keeping.is_alive:
            for name, lanes in after.items():
                lanes.start(self._run_lane, before.get(name))
        self.wake()

    @property
    def pulses(self) -> list[Pulse]:
        """The pulses of the threads; of those that end, as long as they run."""
        groups = [self._splitting, *self._clients.values()]
        pulses = [pulse for lanes in groups for pulse in lanes.pulses]
        leaving = [pulse for lanes in self._leaving for pulse in lanes.pulses if pulse.is_alive]
        return [self._keeping, *pulses, *leaving] if self._keeping.thread else []

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
        groups = [self._splitting, *self._clients.values(), *self._leaving]
        for lanes in groups:
            lanes.end()
        deadline = time.monotonic() + STOP_SECONDS
        settled = [lanes.wait(max(deadline - time.monotonic(), 0)) for lanes in groups]
        if self._keeping.thread:
            self._keeping.thread.join(max(deadline - time.monotonic(), 0))
        return all(settled) and not self._keeping.is_alive

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

    def _all_lanes(self) -> tuple[Lane, ...]:
        groups = (self._splitting, *self._clients.values())
        return tuple(lane for lanes in groups for lane in lanes.lanes)

    def _run_lane(self, lane: Lane, pulse: Pulse, ended: threading.Event) -> None:
        while not ended.is_set():
            lane.woken.wait(self._config.poll_seconds)
            lane.woken.clear()
            try:
                while not ended.is_set() and not self._is_paused():
                    with pulse.at_work():
                        if not lane.run():
                            break
            except RegbridgeError as error:
                log.error("step failed", step=lane.step, client=lane.client, error=error.detail)
                ended.wait(self._config.poll_seconds)
            except Exception:
                log.exception("step failed by a bug", step=lane.step, client=lane.client)
                ended.wait(self._config.poll_seconds)

    def _keep_leases(self) -> None:
        while not self.context.stopping.wait(self._config.lease_seconds / 3):
            try:
                self.context.leasing.renew_all()
            except RegbridgeError as error:
                log.error("leases cannot be renewed", error=error.detail)
