"""Cvent's envelope and its records: what is read, what is refused, whose registration it is."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regbridge.errors import MalformedMessageError, RejectedError
from regbridge.message import (
    _PIECE,
    ALIASES,
    KINDS,
    Envelope,
    Revision,
    normal_id,
    read_envelope,
    read_fields,
    read_revisions,
)
from regbridge.models import Kind
from regbridge.testing.payloads import encode, live, message, registrant, substitution, sync

EVENT = "0B4C4410-1D46-43CD-A903-E8CF9DE6ADE5"
INVITEE = "82506834-04D3-4C30-971A-DF06EACCD6CD"
CONTACT = "DB665428-84D2-4C1D-AF60-2150FCF1B29F"
OTHER = "33B87EF1-A759-4805-A8C5-271B72434D18"
FULLWIDTH = "\N{FULLWIDTH DIGIT EIGHT}"
ZERO = "00000000-0000-0000-0000-000000000000"

# The eventType strings of Cvent's documentation and of public receivers.
KNOWN_TYPES = {
    "InviteeOrGuestEmailBounced": Kind.EMAIL,
    "InviteeOrGuestEmailOpened": Kind.EMAIL,
    "InviteeOrGuestEmailSent": Kind.EMAIL,
    "InviteeResubscribed": Kind.EMAIL,
    "InviteeAbandonedRegistrationInAnEvent": Kind.ABANDONED,
    "InviteeAttendsCventSession": Kind.ATTENDANCE,
    "InviteeOrGuestAccepted": Kind.REGISTRATION,
    "InviteeOrGuestCancelled": Kind.REGISTRATION,
    "InviteeSubstitutedInAnEvent": Kind.REGISTRATION,
    "ContactConfirmedOptedIn": Kind.CONTACT,
    "ContactOptedOut": Kind.CONTACT,
    "SessionCreated": Kind.SESSION,
    "SessionDeleted": Kind.SESSION,
    "SessionUpdated": Kind.SESSION,
    "SpeakerCreated": Kind.SPEAKER,
    "SpeakerDeleted": Kind.SPEAKER,
    "SpeakerUpdated": Kind.SPEAKER,
    "AttendeeManualSynced": Kind.REGISTRATION,
    "InviteeAbandonedRegistrationManualSynced": Kind.ABANDONED,
    "EventManualSynced": Kind.EVENT,
    "SessionManualSynced": Kind.SESSION,
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=12,
)


def envelope(**fields: Any) -> bytes:
    whole = {"eventType": "InviteeOrGuestAccepted", "messageStub": OTHER, "message": []}
    return encode(whole | fields)


def revisions(event_type: str, *records: Any, **kinds: Kind) -> list[Revision]:
    body = encode(message(event_type, records))
    return list(read_revisions(read_envelope(body), kinds))


def revision(event_type: str, record: Any) -> Revision:
    (found,) = revisions(event_type, record)
    return found


def person(**fields: Any) -> dict[str, Any]:
    return {"eventStub": EVENT, "inviteeStub": INVITEE, "contactStub": CONTACT} | fields


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "the body is empty"),
        (b" \r\n\t ", "the body is empty"),
        (b"\xef\xbb\xbf", "the body is empty"),
        (b"[]", "not a Cvent message: Expected `object`, got `array`"),
        (b"{}", "missing required field `eventType`"),
        (b"null", "got `null`"),
        (b"17", "got `int`"),
        (b'"eventType"', "got `str`"),
        (b'{"eventType": "A", "message": null}', "got `null` - at `$.message`"),
        (b'{"eventType": "A", "message": {}}', "got `object` - at `$.message`"),
        (b'{"eventType": "A"}', "missing required field `message`"),
        (b'{"message": []}', "missing required field `eventType`"),
        (b'{"eventType": null, "message": []}', "got `null` - at `$.eventType`"),
        (b'{"eventType": 3, "message": []}', "got `int` - at `$.eventType`"),
        (b'{"eventType": "A", "message": [NaN]}', "the body is not JSON"),
        (b'{"eventType": "A", "message": [Infinity]}', "the body is not JSON"),
        (b'{"eventType": "A", "message": [{}]', "the body is not JSON"),
        (b'{"eventType": "A", "message": []} trailing', "the body is not JSON"),
        (b"eventType=A&message=x", "the body is not JSON"),
        (b"<message/>", "the body is not JSON"),
        (b'{"eventType": "A\xff", "message": []}', "not UTF-8 (byte 16)"),
        ('{"eventType": "A", "message": []}'.encode("utf-16"), "not UTF-8"),
        (b'{"eventType": "A", "message": ' + b"[" * 10_000, "nested too deeply"),
        (b"[" * 10_000 + b"]" * 10_000, "not a Cvent message"),
    ],
)
def test_a_malformed_body_is_refused_with_what_and_where(body: bytes, says: str) -> None:
    with pytest.raises(MalformedMessageError) as caught:
        read_envelope(body)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"Mary Jones <mary.jones@example.com>",
        b'{"eventType": ["Mary Jones", "mary.jones@example.com"], "message": []}',
        b'{"eventType": "A", "message": "Mary Jones"}',
        b'{"eventType": "A", "message": [{"Mary Jones": mary.jones@example.com}]}',
        b'{"eventType": "A", "message": [], "mary.jones@example.com": \xff}',
    ],
)
def test_an_error_never_quotes_the_body(body: bytes) -> None:
    with pytest.raises(MalformedMessageError) as caught:
        read_envelope(body)
    assert "mary" not in f"{caught.value} {caught.value.detail}".lower()


def test_a_byte_order_mark_is_accepted() -> None:
    body = encode(sync(3))
    assert read_envelope(b"\xef\xbb\xbf" + body) == read_envelope(body)


def test_unknown_fields_of_envelope_and_record_are_accepted() -> None:
    body = envelope(message=[person(fieldOfNextYear={"a": [1]})], apiVersion=7, tags=["x"])
    (found,) = read_revisions(read_envelope(body), {})
    assert found.problem == ""
    assert read_fields(found.payload)["fieldOfNextYear"] == {"a": [1]}


def test_an_envelope_is_read() -> None:
    found = read_envelope(
        envelope(messageTime="2044-04-30T15:06:21.499Z", message=[{"a": 1}, "text"])
    )
    assert found.event_type == "InviteeOrGuestAccepted"
    assert found.message_stub == OTHER.lower()
    assert found.message_time == datetime(2044, 4, 30, 15, 6, 21, 499000, UTC)
    assert found.message_time_text == "2044-04-30T15:06:21.499Z"
    assert [bytes(record) for record in found.records] == [b'{"a":1}', b'"text"']


@pytest.mark.parametrize("value", [None, 5, -1.5, True, [], {"a": 1}, "", "yesterday", "9999"])
def test_a_message_time_that_is_none_is_accepted(value: Any) -> None:
    found = read_envelope(envelope(messageTime=value))
    assert found.message_time is None
    assert found.message_time_text == (value if isinstance(value, str) else "")


@pytest.mark.parametrize("value", [None, 1.5, True, [], {"a": 1}, "", "  ", ZERO])
def test_a_message_stub_that_is_none_is_accepted(value: Any) -> None:
    assert read_envelope(envelope(messageStub=value)).message_stub == ""


def test_time_and_stub_may_be_missing() -> None:
    found = read_envelope(b'{"eventType": "A", "message": []}')
    assert (found.message_time, found.message_time_text, found.message_stub) == (None, "", "")


def test_a_message_time_without_a_zone_is_utc() -> None:
    found = read_envelope(envelope(messageTime="2044-04-30 15:06:21.499"))
    assert found.message_time == datetime(2044, 4, 30, 15, 6, 21, 499000, UTC)


def test_a_message_time_with_an_offset_becomes_utc() -> None:
    found = read_envelope(envelope(messageTime="2044-04-30T15:06:21-04:00"))
    assert found.message_time == datetime(2044, 4, 30, 19, 6, 21, tzinfo=UTC)


@given(st.binary() | st.text().map(str.encode) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_an_envelope_or_malformed(body: bytes) -> None:
    try:
        found = read_envelope(body)
    except MalformedMessageError:
        return
    assert isinstance(found, Envelope)


@given(
    st.fixed_dictionaries(
        {"eventType": JSON, "message": JSON}, optional={"messageTime": JSON, "messageStub": JSON}
    )
)
def test_any_envelope_is_read_or_malformed(value: dict[str, Any]) -> None:
    try:
        found = read_envelope(json.dumps(value).encode())
    except MalformedMessageError:
        return
    assert len(list(read_revisions(found, {}))) == len(found.records)


def test_the_known_event_types_have_their_kinds() -> None:
    assert KINDS == KNOWN_TYPES


@pytest.mark.parametrize("record", ["text", None, 3, [], True, [person()]])
def test_a_record_that_is_no_object_parks_alone(record: Any) -> None:
    first, bad, last = revisions("InviteeOrGuestAccepted", person(), record, person())
    assert bad.problem.startswith("the record cannot be read: Expected `object`")
    assert (bad.kind, bad.subject, bad.position) == (Kind.REGISTRATION, "", 1)
    assert [first.problem, last.problem] == ["", ""]
    assert [first.occurrence, last.occurrence] == [0, 1]


@pytest.mark.parametrize("missing", ["eventStub", "inviteeStub"])
@pytest.mark.parametrize("value", [None, "", ZERO, 1.5, [], True])
def test_a_registration_that_names_nobody_says_which_field_it_lacks(
    missing: str, value: Any
) -> None:
    found = revision("AttendeeManualSynced", person(**{missing: value}))
    assert found.field == missing
    assert found.problem == f"{missing} is missing, so nobody can say whose registration this is"
    assert found.subject == ""


@pytest.mark.parametrize(
    ("event_type", "record", "subject"),
    [
        ("InviteeOrGuestAccepted", person(), f"registration:{EVENT}:{INVITEE}"),
        ("InviteeSubstitutedInAnEvent", person(), f"registration:{EVENT}:{INVITEE}"),
        (
            "InviteeAbandonedRegistrationInAnEvent",
            {
                "eventStub": EVENT,
                "inviteeStub": ZERO,
                "contactStub": ZERO,
                "email": "A@Example.com",
            },
            f"abandoned:{EVENT}:a@example.com",
        ),
        (
            "InviteeAttendsCventSession",
            person(sessionStub=OTHER),
            f"attendance:{EVENT}:{INVITEE}:{OTHER}",
        ),
        (
            "InviteeAttendsCventSession",
            person(inviteeStub=ZERO, sessionStub=OTHER),
            f"attendance:{EVENT}:{CONTACT}:{OTHER}",
        ),
        (
            "InviteeOrGuestEmailSent",
            person(inviteeStub="", eventEmailStub=OTHER),
            f"email:{EVENT}:{CONTACT}:{OTHER}",
        ),
        ("ContactOptedOut", {"contactStub": CONTACT}, f"contact:{CONTACT}"),
        ("SessionCreated", {"sessionStub": OTHER}, f"session:{OTHER}"),
        ("SpeakerCreated", {"speakerStub": OTHER}, f"speaker:{OTHER}"),
        ("EventManualSynced", {"eventStub": EVENT}, f"event:{EVENT}"),
    ],
)
def test_each_kind_has_a_subject_of_its_own(
    event_type: str, record: Mapping[str, Any], subject: str
) -> None:
    found = revision(event_type, record)
    assert found.subject == subject.lower()
    assert found.problem == ""


@pytest.mark.parametrize("event_type", sorted(KNOWN_TYPES))
def test_an_empty_record_names_nobody(event_type: str) -> None:
    found = revision(event_type, {})
    assert found.subject == ""
    assert bool(found.problem) == (KNOWN_TYPES[event_type] is Kind.REGISTRATION)


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (person(confirmationNumber="LDNXB94RW6Z"), Kind.REGISTRATION),
        (person(registration_code="LDNXB94RW6Z"), Kind.REGISTRATION),
        (person(confirmationNumber="LDNXB94RW6Z", sessionStub=OTHER), Kind.ATTENDANCE),
        (person(confirmationNumber="LDNXB94RW6Z", eventEmailStub=OTHER), Kind.EMAIL),
        (person(), Kind.UNKNOWN),
        (person(confirmationNumber="LDNXB94RW6Z", inviteeStub=ZERO), Kind.UNKNOWN),
        ({"contactStub": CONTACT}, Kind.UNKNOWN),
        ({}, Kind.UNKNOWN),
    ],
)
def test_an_undocumented_event_type_is_classified_by_what_its_record_holds(
    record: Mapping[str, Any], kind: Kind
) -> None:
    found = revision("InviteeOrGuestModified", record)
    assert found.kind is kind
    assert found.problem == ""


def test_what_a_client_says_about_an_event_type_wins() -> None:
    kinds = {"OrderCreated": Kind.ORDER, "AttendeeManualSynced": Kind.CONTACT}
    (order,) = revisions("OrderCreated", person(), **kinds)
    (contact,) = revisions("AttendeeManualSynced", person(), **kinds)
    (broken,) = revisions("OrderCreated", "text", **kinds)
    assert order.subject == f"order:{EVENT}:{INVITEE}".lower()
    assert contact.subject == f"contact:{CONTACT}".lower()
    assert broken.kind is Kind.ORDER


def test_a_revision_carries_what_people_search_for() -> None:
    found = revision(
        "AttendeeManualSynced",
        person(
            firstName=" Mary ",
            lastName="Jones",
            email=" Mary.Jones@Example.com ",
            confirmationNumber="LDNXB94RW6Z",
            isGuest=True,
        ),
    )
    assert (found.name, found.email) == ("Mary Jones", "mary.jones@example.com")
    assert (found.confirmation, found.is_guest) == ("LDNXB94RW6Z", True)
    assert (found.event_stub, found.invitee_stub) == (EVENT.lower(), INVITEE.lower())
    assert (found.contact_stub, found.previous_contact_stub) == (CONTACT.lower(), "")


def test_a_substitution_keeps_the_registrant_and_carries_both_contacts() -> None:
    leaving, newcomer = registrant(1), registrant(2)
    (before,) = read_revisions(read_envelope(encode(message("A", [leaving]))), {})
    (after,) = read_revisions(read_envelope(encode(substitution(leaving, newcomer))), {})
    assert after.subject == before.subject
    assert after.contact_stub == newcomer["contactStub"].lower()
    assert after.previous_contact_stub == before.contact_stub
    assert after.name == f"{newcomer['firstName']} {newcomer['lastName']}"
    assert after.confirmation == leaving["confirmationNumber"]


@pytest.mark.parametrize("value", [True, "true", "Yes", " TRUE ", 1, "1"])
def test_a_guest_is_known_in_every_way_that_cvent_writes_it(value: Any) -> None:
    assert revision("AttendeeManualSynced", person(isGuest=value)).is_guest


@pytest.mark.parametrize("value", [False, "false", "no", 0, "", None, [], ["true"], {}, 1.5, "x"])
def test_whatever_else_it_writes_is_no_guest(value: Any) -> None:
    assert not revision("AttendeeManualSynced", person(isGuest=value)).is_guest


def order(*registrants: Mapping[str, Any]) -> dict[str, Any]:
    return {"orderDetails": [{"registrant": dict(one)} for one in registrants]}


def cancellation(*orders: Any, guest: bool = False) -> Revision:
    record = {"eventStub": EVENT, "isGuest": guest, "orders": list(orders)}
    return revision("InviteeOrGuestCancelled", record)


def test_a_cancellation_finds_its_invitee_in_its_orders() -> None:
    found = cancellation(order({"inviteeStub": INVITEE, "isGuest": False}), order())
    assert found.subject == f"registration:{EVENT}:{INVITEE}".lower()


def test_the_made_up_cancellation_is_the_same_registrant_as_its_registration() -> None:
    record = registrant(3)
    body = live("InviteeOrGuestCancelled", record)
    body["message"][0].pop("inviteeStub")
    (cancelled,) = read_revisions(read_envelope(encode(body)), {})
    assert cancelled.subject == revision("AttendeeManualSynced", record).subject


@pytest.mark.parametrize("guest", [False, True])
def test_only_registrants_of_the_same_sort_count_in_orders(guest: bool) -> None:
    found = cancellation(
        order({"inviteeStub": INVITEE, "isGuest": guest}),
        order({"inviteeStub": OTHER, "isGuest": not guest}),
        guest=guest,
    )
    assert found.invitee_stub == INVITEE.lower()


def test_the_same_invitee_in_two_orders_is_one() -> None:
    found = cancellation(order({"inviteeStub": INVITEE}), order({"inviteeStub": INVITEE.lower()}))
    assert found.invitee_stub == INVITEE.lower()


def test_orders_that_disagree_name_nobody() -> None:
    found = cancellation(order({"inviteeStub": INVITEE}, {"inviteeStub": OTHER}))
    assert (found.invitee_stub, found.field) == ("", "inviteeStub")


def test_the_records_own_invitee_wins_over_its_orders() -> None:
    found = revision("AttendeeManualSynced", person(orders=[order({"inviteeStub": OTHER})]))
    assert found.invitee_stub == INVITEE.lower()


@pytest.mark.parametrize(
    "orders",
    [
        None,
        3,
        "text",
        {},
        [None],
        [3],
        [{"orderDetails": None}],
        [{"orderDetails": 3}],
        [{"orderDetails": {"registrant": 1}}],
        [{"orderDetails": [None]}],
        [{"orderDetails": [{"registrant": None}]}],
        [{"orderDetails": [{"registrant": {"inviteeStub": ["x"]}}]}],
        [{"orderDetails": [{"registrant": {"inviteeStub": ZERO}}]}],
    ],
)
def test_orders_of_a_strange_shape_name_nobody(orders: Any) -> None:
    found = revision("InviteeOrGuestCancelled", {"eventStub": EVENT, "orders": orders})
    assert found.field == "inviteeStub"


def test_records_of_one_message_about_one_subject_are_counted() -> None:
    other = person(inviteeStub=OTHER)
    found = revisions("AttendeeManualSynced", person(), other, person(), {}, person(), {})
    assert [one.occurrence for one in found] == [0, 0, 1, 0, 2, 0]
    assert [one.position for one in found] == list(range(6))


@given(st.lists(st.sampled_from([INVITEE, OTHER, CONTACT, ZERO]), max_size=8), st.integers(0, 9))
def test_resuming_yields_the_same_tail(invitees: list[str], start: int) -> None:
    records = [person(inviteeStub=invitee) for invitee in invitees]
    found = read_envelope(encode(message("AttendeeManualSynced", records)))
    assert list(read_revisions(found, {}, start)) == list(read_revisions(found, {}))[start:]


def mixed_case(text: str, chance: random.Random) -> str:
    return "".join(chance.choice((letter.upper(), letter.lower())) for letter in text)


@given(st.sampled_from(sorted(KNOWN_TYPES)), st.randoms(use_true_random=False))
def test_the_subject_depends_neither_on_the_case_of_guids_nor_on_the_order_of_fields(
    event_type: str, chance: random.Random
) -> None:
    stubs = {
        "eventStub": EVENT,
        "inviteeStub": INVITEE,
        "contactStub": CONTACT,
        "sessionStub": OTHER,
        "speakerStub": OTHER,
        "eventEmailStub": OTHER,
    }
    fields = [(name, mixed_case(stub, chance)) for name, stub in stubs.items()]
    fields.append(("email", mixed_case("mary@example.com", chance)))
    chance.shuffle(fields)
    found = revision(event_type, dict(fields))
    assert found.subject
    assert found.subject == revision(event_type, stubs | {"email": "mary@example.com"}).subject


@pytest.mark.parametrize(
    ("value", "normal"),
    [
        (INVITEE, INVITEE.lower()),
        (f" {INVITEE} ", INVITEE.lower()),
        (ZERO, ""),
        ("LDNXB94RW6Z", "LDNXB94RW6Z"),
        ("MixedCase-7", "MixedCase-7"),
        (17, "17"),
        (INVITEE.replace("-", ""), INVITEE.replace("-", "")),
        (FULLWIDTH + INVITEE[1:], FULLWIDTH + INVITEE[1:]),
        (True, ""),
        (None, ""),
        (1.5, ""),
        ([], ""),
    ],
)
def test_an_id_is_opaque_unless_it_is_a_guid(value: Any, normal: str) -> None:
    assert normal_id(value) == normal


@given(st.sampled_from([*sorted(KNOWN_TYPES), "SomethingNew"]), JSON)
def test_any_json_value_as_a_record_is_a_revision(event_type: str, record: Any) -> None:
    found = revision(event_type, record)
    assert found.payload == encode({"": record})[4:-1]


HOSTILE = st.dictionaries(
    st.sampled_from(
        [
            "eventStub",
            "inviteeStub",
            "contactStub",
            "newContactStub",
            "oldContactStub",
            "sessionStub",
            "speakerStub",
            "eventEmailStub",
            "isGuest",
            "firstName",
            "last_name",
            "email",
            "confirmationNumber",
            "registration_code",
            "orders",
        ]
    ),
    JSON | st.just(INVITEE),
)


@given(st.sampled_from([*sorted(KNOWN_TYPES), "SomethingNew"]), HOSTILE)
@settings(max_examples=200)
def test_any_value_in_an_identifying_field_is_a_revision(
    event_type: str, record: dict[str, Any]
) -> None:
    found = revision(event_type, record)
    texts = (found.subject, found.name, found.email, found.confirmation, found.invitee_stub)
    assert all(isinstance(text, str) for text in texts)


@pytest.mark.parametrize("field", ["isGuest", "inviteeStub", "email", "orders", "unknown"])
def test_a_value_nested_to_any_depth_is_read_or_parks_alone(field: str) -> None:
    """Near Python's recursion limit one step may pass and the next one fail."""
    for depth in range(900, 1010):
        nested = b"[" * depth + b"]" * depth
        record = b'{"eventStub": "e", "inviteeStub": "i", "%s": %s}' % (field.encode(), nested)
        body = b'{"eventType": "AttendeeManualSynced", "message": [%s, {}]}' % record
        try:
            found = read_envelope(body)
        except MalformedMessageError as error:
            assert "nested too deeply" in str(error)
            continue
        assert len(list(read_revisions(found, {}))) == 2


