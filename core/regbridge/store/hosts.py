"""Which hosts there are, and which configurations they run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, select, update

from regbridge.store.bulk import insert_rows
from regbridge.store.host_tables import host_clients, hosts
from regbridge.store.sql import among

BEAT_SECONDS = 20.0
"""How often a host says that it is there."""

_THERE = 75_000
_FORGOTTEN = 86_400_000
"""Until so many ms after it was seen last a host is there, and its rows are kept."""


class Standing(StrEnum):
    """How a client stands at a host."""

    RUNS = "runs"
    REFUSED = "refused"
    """It runs as before: its file was changed and is wrong."""
    STOPPED = "stopped"
    """It does not run: its file is wrong."""
    GONE = "gone"
    """It runs until the host ends: no file defines it any more."""


@dataclass(frozen=True, slots=True)
class ClientThere:
    """A client at a host, as `HostClientRow` has it."""

    client: str
    standing: Standing
    configuration: str = ""
    since: int | None = None
    changed_at: int | None = None
    findings: str = ""


@dataclass(frozen=True, slots=True)
class HostThere:
    """A host with its clients, as `HostRow` has it. `roles` are `receive`, `work` or both."""

    host: str
    roles: tuple[str, ...]
    started_at: int
    clients: Sequence[ClientThere] = ()
    changed_at: int | None = None
    findings: str = ""


def make_way(connection: Connection, roles: Collection[str]) -> None:
    """Forget the hosts of a ledger in a file that had any of these roles: they are no more."""
    rows = connection.execute(select(hosts.c.host, hosts.c.roles)).all()
    _forget(connection, [row.host for row in rows if set(row.roles.split()) & set(roles)])


def put_host(connection: Connection, there: HostThere, now: int) -> None:
    """Write how a host and its clients stand, in the place of what was written before."""
    _forget(connection, [there.host])
    row = {
        "host": there.host,
        "roles": " ".join(there.roles),
        "started_at": there.started_at,
        "seen_at": now,
        "changed_at": there.changed_at,
        "findings": there.findings,
    }
    insert_rows(connection, hosts, [row])
    rows = [
        {
            "host": there.host,
            "client": each.client,
            "standing": each.standing,
            "configuration": each.configuration,
            "since": each.since,
            "changed_at": each.changed_at,
            "findings": each.findings,
        }
        for each in there.clients
    ]
    insert_rows(connection, host_clients, rows)


def beat(connection: Connection, host: str, now: int) -> bool:
    """Say that a host is there; False if its rows are not. Rows of long ago are removed."""
    old = select(hosts.c.host).where(hosts.c.seen_at < now - _FORGOTTEN, hosts.c.host != host)
    _forget(connection, connection.scalars(old).all())
    mine = update(hosts).where(hosts.c.host == host).values(seen_at=now)
    return connection.execute(mine).rowcount > 0


def leave(connection: Connection, host: str) -> None:
    """Forget a host that ends."""
    _forget(connection, [host])


def hosts_there(connection: Connection, now: int) -> Sequence[Any]:
    """Return rows (host, roles, started_at, changed_at, findings) of who is there."""
    columns = (
        hosts.c.host,
        hosts.c.roles,
        hosts.c.started_at,
        hosts.c.changed_at,
        hosts.c.findings,
    )
    there = select(*columns).where(hosts.c.seen_at > now - _THERE)
    return connection.execute(there.order_by(hosts.c.started_at, hosts.c.host)).all()


def clients_there(connection: Connection, now: int) -> Sequence[Any]:
    """Return the clients of the hosts that are there, as rows of `host_clients`."""
    there = (
        select(host_clients)
        .join(hosts, hosts.c.host == host_clients.c.host)
        .where(hosts.c.seen_at > now - _THERE)
        .order_by(host_clients.c.client, hosts.c.started_at, host_clients.c.host)
    )
    return connection.execute(there).all()


def _forget(connection: Connection, names: Collection[str]) -> None:
    for table in (host_clients, hosts) if names else ():
        connection.execute(delete(table).where(among(table.c.host, names)))
