"""`regbridge reconcile`: prove that nothing is missing, and send what is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from regbridge.cli import choosing
from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import complain, print_json, say
from regbridge.cli.proofs import print_differences, print_proof
from regbridge.clients import find_pipeline, start_clients
from regbridge.config.loader import load_host
from regbridge.errors import ConfigError
from regbridge.leasing import Leasing
from regbridge.models import Event
from regbridge.nearest import did_you_mean
from regbridge.periodic import Periodic
from regbridge.pipeline import Pipeline
from regbridge.reconcile.feeding import still_waits
from regbridge.reconcile.plan import begin_one
from regbridge.reconcile.reconciler import Reconciler
from regbridge.reconcile.report import plain_differences, plain_pass
from regbridge.store.differences import count_sendable
from regbridge.store.engine import Store
from regbridge.store.limits import ledger_limiters
from regbridge.store.passes import (
    Step,
    abandon_pass,
    last_pass,
    mark_shown,
    reopen_pass,
    running_pass,
)
from regbridge.store.shared_clock import SharedClock

PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.5
_LONG_SECONDS = 3.0
_LONG_MS = 60_000
_SHOWN = 50


def reconcile(
    event: choosing.Event = None,
    client: choosing.Client = "",
    full: Annotated[
        bool, typer.Option("--full", help="Compare all of the event, not what changed alone.")
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Then send what is missing or out of date.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="With --fix, also what was changed at a target.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send without asking.")] = False,
    last: Annotated[
        bool, typer.Option("--last", help="Show what the last comparison found; ask nobody.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew, not where a comparison was left.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help=f"List all differences, not {_SHOWN} alone.")
    ] = False,
    configs: Configs = CONFIGS,
    as_json: AsJson = False,
) -> None:
    """Compare what Cvent has with the ledger and the targets, and name every difference.

    Nothing is sent without --fix. Exits with 1 while anything differs that was not sent.
    """
    if overwrite and not fix:
        raise typer.BadParameter("--overwrite goes with --fix")
    if as_json and fix and not yes:
        raise typer.BadParameter("--json does not ask; add --yes")
    with open_ledger(configs) as store:
        if store is None:
            complain(NOTHING_YET)
            raise typer.Exit(1)
        with (
            _chosen(store, configs, client, event or ()) as chosen,
            _commander(store, configs, quiet=as_json) as commander,
        ):
            for pipeline, one in chosen:
                if restart:
                    commander.restart(pipeline, one)
                if not last:
                    commander.compare(pipeline, one, full=full)
                with commander.showing(pipeline, one):
                    if not as_json:
                        commander.show(pipeline, one, 0 if everything else _SHOWN)
                    if fix:
                        commander.fix(pipeline, one, overwrite=overwrite, asks=not yes)
            results = [commander.result(pipeline, one) for pipeline, one in chosen]
    if as_json:
        print_json(results)
    raise typer.Exit(1 if any(result["open"] for result in results) else 0)


@contextmanager
def _chosen(
    store: Store, configs: Path, client: str, names: Sequence[str]
) -> Iterator[list[tuple[Pipeline, Event]]]:
    """Run the clients for the block, and give the events that are meant, of one client or of all.

    Raises `ConfigError` for a name that nobody has.
    """
    clients = start_clients(configs, ledger_limiters(store))
    try:
        of = [client] if client else list(clients.running)
        yield list(_meant([find_pipeline(clients, name) for name in of], names))
    finally:
        clients.close()


def _meant(pipelines: Sequence[Pipeline], names: Sequence[str]) -> Iterator[tuple[Pipeline, Event]]:
    """Yield the events of these names, all without names. Raises `ConfigError` as above."""
    found = [
        (pipeline, event)
        for pipeline in pipelines
        if pipeline.implements("list_attendees")
        for event in pipeline.client.events.values()
    ]
    known = {key for _, event in found for key in (event.name, event.id)}
    for name in names:
        if name not in known and name.lower() not in known:
            raise ConfigError.of(
                f"no client whose Cvent account can be asked names an event {name!r}",
                did_you_mean(name, known),
            )
    if not found:
        raise ConfigError.of(
            "no client names an event and a plugin that says whom Cvent has",
            "add the event to events:, and cvent-enrich to plugins:",
        )
    wanted = {name.lower() for name in names}
    yield from (each for each in found if not wanted or wanted & {each[1].name.lower(), each[1].id})


class _Commander:
    """Takes passes from this process, beside the worker or without one."""

    def __init__(self, store: Store, leasing: Leasing, clock: SharedClock, *, quiet: bool) -> None:
        self._store = store
        self._leasing = leasing
        self._clock = clock
        self._quiet = quiet

    def compare(self, pipeline: Pipeline, event: Event, *, full: bool) -> None:
        """Compare an event, or go on where a comparison of it was left."""
        by = choosing.decider("")
        self._store.write(
            lambda c: begin_one(c, pipeline.client, event, by, self._clock(), full=full)
        )
        self._go_on(pipeline, event)

    def restart(self, pipeline: Pipeline, event: Event) -> None:
        """Give up a comparison of an event that is under way, or was never shown."""
        name = pipeline.client.name
        self._store.write(lambda c: abandon_pass(c, name, event.id))
        self._store.write(lambda c: mark_shown(c, name, event.id))

    @contextmanager
    def showing(self, pipeline: Pipeline, event: Event) -> Iterator[None]:
        """Remember at the end of the block that the result was shown."""
        try:
            yield
        finally:
            name = pipeline.client.name
            self._store.write(lambda c: mark_shown(c, name, event.id))

    def show(self, pipeline: Pipeline, event: Event, limit: int) -> None:
        """Print the last finished pass and its differences, at most so many unless 0."""
        result = self.result(pipeline, event)
        if result["pass"] is None:
            say(f"{pipeline.client.name} {event.name}: never compared.")
            return
        print_proof(result)
        print_differences(result["differences"], limit)

    def fix(self, pipeline: Pipeline, event: Event, *, overwrite: bool, asks: bool) -> None:
        """Send what the last pass found and could be sent."""
        name = pipeline.client.name
        row = self._store.read(lambda c: last_pass(c, name, event.id))
        if row is None:
            return
        count = self._store.read(lambda c: count_sendable(c, row.id, overwrites=overwrite))
        if not count:
            self._tell("Nothing is to be sent.")
            return
        if asks and not typer.confirm(f"Send {count} registrations?"):
            return
        now = self._clock()
        if not self._store.write(lambda c: reopen_pass(c, row, now, overwrites=overwrite)):
            raise ConfigError.of("the event is being compared again", "look at --last, then --fix")
        self._go_on(pipeline, event)
        if self._quiet:
            return
        print_proof(self.result(pipeline, event))
        if waiting := self._store.read(lambda c: still_waits(c, row.id)):
            say(f"  On their way: {waiting:,}; the service (`regbridge serve`) delivers them.")

    def result(self, pipeline: Pipeline, event: Event) -> dict[str, Any]:
        """Return the last finished pass with its differences; `open` counts those not sent."""
        name = pipeline.client.name
        row = self._store.read(lambda c: last_pass(c, name, event.id))
        if row is None:
            return {"client": name, "event": event.name, "pass": None, "differences": [], "open": 0}
        found = self._store.read(lambda c: plain_differences(c, name, event.id))
        still_open = sum(each["sent_at"] is None for each in found)
        return plain_pass(row) | {"differences": found, "open": still_open}

    def _go_on(self, pipeline: Pipeline, event: Event) -> None:
        """Take the steps of an event's pass until it is finished, or has to wait for long."""
        name = pipeline.client.name
        reconciler = Reconciler(
            self._store, pipeline, self._leasing, self._clock, patience=PATIENCE_SECONDS
        )
        shown, idle = "", 0
        while row := self._store.read(lambda c: running_pass(c, name, event.id)):
            if (text := _progress(row)) not in ("", shown):
                shown = text
                self._tell(f"{name} {event.name}: {text}")
            if row.problem and row.lease is None and row.due_at - self._clock() >= _LONG_MS // 2:
                raise ConfigError.of(
                    f"the comparison of {event.name} waits: {row.problem}",
                    "run the command again, and it goes on where it was",
                )
            idle = 0 if reconciler.run(event.id) else idle + 1
            if idle:
                time.sleep(_LOOK_SECONDS)
            if idle * _LOOK_SECONDS == _LONG_SECONDS and row.lease:
                self._tell("Another process is at it; if it was killed, this one goes on soon.")

    def _tell(self, text: str) -> None:
        if not self._quiet:
            say(text)


def _progress(row: Any) -> str:
    """Return how far a pass is, "" at its very beginning."""
    of = f" of {row.total:,}" if row.total else ""
    compared = f"{row.attendees:,}{of} attendees compared, calls {row.calls}"
    if row.problem:
        return str(row.problem)
    match row.step:
        case Step.ATTENDEES:
            return compared if row.calls else ""
        case Step.SETTLE | Step.SETTLE_AGAIN:
            return f"on their way: {row.waiting:,}" if row.waiting else ""
        case Step.TARGETS:
            return f"{compared}; now the targets"
    return ""


@contextmanager
def _commander(store: Store, configs: Path, *, quiet: bool) -> Iterator[_Commander]:
    seconds = load_host(configs).config.worker.lease_seconds
    clock = SharedClock(store)
    leasing = Leasing(store, clock, seconds)
    renewing = Periodic("leases", seconds / 3, leasing.renew_all)
    renewing.start()
    try:
        yield _Commander(store, leasing, clock, quiet=quiet)
    finally:
        renewing.stop()
