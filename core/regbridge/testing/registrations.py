"""Makes registrations of Cvent's records, as hooks receive them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from regbridge.message import read_envelope, read_revisions
from regbridge.models import EMPTY, Client, Registration
from regbridge.registrations import from_revision
from regbridge.testing.payloads import encode, message

_NOBODYS = Client("contract")


def registration_of(
    record: Mapping[str, Any],
    event_type: str = "InviteeOrGuestAccepted",
    *,
    client: Client = _NOBODYS,
    enriched: Mapping[str, Mapping[str, Any]] = EMPTY,
) -> Registration:
    """Return the registration that hooks receive for a record (`payloads.registrant` makes some).

    `enriched` are patches by the name of the plugin that fetched them. Raises `RejectedError` for a
    record that the host parks by itself.
    """
    [found] = registrations_of(message(event_type, [record]), client)
    return replace(found, enriched=enriched)


def registrations_of(content: Mapping[str, Any], client: Client = _NOBODYS) -> list[Registration]:
    """Return the registrations of a message (`payloads.sync` makes some), in its order.

    What the host parks by itself, because it does not say whose it is, is left out.
    """
    return read_registrations(encode(content), client)


def read_registrations(body: bytes, client: Client) -> list[Registration]:
    """Return the registrations of a message's bytes, as `registrations_of` does.

    Raises `MalformedMessageError` for what is no message of Cvent's.
    """
    envelope = read_envelope(body)
    endpoint = next(iter(client.endpoints), "")
    revisions: Sequence[Any] = list(read_revisions(envelope, client.kinds))
    return [
        from_revision(each, envelope, client, endpoint) for each in revisions if not each.problem
    ]
