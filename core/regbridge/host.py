"""The whole service of one process: ledger, web server, worker."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from regbridge.admission_flush import AdmissionFlush
from regbridge.admissions import Admissions
from regbridge.alerts.alert import Alert
from regbridge.alerts.watch import Watch
from regbridge.clients import Clients
from regbridge.config.alerts import AlertsConfig
from regbridge.config.loader import HostFile, load_host
from regbridge.counting import Counting, Tally
from regbridge.host_block import HostBlock
from regbridge.models import Client
from regbridge.pipeline import Pipeline
from regbridge.presence import Presence
from regbridge.readiness import Readiness
from regbridge.reload import Reload
from regbridge.roster import read_roster
from regbridge.store.bell import Bell
from regbridge.store.engine import Store
from regbridge.store.host_lock import HostLock
from regbridge.store.intake import Intake
from regbridge.store.keys import take_up_keys
from regbridge.store.limits import ledger_limiters
from regbridge.store.shared_clock import SharedClock
from regbridge.store.upgrades import require_current, upgrade
from regbridge.taking_over import TakingOver
from regbridge.tallies import Standing, take_standing, take_waiting
from regbridge.timing_flush import TimingFlush
from regbridge.timings import Timings
from regbridge.web.answers import Answers
from regbridge.web.app import create_app
from regbridge.web.door import Door
from regbridge.web.fence import Allowed, Fence
from regbridge.web.refusal_log import RefusalLog
from regbridge.web.server import Server
from regbridge.web.vouching import Vouching
from regbridge.worker.loop import Worker

if TYPE_CHECKING:
    from regbridge.web.api.source import Source
    from regbridge.web.console.access import Access
    from regbridge.web.console.counts import Counts
    from regbridge.web.console.desk import Desk
    from regbridge.web.console.playground import Playground
    from regbridge.web.metrics.page import MetricsPage

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Address:
    """Where the web server listens; None where the settings of `base.yaml` hold."""

    address: str | None = None
    port: int | None = None


def settle_in() -> None:
    """Leave what a started process holds out of every further search for garbage.

    For a process that runs one host until its end; again after a configuration was taken over.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


