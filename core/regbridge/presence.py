"""Tells the ledger that this host is there, and how its clients stand."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import structlog

from regbridge.candidates import Refused
from regbridge.errors import RegbridgeError
from regbridge.host_block import BlockChange
from regbridge.periodic import Periodic
from regbridge.roster import Roster
from regbridge.store.engine import Store, Work
from regbridge.store.hosts import (
    BEAT_SECONDS,
    ClientThere,
    HostThere,
    Standing,
    beat,
    leave,
    make_way,
    put_host,
)

log = structlog.get_logger()

_numbers = count(1)

_MOST = 20
_LONGEST = 500
"""So many findings of a file are kept, and so many characters of each; the log has them all."""


class Presence:
    """One host, in the ledger. `arrive` once, then `start`; `stop` takes it out again."""

    def __init__(self, store: Store, roles: Sequence[str], clock: Callable[[], int]) -> None:
        self.host = _name()
        self._store = store
        self._roles = tuple(roles)
        self._clock = clock
        self._started_at = 0
        self._there: HostThere | None = None
        self._periodic = Periodic("presence", BEAT_SECONDS, self.beat)

    def arrive(self, roster: Roster) -> None:
        """Write that the host is there; in a file it takes the place of the one before it.

        Raises `StoreUnavailableError`.
        """
        self._started_at = self._clock()
        if self._store.embedded:
            self._store.write(lambda c: make_way(c, self._roles))
        self.tell(roster)

    def start(self) -> None:
        """Say now and then that it is still there."""
        self._periodic.start()

    def stop(self) -> None:
        """Say that it is there no more."""
        self._periodic.stop()
        if self._there:
            self._write(lambda c, _now: leave(c, self.host))

    def tell(
        self, roster: Roster, block: BlockChange | None = None, also: Work[None] = lambda _: None
    ) -> None:
        """Write how things stand from now on, in one transaction with `also`.

        Raises `StoreUnavailableError`.
        """
        there = HostThere(
            self.host,
            self._roles,
            self._started_at,
            list(_clients(roster, self._started_at)),
            block.since if block else None,
            _text(block.findings) if block else "",
        )
        now = self._clock()

        def write(connection: Any) -> None:
            put_host(connection, there, now)
            also(connection)

        self._store.write(write)
        self._there = there

    def beat(self) -> None:
        """Say that it is there; all of it, if somebody has taken it for gone meanwhile."""
        self._write(self._beat)

    def _beat(self, connection: Any, now: int) -> None:
        if not beat(connection, self.host, now) and self._there:
            put_host(connection, self._there, now)

    def _write(self, work: Callable[[Any, int], Any]) -> None:
        try:
            self._store.ping()  # a stop does not wait for a ledger that is away
            now = self._clock()
            self._store.write_hastily(lambda c: work(c, now))
        except RegbridgeError as error:
            log.warning("the ledger does not hear that this host is there", error=error.detail)
        except Exception:
            log.exception("the ledger does not hear that this host is there; this is a bug")


def _name() -> str:
    """Return the machine and the process; a further host of the same one has a number."""
    name = f"{socket.gethostname()}:{os.getpid()}"
    number = next(_numbers)
    return f"{name}-{number}" if number > 1 else name


def _clients(roster: Roster, started_at: int) -> Iterator[ClientThere]:
    """Yield how each client stands, one after the other."""
    wrong: dict[str, list[Refused]] = {}
    for refused in roster.refused:
        wrong.setdefault(refused.name, []).append(refused)
    for name, made in roster.made.items():
        since = made.since or started_at
        there = ClientThere(name, Standing.RUNS, made.pipeline.fingerprint, since)
        if found := wrong.pop(name, None):
            yield _refused(replace(there, standing=Standing.REFUSED), found, started_at)
        elif name in roster.gone:
            yield replace(there, standing=Standing.GONE, changed_at=roster.gone[name])
        else:
            yield there
    for name, found in wrong.items():
        yield _refused(ClientThere(name, Standing.STOPPED), found, started_at)


def _refused(there: ClientThere, found: Sequence[Refused], started_at: int) -> ClientThere:
    text = _text(str(finding) for refused in found for finding in refused.error.findings)
    changed_at = max(refused.since for refused in found) or started_at
    return replace(there, changed_at=changed_at, findings=text)


def _text(findings: Iterable[str]) -> str:
    """Return findings one in a line; not all of very many."""
    lines = [" ".join(finding.split())[:_LONGEST] for finding in findings]
    more = [f"and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return "\n".join(lines[:_MOST] + more)
