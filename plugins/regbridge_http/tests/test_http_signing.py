"""Messages are signed as Standard Webhooks says, and its own library agrees."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from regbridge import Client, PluginContext, Record, RejectedError, Target
from regbridge_http.envelope import content_of, message_of
from regbridge_http.signing import key_of, new_secret, signature, signed_headers

# The public test vector of the scheme's libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

CONTEXT = PluginContext("http", Client("acme"), Path(), Target("hook"))
KIND = "registration.changed"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)
RECORDS = st.builds(
    Record,
    st.dictionaries(TEXTS, VALUES, max_size=5),
    delivery=st.integers(1),
    registrant=TEXTS,
    message_time=st.none() | st.datetimes(timezones=st.just(UTC)),
)


def verified(secret: str, headers: dict[str, str], body: bytes) -> Any:
    """Return what a message says, if the scheme's own library takes it."""
    return Webhook(secret).verify(body, headers)


def test_the_public_vector_is_signed_as_published() -> None:
    assert signature(key_of(SECRET), ID, 1614265330, BODY) == SIGNATURE


@given(RECORDS, st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=3))
def test_any_record_is_a_message_that_the_schemes_library_takes(
    record: Record, keys: list[bytes]
) -> None:
    message = message_of(record, CONTEXT, KIND)
    headers = dict(signed_headers(keys, message.id, int(time.time()), message.body))

    for key in keys:
        secret = "whsec_" + base64.b64encode(key).decode()
        assert key_of(secret) == key
        content = verified(secret, headers, message.body)
        assert content == content_of(record, CONTEXT, KIND)
        assert content["data"] == record.fields


@given(RECORDS, st.integers(0), st.binary(min_size=1, max_size=1))
def test_a_message_with_any_byte_changed_is_not_taken(
    record: Record, place: int, byte: bytes
) -> None:
    message = message_of(record, CONTEXT, KIND)
    at = place % len(message.body)
    changed = message.body[:at] + byte + message.body[at + 1 :]
    headers = dict(signed_headers([key_of(SECRET)], message.id, int(time.time()), message.body))

    if changed != message.body and _is_text(changed):
        with pytest.raises(WebhookVerificationError):
            verified(SECRET, headers, changed)


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_who_has_neither_secret_takes_nothing() -> None:
    headers = dict(signed_headers([key_of(SECRET)], ID, int(time.time()), BODY))
    with pytest.raises(WebhookVerificationError, match="No matching"):
        verified(new_secret(), headers, BODY)


def test_a_message_without_secrets_has_its_id_and_its_time_all_the_same() -> None:
    assert signed_headers([], ID, 1614265330, BODY) == {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La",
        "whsec_" + "A" * 88,
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaé",
        "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ],
)
def test_what_is_no_secret_of_the_scheme_is_refused_and_not_quoted(wrong: str) -> None:
    with pytest.raises(ValueError, match="whsec_ and 24 to 64 bytes") as caught:
        key_of(wrong)
    assert "MfKQ9" not in str(caught.value)


def test_a_new_secret_is_another_one_each_time() -> None:
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    assert {len(key_of(secret)) for secret in made} == {32}


def test_the_id_is_that_of_the_delivery_and_of_what_it_says() -> None:
    record = Record({"Email": "a@example.org"}, delivery=7, registrant="r")
    same = message_of(record, CONTEXT, KIND)
    other_target = PluginContext("http", Client("acme"), Path(), Target("other"))
    other_client = PluginContext("http", Client("else"), Path(), Target("hook"))

    assert message_of(Record(dict(record.fields), 7, registrant="r"), CONTEXT, KIND) == same
    assert message_of(record, CONTEXT, "another.type").id == same.id
    others = [
        message_of(Record(dict(record.fields), 8, registrant="r"), CONTEXT, KIND),
        message_of(Record({"Email": "b@example.org"}, 7, registrant="r"), CONTEXT, KIND),
        message_of(Record(dict(record.fields), 7, registrant="s"), CONTEXT, KIND),
        message_of(record, other_target, KIND),
        message_of(record, other_client, KIND),
    ]
    assert len({same.id, *(each.id for each in others)}) == 6
    assert "." not in same.id


def test_what_changes_with_each_attempt_is_not_in_the_message() -> None:
    first = Record({"Email": "a@example.org"}, delivery=7)
    later = Record({"Email": "a@example.org"}, delivery=7, attempt=5, external_id="R-1")
    assert message_of(first, CONTEXT, KIND) == message_of(later, CONTEXT, KIND)


def test_a_message_says_whose_it_is_when_cvent_told_and_nothing_that_is_unknown() -> None:
    record = Record(
        {"Name": "Zoë"},
        delivery=7,
        registration=9,
        registrant="registration:e:i",
        contact_stub="c",
        event_stub="e",
        message_time=datetime(2026, 11, 24, 10, 0, 0, 5000, UTC),
    )
    message = message_of(record, CONTEXT, KIND)

    assert json.loads(message.body) == {
        "type": KIND,
        "timestamp": "2026-11-24T10:00:00.005Z",
        "data": {"Name": "Zoë"},
        "context": {
            "client": "acme",
            "target": "hook",
            "event": "e",
            "registrant": "registration:e:i",
            "contact": "c",
            "registration": 9,
            "delivery": 7,
        },
    }
    assert "Zoë".encode() in message.body


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"bytes", "\ud800"])
def test_what_json_has_no_form_for_is_rejected_with_its_field(value: Any) -> None:
    with pytest.raises(RejectedError, match="JSON") as caught:
        message_of(Record({"Good": 1, "Bad": value}), CONTEXT, KIND)
    assert caught.value.field == "Bad"