class Host:
    """What `serve` and `work` run. Start and stop it once; `tidy` is called as `Reload` says.

    An embedded database is brought up to date at the start, and one process at a time receives into
    it, one works on it. PostgreSQL must be up to date already, because other hosts use it: `serve`
    and `work` on any number of machines share that.
    """

    def __init__(
        self,
        folder: Path,
        *,
        web: bool = True,
        worker: bool = True,
        address: Address = Address(),
        tidy: Callable[[], None] = lambda: None,
    ) -> None:
        block = HostBlock(folder)
        self.file: HostFile = load_host(folder)
        config = self.file.config
        self.store = Store(self.file.database_url, config.postgresql, encryption=config.encryption)
        limiters = ledger_limiters(self.store)
        roster = read_roster(folder, limiters=limiters)
        self.clients = Clients(roster.running, roster.refused)
        self.url = ""
        self._address = address
        self._clock = SharedClock(self.store)
        self._bell = (
            None
            if self.store.embedded
            else Bell(self.file.database_url, config.postgresql, self._wake)
        )
        ring = self._bell.ring if self._bell else _nobody
        self._timings = Timings()
        self._flush = TimingFlush(self.store, self._timings, self._clock)
        self._admissions = Admissions()
        self._refusals = RefusalLog()
        self._admission_flush = AdmissionFlush(
            self.store, self._admissions, self._refusals, self._clock
        )
        self._worker = (
            Worker(
                self.store,
                self.clients,
                config.worker,
                clock=self._clock,
                ring=ring,
                timings=self._timings,
            )
            if worker
            else None
        )
        channels = _channels(config.alerts)
        self._watch = Watch(self.store, self._watched, channels, self._clock) if worker else None
        self._has_web = web
        roles = [role for role, has in (("receive", web), ("work", worker)) if has]
        self._presence = Presence(self.store, roles, self._clock)
        work = self._worker.take_over if self._worker else _nothing
        self.reload = Reload(
            folder,
            roster,
            block,
            TakingOver(self.clients, self._presence, work, self._keep_beside, self._clock),
            limiters=limiters,
            clock=self._clock,
            seconds=config.reload_seconds,
            tidy=tidy,
        )
        self._lock = HostLock(self.store.file, roles) if self.store.file else None
        self._intake: Intake | None = None
        self._server: Server | None = None
        self._answers = Answers()
        self.counting = Counting(self.store, self._clock)
        self._waiting = self.counting.add(take_waiting)
        self._standing: Tally[Standing] | None = None
        if config.console or config.metrics:
            self._standing = self.counting.add(take_standing)
        self.counts: Counts | None = None
        self.console: Access | None = None
        self.playground: Playground | None = None

    def start(self) -> None:
        """Open the ledger, then listen (`url` says where), then start the worker.

        Raises `ConfigError`, `StoreUnavailableError` or, when the port is taken, `OSError`.
        """
        if self._lock:
            self._lock.take()
            upgrade(self.store)
        require_current(self.store)
        take_up_keys(self.store)
        for refused in self.clients.refused:
            for finding in refused.error.findings:
                log.error("client refused", client=refused.name, finding=str(finding))
        self._presence.arrive(self.reload.roster)
        if self._has_web:
            self._admission_flush.take_tokens(self.clients.running)
            self._intake = Intake(self.store, self._received)
            self._server = self._new_server(self._intake)
            self.url = self._server.start()
            self._admission_flush.start()
        if self._worker:
            self._worker.start()
        if self._bell:
            self._bell.start()
        self._flush.start()
        if self._watch:
            self._watch.start()
        if self._has_web and self._standing:
            self.counting.start()
        self._presence.start()
        self.reload.start()
        log.info("started", url=self.url, clients=sorted(self.clients.running))

    def stop(self) -> bool:
        """Stop listening, settle what is under way, close everything.

        Returns False if some step did not end in time; its lease runs out, and nothing is lost.
        """
        self.reload.stop()
        if self._server:
            self._server.stop()
        if self._intake:
            self._intake.close()
        if self._watch:
            self._watch.stop()
        self.counting.stop()
        settled = self._worker.stop() if self._worker else True
        if self._bell:
            self._bell.close()
        self._flush.stop()
        self._admission_flush.stop()
        self._presence.stop()
        self.clients.close()
        self.store.close()
        if self._lock:
            self._lock.release()
        log.info("stopped", settled=settled)
        return settled

    def health(self) -> Mapping[str, Any]:
        """Return what `GET /health` shows. Raises `StoreUnavailableError`."""
        self.store.ping()
        refused = sorted({refused.name for refused in self.clients.refused})
        return {
            "status": "degraded" if refused else "ok",
            "clients": sorted(self.clients.running),
            "refused": refused,
        }

    def _new_server(self, intake: Intake) -> Server:
        config = self.file.config
        limit = int(config.body_limit)
        door = Door(self._admissions)
        readiness = self._new_readiness(intake)
        app = create_app(
            self.clients,
            intake.accept,
            body_limit=limit,
            health=self.health,
            ready=readiness.look,
            clock=self._clock.moment,
            timings=self._timings,
            door=door,
            refusals=self._refusals,
            answers=self._answers,
            desk=self._new_desk(),
            source=self._new_source(),
            metrics=self._new_metrics(readiness),
        )
        given = self._address
        return Server(
            app,
            address=config.address if given.address is None else given.address,
            port=config.port if given.port is None else given.port,
            threads=config.threads,
            body_limit=limit,
            trusted_proxy=config.trusted_proxy,
            fence=self._new_fence(),
            vouch=Vouching(self.clients, door, app.req_options),
            refusals=self._refusals,
        )

    def _new_fence(self) -> Fence:
        """Return what keeps out addresses; everybody may ask for the host's health."""
        config = self.file.config
        own: dict[str, Allowed] = {"health": None}
        for path, block in (
            ("console", config.console),
            ("api", config.api),
            ("metrics", config.metrics),
        ):
            if block:
                own[path] = config.allow_from if block.allow_from is None else block.allow_from
        return Fence(self.clients, self._admissions, config.allow_from, own)

    def _new_readiness(self, intake: Intake) -> Readiness:
        worker = self._worker
        return Readiness(
            self.store,
            self._clock,
            self.file.config.ready,
            self.counting,
            self._waiting,
            takes_messages=intake.takes_messages,
            pulses=(lambda: worker.pulses) if worker else None,
            refused=lambda: {each.name: each.goes_on for each in self.clients.refused},
        )

    def _new_metrics(self, readiness: Readiness) -> MetricsPage | None:
        """Return the page of metrics; what makes them is loaded only if there is one."""
        config = self.file.config.metrics
        if config is None or self._standing is None:
            return None
        from regbridge.web.metrics.ledger import Counted, LedgerMetrics
        from regbridge.web.metrics.page import MetricsPage
        from regbridge.web.metrics.process import ProcessMetrics

        here = ProcessMetrics(self._answers, readiness, lambda: self.clients)
        counted = Counted(self.counting, self._standing, self._waiting)
        ledger = LedgerMetrics(self.store, lambda: self.clients, self._clock, counted)
        return MetricsPage(config, self._clock.seconds, here, ledger)

    def _new_desk(self) -> Desk | None:
        """Return what the console's pages share; its parts are loaded only if there is one."""
        config = self.file.config
        if config.console is None or self._standing is None:
            return None
        from regbridge.store.audit import console_key
        from regbridge.web.console.access import Access
        from regbridge.web.console.counts import Counts
        from regbridge.web.console.desk import Desk

        key = self.store.write(console_key)
        self.console = Access(config.console, config.trusted_proxy, key, self._clock.seconds)
        self.counts = Counts(self.counting, self._standing, self._waiting)
        return Desk(
            self.store,
            self.clients,
            self.console,
            self._clock,
            self._wake_everybody,
            playground=self.playground,
            facts={"folder": self.file.folder, "reload_seconds": config.reload_seconds},
            counts=self.counts,
        )

    def _new_source(self) -> Source | None:
        """Return what the API answers from; its parts are loaded only if there is one."""
        config = self.file.config.api
        if config is None:
            return None
        from regbridge.web.api.source import Source
        from regbridge.web.gate import Gate

        gate = Gate(config.tokens, "host.api", self._clock.seconds)
        return Source(self.store, gate, self._clock)

    def _keep_beside(self, connection: Any, clients: Mapping[str, Pipeline]) -> None:
        """Write what else changes with the clients, in the transaction in which they do."""
        if self._has_web:
            self._admission_flush.put_tokens(connection, clients)

    def _watched(self) -> Mapping[str, Client]:
        """Return the clients whose trouble is told."""
        return {name: each.client for name, each in self.clients.running.items()}

    def _wake_everybody(self, step: str, client: str) -> None:
        self._wake(step, client)
        if self._bell:
            self._bell.ring(step, client)

    def _received(self) -> None:
        """Wake the workers that split, here and elsewhere."""
        self._wake("split", "")
        if self._bell:
            self._bell.ring("split")

    def _wake(self, step: str, client: str) -> None:
        if self._worker:
            self._worker.wake(step, client)


def _channels(config: AlertsConfig) -> Mapping[str, Callable[[Alert], None]]:
    """Return where alerts go; what speaks to mail servers is loaded only if one is named."""
    if not (config.email or config.webhook):
        return {}
    from regbridge.alerts.channels import channels

    return channels(config)


def _nothing(_pipelines: Sequence[Pipeline]) -> None:
    """Work with nothing: there is no worker here."""


def _nobody(_step: str, _client: str) -> None:
    """Ring at no other host: there is none."""
