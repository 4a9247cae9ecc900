"""Records arrive in a simulated account, and each way in which it refuses has its consequence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from regbridge import (
    AmbiguousError,
    CredentialsError,
    OutcomeKind,
    PluginContext,
    QuotaExceededError,
    Record,
    RetryableError,
    Settings,
)
from regbridge.testing.building import build_plugin
from regbridge.testing.clock import SteppedClock
from regbridge_hubspot.deliver import Hubspot
from regbridge_hubspot.simulator import Credentials, Fault, HubspotSimulator, Limits

OWN = Credentials()


class World:
    """An account, and a target that delivers there; all by one clock."""

    def __init__(self, **options: Any) -> None:
        self.clock = SteppedClock()
        self.simulator = HubspotSimulator(clock=self.clock.seconds, **options)
        self.simulator.start()

    def target(self, *, oauth: bool = False, **settings: Any) -> Hubspot:
        clock = self.clock

        class ByTheClock(Hubspot):
            def __init__(self, settings: Settings, context: PluginContext) -> None:
                assert isinstance(settings, Hubspot.settings_model)
                super().__init__(settings, context, clock.now)

        given = settings.pop("secrets", None)
        secrets = {"access_token": OWN.service_key}
        if oauth:
            settings["oauth"] = {"client_id": OWN.client_id}
            secrets = {
                "oauth.client_secret": OWN.client_secret,
                "oauth.refresh_token": OWN.refresh_token,
            }
        return build_plugin(
            ByTheClock,
            {"url": self.simulator.url, "id_property": "cvent_contact_id", **settings},
            secrets=given or secrets,
            limiters=self.clock.limiters(),
        )


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.simulator.stop()


def contact(number: int, **fields: Any) -> Record:
    return Record({"cvent_contact_id": f"c-{number}", **fields}, delivery=number)


def kinds(target: Hubspot, *records: Record) -> list[str]:
    return [outcome.kind.value for outcome in target.deliver_records(list(records))]


def last_body(world: World) -> Mapping[str, Any]:
    found: Mapping[str, Any] = msgspec.json.decode(world.simulator.calls.bodies[-1])
    return found


def test_a_batch_is_one_call_and_says_what_is_new(world: World) -> None:
    target = world.target()
    world.simulator.add("contacts", "cvent_contact_id", "c-2", firstname="Old")
    records = [contact(n, firstname=f"R{n}", age=n) for n in range(1, 101)]

    outcomes = target.deliver_records(records)

    assert world.simulator.calls.batches == [100]
    assert [one.kind for one in outcomes if one.kind is not OutcomeKind.CREATED] == ["updated"]
    assert outcomes[1].kind is OutcomeKind.UPDATED
    by_id = {one["hs_object_id"]: one for one in world.simulator.records()}
    for record, outcome in zip(records, outcomes, strict=True):
        assert outcome.external_id
        assert by_id[outcome.external_id]["cvent_contact_id"] == record.fields["cvent_contact_id"]


def test_an_input_has_the_id_its_property_a_trace_and_texts(world: World) -> None:
    world.target().deliver_records([contact(7, age=3, member=True, notes=None)])
    assert last_body(world) == {
        "inputs": [
            {
                "id": "c-7",
                "idProperty": "cvent_contact_id",
                "objectWriteTraceId": "7-0",
                "properties": {
                    "cvent_contact_id": "c-7",
                    "age": "3",
                    "member": "true",
                    "notes": "",
                },
            }
        ]
    }


def test_null_clears_a_property(world: World) -> None:
    target = world.target()
    kinds(target, contact(1, notes="something"))
    kinds(target, contact(1, notes=None))
    assert "notes" not in world.simulator.records()[0]


def test_the_same_person_twice_is_two_batches_in_their_order(world: World) -> None:
    target = world.target()
    assert kinds(target, contact(1, notes="first"), contact(1, notes="second")) == [
        "created",
        "updated",
    ]
    assert world.simulator.calls.batches == [1, 1]
    assert world.simulator.records()[0]["notes"] == "second"


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"email": "zoe.obrien"}, "email", "email: this is no e-mail address"),
        ({"hs_object_id": "4711"}, "hs_object_id", "hs_object_id: the property is read-only"),
        ({"shoe_size": "zoe"}, "shoe_size", "shoe_size: HubSpot has no property of this name"),
        ({"email": "taken@example.org"}, None, "the record 151 has one of its values already"),
        ({"cvent_status": "Zoe"}, "cvent_status", "the property has no such option"),
        ({"age": "zoe"}, "age", "the value is not a number"),
        ({"notes": "zoe" * 30_000}, "notes", "90,000 characters"),
        ({"cvent_contact_id": None}, "cvent_contact_id", "HubSpot knows a record by it"),
    ],
)
@pytest.mark.parametrize("multi_status", [True, False], ids=["each", "all"])
def test_only_the_bad_record_is_refused_with_its_field_and_without_its_values(
    fields: dict[str, Any], field: str | None, said: str, multi_status: bool
) -> None:
    world = World(multi_status=multi_status)
    world.simulator.add("contacts", "email", "taken@example.org")
    bad = Record({"cvent_contact_id": "c-3", **fields}, delivery=3)
    records = [contact(n) for n in (1, 2)] + [bad] + [contact(n) for n in (4, 5, 6, 7)]

    outcomes = world.target().deliver_records(records)
    world.simulator.stop()

    assert [one.kind.value for one in outcomes].count("created") == 6
    assert outcomes[2].kind is OutcomeKind.REJECTED
    assert outcomes[2].field == field
    assert said in outcomes[2].reason
    assert "zoe" not in outcomes[2].reason.lower()


def test_another_unique_value_that_is_taken_says_so(world: World) -> None:
    world.simulator.add("contacts", "cvent_contact_id", "c-1", email="a@example.org")
    target = world.target(id_property="email")
    record = Record({"email": "b@example.org", "cvent_contact_id": "c-1"}, delivery=1)
    [outcome] = target.deliver_records([record])
    assert outcome.field == "cvent_contact_id"
    assert "another record has this value already" in outcome.reason


def test_by_email_case_does_not_count(world: World) -> None:
    target = world.target(id_property="email")
    records = [
        Record({"email": "Zoe@Example.org", "notes": "1"}, delivery=1),
        Record({"email": "zoe@example.org", "notes": "2"}, delivery=2),
    ]
    assert kinds(target, *records) == ["created", "updated"]
    assert [one["notes"] for one in world.simulator.records()] == ["2"]


def test_a_custom_object_is_known_by_its_own_property(world: World) -> None:
    target = world.target(object_type="2-4711", id_property="cvent_invitee_id")
    record = Record({"cvent_invitee_id": "i-1", "cvent_status": "Accepted"}, delivery=1)
    assert kinds(target, record) == ["created"]
    assert world.simulator.records("registrations")[0]["cvent_status"] == "accepted"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"id_property": "firstname"}, "firstname does not ask for unique values; those that do"),
        ({"id_property": "cvent_contactid"}, "did you mean 'cvent_contact_id'?"),
        ({"object_type": "companies"}, "HubSpot does not answer this question"),
        ({"api": "2020-03"}, "no such version of its API"),
    ],
)
def test_settings_that_fit_no_record_leave_the_target_alone(
    world: World, settings: dict[str, Any], said: str
) -> None:
    """No record is at fault, so none is parked; a person corrects the settings."""
    with pytest.raises(RetryableError, match=said.replace("?", r"\?").replace("'", ".")):
        world.target(**settings).deliver_records([contact(1)])
    assert world.simulator.calls.batches == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.UNAVAILABLE, RetryableError),
        (Fault.LOCKED, RetryableError),
        (Fault.MIGRATING, QuotaExceededError),
        (Fault.THROTTLED, QuotaExceededError),
        (Fault.DAILY, QuotaExceededError),
        (Fault.FAILED, AmbiguousError),
        (Fault.GATEWAY, AmbiguousError),
        (Fault.LOGIN_PAGE, AmbiguousError),
        (Fault.DROPPED_BEFORE, AmbiguousError),
        (Fault.DROPPED_AFTER, AmbiguousError),
    ],
)
def test_a_fault_of_a_batch_is_told_by_what_is_to_be_done(
    world: World, fault: Fault, error: type[Exception]
) -> None:
    target = world.target()
    kinds(target, contact(1))
    world.simulator.fail(fault)
    with pytest.raises(error) as raised:
        target.deliver_records([contact(2)])
    assert type(raised.value) is error
    assert OWN.service_key not in str(raised.value)


def test_what_was_in_doubt_and_is_sent_again_leaves_one_record(world: World) -> None:
    target = world.target()
    world.simulator.fail(Fault.GATEWAY)
    with pytest.raises(AmbiguousError):
        target.deliver_records([contact(1)])
    assert kinds(target, contact(1)) == ["updated"]
    assert len(world.simulator.records()) == 1


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault.BUSY_INPUT, ["created", "created", "retry"]),
        (Fault.SILENT, ["ambiguous", "created", "created"]),
        (Fault.TRACELESS, ["created", "created", "created"]),
    ],
)
def test_a_fault_of_an_answer_concerns_the_record_it_is_about(
    world: World, fault: Fault, told: list[str]
) -> None:
    world.simulator.fail(fault)
    assert sorted(kinds(world.target(), *map(contact, (1, 2, 3)))) == sorted(told)


def test_errors_that_name_nobody_are_found_out_by_smaller_batches(world: World) -> None:
    world.simulator.fail(Fault.NAMELESS, times=None)
    bad = contact(3, email="no address")
    told = kinds(world.target(), contact(1), contact(2), bad, contact(4, email="none"))
    assert told == ["created", "created", "rejected", "rejected"]


def test_a_lock_is_waited_for_two_seconds(world: World) -> None:
    target = world.target()
    kinds(target, contact(1))
    world.simulator.fail(Fault.LOCKED)
    with pytest.raises(RetryableError) as raised:
        target.deliver_records([contact(2)])
    assert raised.value.retry_after == 2.0


def test_too_many_calls_pause_everybody_for_ten_seconds(world: World) -> None:
    target = world.target()
    kinds(target, contact(1))
    world.simulator.fail(Fault.THROTTLED)
    with pytest.raises(QuotaExceededError, match="TEN_SECONDLY_ROLLING") as raised:
        target.deliver_records([contact(2)])
    calls = world.simulator.calls.total

    with pytest.raises(QuotaExceededError):
        target.deliver_records([contact(2)])

    assert raised.value.until - world.clock.now() == timedelta(seconds=10)
    assert world.simulator.calls.total == calls
    world.clock.sleep(10.001)
    assert kinds(target, contact(2)) == ["created"]


def test_a_days_calls_are_there_again_at_the_accounts_midnight(world: World) -> None:
    """The account is in New York, where it is 4:30 in the morning."""
    target = world.target()
    kinds(target, contact(1))
    world.simulator.fail(Fault.DAILY)
    with pytest.raises(QuotaExceededError) as raised:
        target.deliver_records([contact(2)])
    assert raised.value.until.isoformat() == "2027-03-05T05:00:00+00:00"


def test_without_the_accounts_time_zone_it_is_tried_again_each_hour(world: World) -> None:
    world.simulator.denied.add("oauth")
    target = world.target()
    kinds(target, contact(1), contact(1), contact(1))
    assert world.simulator.calls.by_operation["account"] == 1
    world.simulator.fail(Fault.DAILY)
    with pytest.raises(QuotaExceededError) as raised:
        target.deliver_records([contact(2)])
    assert raised.value.until - world.clock.now() == timedelta(hours=1)


def test_a_migration_is_waited_for_as_long_as_hubspot_says(world: World) -> None:
    target = world.target()
    kinds(target, contact(1))
    world.simulator.fail(Fault.MIGRATING)
    with pytest.raises(QuotaExceededError) as raised:
        target.deliver_records([contact(2)])
    assert raised.value.until - world.clock.now() == timedelta(hours=1)


def test_the_limit_of_the_settings_is_kept_over_any_ten_seconds() -> None:
    world = World(limits=Limits(in_ten_seconds=20))
    target = world.target(calls_per_10_seconds=20)
    for number in range(100):
        kinds(target, contact(number))
    world.simulator.stop()
    assert world.simulator.calls.statuses == {200: 102}
    assert world.clock.slept > 40


def test_missing_scopes_are_named(world: World) -> None:
    world.simulator.denied.add("crm.objects.contacts.write")
    with pytest.raises(CredentialsError, match=r"the scopes crm\.objects\.contacts\.write; give"):
        world.target().deliver_records([contact(1)])


def test_a_wrong_service_key_pauses_the_target_and_is_not_shown(world: World) -> None:
    target = world.target(secrets={"access_token": "a-secret-of-mine"})
    with pytest.raises(CredentialsError, match="INVALID_AUTHENTICATION") as raised:
        target.deliver_records([contact(1)])
    assert "a-secret-of-mine" not in f"{raised.value}{raised.value.detail}"


def test_an_access_token_is_exchanged_once_and_again_before_it_ends(world: World) -> None:
    target = world.target(oauth=True)
    for number in range(3):
        assert kinds(target, contact(number)) == ["created"]
    assert world.simulator.tokens_issued == 1
    world.clock.sleep(1_741)
    assert kinds(target, contact(4)) == ["created"]
    assert world.simulator.tokens_issued == 2
    assert set(world.simulator.calls.statuses) == {200}


def test_a_refused_token_is_not_exchanged_until_it_ends(world: World) -> None:
    """HubSpot: a 401 is no sign that a new token is needed."""
    target = world.target(oauth=True)
    kinds(target, contact(1))
    world.simulator.revoke_tokens()
    for _ in range(3):
        with pytest.raises(CredentialsError, match="still installed"):
            target.deliver_records([contact(2)])
    assert world.simulator.tokens_issued == 1


def test_a_token_that_ended_before_its_time_is_forgotten(world: World) -> None:
    target = world.target(oauth=True)
    kinds(target, contact(1))
    world.simulator.expire_tokens()
    with pytest.raises(RetryableError, match="another one is fetched"):
        target.deliver_records([contact(2)])
    assert kinds(target, contact(2)) == ["created"]
    assert world.simulator.tokens_issued == 2


@pytest.mark.parametrize("wrong", ["client_secret", "refresh_token"])
def test_a_refused_exchange_pauses_the_target_and_shows_no_secret(world: World, wrong: str) -> None:
    secrets = {
        "oauth.client_secret": OWN.client_secret,
        "oauth.refresh_token": OWN.refresh_token,
        f"oauth.{wrong}": "a-secret-of-mine",
    }
    target = world.target(oauth=True, secrets=secrets)
    with pytest.raises(CredentialsError, match=r"BAD_[A-Z_]+") as raised:
        target.deliver_records([contact(1)])
    texts = f"{raised.value}{raised.value.detail}"
    assert not [secret for secret in secrets.values() if secret in texts]


def test_an_exchange_that_is_not_answered_is_tried_again(world: World) -> None:
    target = world.target(oauth=True)
    world.simulator.fail(Fault.UNAVAILABLE)
    with pytest.raises(RetryableError, match="gives no access token now"):
        target.deliver_records([contact(1)])
    assert kinds(target, contact(1)) == ["created"]


def test_a_preview_shows_what_would_be_sent(world: World) -> None:
    shown = world.target().preview(contact(1, cvent_status="Accepted", age=3))
    assert shown == {"cvent_contact_id": "c-1", "cvent_status": "accepted", "age": "3"}
    assert world.simulator.calls.batches == []