@pytest.mark.parametrize("field", ["eventStub", "inviteeStub", "email", "firstName"])
def test_a_nul_character_is_not_taken_over_into_what_the_ledger_looks_for(field: str) -> None:
    """PostgreSQL refuses it in text, and with it everything else of the same transaction."""
    found = revision("AttendeeManualSynced", person(**{field: "\0a\0b\0"}))
    texts = (found.subject, found.event_stub, found.invitee_stub, found.email, found.name)
    assert "\0" not in "".join(texts)


def test_a_nul_character_is_not_taken_over_from_the_envelope() -> None:
    found = read_envelope(envelope(eventType="A\0", messageStub="\0b", messageTime="\0"))
    assert (found.event_type, found.message_stub, found.message_time_text) == ("A", "b", "")


@pytest.mark.parametrize("alias", sorted(ALIASES))
def test_the_names_of_a_substitution_are_also_there_as_the_usual_ones(alias: str) -> None:
    assert read_fields(encode({alias: "x"})) == {alias: "x", ALIASES[alias]: "x"}


def test_a_usual_name_that_is_there_already_stays() -> None:
    fields = read_fields(b'{"first_name": "Rory", "firstName": ""}')
    assert fields == {"first_name": "Rory", "firstName": ""}


@pytest.mark.parametrize(
    "payload", [b'"Mary"', b"[]", b"null", b"3", b"", b'{"a": 1e999}', b'{"a": ' + b"[" * 10_000]
)
def test_a_record_that_cannot_be_read_is_rejected_without_being_quoted(payload: bytes) -> None:
    with pytest.raises(RejectedError) as caught:
        read_fields(payload)
    assert "the record cannot be read" in str(caught.value)
    assert "Mary" not in str(caught.value)


