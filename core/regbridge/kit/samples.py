"""The sample message of a new package, with what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from regbridge.kit.variant import Variant
from regbridge.testing.payloads import EVENT, live, registrant

_TYPE = "InviteeOrGuestAccepted"


@dataclass(frozen=True, slots=True)
class Sample:
    """A folder of `sample_payloads`: its files by name, and the record that the message becomes."""

    name: str
    files: Mapping[str, Any]
    record: Mapping[str, Any]


def sample_of(variant: Variant) -> Sample:
    """Return the sample of a package; the person is made up, and the same every time."""
    fields = registrant(1, EVENT, registrationType="Member")
    record = {
        "Registration": fields["inviteeStub"].lower(),
        "FirstName": fields["firstName"],
        "LastName": fields["lastName"],
        "Email": fields["email"],
        "Status": fields["inviteeStatus"],
    }
    if variant.has("enrich") and not variant.has("map"):
        record["MemberNumber"] = "M-1"
    headers = {
        "User-Agent": "Cvent-Webhooks",
        "Authorization": "<token>",
        "Content-Type": "application/json",
    }
    files = {
        "request.json": live(_TYPE, fields),
        "headers.json": headers,
        "expected.json": {"status": 200, "registrations": [{"state": "delivered"}]},
        "expected/crm.json": [record],
    }
    return Sample(f"{_TYPE}--registered", files, record)
