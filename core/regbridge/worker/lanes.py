"""The lanes of a client: the threads that run its steps with one configuration, until they end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from regbridge.loans import Loans
from regbridge.pipeline import Pipeline
from regbridge.pulse import Pulse
from regbridge.worker.context import Context, log
from regbridge.worker.deliver import Deliverer
from regbridge.worker.prepare import Preparer
from regbridge.worker.reconcile import Reconciling
from regbridge.worker.split import Splitter

ENRICHING = 4
"""Batches of a client's syncs that are enriched at once: a vendor's answer takes its time."""

STOP_SECONDS = 30.0
"""So long a stop, or what takes over, waits for the batches under way."""


@dataclass
class Lane:
    """One step for one client (and a part of it). `run` returns whether there was work to do."""

    step: str
    client: str
    part: str
    run: Callable[[], bool]
    threads: int = 1
    woken: threading.Event = field(default_factory=threading.Event)


Run = Callable[[Lane, Pulse, threading.Event], None]


class Lanes:
    """Lanes that begin and end together.

    The plugins that they use stay open, by `loans`, until the last of their threads has ended.
    """

    def __init__(self, lanes: Sequence[Lane], loans: Loans | None = None) -> None:
        self.lanes: tuple[Lane, ...] = tuple(lanes)
        self.pulses: tuple[Pulse, ...] = ()
        self.ended = threading.Event()
        self._loans = loans
        self._before: Lanes | None = None
        self._left = 0
        self._lock = threading.Lock()
        self._at_rest = threading.Event()
        self._at_rest.set()

    def start(self, run: Run, before: Lanes | None) -> None:
        """Start the threads. Each calls `run`, which returns soon after the event is set.

        They begin nothing until the lanes `before` are at rest: no target is used by two
        configurations at once, and what one of them maps is not delivered by the one before it.
        """
        if self._loans:
            self._loans.take()
        self._before = before
        self._at_rest.clear()
        of = [(lane, number) for lane in self.lanes for number in range(lane.threads)]
        self._left = len(of)
        self.pulses = tuple(self._pulse(run, lane, number) for lane, number in of)
        for pulse in self.pulses:
            assert pulse.thread
            pulse.thread.start()

    def end(self) -> None:
        """Let each thread end after its batch."""
        self.ended.set()
        for lane in self.lanes:
            lane.woken.set()

    def wait(self, seconds: float) -> bool:
        """Wait until no thread runs; return whether that is so."""
        return self._at_rest.wait(seconds)

    def _pulse(self, run: Run, lane: Lane, number: int) -> Pulse:
        pulse = Pulse(lane.step, lane.client, lane.part)
        name = f"{pulse.name} {number}"
        pulse.thread = threading.Thread(
            target=self._go, args=(run, lane, pulse), name=name, daemon=True
        )
        return pulse

    def _go(self, run: Run, lane: Lane, pulse: Pulse) -> None:
        try:
            self._wait_for_before()
            run(lane, pulse, self.ended)
        finally:
            with self._lock:
                self._left -= 1
                is_last = not self._left
            if is_last:
                self._leave()

    def _leave(self) -> None:
        """Let go of the plugins, and of all that holds them."""
        self.lanes = ()
        if self._loans:
            self._loans.give_back()
        self._loans = None
        self._at_rest.set()

    def _wait_for_before(self) -> None:
        before = self._before
        is_free = before is None or before.wait(STOP_SECONDS)
        with self._lock:
            is_first, self._before = self._before is not None, None
        if is_first and not is_free:
            log.warning("a batch of the configuration before goes on", client=self.lanes[0].client)


def splitting(context: Context) -> Lanes:
    """Return the lanes that take messages apart, whoever they are for."""
    return Lanes(
        [
            Lane("split", "", "", Splitter(context, syncs=False).run),
            Lane("split", "", "syncs", Splitter(context, syncs=True).run),
        ]
    )


def lanes_of(context: Context, pipeline: Pipeline) -> Lanes:
    """Return the lanes of a client with one configuration."""
    name = pipeline.client.name
    # Single messages are prepared in the order of their arrival, by one thread of their own.
    lanes = [Lane("prepare", name, "", Preparer(context, pipeline, bulk=False).run)]
    syncs = Preparer(context, pipeline, bulk=True)
    at_once = ENRICHING if pipeline.enrichers() else 1
    lanes.append(Lane("prepare", name, "syncs", syncs.run, at_once))
    if pipeline.implements("list_attendees"):
        lanes.append(Lane("reconcile", name, "", Reconciling(context, pipeline).run))
    for target in pipeline.client.targets.values():
        deliverer = Deliverer(context, pipeline, target)
        threads = pipeline.target_plugin(target.name).concurrency
        lanes.append(Lane("deliver", name, target.name, deliverer.run, threads))
    return Lanes(lanes, pipeline.loans)
