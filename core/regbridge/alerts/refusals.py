"""Finds endpoints that refuse what may be Cvent's: its token, or its address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from regbridge.admissions import Cause
from regbridge.alerts.alert import Alert, moment
from regbridge.models import Client
from regbridge.store.admissions import MOST, refused_requests
from regbridge.store.alerts import last_arrival
from regbridge.store.engine import Store

_DAY = 86_400_000
_NAMED = 3

_WHERE = "Admin > Integrations > Push API Integrations"
_AFTERWARDS = (
    "Cvent switches an integration off when this goes on. When it is mended, send a sync of the "
    "open events, which brings what was refused."
)


def find_refusals(store: Store, clients: Mapping[str, Client], now: int) -> Iterator[Alert]:
    """Yield an alert for each endpoint that refused tokens, or Cvent's address, within a day."""
    doors: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for row in store.read(lambda c: refused_requests(c, now - _DAY, MOST)):
        if row.client in clients:
            doors[row.client, row.endpoint, row.cause].append(row)
    for (client, endpoint, cause), rows in doors.items():
        if cause == Cause.TOKEN:
            last = store.read(lambda c, door=(client, endpoint): last_arrival(c, *door))  # type: ignore[misc]
            known = clients[client].endpoints.get(endpoint)
            has_tokens = known is None or bool(known.tokens)
            yield _wrong_token(client, endpoint, rows, last, has_tokens)
        elif cvents := [row for row in rows if row.by_cvent]:
            yield _kept_out(client, endpoint, cvents)


def _wrong_token(
    client: str, endpoint: str, rows: Sequence[Any], last: int | None, has_tokens: bool
) -> Alert:
    """Return the alert about refused tokens; of guesses that are not Cvent's, one a day."""
    newest = max(row.last_at for row in rows)
    by_cvent = any(row.by_cvent for row in rows)
    taken = f"The last message was taken at {moment(last)}." if last else "None was ever taken."
    how = (
        f"`regbridge rotate-token {client} {endpoint} --check` says which tokens are used."
        if has_tokens
        else "The log of the host has the reason."
    )
    what_to_do = (
        f"Compare the authentication of the integration in Cvent ({_WHERE}) with the endpoint's in "
        f"the client's file. {how} {_AFTERWARDS}"
        if by_cvent
        else "None of them calls itself Cvent, so somebody else may be trying; nothing was "
        "stored, and a right token is let in all the same."
    )
    return Alert(
        f"tokens {client} {endpoint}",
        newest if by_cvent else newest - newest % _DAY,
        f"{client}: {endpoint} refuses tokens",
        f"{_summary(rows)} brought no right token. {taken} {what_to_do}",
    )


def _kept_out(client: str, endpoint: str, rows: Sequence[Any]) -> Alert:
    return Alert(
        f"addresses {client} {endpoint}",
        max(row.last_at for row in rows),
        f"{client}: {endpoint} refuses an address that may be Cvent's",
        f"{_summary(rows)} refused by allow_from, though they bring a right token or call "
        "themselves Cvent. If the address is Cvent's, registrations are being lost: add it to "
        "allow_from of the endpoint, or of host in base.yaml, and restart the service. "
        f"{_AFTERWARDS}",
    )


def _summary(rows: Sequence[Any]) -> str:
    """Return how many requests there were, when and from where."""
    count = sum(row.requests for row in rows)
    addresses = [row.address for row in rows if row.address]
    more = len(rows) > min(len(addresses), _NAMED)
    named = ", ".join(addresses[:_NAMED]) + (" and others" if more else "")
    since, last = min(row.since for row in rows), max(row.last_at for row in rows)
    return (
        f"{count} request{'s' if count > 1 else ''} from {named or 'many addresses'} "
        f"(since {moment(since)}, the last at {moment(last)})"
    )
