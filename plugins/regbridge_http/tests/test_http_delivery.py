"""The `http` target over real HTTP: what goes over the wire, and what follows from the answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from structlog.testing import capture_logs

from regbridge import (
    CredentialsError,
    Level,
    Outcome,
    PluginContext,
    Record,
    RegbridgeError,
    RetryableError,
    Target,
)
from regbridge.testing.building import build_plugin
from regbridge.testing.scripted import ScriptedServer
from regbridge_http.deliver import Http
from regbridge_http.signing import new_secret

OLD, NEW = new_secret(), new_secret()
HOOK = Target("hook")
PATH = "/hooks/catch/1234567/abc123d/"
QUERY = "sp=%2Ftriggers%2Fmanual%2Frun&sig=very-secret-2718"
RECORD = Record(
    {"Email": "zoe@example.org", "Name": "Zoë O'Brien"},
    delivery=7,
    registrant="registration:e:i",
    message_time=datetime(2026, 11, 24, 10, 0, tzinfo=UTC),
)
Make = Callable[..., Http]


@pytest.fixture
def receiver() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def make(receiver: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Build plugins that post to the receiver; they are closed after the test."""
    monkeypatch.setenv("HOOK_OLD", OLD)
    monkeypatch.setenv("HOOK_NEW", NEW)
    with ExitStack() as stack:

        def build(**settings: Any) -> Http:
            url = f"{receiver.url}{PATH}?{QUERY}"
            plugin = build_plugin(Http, settings, target=HOOK, secrets={"url": url})
            stack.callback(plugin.close)
            return plugin

        yield build


def test_what_is_sent_is_taken_by_the_schemes_own_library(
    receiver: ScriptedServer, make: Make
) -> None:
    receiver.expect("POST", f"{PATH}?{QUERY}", headers={"content-type": "application/json"})
    [outcome] = make(secrets=[{"env": "HOOK_NEW"}]).deliver_records([RECORD])

    [seen] = receiver.requests
    content = Webhook(NEW).verify(seen.body, dict(seen.headers))
    assert content["type"] == "registration.changed"
    assert content["timestamp"] == "2026-11-24T10:00:00.000Z"
    assert content["data"] == RECORD.fields
    assert content["context"]["delivery"] == 7
    assert outcome == Outcome.created(seen.headers["webhook-id"])
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(seen.body, dict(seen.headers))


def test_during_a_rotation_the_holders_of_both_secrets_take_a_message(
    receiver: ScriptedServer, make: Make
) -> None:
    receiver.expect("POST", PATH)
    make(secrets=[{"env": "HOOK_NEW"}, {"env": "HOOK_OLD"}]).deliver_records([RECORD])

    [seen] = receiver.requests
    for secret in (OLD, NEW):
        assert Webhook(secret).verify(seen.body, dict(seen.headers))["data"] == RECORD.fields
    assert len(seen.headers["webhook-signature"].split(" ")) == 2


def test_a_later_attempt_is_the_same_message_signed_at_another_time(
    receiver: ScriptedServer, make: Make
) -> None:
    receiver.expect("POST", PATH, times=2)
    plugin = make(secrets=[{"env": "HOOK_NEW"}])
    now = datetime.now(UTC)
    plugin._clock = lambda: now - timedelta(seconds=90)
    plugin.deliver_records([RECORD])
    plugin._clock = lambda: now
    plugin.deliver_records([RECORD])

    first, second = receiver.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    stamps = [int(seen.headers["webhook-timestamp"]) for seen in (first, second)]
    assert stamps[1] - stamps[0] == 90
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    for seen in (first, second):
        Webhook(NEW).verify(seen.body, dict(seen.headers))


def test_without_secrets_a_message_has_no_signature(receiver: ScriptedServer, make: Make) -> None:
    receiver.expect("POST", PATH)
    make().deliver_records([RECORD])
    [seen] = receiver.requests
    assert "webhook-signature" not in seen.headers
    assert seen.headers["webhook-id"].startswith("msg_")


def test_headers_and_type_are_those_of_the_settings(receiver: ScriptedServer, make: Make) -> None:
    receiver.expect("POST", PATH, headers={"x-source": "cvent", "user-agent": "ours"})
    make(headers={"X-Source": "cvent", "User-Agent": "ours"}, type="cvent.changed").deliver_records(
        [RECORD]
    )
    [seen] = receiver.requests
    assert json.loads(seen.body)["type"] == "cvent.changed"


def test_the_id_of_the_answer_is_kept_and_a_known_registrant_is_updated(
    receiver: ScriptedServer, make: Make
) -> None:
    receiver.expect("POST", PATH).answer(201, json={"contact": {"id": 41}})
    receiver.expect("POST", PATH).answer(204)
    plugin = make(id_from="contact.id")

    assert plugin.deliver_records([RECORD]) == [Outcome.created("41")]
    known = Record(RECORD.fields, delivery=8, external_id="41")
    assert plugin.deliver_records([known]) == [Outcome.updated(None)]


