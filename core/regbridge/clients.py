"""Starts every client that can start; one that cannot keeps its reasons and its URL paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from regbridge.config.loader import claimed, client_paths, load_client
from regbridge.config.place import shown
from regbridge.errors import ConfigError
from regbridge.limits import Limiters
from regbridge.models import Endpoint, Finding, Level
from regbridge.nearest import did_you_mean
from regbridge.pipeline import Pipeline
from regbridge.registry import build


@dataclass(frozen=True, slots=True)
class Refused:
    """A client that does not start. Its `paths` are answered 503, all unknown ones if empty."""

    name: str
    file: Path
    paths: tuple[str, ...]
    error: ConfigError


class Clients:
    """The clients of a folder: `running` by name, and the `refused`."""

    def __init__(self, running: Mapping[str, Pipeline], refused: tuple[Refused, ...] = ()) -> None:
        self.running = running
        self.refused = refused
        self._endpoints = {
            endpoint.path: (pipeline, endpoint)
            for pipeline in running.values()
            for endpoint in pipeline.client.endpoints.values()
        }

    def find(self, path: str) -> tuple[Pipeline, Endpoint] | None:
        """Return who takes a URL path, or None for a path that nobody takes.

        Raises `ConfigError` for a path of a refused client, and for any unknown path while a
        refused client's paths cannot be read: Cvent must not take that for "gone".
        """
        if found := self._endpoints.get(path):
            return found
        for refused in self.refused:
            if path in refused.paths or not refused.paths:
                # A new one: raising the same again and again lengthens its traceback.
                raise ConfigError(refused.error.findings)
        return None

    def close(self) -> None:
        """Close every pipeline."""
        for pipeline in self.running.values():
            pipeline.close()


def start_clients(folder: Path, limiters: Limiters | None = None) -> Clients:
    """Load and build every client file of a configuration folder; `limiters` as in `build`."""
    running: dict[str, Pipeline] = {}
    taken: dict[str, Path] = {}
    refused: list[Refused] = []
    for file in client_paths(folder):
        try:
            client_file = load_client(folder, file)
            pipeline = build(client_file, limiters)
            _require_unique(pipeline, running, taken, file)
        except ConfigError as error:
            name, paths = claimed(folder, file)
            refused.append(Refused(name, file, paths, error))
            continue
        running[pipeline.client.name] = pipeline
        taken |= {endpoint.path: file for endpoint in pipeline.client.endpoints.values()}
    return Clients(running, tuple(refused))


def find_pipeline(clients: Clients, name: str) -> Pipeline:
    """Return a running client. Raises `ConfigError`: what is wrong with its file, or its name."""
    if name in clients.running:
        return clients.running[name]
    for refused in clients.refused:
        if refused.name == name:
            raise refused.error
    raise ConfigError.of(f"no client {name!r}", did_you_mean(name, clients.running))


def _require_unique(
    pipeline: Pipeline, running: Mapping[str, Pipeline], taken: Mapping[str, Path], file: Path
) -> None:
    findings = []
    client = pipeline.client
    if client.name in running:
        findings.append(f"another file already defines the client {client.name}")
    findings += [
        f"{taken[endpoint.path].name} already has an endpoint at {endpoint.path}"
        for endpoint in client.endpoints.values()
        if endpoint.path in taken
    ]
    if findings:
        pipeline.close()
        raise ConfigError(
            [
                Finding(Level.ERROR, text, where=shown(file), remedy="change one")
                for text in findings
            ]
        )
