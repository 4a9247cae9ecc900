"""Takes one full pass of an event in this process, or only reads the pages that it reads.

`python bench/compared.py FOLDER [--bare]`: prints the seconds, and the peak memory in bytes.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

import structlog
from host import peak_memory

from regbridge import Event
from regbridge.clients import start_clients
from regbridge.config.loader import load_host
from regbridge.leasing import Leasing
from regbridge.pipeline import Pipeline
from regbridge.reconcile.plan import begin_one
from regbridge.reconcile.reconciler import Reconciler
from regbridge.store.engine import Store
from regbridge.store.limits import ledger_limiters
from regbridge.store.passes import mark_shown, running_pass
from regbridge.store.shared_clock import SharedClock


def main() -> None:
    """Begin when everything has started."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    folder, *options = sys.argv[1:]
    with ExitStack() as stack:
        store = stack.enter_context(closing(Store(load_host(Path(folder)).database_url)))
        clients = start_clients(Path(folder), ledger_limiters(store))
        pipeline = stack.enter_context(closing(clients)).running["bench"]
        [event] = pipeline.client.events.values()
        pipeline.attendees(event, None, "")  # asks for token and tier
        for target in pipeline.client.targets.values():
            pipeline.delivered(target, "")
        begun = time.perf_counter()
        if "--bare" in options:
            read_pages(pipeline, event)
        else:
            take_pass(store, pipeline, event)
        print(time.perf_counter() - begun)
        print(peak_memory(), flush=True)


def read_pages(pipeline: Pipeline, event: Event) -> None:
    """Ask for all pages, and do nothing with them."""
    page = ""
    while page := pipeline.attendees(event, None, page).next_page:
        pass
    for target in pipeline.client.targets.values():
        while page := pipeline.delivered(target, page).next_page:
            pass


def take_pass(store: Store, pipeline: Pipeline, event: Event) -> None:
    """Compare the event with the ledger and the targets."""
    clock = SharedClock(store)
    client = pipeline.client
    store.write(lambda c: begin_one(c, client, event, "bench", clock(), full=True))
    reconciler = Reconciler(store, pipeline, Leasing(store, clock, 60), clock)
    while store.read(lambda c: running_pass(c, client.name, event.id)):
        assert reconciler.run(event.id), "the pass waits"
    store.write(lambda c: mark_shown(c, client.name, event.id))


if __name__ == "__main__":
    main()
