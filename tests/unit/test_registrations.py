"""Fresh revisions become what hooks receive; what no target takes is told with its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from regbridge.message import read_envelope, read_revisions
from regbridge.models import Client, Endpoint, Event, Kind, Registration, Target
from regbridge.registrations import find_event, from_revision, untaken
from regbridge.testing.payloads import encode, registrant, substitution, sync

EVENT = "0b4c4410-1d46-43cd-a903-e8cf9de6ade5"
CONFERENCE = Event("conference", EVENT, "America/New_York")
CLIENT = Client(
    "apap",
    events={"conference": CONFERENCE},
    targets={"crm": Target("crm")},
    endpoints={
        "all": Endpoint("all", "/all", ("t",)),
        "one": Endpoint("one", "/one", ("t",), events=("conference",)),
    },
)


def registration(
    kind: Kind = Kind.REGISTRATION,
    endpoint: str = "all",
    event: Event | None = None,
    event_stub: str = "",
) -> Registration:
    return Registration(
        1, "apap", endpoint, kind, "SomeType", {}, event=event, event_stub=event_stub
    )


def test_a_registration_that_a_target_takes_goes_on() -> None:
    assert untaken(registration(), CLIENT) is None


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Kind.ABANDONED, "an abandoned registration; no target of this client takes those"),
        (Kind.ATTENDANCE, "an attendance message; no target of this client takes those"),
        (Kind.ORDER, "an order; no target of this client takes those"),
        (Kind.EMAIL, "an e-mail message; no target of this client takes those"),
        (Kind.EVENT, "an event message; no target of this client takes those"),
        (Kind.UNKNOWN, "a message of an unknown type; no target of this client takes those"),
        (Kind.CONTACT, "a contact message; no target of this client takes those"),
        (Kind.SESSION, "a session message; no target of this client takes those"),
        (Kind.SPEAKER, "a speaker message; no target of this client takes those"),
        (Kind.MEETING_REQUEST, "a meeting-request message; no target of this client takes those"),
    ],
)
def test_a_kind_that_no_target_takes_is_dropped_in_words(kind: Kind, reason: str) -> None:
    drop = untaken(registration(kind), CLIENT)
    assert drop is not None
    assert drop.reason == reason


@pytest.mark.parametrize("kind", list(Kind))
def test_a_kind_goes_on_as_soon_as_one_target_takes_it(kind: Kind) -> None:
    taker = Target("other", kinds=frozenset({kind}))
    client = replace(CLIENT, targets={**CLIENT.targets, "other": taker})
    assert untaken(registration(kind), client) is None


def test_an_endpoint_without_events_takes_every_event() -> None:
    assert untaken(registration(endpoint="all", event_stub="other"), CLIENT) is None


def test_an_endpoint_takes_only_the_events_that_it_names() -> None:
    mine = registration(endpoint="one", event=CONFERENCE, event_stub=EVENT)
    assert untaken(mine, CLIENT) is None
    other = untaken(registration(endpoint="one", event_stub="7c1e5a52"), CLIENT)
    assert other is not None
    assert other.reason == "event 7c1e5a52 is not among those of the endpoint one"
    none = untaken(registration(endpoint="one"), CLIENT)
    assert none is not None
    assert none.reason == "event none is not among those of the endpoint one"


def test_an_endpoint_that_the_file_no_longer_names_restricts_nothing() -> None:
    assert untaken(registration(endpoint="gone", event_stub="other"), CLIENT) is None


def test_a_revision_becomes_what_hooks_receive() -> None:
    envelope = read_envelope(encode(sync(2)))
    _, revision = read_revisions(envelope, {})
    found = from_revision(revision, envelope, CLIENT, "one")
    record = registrant(2)
    assert found.fields == record
    assert (found.client, found.endpoint, found.position) == ("apap", "one", 1)
    assert found.event == CONFERENCE
    assert found.invitee_stub == record["inviteeStub"].lower()
    assert found.message_stub == envelope.message_stub
    assert found.message_time == envelope.message_time
    assert found.subject == revision.subject


def test_a_substitution_reads_like_every_other_registration() -> None:
    leaving, newcomer = registrant(1), registrant(2)
    envelope = read_envelope(encode(substitution(leaving, newcomer)))
    (revision,) = read_revisions(envelope, {})
    found = from_revision(revision, envelope, CLIENT)
    assert found.fields["firstName"] == newcomer["firstName"]
    assert found.fields["confirmationNumber"] == leaving["confirmationNumber"]
    assert found.contact_stub == newcomer["contactStub"].lower()
    assert found.previous_contact_stub == leaving["contactStub"].lower()


def test_an_event_is_found_by_its_id() -> None:
    assert find_event(CLIENT, EVENT) == CONFERENCE
    assert find_event(CLIENT, "other") is None
    assert find_event(CLIENT, "") is None


def test_a_hook_cannot_change_the_fields_of_a_registration() -> None:
    envelope = read_envelope(encode(sync(1)))
    (revision,) = read_revisions(envelope, {})
    found = from_revision(revision, envelope, CLIENT)
    with pytest.raises(TypeError):
        found.fields["email"] = "x"  # type: ignore[index]
