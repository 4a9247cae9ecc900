"""The clients of a host: those that run, by name and by URL path, and those that are refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from regbridge.candidates import Refused
from regbridge.errors import ConfigError, StoreUnavailableError
from regbridge.limits import Limiters
from regbridge.models import Endpoint
from regbridge.nearest import did_you_mean
from regbridge.pipeline import Pipeline
from regbridge.roster import Roster, read_roster


@dataclass(frozen=True, slots=True)
class _Now:
    """What holds at one moment, so that whoever looks sees all of a change or nothing of it."""

    running: Mapping[str, Pipeline]
    refused: tuple[Refused, ...]
    endpoints: Mapping[str, tuple[Pipeline, Endpoint]]

    @classmethod
    def of(cls, running: Mapping[str, Pipeline], refused: tuple[Refused, ...]) -> _Now:
        """Find out who takes which path: of two the later, as in `Roster.made`."""
        endpoints = {
            endpoint.path: (pipeline, endpoint)
            for pipeline in running.values()
            for endpoint in pipeline.client.endpoints.values()
        }
        return cls(running, refused, endpoints)


class Clients:
    """The clients of a folder: `running` by name, and the `refused`. Safe to share."""

    def __init__(self, running: Mapping[str, Pipeline], refused: tuple[Refused, ...] = ()) -> None:
        self._now = _Now.of(running, refused)
        self._is_closed = False

    @property
    def running(self) -> Mapping[str, Pipeline]:
        """Who runs at this moment."""
        return self._now.running

    @property
    def refused(self) -> tuple[Refused, ...]:
        """What is refused at this moment."""
        return self._now.refused

    def find(self, path: str) -> tuple[Pipeline, Endpoint] | None:
        """Return who takes a URL path, or None for a path that nobody takes.

        Raises `ConfigError` for a path of a refused client, and for any unknown path while a
        refused client's paths cannot be read: Cvent must not take that for "gone". Raises
        `StoreUnavailableError` once they are closed: whoever still asks shall come back later.
        """
        if self._is_closed:
            raise StoreUnavailableError("the service stops")
        now = self._now
        if found := now.endpoints.get(path):
            return found
        for refused in now.refused:
            if path in refused.paths or not refused.paths:
                # A new one: raising the same again and again lengthens its traceback.
                raise ConfigError(refused.error.findings)
        return None

    @contextmanager
    def borrow(self, name: str) -> Iterator[Pipeline | None]:
        """Lend a running client's pipeline: while the block runs its plugins stay open."""
        while (pipeline := self.running.get(name)) and not self._is_closed:
            with pipeline.in_use() as is_open:
                if is_open:
                    yield pipeline
                    return
        yield None

    def take_over(self, roster: Roster) -> None:
        """Let a roster hold from now on; close what it leaves out once nobody uses it any more."""
        before = self._now.running
        self._now = _Now.of(roster.running, roster.refused)
        kept = {id(pipeline) for pipeline in roster.running.values()}
        for pipeline in before.values():
            if id(pipeline) not in kept:
                pipeline.close()

    def close(self) -> None:
        """Close every pipeline, each once nobody uses it any more."""
        self._is_closed = True
        for pipeline in self.running.values():
            pipeline.close()


def start_clients(folder: Path, limiters: Limiters | None = None) -> Clients:
    """Load and build every client file of a configuration folder; `limiters` as in `build`."""
    roster = read_roster(folder, limiters=limiters)
    return Clients(roster.running, roster.refused)


def find_pipeline(clients: Clients, name: str) -> Pipeline:
    """Return a running client. Raises `ConfigError`: what is wrong with its file, or its name."""
    if name in clients.running:
        return clients.running[name]
    for refused in clients.refused:
        if refused.name == name:
            raise refused.error
    raise ConfigError.of(f"no client {name!r}", did_you_mean(name, clients.running))
