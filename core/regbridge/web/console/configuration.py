"""The configuration: each client's as it holds, what is wrong with it, the plugins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import falcon

from regbridge.cases import run_cases
from regbridge.clients import Clients
from regbridge.config.loader import ClientFile, client_paths, load_client
from regbridge.config.masked import masked
from regbridge.config.place import shown
from regbridge.config.resolved import Leaf, leaves
from regbridge.errors import ConfigError
from regbridge.installed import installed_plugins
from regbridge.models import Finding, Level
from regbridge.registry import build
from regbridge.web.console.desk import Page
from regbridge.web.console.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Configured:
    """A client's file: its values if it can be used, what is wrong with it.

    `is_old` says that the host works with what the file said when it was started.
    """

    name: str
    file: str
    fingerprint: str = ""
    values: Sequence[tuple[str, str, str]] = ()
    findings: Sequence[Finding] = ()
    runs: bool = False
    is_old: bool = False

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
        self.desk.show(
            req,
            resp,
            "configuration",
            visitor,
            title="Configuration",
            clients=[configured(folder, path, self.desk.clients) for path in client_paths(folder)],
            plugins=installed_plugins(),
        )


def configured(folder: Path, path: Path, clients: Clients) -> Configured:
    """Return what there is to say about a client's file."""
    for refused in clients.refused:
        if refused.file == path:
            return Configured(refused.name, shown(path), findings=refused.error.findings)
    try:
        client_file = load_client(folder, path)
        pipeline = clients.running.get(client_file.config.client)
        if pipeline is None or pipeline.fingerprint != client_file.fingerprint:
            return _changed(client_file, runs=pipeline is not None)
        findings = run_cases(client_file, pipeline)
    except ConfigError as error:
        return Configured(path.stem, shown(path), findings=error.findings, is_old=True)
    return Configured(
        pipeline.client.name,
        shown(path),
        client_file.fingerprint,
        [_row(leaf) for leaf in leaves(client_file)],
        findings,
        runs=True,
    )


def _changed(client_file: ClientFile, *, runs: bool) -> Configured:
    """Return a file that the host does not work with yet.

    Raises `ConfigError` when it could not, as for a literal under a secret: that is not shown.
    """
    build(client_file).close()
    return Configured(
        client_file.config.client,
        shown(client_file.path),
        client_file.fingerprint,
        [_row(leaf) for leaf in leaves(client_file)],
        runs=runs,
        is_old=True,
    )


def _row(leaf: Leaf) -> tuple[str, str, str]:
    return leaf.key, masked(leaf), leaf.origin
