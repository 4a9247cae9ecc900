"""The configuration: each client's as it holds, what is wrong with it, the plugins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import falcon

from regbridge.cases import run_cases
from regbridge.clients import Clients
from regbridge.config.loader import ClientFile, claimed, client_paths, load_client
from regbridge.config.masked import masked
from regbridge.config.place import shown
from regbridge.config.resolved import Leaf, leaves
from regbridge.errors import ConfigError
from regbridge.installed import installed_plugins
from regbridge.models import Finding, Level
from regbridge.registry import build
from regbridge.standings import STANDS, remarks, standings
from regbridge.web.console.desk import Page
from regbridge.web.console.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Configured:
    """A client's file: its values if it can be used, what is wrong with it.

    `runs` says that the host works with its client, `is_new` that this is not what it works with.
    """

    name: str
    file: str
    fingerprint: str = ""
    values: Sequence[tuple[str, str, str]] = ()
    findings: Sequence[Finding] = ()
    runs: bool = False
    is_new: bool = False

    @property
    def is_ok(self) -> bool:
        """Whether nothing is wrong with it."""
        return not any(finding.level is Level.ERROR for finding in self.findings)


class Configuration(Page):
    """What `show-config`, `plugins` and `check` say."""

    def look(
        self, req: falcon.Request, resp: falcon.Response, visitor: Visitor, **_places: Any
    ) -> None:
        """Show it; asks nobody over the network."""
        folder: Path = self.desk.facts["folder"]
        now = self.desk.clock()
        there = self.desk.store.read(lambda c: standings(c, now))
        self.desk.show(
            req,
            resp,
            "configuration",
            visitor,
            title="Configuration",
            clients=[configured(folder, path, self.desk.clients) for path in client_paths(folder)],
            plugins=installed_plugins(),
            there=there,
            stands=STANDS,
            remarks=list(remarks(there)),
            reloads=self.desk.facts.get("reload_seconds", 0) > 0,
        )


def configured(folder: Path, path: Path, clients: Clients) -> Configured:
    """Return what there is to say about a client's file."""
    for refused in clients.refused:
        if refused.file == path:
            findings = refused.error.findings
            return Configured(
                refused.name, shown(path), findings=findings, runs=refused.goes_on, is_new=True
            )
    try:
        return _usable(load_client(folder, path), clients)
    except ConfigError as error:
        name, _ = claimed(folder, path)
        runs = name in clients.running
        return Configured(name, shown(path), findings=error.findings, runs=runs, is_new=True)


def _usable(client_file: ClientFile, clients: Clients) -> Configured:
    """Return a file that a host can work with, though not each one does so yet.

    Raises `ConfigError` when it could not, as for a literal under a secret: that is not shown.
    """
    name = client_file.config.client
    findings: Sequence[Finding] = ()
    with clients.borrow(name) as pipeline:
        is_new = pipeline is None or pipeline.fingerprint != client_file.fingerprint
        if pipeline is None or is_new:
            build(client_file).close()
        else:
            findings = run_cases(client_file, pipeline)
        return Configured(
            name,
            shown(client_file.path),
            client_file.fingerprint,
            [_row(leaf) for leaf in leaves(client_file)],
            findings,
            runs=pipeline is not None,
            is_new=is_new,
        )


def _row(leaf: Leaf) -> tuple[str, str, str]:
    return leaf.key, masked(leaf), leaf.origin
