"""Examines an installation, topic by topic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from regbridge.checks import ClientCheck, check_folder
from regbridge.config.loader import HostFile, load_host
from regbridge.doctor.ledger import examine_clock, examine_ledger
from regbridge.doctor.machine import examine_machine, examine_plugins
from regbridge.doctor.service import examine_network, examine_service
from regbridge.doctor.work import examine_work
from regbridge.errors import ConfigError, RegbridgeError
from regbridge.models import Finding, Level
from regbridge.status import figures
from regbridge.store.clock import to_ms
from regbridge.store.engine import Store
from regbridge.store.keys import all_keys, missing_keys

WORK = "deliveries"
"""The topic whose findings quote reasons."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What was found about one thing."""

    name: str
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Checkup:
    """All that was found, and the figures of the ledger if it could be read."""

    topics: Sequence[Topic]
    figures: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong that keeps something from working."""
        found = (finding for topic in self.topics for finding in topic.findings)
        return not any(finding.level is Level.ERROR for finding in found)


def examine(configs: Path, now: datetime, *, online: bool = False) -> Checkup:
    """Look at everything that can be looked at; `online` also asks the vendors' services.

    Nothing is changed, here or there.
    """
    base, clients = check_folder(configs, online=online)
    topics = [Topic("configuration", [*base, *_configured(clients)])]
    topics.append(Topic("plugins", examine_plugins()))
    topics.append(Topic("machine", examine_machine()))
    found: dict[str, Any] | None = None
    if host := _host(configs):
        topics.append(Topic("service", examine_service(host.config)))
        about_ledger, found = _examine_ledger(host, now)
        topics += about_ledger
    if online:
        topics.append(Topic("network", examine_network(configs, now)))
    return Checkup(topics, found)


def _configured(clients: Sequence[ClientCheck]) -> Iterator[Finding]:
    for client in clients:
        yield from client.findings
        if client.is_ok:
            counts = ", ".join(f"{things} {n}" for things, n in client.counts.items())
            yield Finding(Level.OK, f"{client.name} can start ({counts})")
    if not clients:
        remedy = "run `regbridge new-client NAME`"
        yield Finding(Level.WARNING, "there is no client", remedy=remedy)


def _host(configs: Path) -> HostFile | None:
    """Return the host's settings; what is wrong with them, `check_folder` has found."""
    try:
        return load_host(configs)
    except ConfigError:
        return None


def _examine_ledger(host: HostFile, now: datetime) -> tuple[list[Topic], dict[str, Any] | None]:
    try:
        config = host.config
        store = Store(host.database_url, config.postgresql, encryption=config.encryption)
    except ConfigError as error:
        return [Topic("ledger", error.findings)], None
    try:
        findings, can_be_read = examine_ledger(store, host.folder, now)
        topics = [Topic("ledger", findings)]
        if not can_be_read:
            return topics, None
        if missing := missing_keys(store.read(all_keys), store.sealing):
            return [*topics, Topic("encryption", missing)], None
        found = figures(store, to_ms(now))
        topics.append(Topic("clock", examine_clock(store, now)))
        topics.append(Topic(WORK, examine_work(found, now)))
    except RegbridgeError as error:
        return [Topic("ledger", [Finding(Level.ERROR, str(error))])], None
    finally:
        store.close()
    return topics, found