def test_a_redirect_is_not_followed(receiver: ScriptedServer, make: Make) -> None:
    receiver.expect("POST", PATH).answer(307, headers={"Location": f"{receiver.url}/elsewhere"})
    with pytest.raises(RetryableError, match="leads to"):
        make().deliver_records([RECORD])
    assert len(receiver.requests) == 1


def test_a_receiver_that_is_busy_is_left_alone_for_as_long_as_it_asks(
    receiver: ScriptedServer, make: Make
) -> None:
    receiver.expect("POST", PATH).answer(503, headers={"Retry-After": "40"})
    with pytest.raises(RetryableError) as caught:
        make().deliver_records([RECORD])
    assert caught.value.retry_after == 40


def test_a_status_can_mean_what_the_receiver_means(receiver: ScriptedServer, make: Make) -> None:
    receiver.expect("POST", PATH).answer(400, json={"error": "No signature is right."})
    receiver.expect("POST", PATH).answer(409)
    plugin = make(statuses={400: "credentials", "409": "delivered"})

    with pytest.raises(CredentialsError):
        plugin.deliver_records([RECORD])
    [outcome] = plugin.deliver_records([RECORD])
    assert outcome.kind == "created"


@pytest.mark.parametrize("status", [200, 307, 400, 401, 404, 429, 500])
def test_no_text_and_no_line_of_the_log_holds_the_url_or_the_person(
    receiver: ScriptedServer, make: Make, status: int
) -> None:
    echo = f"Zoë O'Brien <zoe@example.org> at {PATH}?{QUERY} with {NEW}"
    receiver.expect("POST", PATH).answer(
        status, json={"error": echo}, headers={"Location": f"{receiver.url}{PATH}?{QUERY}"}
    )
    texts: list[str] = []
    with capture_logs() as lines:
        try:
            [outcome] = make(secrets=[{"env": "HOOK_NEW"}]).deliver_records([RECORD])
            texts.append(outcome.reason)
        except RegbridgeError as error:
            texts += [str(error), error.detail]
    assert lines
    shown = " ".join(map(str, [*texts, *lines]))
    for private in ("very-secret", "abc123d", "1234567", "Zoë", "zoe@", "Brien"):
        assert private not in shown


def test_what_json_has_no_form_for_parks_alone_and_is_not_sent(make: Make) -> None:
    [outcome] = make().deliver_records([Record({"Number": float("nan")}, delivery=1)])
    assert (outcome.kind, outcome.field) == ("rejected", "Number")


def test_a_preview_shows_the_body_and_no_secret(make: Make) -> None:
    shown = make(secrets=[{"env": "HOOK_NEW"}]).preview(Record({"Name": "Zoë"}, registrant="r"))
    assert shown == {
        "type": "registration.changed",
        "data": {"Name": "Zoë"},
        "context": {"client": "trial", "target": "hook", "registrant": "r"},
    }


def test_a_check_connects_and_posts_nothing(receiver: ScriptedServer, make: Make) -> None:
    [reached] = make(secrets=[{"env": "HOOK_NEW"}]).check_connection(HOOK) or ()
    assert reached.level is Level.OK
    assert "nothing was posted" in reached.message
    assert receiver.requests == []


def test_a_check_warns_of_messages_that_are_not_signed(make: Make) -> None:
    findings = make().check_connection(HOOK) or ()
    assert [finding.level for finding in findings] == [Level.OK, Level.WARNING]
    assert "make up registrations" in findings[1].message


def test_a_check_says_that_a_receiver_cannot_be_reached_without_showing_its_url(
    receiver: ScriptedServer, make: Make
) -> None:
    plugin = make(secrets=[{"env": "HOOK_NEW"}])
    receiver.stop()
    [finding] = plugin.check_connection(HOOK) or ()
    assert finding.level is Level.ERROR
    assert "no connection to 127.0.0.1" in finding.message
    assert "very-secret" not in str(finding)


def test_the_pace_is_kept_for_each_target_by_a_key_without_its_url(
    receiver: ScriptedServer, make: Make
) -> None:
    receiver.expect("POST", PATH, times=2)
    plugin = make(calls_per_second=1000)
    context: PluginContext = plugin.context
    limiter = context.limiters.limiter("http trial hook")
    limiter.block(datetime.now(UTC) + timedelta(hours=1), "a test")
    with pytest.raises(RegbridgeError, match="a test"):
        plugin.deliver_records([RECORD])
    limiter.block(datetime.now(UTC) - timedelta(hours=1), "over")
    for _ in range(2):
        plugin.deliver_records([RECORD])
