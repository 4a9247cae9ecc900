"""Records arrive at the simulated org, and each refusal means what it should."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regbridge import (
    AmbiguousError,
    CredentialsError,
    Outcome,
    OutcomeKind,
    QuotaExceededError,
    Record,
    RetryableError,
    Target,
)
from regbridge.testing.building import build_plugin
from regbridge.testing.scripted import ScriptedServer
from regbridge_salesforce.deliver import Salesforce
from regbridge_salesforce.simulator import (
    Fault,
    FieldType,
    ObjectType,
    SalesforceSimulator,
    registration_schema,
)

Make = Callable[..., Salesforce]

REGISTRATION = {"object": "Event_Registration__c", "external_id": "Cvent_Invitee_Id__c"}
LOOKUP = {"Contact__r": {"key": "Cvent_Contact_Id__c"}}


@pytest.fixture
def simulator() -> Iterator[SalesforceSimulator]:
    with SalesforceSimulator() as running:
        yield running


@pytest.fixture
def make(simulator: SalesforceSimulator) -> Iterator[Make]:
    made: list[Salesforce] = []

    def build(target: Target | None = None, **changes: Any) -> Salesforce:
        plugin = build_plugin(
            Salesforce,
            simulator.settings(**changes),
            target=target,
            secrets={"client_secret": simulator.app.secret},
        )
        made.append(plugin)
        return plugin

    yield build
    for plugin in made:
        plugin.close()


def contact(number: int, **fields: Any) -> Record:
    return Record({"Cvent_Contact_Id__c": f"c-{number}", "LastName": "Lovelace", **fields})


def registration(number: int, **fields: Any) -> Record:
    return Record({"Cvent_Invitee_Id__c": f"i-{number}", **fields})


def kinds(outcomes: Any) -> list[OutcomeKind]:
    return [outcome.kind for outcome in outcomes]


def test_a_record_is_created_then_updated_and_its_id_is_known(
    simulator: SalesforceSimulator, make: Make
) -> None:
    plugin = make()
    [first] = plugin.deliver_records([contact(1)])
    [second] = plugin.deliver_records([contact(1, LastName="King")])
    [row] = simulator.records("Contact")
    assert (first, second) == (Outcome.created(row["Id"]), Outcome.updated(row["Id"]))
    assert row["LastName"] == "King"


def test_values_arrive_as_their_fields_mean_them_and_can_be_cleared(
    simulator: SalesforceSimulator, make: Make
) -> None:
    parent = simulator.add("Contact", {"Cvent_Contact_Id__c": "c-1", "LastName": "Lovelace"})
    plugin = make(**REGISTRATION, lookups=LOOKUP)
    fields: dict[str, Any] = {
        "Confirmation__c": "LDNXB94RW6Z",
        "Registered_On__c": "2027-03-04T09:30:00-0500",
        "Status__c": "accepted",
        "Interests__c": ["Workshops", "Dinner"],
        "Amount__c": "1250.005",
        "Guests__c": 3,
        "Answers__c": 'two\nlines and "quotes" \\ <b>&amp;</b>',
        "Contact__r": "C-1",
    }
    assert kinds(plugin.deliver_records([registration(1, **fields)])) == [OutcomeKind.CREATED]
    [row] = simulator.records("Event_Registration__c")
    stored = {
        "Confirmation__c": "LDNXB94RW6Z",
        "Registered_On__c": "2027-03-04T14:30:00.000+0000",
        "Status__c": "Accepted",
        "Interests__c": "Dinner;Workshops",
        "Amount__c": 1250.01,
        "Guests__c": 3,
        "Answers__c": fields["Answers__c"],
        "Contact__c": parent,
    }
    assert {name: row[name] for name in stored} == stored
    plugin.deliver_records([registration(1, **dict.fromkeys(fields))])
    [row] = simulator.records("Event_Registration__c")
    assert {name: row[name] for name in stored} == dict.fromkeys(stored)


def test_a_full_batch_is_one_call(simulator: SalesforceSimulator, make: Make) -> None:
    plugin = make()
    outcomes = plugin.deliver_records([contact(number) for number in range(200)])
    assert plugin.batch_size == 200
    assert kinds(outcomes) == [OutcomeKind.CREATED] * 200
    assert simulator.calls == {"describe": 1, "upsert": 1}


def test_two_records_with_one_key_go_one_after_the_other(
    simulator: SalesforceSimulator, make: Make
) -> None:
    records = [contact(1, Title="first"), contact(2), contact(1, Title="second")]
    records[2] = Record({**records[2].fields, "Cvent_Contact_Id__c": "C-1"})
    outcomes = make().deliver_records(records)
    assert kinds(outcomes) == [OutcomeKind.CREATED, OutcomeKind.CREATED, OutcomeKind.UPDATED]
    assert [row.get("Title") for row in simulator.records("Contact")] == ["second", None]
    assert simulator.calls["upsert"] == 2


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"LastName": None}, "LastName", "cannot be empty"),
        ({"LastName": "x" * 81}, "LastName", "81 characters, and the field takes 80"),
        ({"Email": "nobody at example"}, "Email", "an e-mail address is none"),
        ({"Birthdate": "soon"}, "Birthdate", "no date or time"),
        ({"HasOptedOutOfEmail": "perhaps"}, "HasOptedOutOfEmail", "neither yes nor no"),
        ({"AccountId": "not an id"}, "AccountId", "lookups"),
        ({"Nickname": "Ada"}, "Nickname", "no such field"),
        ({"Cvent_Contact_Id__c": ""}, "Cvent_Contact_Id__c", "has no value"),
        ({"Cvent_Contact_Id__c": " c-2"}, "Cvent_Contact_Id__c", "begin or end with a space"),
    ],
)
def test_a_bad_record_is_rejected_alone_with_its_field_and_without_its_value(
    simulator: SalesforceSimulator, make: Make, fields: dict[str, Any], field: str, said: str
) -> None:
    outcomes = make().deliver_records([contact(1), contact(2, **fields), contact(3)])
    assert kinds(outcomes) == [OutcomeKind.CREATED, OutcomeKind.REJECTED, OutcomeKind.CREATED]
    assert said in outcomes[1].reason
    assert outcomes[1].field == field
    assert not any(str(value) in outcomes[1].reason for value in fields.values() if value)
    assert len(simulator.records("Contact")) == 2


def test_a_validation_rules_own_words_are_told_without_the_records_values(
    simulator: SalesforceSimulator, make: Make
) -> None:
    simulator.replace(
        changed("Contact", validation=lambda row: f"{row['LastName']} needs a title (ask Zoë)")
    )
    [outcome] = make().deliver_records([contact(1, FirstName="Zoë")])
    assert outcome.kind is OutcomeKind.REJECTED
    assert "… needs a title (ask …)" in outcome.reason
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in outcome.reason


def changed(name: str, **changes: Any) -> ObjectType:
    [found] = [one for one in registration_schema() if one.name == name]
    return replace(found, **changes)


def changed_field(name: str, field: str, **changes: Any) -> ObjectType:
    [found] = [one for one in registration_schema() if one.name == name]
    fields = [replace(one, **changes) if one.name == field else one for one in found.fields]
    return replace(found, fields=tuple(fields))


def test_a_duplicate_rule_refuses_a_record_unless_the_settings_save_it(
    simulator: SalesforceSimulator, make: Make
) -> None:
    simulator.replace(changed("Contact", duplicates=lambda row: "Use one of these records?"))
    [outcome] = make().deliver_records([contact(1)])
    assert outcome.reason == "a duplicate rule finds a record like it (DUPLICATES_DETECTED)"
    [outcome] = make(save_duplicates=True).deliver_records([contact(1)])
    assert outcome.kind is OutcomeKind.CREATED


def test_an_external_id_that_several_records_have_is_rejected(
    simulator: SalesforceSimulator, make: Make
) -> None:
    for _ in range(2):
        simulator.add("Contact", {"Cvent_Contact_Id__c": "c-1", "LastName": "Lovelace"})
    [outcome] = make().deliver_records([contact(1)])
    assert outcome == Outcome.rejected(
        "several records have this external id (DUPLICATE_EXTERNAL_ID)", "Cvent_Contact_Id__c"
    )


@pytest.mark.parametrize("missing", ["park", "retry"])
def test_a_record_whose_parent_is_not_there_waits_or_is_parked(make: Make, missing: str) -> None:
    plugin = make(
        **REGISTRATION, lookups={"Contact__r": {**LOOKUP["Contact__r"], "missing": missing}}
    )
    [outcome] = plugin.deliver_records([registration(1, Contact__r="c-9")])
    text = "Contact__r: there is no such record of Contact (INVALID_FIELD)"
    retry, parked = Outcome.retry(text), Outcome.rejected(text, "Contact__r")
    assert outcome == (retry if missing == "retry" else parked)


def test_a_record_that_somebody_else_changes_is_tried_again(
    simulator: SalesforceSimulator, make: Make
) -> None:
    simulator.fail_next(Fault.LOCKED)
    outcomes = make().deliver_records([contact(1), contact(2)])
    assert kinds(outcomes) == [OutcomeKind.RETRY, OutcomeKind.CREATED]
    assert "UNABLE_TO_LOCK_ROW" in outcomes[0].reason


def test_a_record_waits_behind_an_earlier_one_that_is_tried_again(
    simulator: SalesforceSimulator, make: Make
) -> None:
    simulator.fail_next(Fault.LOCKED)
    outcomes = make().deliver_records([contact(1, Title="first"), contact(1, Title="second")])
    assert kinds(outcomes) == [OutcomeKind.RETRY, OutcomeKind.RETRY]
    assert simulator.records("Contact") == []


def test_a_value_that_spoils_the_call_for_all_is_found_and_parks_alone(
    simulator: SalesforceSimulator, make: Make
) -> None:
    # The org changes while its description is remembered: what was a text is a date now.
    plugin = make()
    plugin.deliver_records([contact(0)])
    simulator.replace(changed_field("Contact", "Title", type="date"))
    records = [contact(n, **({"Title": "Dr Zoë"} if n == 5 else {})) for n in range(1, 9)]
    outcomes = plugin.deliver_records(records)
    assert kinds(outcomes) == [
        OutcomeKind.REJECTED if n == 5 else OutcomeKind.CREATED for n in range(1, 9)
    ]
    assert "JSON_PARSER_ERROR" in outcomes[4].reason
    assert "Zoë" not in outcomes[4].reason
    assert simulator.calls["upsert"] == 1 + 1 + 2 + 2 + 2


def test_a_field_that_is_gone_stops_the_target_and_is_seen_at_once_afterwards(
    simulator: SalesforceSimulator, make: Make
) -> None:
    plugin = make()
    plugin.deliver_records([contact(1)])
    simulator.replace(
        changed(
            "Contact", fields=tuple(one for one in changed("Contact").fields if one.name != "Title")
        )
    )
    with pytest.raises(RetryableError, match=r"as a whole.*INVALID_FIELD"):
        plugin.deliver_records([contact(1, Title="Dr")])
    [outcome] = plugin.deliver_records([contact(1, Title="Dr")])
    assert outcome.field == "Title"


def test_a_call_that_is_too_large_is_divided() -> None:
    with SalesforceSimulator(body_limit=4_000) as simulator:
        plugin = build_plugin(
            Salesforce, simulator.settings(), secrets={"client_secret": simulator.app.secret}
        )
        outcomes = plugin.deliver_records([contact(n, Title="x" * 120) for n in range(64)])
        plugin.close()
        assert kinds(outcomes) == [OutcomeKind.CREATED] * 64
        assert len(simulator.records("Contact")) == 64


@pytest.mark.parametrize(
    ("changes", "settings", "said"),
    [
        ({"may_update": False}, {}, "may not edit records of Contact"),
        ({}, {"external_id": "Email"}, "Email of Contact is no external id"),
        ({}, {"external_id": "Cvent_Id__c"}, "shows no field Cvent_Id__c"),
        ({}, {"object": "Kontakt"}, "shows no object Kontakt"),
        ({}, {"lookups": {"Account": {"key": "Name"}}}, "Name of Account is no external id"),
        ({}, {"lookups": {"AccountId": {"key": "Member_Id__c"}}}, "no relationship AccountId"),
    ],
)
def test_settings_that_do_not_fit_leave_the_target_alone_and_blame_no_record(
    simulator: SalesforceSimulator,
    make: Make,
    changes: dict[str, Any],
    settings: dict[str, Any],
    said: str,
) -> None:
    simulator.replace(changed("Contact", **changes))
    with pytest.raises(RetryableError, match=said):
        make(**settings).deliver_records([contact(1)])
    assert simulator.records("Contact") == []


def test_a_relationship_to_several_objects_says_which() -> None:
    objects = [
        *registration_schema(),
        ObjectType(
            "Note__c",
            "a02",
            (
                FieldType("Key__c", length=10, external_id=True, unique=True),
                FieldType(
                    "Who__c", "reference", refers_to=("Contact", "Account"), relationship="Who__r"
                ),
            ),
        ),
    ]
    with SalesforceSimulator(objects) as simulator:
        simulator.add("Account", {"Name": "Contoso", "Member_Id__c": "M-1"})
        lookup = {"key": "Member_Id__c", "object": "Account"}
        settings = {"object": "Note__c", "external_id": "Key__c", "lookups": {"Who__r": lookup}}
        plugin = build_plugin(
            Salesforce,
            simulator.settings(**settings),
            secrets={"client_secret": simulator.app.secret},
        )
        [outcome] = plugin.deliver_records([Record({"Key__c": "1", "Who__r": "M-1"})])
        plugin.close()
        assert outcome.kind is OutcomeKind.CREATED


def test_what_is_sent_can_be_previewed(make: Make) -> None:
    plugin = make(**REGISTRATION, lookups=LOOKUP)
    assert plugin.preview(registration(1, Amount__c="12.5", Contact__r="c-1")) == {
        "attributes": {"type": "Event_Registration__c"},
        "Cvent_Invitee_Id__c": "i-1",
        "Amount__c": 12.5,
        "Contact__r": {"Cvent_Contact_Id__c": "c-1"},
    }


def test_an_expired_token_is_renewed_once(simulator: SalesforceSimulator, make: Make) -> None:
    plugin = make()
    plugin.deliver_records([contact(1)])
    simulator.logins.expire_all()
    assert kinds(plugin.deliver_records([contact(1)])) == [OutcomeKind.UPDATED]
    assert simulator.logins.count == 2


def test_a_new_token_that_is_refused_too_pauses_the_target(
    simulator: SalesforceSimulator, make: Make
) -> None:
    simulator.logins.app = replace(simulator.app, scopes=("openid",))
    with pytest.raises(CredentialsError, match=r"refuses a new token.*scopes"):
        make().deliver_records([contact(1)])
    assert simulator.logins.count == 2


def test_a_user_without_the_api_pauses_the_target(
    simulator: SalesforceSimulator, make: Make
) -> None:
    simulator.fail_next(Fault.DISABLED)
    with pytest.raises(CredentialsError, match=r"no access to the API.*API_DISABLED_FOR_ORG"):
        make().deliver_records([contact(1)])


def test_a_used_up_day_stops_everybody_for_a_while(
    simulator: SalesforceSimulator, make: Make
) -> None:
    plugin = make(quota_minutes=30, reserve_calls=0)
    simulator.limits.per_day = 1
    with pytest.raises(QuotaExceededError, match="REQUEST_LIMIT_EXCEEDED") as caught:
        plugin.deliver_records([contact(1)])
    wait = caught.value.until - datetime.now(UTC)
    assert timedelta(minutes=29) < wait <= timedelta(minutes=30)
    calls = simulator.limits.used
    with pytest.raises(QuotaExceededError):
        plugin.deliver_records([contact(1)])
    assert simulator.limits.used == calls


def test_the_last_calls_are_left_to_the_orgs_other_apps(
    simulator: SalesforceSimulator, make: Make
) -> None:
    plugin = make(reserve_calls=10)
    simulator.limits.by_others = simulator.limits.per_day - 12
    assert kinds(plugin.deliver_records([contact(1)])) == [OutcomeKind.CREATED]
    with pytest.raises(QuotaExceededError, match=r"last 10 are left to others \(reserve_calls\)"):
        plugin.deliver_records([contact(2)])
    assert simulator.limits.used == simulator.limits.per_day - 10


def test_too_many_long_calls_are_tried_again_soon(
    simulator: SalesforceSimulator, make: Make
) -> None:
    simulator.fail_next(Fault.CONCURRENT)
    with pytest.raises(RetryableError, match="more calls at the same time") as caught:
        make().deliver_records([contact(1)])
    assert caught.value.retry_after == 30


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.UNAVAILABLE, RetryableError),
        (Fault.BROKEN, AmbiguousError),
        (Fault.PAGE, AmbiguousError),
        (Fault.DROPPED_AFTER, AmbiguousError),
    ],
)
def test_an_outage_blames_no_record(
    simulator: SalesforceSimulator, make: Make, fault: Fault, error: type[Exception]
) -> None:
    plugin = make()
    plugin.deliver_records([contact(1)])
    simulator.fail_next(fault)
    with pytest.raises(error):
        plugin.deliver_records([contact(2)])
    assert kinds(plugin.deliver_records([contact(2)])) != [OutcomeKind.RETRY]
    assert len(simulator.records("Contact")) == 2


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"[]", AmbiguousError),
        (200, b"{}", AmbiguousError),
        (200, b"[", AmbiguousError),
        (403, b"<html>no</html>", RetryableError),
        (404, b'[{"errorCode":"NOT_FOUND","message":"gone"}]', RetryableError),
        (410, b'[{"errorCode":"UNSUPPORTED_API_VERSION","message":"old"}]', RetryableError),
        (502, b"bad gateway", AmbiguousError),
        (503, b"", RetryableError),
    ],
)
def test_an_answer_that_settles_nothing_is_no_success(
    status: int, body: bytes, error: type[Exception]
) -> None:
    describe = {
        "name": "Contact",
        "fields": [
            {
                "name": "Cvent_Contact_Id__c",
                "type": "string",
                "length": 36,
                "createable": True,
                "updateable": True,
                "externalId": True,
            },
            {"name": "LastName", "type": "string", "createable": True, "updateable": True},
        ],
    }
    with ScriptedServer() as server:
        server.expect("POST", "/services/oauth2/token").answer(json={"access_token": "a-token"})
        path = "/services/data/v64.0/sobjects/Contact/describe"
        server.expect("GET", path, headers={"Authorization": "Bearer a-token"}).answer(
            json=describe
        )
        server.expect(
            "PATCH",
            "/services/data/v64.0/composite/sobjects/Contact/Cvent_Contact_Id__c",
            json={
                "allOrNone": False,
                "records": [
                    {
                        "attributes": {"type": "Contact"},
                        "Cvent_Contact_Id__c": "c-1",
                        "LastName": "Lovelace",
                    }
                ],
            },
        ).answer(status, body=body, headers={"Content-Type": "application/json"})
        plugin = build_plugin(
            Salesforce,
            {
                "url": server.url,
                "client_id": "key",
                "object": "Contact",
                "external_id": "Cvent_Contact_Id__c",
            },
            secrets={"client_secret": "hush"},
        )
        with pytest.raises(error) as caught:
            plugin.deliver_records([contact(1)])
        plugin.close()
        assert "Lovelace" not in str(caught.value)


def test_a_used_up_day_is_known_by_the_count_too_whatever_the_words() -> None:
    with ScriptedServer() as server:
        server.expect("POST", "/services/oauth2/token").answer(json={"access_token": "a-token"})
        server.expect("GET", "/services/data/v64.0/sobjects/Contact/describe").answer(
            403,
            json=[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "Tageslimit"}],
            headers={
                "Sforce-Limit-Info": "api-usage=5000/5000; per-app-api-usage=17/250(appName=x)"
            },
        )
        settings = {"url": server.url, "client_id": "key", "object": "Contact"}
        plugin = build_plugin(
            Salesforce,
            {**settings, "external_id": "Key__c", "reserve_calls": 0},
            secrets={"client_secret": "hush"},
        )
        with pytest.raises(QuotaExceededError, match="used up its calls"):
            plugin.deliver_records([contact(1)])
        plugin.close()
