"""Checks a configuration folder: its files, the plugins they name, the cases beside them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from regbridge.cases import run_cases
from regbridge.clients import Clients, start_clients
from regbridge.config.case_file import cases_path, read_cases
from regbridge.config.loader import client_paths, load_client, load_host
from regbridge.config.place import located, shown
from regbridge.config.schema import HostConfig
from regbridge.config.secret_files import open_to_others
from regbridge.config.yaml_file import read_yaml
from regbridge.deprecation import deprecated_keys
from regbridge.doors import doubts_about_client, doubts_about_host
from regbridge.errors import ConfigError, RegbridgeError
from regbridge.models import Finding, Level
from regbridge.nearest import did_you_mean
from regbridge.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class ClientCheck:
    """What there is to say about one client file; `counts` is empty for one that is refused."""

    name: str
    file: str
    findings: tuple[Finding, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """Whether the client starts and every case comes out as it should."""
        return not any(finding.level is Level.ERROR for finding in self.findings)


def check_folder(
    folder: Path, names: Collection[str] = (), *, online: bool = False
) -> tuple[list[Finding], list[ClientCheck]]:
    """Return the findings about `base.yaml`, then each client's; `names` chooses clients.

    `online` also tries their targets, which changes nothing there.
    """
    host, base = read_host(folder)
    clients = start_clients(folder)
    try:
        checked = [_check(folder, path, clients, host, online) for path in client_paths(folder)]
    finally:
        clients.close()
    # A mistake in base.yaml is one mistake, however many clients it stops.
    known = [
        replace(client, findings=tuple(f for f in client.findings if f not in base))
        for client in checked
    ]
    base += unknown_clients(names, [client.name for client in checked])
    return base, [client for client in known if not names or client.name in names]


def read_host(folder: Path) -> tuple[HostConfig | None, list[Finding]]:
    """Return what holds for the host, None if it cannot be used, with the findings about it."""
    try:
        config = load_host(folder).config
    except ConfigError as error:
        return None, list(error.findings)
    base = read_yaml(folder / "base.yaml")
    doubts = [*open_to_others(base.value, folder), *deprecated_keys(base.value)]
    at_host = doubts_about_host(config, shown(folder / "base.yaml"))
    return config, [*at_host, *located(doubts, base.origins)]


def unknown_clients(names: Collection[str], known: Collection[str]) -> list[Finding]:
    """Return a finding for each name that no client has."""
    return [
        Finding(Level.ERROR, f"no client {name!r}", remedy=did_you_mean(name, known))
        for name in names
        if name not in known
    ]


def _check(
    folder: Path, path: Path, clients: Clients, host: HostConfig | None, online: bool
) -> ClientCheck:
    cases, case_findings = _read_cases(path)
    for refused in clients.refused:
        if refused.file == path:
            findings = (*refused.error.findings, *case_findings)
            return ClientCheck(refused.name, shown(path), findings)
    client_file = load_client(folder, path)
    pipeline = clients.running[client_file.config.client]
    doubts = [
        *doubts_about_client(pipeline.client, host),
        *open_to_others(client_file.values, folder),
        *deprecated_keys(client_file.values),
    ]
    findings = (*located(doubts, client_file.origins), *run_cases(client_file, pipeline))
    if online:
        findings += tuple(located(_online(pipeline), client_file.origins))
    counts = {
        "events": len(pipeline.client.events),
        "endpoints": len(pipeline.client.endpoints),
        "targets": len(pipeline.client.targets),
        "cases": cases,
    }
    return ClientCheck(pipeline.client.name, shown(path), findings, counts)


def _read_cases(path: Path) -> tuple[int, tuple[Finding, ...]]:
    cases = cases_path(path)
    if not cases.exists():
        return 0, ()
    try:
        return len(read_cases(cases)), ()
    except ConfigError as error:
        return 0, error.findings


def _online(pipeline: Pipeline) -> list[Finding]:
    findings: list[Finding] = []
    for name, target in pipeline.client.targets.items():
        at = ("targets", name)
        try:
            findings += [replace(f, path=f.path or at) for f in pipeline.check(target)]
        except RegbridgeError as error:
            findings.append(Finding(Level.ERROR, str(error), path=at))
    return findings
