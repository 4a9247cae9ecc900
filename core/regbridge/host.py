"""The whole service of one process: ledger, web server, worker."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from regbridge.alerts.causes import Alert
from regbridge.alerts.watch import Watch
from regbridge.clients import Clients, start_clients
from regbridge.config.alerts import AlertsConfig
from regbridge.config.loader import HostFile, load_host
from regbridge.store.bell import Bell
from regbridge.store.engine import Store
from regbridge.store.host_lock import HostLock
from regbridge.store.intake import Intake
from regbridge.store.keys import take_up_keys
from regbridge.store.limits import ledger_limiters
from regbridge.store.shared_clock import SharedClock
from regbridge.store.upgrades import require_current, upgrade
from regbridge.timing_flush import TimingFlush
from regbridge.timings import Timings
from regbridge.web.app import create_app
from regbridge.web.server import Server
from regbridge.worker.loop import Worker

if TYPE_CHECKING:
    from regbridge.web.api.source import Source
    from regbridge.web.console.access import Access
    from regbridge.web.console.counts import Counts
    from regbridge.web.console.desk import Desk
    from regbridge.web.console.playground import Playground

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Address:
    """Where the web server listens; None where the settings of `base.yaml` hold."""

    address: str | None = None
    port: int | None = None


def settle_in() -> None:
    """Leave what a started process holds out of every further search for garbage.

    For a process that runs one host until its end.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


class Host:
    """What `serve` and `work` run. Start and stop it once.

    An embedded database is brought up to date at the start, and one process at a time receives into
    it, one works on it. PostgreSQL must be up to date already, because other hosts use it: `serve`
    and `work` on any number of machines share that.
    """

    def __init__(
        self, folder: Path, *, web: bool = True, worker: bool = True, address: Address = Address()
    ) -> None:
        self.file: HostFile = load_host(folder)
        config = self.file.config
        self.store = Store(self.file.database_url, config.postgresql, encryption=config.encryption)
        self.clients: Clients = start_clients(folder, ledger_limiters(self.store))
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
        watched = {name: each.client for name, each in self.clients.running.items()}
        channels = _channels(config.alerts)
        self._watch = Watch(self.store, watched, channels, self._clock) if worker else None
        self._has_web = web
        roles = [role for role, has in (("receive", web), ("work", worker)) if has]
        self._lock = HostLock(self.store.file, roles) if self.store.file else None
        self._intake: Intake | None = None
        self._server: Server | None = None
        self.console: Access | None = None
        self.playground: Playground | None = None
        self.counts: Counts | None = None

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
        if self._has_web:
            self._intake = Intake(self.store, self._received)
            self._server = self._new_server(self._intake)
            self.url = self._server.start()
        if self._worker:
            self._worker.start()
        if self._bell:
            self._bell.start()
        self._flush.start()
        if self._watch:
            self._watch.start()
        if self.counts:
            self.counts.start()
        log.info("started", url=self.url, clients=sorted(self.clients.running))

    def stop(self) -> bool:
        """Stop listening, settle what is under way, close everything.

        Returns False if some step did not end in time; its lease runs out, and nothing is lost.
        """
        if self._server:
            self._server.stop()
        if self._intake:
            self._intake.close()
        if self._watch:
            self._watch.stop()
        if self.counts:
            self.counts.stop()
        settled = self._worker.stop() if self._worker else True
        if self._bell:
            self._bell.close()
        self._flush.stop()
        self.clients.close()
        self.store.close()
        if self._lock:
            self._lock.release()
        log.info("stopped", settled=settled)
        return settled

    def health(self) -> Mapping[str, Any]:
        """Return what `GET /health` shows. Raises `StoreUnavailableError`."""
        self.store.ping()
        refused = [refused.name for refused in self.clients.refused]
        return {
            "status": "degraded" if refused else "ok",
            "clients": sorted(self.clients.running),
            "refused": refused,
        }

    def _new_server(self, intake: Intake) -> Server:
        config = self.file.config
        limit = int(config.body_limit)
        app = create_app(
            self.clients,
            intake.accept,
            body_limit=limit,
            health=self.health,
            clock=self._clock.moment,
            timings=self._timings,
            desk=self._new_desk(),
            source=self._new_source(),
        )
        given = self._address
        return Server(
            app,
            address=config.address if given.address is None else given.address,
            port=config.port if given.port is None else given.port,
            threads=config.threads,
            body_limit=limit,
            trusted_proxy=config.trusted_proxy,
        )

    def _new_desk(self) -> Desk | None:
        """Return what the console's pages share; its parts are loaded only if there is one."""
        config = self.file.config
        if config.console is None:
            return None
        from regbridge.store.audit import console_key
        from regbridge.web.console.access import Access
        from regbridge.web.console.counts import Counts
        from regbridge.web.console.desk import Desk

        key = self.store.write(console_key)
        self.console = Access(config.console, config.trusted_proxy, key, self._clock.seconds)
        self.counts = Counts(self.store, self._clock)
        return Desk(
            self.store,
            self.clients,
            self.console,
            self._clock,
            self._wake_everybody,
            playground=self.playground,
            facts={"folder": self.file.folder},
            counts=self.counts,
        )

    def _new_source(self) -> Source | None:
        """Return what the API answers from; its parts are loaded only if there is one."""
        config = self.file.config.api
        if config is None:
            return None
        from regbridge.web.api.gate import Gate
        from regbridge.web.api.source import Source

        return Source(self.store, Gate(config, self._clock.seconds), self._clock)

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


def _nobody(_step: str, _client: str) -> None:
    """Ring at no other host: there is none."""
