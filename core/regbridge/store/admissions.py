"""What the ledger knows of tokens and of refused requests; bounded, whoever comes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, delete, func, not_, select, tuple_, update

from regbridge.admissions import Cause, Refusal, Use
from regbridge.store.admission_tables import endpoint_tokens, refused
from regbridge.store.sql import insert

DAY = 86_400_000
KEPT_DAYS = 7
"""Refused requests are forgotten so long after the last one from an address."""

ADDRESSES = 20
"""So many addresses of one endpoint and cause are written down at a time, the others as one."""

MOST = 500
"""So many rows of refused requests are kept, the newest."""

SHOWN = 50
"""So many of them are shown at once."""

_TOKEN_DAYS = 400
_Door = tuple[str, str, Cause]
_REFUSED_KEY = ("client", "endpoint", "cause", "address")


@dataclass(frozen=True, slots=True)
class Taken:
    """A token that a host takes; `name` says where it comes from."""

    client: str
    endpoint: str
    fingerprint: str
    name: str


def take_tokens(connection: Connection, tokens: Collection[Taken], now: int) -> None:
    """Write down which tokens a host takes from now on; forget those of long ago."""
    long_ago = now - _TOKEN_DAYS * DAY
    connection.execute(delete(endpoint_tokens).where(endpoint_tokens.c.configured_at < long_ago))
    if not tokens:
        return
    rows = [
        {
            "client": token.client,
            "endpoint": token.endpoint,
            "fingerprint": token.fingerprint,
            "name": token.name,
            "since": now,
            "configured_at": now,
            "uses": 0,
        }
        for token in sorted(tokens, key=lambda token: (token.client, token.endpoint, token.name))
    ]
    new = insert(connection.dialect, endpoint_tokens)
    again = {"name": new.excluded.name, "configured_at": now}
    key = ("client", "endpoint", "fingerprint")
    connection.execute(new.on_conflict_do_update(index_elements=key, set_=again), rows)


def add_uses(connection: Connection, uses: Mapping[Use, int], now: int) -> None:
    """Add how often tokens were used until now."""
    table = endpoint_tokens.c
    for use, times in sorted(uses.items(), key=lambda item: (item[0].client, item[0].token)):
        connection.execute(
            update(endpoint_tokens)
            .where(
                table.client == use.client,
                table.endpoint == use.endpoint,
                table.fingerprint == use.token,
            )
            .values(
                uses=table.uses + times,
                first_used_at=func.coalesce(table.first_used_at, now),
                last_used_at=now,
            )
        )


def add_refusals(connection: Connection, refusals: Mapping[Refusal, int], now: int) -> None:
    """Add how many requests were refused until now; forget what is old, or too much."""
    rows = [
        {
            "client": refusal.client,
            "endpoint": refusal.endpoint,
            "cause": refusal.cause.value,
            "address": refusal.address,
            "by_cvent": refusal.by_cvent,
            "requests": times,
            "first_at": now,
            "last_at": now,
        }
        for refusal, times in _fewer(refusals)
    ]
    # In one order at all hosts, so that none waits for another that waits for it.
    rows.sort(key=lambda row: tuple(row[name] for name in _REFUSED_KEY))
    new = insert(connection.dialect, refused)
    table = refused.c
    sums = {
        "requests": table.requests + new.excluded.requests,
        "by_cvent": case((new.excluded.by_cvent, True), else_=table.by_cvent),
        "last_at": now,
    }
    connection.execute(new.on_conflict_do_update(index_elements=_REFUSED_KEY, set_=sums), rows)
    _forget_refusals(connection, now)


def current_tokens(connection: Connection) -> Sequence[Any]:
    """Return the tokens of each endpoint that the host that started last takes, and their uses.

    Rows are (client, endpoint, token, since, uses, first_used_at, last_used_at).
    """
    table = endpoint_tokens.c
    last = (
        select(table.client, table.endpoint, func.max(table.configured_at))
        .group_by(table.client, table.endpoint)
        .subquery()
    )
    statement = select(
        table.client,
        table.endpoint,
        table.name.label("token"),
        table.since,
        table.uses,
        table.first_used_at,
        table.last_used_at,
    ).where(tuple_(table.client, table.endpoint, table.configured_at).in_(select(last)))
    order = (table.client, table.endpoint, table.since, table.name)
    return connection.execute(statement.order_by(*order)).all()


def refused_requests(connection: Connection, after: int = 0, limit: int = SHOWN) -> Sequence[Any]:
    """Return who was refused last after a time (ms), the newest first.

    Rows are (client, endpoint, cause, address, by_cvent, requests, since, last_at).
    """
    table = refused.c
    names = (*_REFUSED_KEY, "by_cvent", "requests")
    statement = select(
        *(table[name] for name in names), table.first_at.label("since"), table.last_at
    )
    order = (table.last_at.desc(), *(table[name] for name in _REFUSED_KEY))
    return connection.execute(
        statement.where(table.last_at > after).order_by(*order).limit(limit)
    ).all()


def _fewer(refusals: Mapping[Refusal, int]) -> Iterable[tuple[Refusal, int]]:
    """Yield one entry for each address, and one for all that are too many for an endpoint."""
    doors: dict[_Door, dict[str, tuple[int, bool]]] = defaultdict(dict)
    for refusal, times in refusals.items():
        door = doors[refusal.client, refusal.endpoint, refusal.cause]
        before, by_cvent = door.get(refusal.address, (0, False))
        door[refusal.address] = (before + times, by_cvent or refusal.by_cvent)
    for key, door in doors.items():
        # Cvent's before all others, then those that came most often.
        ranked = sorted(door.items(), key=lambda item: (not item[1][1], -item[1][0], item[0]))
        named = [item for item in ranked if item[0]][:ADDRESSES]
        others = sum(times for address, (times, _) in door.items() if address not in dict(named))
        for address, (times, by_cvent) in named:
            yield Refusal(*key, address, by_cvent), times
        if others:
            yield Refusal(*key, ""), others


def _forget_refusals(connection: Connection, now: int) -> None:
    table = refused.c
    connection.execute(delete(refused).where(table.last_at < now - KEPT_DAYS * DAY))
    newest = (
        select(table.client, table.endpoint, table.cause, table.address)
        .order_by(table.by_cvent.desc(), table.last_at.desc(), table.requests.desc())
        .limit(MOST)
    )
    kept = tuple_(table.client, table.endpoint, table.cause, table.address).in_(newest)
    connection.execute(delete(refused).where(not_(kept)))
