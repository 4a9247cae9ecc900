"""Looks into the ledger for what a person should know; nothing that it says is about a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from regbridge.alerts.alert import Alert, moment
from regbridge.alerts.refusals import find_refusals
from regbridge.models import Client
from regbridge.store.alerts import (
    has_arrived,
    last_arrival,
    parked_registrations,
    troubled,
    unread_messages,
)
from regbridge.store.compared import was_told
from regbridge.store.engine import Store
from regbridge.store.hosts import Standing, clients_there
from regbridge.store.passes import last_pass, latest_passes
from regbridge.store.pauses import Cause

_HOUR = 3_600_000
_DAY = 24 * _HOUR

_PATIENCE = 600_000
"""So many ms a refused file may be worked on before somebody is told."""

_TROUBLE: Mapping[str, tuple[str, str]] = {
    Cause.OUTAGE: (
        "{name} is down",
        "It is tried again and again; nothing is lost, and everything goes on by itself.",
    ),
    Cause.CREDENTIALS: (
        "{name} refuses our credentials",
        "Repair them; if they are in environment variables, restart the service. Nothing is lost "
        "meanwhile.",
    ),
    Cause.QUOTA: (
        "the calls of {name} are used up",
        "It goes on by itself at {until}; nothing is lost meanwhile.",
    ),
}


def find_alerts(
    store: Store,
    clients: Mapping[str, Client],
    now: int,
    known_since: Mapping[tuple[str, str], int],
) -> list[Alert]:
    """Return what is wrong now, whether it was told or not.

    `known_since` is when this host began to receive at each endpoint, by client and endpoint.
    """
    return [
        *_parked(store, list(clients)),
        *_unread(store, now - _DAY),
        *_troubled(store),
        *_refused(store, now),
        *(each for client in clients.values() for each in _silent(store, client, now, known_since)),
        *(each for client in clients for each in _untold(store, client)),
        *find_refusals(store, clients, now),
    ]


def _parked(store: Store, clients: list[str]) -> Iterator[Alert]:
    for row in store.read(lambda c: parked_registrations(c, clients)):
        count = f"{row.parked} registration{'s are' if row.parked > 1 else ' is'} parked"
        text = (
            f"The newest at {moment(row.newest)}. They are kept, and wait for a person: "
            "`regbridge status` says why and what to do."
        )
        yield Alert(f"parked {row.client}", row.newest, f"{row.client}: {count}", text)


def _unread(store: Store, since: int) -> Iterator[Alert]:
    for row in store.read(lambda c: unread_messages(c, since)):
        count = f"{row.parked} message{'s' if row.parked > 1 else ''} of today cannot be read"
        text = (
            f"The newest at {moment(row.newest)}. The sender was answered 400, and they are "
            "kept: `regbridge status` lists them."
        )
        yield Alert(f"unread {row.client}", row.newest, f"{row.client}: {count}", text)


def _troubled(store: Store) -> Iterator[Alert]:
    for row in store.read(troubled):
        subject, text = _TROUBLE[row.cause]
        words = {"name": row.upstream, "until": moment(row.until)}
        yield Alert(
            f"{row.cause} {row.client} {row.upstream}",
            row.since,
            f"{row.client}: {subject.format(**words)}",
            f"Since {moment(row.since)}. {text.format(**words)}",
        )


def _refused(store: Store, now: int) -> Iterator[Alert]:
    """Yield an alert for each changed file that has been refused for a while at some host."""
    for row in store.read(lambda c: clients_there(c, now)):
        if row.standing == Standing.REFUSED and row.changed_at < now - _PATIENCE:
            yield Alert(
                f"refused {row.client}",
                row.changed_at,
                f"{row.client}: its changed configuration is refused",
                f"Since {moment(row.changed_at)} at {row.host}; what it was before goes on, until "
                "the service is restarted. `regbridge status` and `check` say what is wrong.",
            )


def _silent(
    store: Store, client: Client, now: int, known_since: Mapping[tuple[str, str], int]
) -> Iterator[Alert]:
    """Yield an alert for each endpoint at which nothing has arrived for as long as it says."""
    for endpoint in client.endpoints.values():
        if endpoint.silence_hours is None:
            continue
        since = now - round(endpoint.silence_hours * _HOUR)
        name = endpoint.name
        if store.read(lambda c, name=name, since=since: has_arrived(c, client.name, name, since)):  # type: ignore[misc]
            continue
        last = store.read(lambda c, name=name: last_arrival(c, client.name, name))  # type: ignore[misc]
        if last is None and known_since.get((client.name, name), now) > since:
            continue  # this host has not been there for as long
        yield Alert(
            f"silence {client.name} {name}",
            last or 0,
            f"{client.name}: nothing arrives at {name}",
            f"Nothing since {moment(last) if last else 'ever'}, for {endpoint.silence_hours:g} "
            "hours or more. If people register, look in Cvent at Admin > Integrations > Push API, "
            "whether the integration is on, and at the event's webhooks.",
        )


def _untold(store: Store, client: str) -> Iterator[Alert]:
    """Yield an alert for each event at which people registered and no webhook told of any."""
    for row in store.read(lambda c: latest_passes(c, client)):
        if not row.untold or row.finished_at is None:
            continue
        before = store.read(lambda c, row=row: last_pass(c, client, row.event_stub, before=row.id))  # type: ignore[misc]
        since = before.began_at if before else row.began_at
        anything = store.read(lambda c, since=since: was_told(c, client, "", since))  # type: ignore[misc]
        count = f"{row.untold} registration{'s' if row.untold > 1 else ''}"
        sent = "They were sent by `reconcile`." if row.fixes else "Send them: `reconcile --fix`."
        yield Alert(
            f"untold {client} {row.event}",
            row.finished_at,
            f"{client}: no webhook comes from the event {row.event}",
            f"{count} at Cvent since {moment(since)}, and no message about any of them. {sent} "
            + (_EVENT_SWITCH if anything else _INTEGRATION_SWITCH),
        )


_EVENT_SWITCH = (
    "Messages of other events do arrive, so look in Cvent at this event's own switch: "
    "Integrations > Webhooks, whether the integration is added there with the object Attendees."
)
_INTEGRATION_SWITCH = (
    "No message of any event arrives, so look in Cvent at Admin > Integrations > Push API "
    "Integrations, whether the integration is active (Cvent switches it off when its token is "
    "refused), and whether its URL is right; then at this event's Integrations > Webhooks."
)
