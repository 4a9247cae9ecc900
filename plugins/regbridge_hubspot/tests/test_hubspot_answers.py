"""Answers that no simulator gives: from something between, from older versions, or by mistake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from regbridge import (
    AmbiguousError,
    CredentialsError,
    Outcome,
    QuotaExceededError,
    Record,
    RegbridgeError,
    RetryableError,
)
from regbridge.testing.building import build_plugin
from regbridge.testing.clock import SteppedClock
from regbridge.testing.scripted import ScriptedServer
from regbridge_hubspot.answers import outcomes_of
from regbridge_hubspot.deliver import Hubspot
from regbridge_hubspot.faults import of_record, read_fault
from regbridge_hubspot.inputs import Input
from regbridge_hubspot.quota import next_day, zone_named
from regbridge_hubspot.simulator import contacts
from regbridge_hubspot.writer import Writer

PROPERTIES = "/crm/properties/2026-03/contacts"
ACCOUNT = "/account-info/2026-03/details"
UPSERT = "/crm/objects/2026-03/contacts/batch/upsert"
TOKEN = "/oauth/2026-03/token"
RECORD = Record({"cvent_contact_id": "c-1", "firstname": "Zoë"}, delivery=1)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def known(server: ScriptedServer) -> ScriptedServer:
    """A server that tells properties and account."""
    listed = [one.document for one in contacts().properties]
    server.expect("GET", PROPERTIES).answer(json={"results": listed})
    server.expect("GET", ACCOUNT).answer(json={"timeZone": "Europe/Berlin"})
    return server


def target(url: str, *, oauth: bool = False) -> Hubspot:
    settings: dict[str, Any] = {"url": url, "id_property": "cvent_contact_id"}
    secrets = {"access_token": "a-secret-of-mine"}
    if oauth:
        settings["oauth"] = {"client_id": "an app"}
        secrets = {"oauth.client_secret": "a-secret", "oauth.refresh_token": "a-refresh-token"}
    limiters = SteppedClock(datetime.now(UTC)).limiters()
    return build_plugin(Hubspot, settings, secrets=secrets, limiters=limiters)


def outcome(url: str) -> Outcome | RegbridgeError:
    """Return what becomes of one record."""
    plugin = target(url)
    try:
        [found] = plugin.deliver_records([RECORD])
    except RegbridgeError as error:
        return error
    finally:
        plugin.close()
    return found


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (400, {"body": "<h1>Bad gateway</h1>"}, RetryableError),
        (401, {"body": "<h1>Log in</h1>"}, CredentialsError),
        (403, {"json": {"category": "FORBIDDEN"}}, CredentialsError),
        (404, {"body": "<h1>Nothing here</h1>"}, RetryableError),
        (418, {"json": {"category": "TEAPOT"}}, RetryableError),
        (524, {"body": "timeout"}, AmbiguousError),
        (429, {"json": {"message": "You have reached your daily limit."}}, QuotaExceededError),
        (429, {"body": "slow down"}, QuotaExceededError),
        (200, {"json": ["no object"]}, AmbiguousError),
        (200, {"json": {"results": "none"}}, AmbiguousError),
    ],
)
def test_each_answer_says_what_to_do_next(
    known: ScriptedServer, status: int, answer: dict[str, Any], error: type[RegbridgeError]
) -> None:
    known.expect("POST", UPSERT).answer(status, **answer)
    found = outcome(known.url)
    assert type(found) is error
    assert "a-secret-of-mine" not in f"{found}"


def test_a_day_without_a_policy_name_ends_at_the_accounts_midnight(known: ScriptedServer) -> None:
    known.expect("POST", UPSERT).answer(
        429, json={}, headers={"X-HubSpot-RateLimit-Daily-Remaining": "0"}
    )
    found = outcome(known.url)
    assert isinstance(found, QuotaExceededError)
    assert found.until.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M:%S") == "00:00:00"


def test_a_longer_wait_than_ten_seconds_is_kept(known: ScriptedServer) -> None:
    known.expect("POST", UPSERT).answer(429, json={}, headers={"Retry-After": "120"})
    found = outcome(known.url)
    assert isinstance(found, QuotaExceededError)
    assert found.until - datetime.now(UTC) > timedelta(seconds=100)


def test_words_that_are_not_known_are_shown_without_the_persons(known: ScriptedServer) -> None:
    said = "Pipeline validation failed for Zoë (zoe@example.org)"
    known.expect("POST", UPSERT).answer(400, json={"message": said, "category": "odd category"})
    found = outcome(known.url)
    assert isinstance(found, Outcome)
    assert found.reason.startswith("HubSpot refuses it (without a category): Pipeline validation")
    assert "Zoë" not in found.reason
    assert "zoe@" not in found.reason


@pytest.mark.parametrize("answer", [{"json": []}, {"json": {"results": None}}])
def test_properties_that_are_no_list_leave_the_target_alone(
    server: ScriptedServer, answer: dict[str, Any]
) -> None:
    server.expect("GET", PROPERTIES).answer(**answer)
    found = outcome(server.url)
    assert isinstance(found, RetryableError)
    assert "no list of them" in str(found)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, {"json": {"access_token": "x"}}),
        (200, {"json": {"expires_in": 1800}}),
        (200, {"json": {"access_token": 7, "expires_in": 1800}}),
        (200, {"body": "<h1>Log in</h1>"}),
        (400, {"body": "<h1>Bad request</h1>"}),
        (503, {"json": {"status": "error"}}),
    ],
)
def test_an_exchange_that_gives_no_token_is_tried_again(
    server: ScriptedServer, status: int, answer: dict[str, Any]
) -> None:
    server.expect("POST", TOKEN).answer(status, **answer)
    plugin = target(server.url, oauth=True)
    with pytest.raises(RetryableError) as raised:
        plugin.deliver_records([RECORD])
    assert "a-refresh-token" not in f"{raised.value}{raised.value.detail}"
    plugin.close()


def test_an_exchange_without_an_answer_is_tried_again() -> None:
    """Nothing was changed by it that a second one could double."""
    plugin = target("http://127.0.0.1:9", oauth=True)
    with pytest.raises(RetryableError):
        plugin.deliver_records([RECORD])
    plugin.close()


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"errors": "x", "context": [], "message": 7},
        {"message": "Property values were not valid: [{]"},
        {"message": "Property values were not valid: [1, {}]"},
        {"errors": [{"context": {"objectWriteTraceId": [None, 7]}}]},
    ],
)
def test_an_error_in_another_form_is_read_as_far_as_it_goes(document: Any) -> None:
    fault = read_fault(document)
    assert (fault.invalid, fault.traces, fault.scopes) == ((), (), ())
    rejected = of_record(fault, Writer("cvent_contact_id", {}, None).input(0, RECORD))
    assert rejected.reason.startswith("HubSpot refuses it")


def test_an_error_with_codes_beside_its_message_names_the_field() -> None:
    document = {"errors": [{"in": "firstname", "code": "REQUIRED_BY_RULE", "message": "x"}]}
    given = Writer("cvent_contact_id", {}, None).input(0, RECORD)
    found = of_record(read_fault(document), given)
    assert found == Outcome.rejected("firstname: refused (REQUIRED_BY_RULE)", "firstname")


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd"])
def test_a_time_zone_that_is_not_known_is_none(name: str) -> None:
    assert zone_named(name) is None


def test_results_are_known_by_their_trace_where_they_do_not_say_the_id() -> None:
    inputs = [
        Input(place, RECORD, f"c-{place}", f"c-{place}", f"t-{place}", {}) for place in range(3)
    ]
    results = [{"id": str(place), "objectWriteTraceId": f"t-{place}"} for place in (2, 0, 1)]
    found = outcomes_of(inputs, {"results": results}, "cvent_contact_id")
    assert [found[place].external_id for place in range(3)] == ["0", "1", "2"]


def test_the_day_that_ends_is_the_accounts() -> None:
    zone = zone_named("US/Eastern")
    evening = datetime(2027, 7, 2, 1, 0, tzinfo=UTC)  # nine o'clock on the first of July there
    assert next_day(evening, zone) == datetime(2027, 7, 2, 4, 0, tzinfo=UTC)


def test_a_day_ends_at_midnight_also_when_clocks_are_changed() -> None:
    zone = zone_named("US/Eastern")
    before = datetime(2027, 3, 14, 6, 0, tzinfo=UTC)  # one o'clock of a day with 23 hours
    assert next_day(before, zone) == datetime(2027, 3, 15, 4, 0, tzinfo=UTC)
    assert next_day(before, None) == before + timedelta(hours=1)


@pytest.mark.parametrize("usage", [[], {"results": [7, {"currentUsage": "x", "usageLimit": 0}]}])
def test_a_check_goes_on_where_usage_and_account_are_not_told(
    server: ScriptedServer, usage: Any
) -> None:
    listed = [one.document for one in contacts().properties]
    server.expect("GET", PROPERTIES).answer(json={"results": listed})
    server.expect("GET", ACCOUNT).answer(503, json={})
    server.expect("GET", ACCOUNT, times=None).answer(503, json={})
    server.expect("GET", f"{ACCOUNT[:-8]}/api-usage/daily/private-apps").answer(json=usage)
    plugin = target(server.url)
    assert plugin.context.target
    said = [str(one) for one in plugin.check_connection(plugin.context.target) or ()]
    plugin.close()
    assert said[0] == "HubSpot lets us into the account"
    assert "time zone" in said[1]
    assert "contacts are known by cvent_contact_id" in said[-1]
