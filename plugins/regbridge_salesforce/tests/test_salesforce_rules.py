"""Rules of values, keys and refusals, each by itself; and no call has a key twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import Outcome, OutcomeKind, Record
from regbridge.http import Answer
from regbridge.rounds import rounds, send_in_rounds
from regbridge_salesforce.errors import Trouble, read_error, read_refusal
from regbridge_salesforce.metadata import read_object
from regbridge_salesforce.outcomes import refused
from regbridge_salesforce.records import Translator, Upsert, mark
from regbridge_salesforce.schema import Choice, Field
from regbridge_salesforce.sending import body_of
from regbridge_salesforce.settings import LookupSettings, SalesforceSettings
from regbridge_salesforce.simulator import registration_schema
from regbridge_salesforce.simulator.database import Database
from regbridge_salesforce.simulator.upsert import Upserts
from regbridge_salesforce.values import write_value

NEW_YORK = ZoneInfo("America/New_York")
CHOICES = (Choice("A", "Alpha"), Choice("B", "Beta"), Choice("b2", "Beta"))
KEY = "Cvent_Contact_Id__c"


@pytest.mark.parametrize(
    ("field", "value", "written"),
    [
        (Field("F", "string", length=3), "a b", "a b"),
        (Field("F", "string"), 12, "12"),
        (Field("F", "string"), True, "true"),
        (Field("F", "string"), "  ", None),
        (Field("F", "picklist", choices=CHOICES, is_restricted=True), "alpha", "A"),
        (Field("F", "picklist", choices=CHOICES, is_restricted=True), "B", "B"),
        (Field("F", "picklist", choices=CHOICES), "new", "new"),
        (Field("F", "multipicklist", choices=CHOICES), ["A", "b", "A"], "A;B"),
        (Field("F", "multipicklist", choices=CHOICES), "alpha; b2", "A;b2"),
        (Field("F", "multipicklist", choices=CHOICES), [], None),
        (Field("F", "boolean"), "No", False),
        (Field("F", "int"), "12.0", 12),
        (Field("F", "date"), "04-Mar-2027", "2027-03-04"),
        (Field("F", "date"), "2027-03-04T02:00:00Z", "2027-03-03"),
        (Field("F", "datetime"), "2027-07-04 09:30:00.0", "2027-07-04T13:30:00Z"),
        (Field("F", "reference"), "003000000000001AAA", "003000000000001AAA"),
    ],
)
def test_a_value_is_written_as_its_field_means_it(field: Field, value: Any, written: Any) -> None:
    assert write_value(field, value, NEW_YORK) == written


def test_an_amount_has_the_digits_of_its_field() -> None:
    field = Field("F", "currency", precision=5, scale=2)
    assert str(write_value(field, "12.345")) == "12.35"
    assert str(write_value(field, 0.1 + 0.2)) == "0.30"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (Field("F", "string", length=3), "abcd", "4 characters, and the field takes 3"),
        (Field("F", "string"), "a\x00b", "control character"),
        (Field("F", "string"), {"a": 1}, "a list or an object"),
        (Field("F", "picklist", choices=CHOICES, is_restricted=True), "Beta", "none of"),
        (Field("F", "multipicklist", choices=()), ["a;b"], "semicolon"),
        (Field("F", "boolean", can_be_empty=False), None, "cannot be empty"),
        (Field("F", "boolean"), 2, "neither yes nor no"),
        (Field("F", "int"), True, "not a whole number"),
        (Field("F", "currency", precision=5, scale=2), 1000, "more than 3 digits before"),
        (Field("F", "double"), float("nan"), "not a number"),
        (Field("F", "double"), "1,5", "not a number"),
        (Field("F", "date"), "1699-12-31", "before the year 1700"),
        (Field("F", "datetime"), "2027-03-04 09:30:00.0", "without a time zone"),
        (Field("F", "reference"), "C-1", "lookups"),
        (Field("F", "address"), "x", "type address cannot be written"),
    ],
)
def test_a_value_that_the_field_does_not_take_is_refused(
    field: Field, value: Any, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        write_value(field, value)


@pytest.mark.parametrize(
    ("field", "one", "other", "are_one"),
    [
        (Field("F", "string"), "Ab", "aB", True),
        (Field("F", "string", is_case_sensitive=True), "Ab", "aB", False),
        (Field("F", "string"), "a ", "a", True),
        (Field("F", "double"), 1, 1.0, True),
        (Field("F", "string"), "1", "1.0", False),
    ],
)
def test_keys_that_salesforce_takes_for_one_have_one_mark(
    field: Field, one: Any, other: Any, are_one: bool
) -> None:
    assert (mark(field, one) == mark(field, other)) is are_one


def translator() -> Translator:
    [contact] = [one for one in registration_schema() if one.name == "Contact"]
    settings = SalesforceSettings.model_construct(
        object="Contact", external_id=KEY, lookups={}, chunk_size=200
    )
    return Translator(read_object(contact.described()), {}, settings)


@given(st.lists(st.tuples(st.sampled_from("aAbBcC"), st.integers(0, 99))), st.integers(1, 5))
def test_whatever_keys_come_salesforce_gets_none_twice_and_keeps_the_newest(
    given_records: list[tuple[str, int]], size: int
) -> None:
    # The simulated org refuses every record whose external id a call has twice.
    made = translator()
    upserts = [
        made.upsert(place, Record({KEY: key, "LastName": f"L{number}"}))
        for place, (key, number) in enumerate(given_records)
    ]
    database = Database(registration_schema())
    sent: list[list[int]] = []

    def send(group: Any) -> Mapping[int, Outcome]:
        sent.append([one.place for one in group])
        results = Upserts(database).run("Contact", KEY, body_of(group))
        assert all(one["success"] for one in results), results
        return {one.place: Outcome.created() for one in group}

    send_in_rounds(upserts, size, send, lambda: pytest.fail("no call fails"))
    newest = {key.casefold(): f"L{number}" for key, number in given_records}
    kept = {row.values[KEY].casefold(): row.values["LastName"] for row in database.rows["Contact"]}
    assert kept == newest
    assert sorted(place for group in sent for place in group) == list(range(len(upserts)))
    assert all(len(group) <= size for group in sent)
    order: defaultdict[str, list[int]] = defaultdict(list)
    for group in rounds(upserts, size):
        for one in group:
            order[one.key].append(one.place)
    assert all(places == sorted(places) for places in order.values())


def answer(status: int, code: str = "", message: str = "") -> Answer:
    body = f'[{{"errorCode":"{code}","message":"{message}"}}]' if code else "<html>"
    return Answer(status, {}, body.encode())


@pytest.mark.parametrize(
    ("given_answer", "trouble"),
    [
        (answer(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), Trouble.QUOTA),
        (
            answer(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
            Trouble.CONCURRENCY,
        ),
        (answer(401, "INVALID_SESSION_ID"), Trouble.UNAUTHENTICATED),
        (answer(401, "SOMETHING_NEW"), Trouble.UNAUTHENTICATED),
        (answer(403, "INSUFFICIENT_ACCESS"), Trouble.RIGHTS),
        (answer(404, "NOT_FOUND"), Trouble.GONE),
        (answer(410, "UNSUPPORTED_API_VERSION"), Trouble.GONE),
        (answer(400, "JSON_PARSER_ERROR"), Trouble.RECORD),
        (answer(300, "MULTIPLE_CHOICES"), Trouble.RECORD),
        (answer(500, "UNKNOWN_EXCEPTION"), Trouble.LATER),
        (answer(500, "SOMETHING_NEW"), Trouble.LATER),
        (answer(503), Trouble.LATER),
        (answer(401), Trouble.LATER),
        (answer(413), Trouble.TOO_LARGE),
    ],
)
def test_what_follows_from_a_refusal_is_decided_by_its_code(
    given_answer: Answer, trouble: Trouble
) -> None:
    assert read_refusal(given_answer).trouble is trouble


@pytest.mark.parametrize("error", [None, {}, [], {"statusCode": 7}, {"statusCode": "<b>"}])
def test_an_error_in_no_known_form_rejects_its_record(error: Any) -> None:
    outcome = refused(read_error(error), Upsert(0, Record({}), "k", {}))
    assert outcome == Outcome.rejected("Salesforce refuses it (0)")


def test_two_relationships_by_one_key_are_told_together() -> None:
    lookup = LookupSettings(key="Member_Id__c")
    error = {
        "statusCode": "INVALID_FIELD",
        "message": "Foreign key external ID: M-1 not found for field Member_Id__c in entity "
        "Account",
    }
    upsert = Upsert(0, Record({}), "k", {}, {"Account": lookup, "Payer__r": lookup})
    outcome = refused(read_error(error), upsert)
    assert outcome.kind is OutcomeKind.REJECTED
    assert outcome.reason.startswith("Account or Payer__r: there is no such record of Account")