@given(JSON)
def test_any_json_value_is_a_record_or_rejected(value: Any) -> None:
    read: Callable[[bytes], dict[str, Any]] = read_fields
    try:
        fields = read(encode({"": value})[4:-1])
    except RejectedError:
        return
    assert set(fields) >= set(value)


@pytest.mark.parametrize("before", [0, _PIECE - 2, _PIECE - 1, _PIECE, 2 * _PIECE - 1])
def test_a_large_message_may_hold_a_character_at_any_place(before: int) -> None:
    body = b'{"eventType": "%s\xf0\x9f\x98\x80", "message": []}' % (b"x" * before)

    assert read_envelope(body).event_type.endswith("\N{GRINNING FACE}")


@pytest.mark.parametrize("before", [0, _PIECE - 2, _PIECE - 1, _PIECE, 2 * _PIECE - 1])
@pytest.mark.parametrize("broken", [b"\xff", b"\xf0\x9f\x98", b"\xc3"])
def test_a_byte_that_is_not_utf_8_is_found_in_a_large_message(before: int, broken: bytes) -> None:
    start = b'{"eventType": "' + b"x" * before

    with pytest.raises(MalformedMessageError, match=rf"not UTF-8 \(byte {len(start)}\)"):
        read_envelope(start + broken + b'", "message": []}')
    with pytest.raises(MalformedMessageError, match=rf"not UTF-8 \(byte {len(start)}\)"):
        read_envelope(start + broken)
