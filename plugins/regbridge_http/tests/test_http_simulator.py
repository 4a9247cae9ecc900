"""The simulated receiver refuses what a receiver refuses, and answers as the vendors do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from regbridge.testing.server import LocalServer
from regbridge_http.signing import key_of, new_secret, signed_headers
from regbridge_http.simulator import FLAVOURS, Receiver, Reply
from regbridge_http.simulator.reply import DROP_AFTER, DROP_BEFORE

SECRET, OTHER = new_secret(), new_secret()
BODY = b'{"type":"registration.changed","data":{"Name":"Ada"}}'
JSON = {"Content-Type": "application/json"}


class Served:
    """A receiver at an address."""

    def __init__(self, receiver: Receiver, url: str) -> None:
        self.receiver = receiver
        self.url = url + receiver.address

    def post(self, headers: Mapping[str, str], body: bytes = BODY, **options: Any) -> Any:
        method = options.pop("method", "POST")
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method, self.url, data=body, headers=dict(headers), timeout=30, **options
            )


@contextmanager
def served(flavour: str = "standard", *secrets: str) -> Iterator[Served]:
    receiver = Receiver(FLAVOURS[flavour], secrets)
    with LocalServer(receiver) as server:
        yield Served(receiver, server.url)


@pytest.fixture
def standard() -> Iterator[Served]:
    with served("standard", SECRET, OTHER) as receiver:
        yield receiver


def signed(
    body: bytes = BODY, secret: str = SECRET, name: str = "msg_1", at: float = 0
) -> dict[str, str]:
    stamp = int(time.time() + at)
    return {**JSON, **signed_headers([key_of(secret)], name, stamp, body)}


def test_a_signed_message_is_taken_once_however_often_it_comes(standard: Served) -> None:
    first, second = standard.post(signed()), standard.post(signed(secret=OTHER))
    assert (first.status_code, first.json()) == (200, {"id": "R-1"})
    assert (second.status_code, second.json()) == (200, {"id": "R-1"})
    assert [message.content["data"] for message in standard.receiver.messages] == [{"Name": "Ada"}]
    assert standard.receiver.repeated == ["msg_1"]


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp"])
def test_a_message_without_a_header_of_the_scheme_is_refused(standard: Served, name: str) -> None:
    headers = signed()
    del headers[name]
    assert standard.post(headers).status_code == 400


@pytest.mark.parametrize("value", ["", "v1,", "v1,AAAA", "v2,x", "nonsense", "v1a,abc"])
def test_a_message_with_a_wrong_signature_is_refused(standard: Served, value: str) -> None:
    assert standard.post({**signed(), "webhook-signature": value}).status_code == 401


def test_one_right_signature_among_several_is_enough(standard: Served) -> None:
    headers = signed()
    headers["webhook-signature"] = f"v1,AAAA v1a,xyz {headers['webhook-signature']}"
    assert standard.post(headers).status_code == 200


@pytest.mark.parametrize(("at", "status"), [(-600, 401), (600, 401), (-250, 200), (250, 200)])
def test_a_time_may_be_five_minutes_away(standard: Served, at: float, status: int) -> None:
    assert standard.post(signed(at=at)).status_code == status


@pytest.mark.parametrize("stamp", ["now", "1.5", "-1", "1e9"])
def test_a_time_is_whole_seconds(standard: Served, stamp: str) -> None:
    assert standard.post({**signed(), "webhook-timestamp": stamp}).status_code == 400


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
def test_a_message_is_json_in_utf8(standard: Served, kind: str, status: int) -> None:
    assert standard.post({**signed(), "Content-Type": kind}).status_code == status


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"type":"a"}', b'{"type":1,"data":{}}', b'{"type":"a","data":[]}',
     b'{"type":"a","data":{"n":"\xff"}}'],
)  # fmt: skip
def test_a_body_that_is_no_message_is_refused(standard: Served, body: bytes) -> None:
    assert standard.post(signed(body), body).status_code == 400


def test_a_body_that_is_too_large_is_refused(standard: Served) -> None:
    body = b'{"type":"a","data":{"n":"%s"}}' % (b"x" * 1_000_000)
    assert standard.post(signed(body), body).status_code == 413


def test_the_id_of_another_message_is_refused(standard: Served) -> None:
    standard.post(signed())
    other = BODY.replace(b"Ada", b"Eve")
    assert standard.post(signed(other), other).status_code == 409
    assert len(standard.receiver.messages) == 1


def test_only_post_is_taken_and_only_at_its_path(standard: Served) -> None:
    found = standard.post(signed(), method="PUT")
    assert (found.status_code, found.headers["Allow"]) == (405, "POST")
    standard.url = standard.url.replace("registrations", "others")
    assert standard.post(signed()).status_code == 404


def test_a_receiver_without_secrets_takes_what_is_not_signed() -> None:
    with served("standard") as receiver:
        headers = signed()
        del headers["webhook-signature"]
        assert receiver.post(headers).status_code == 200


def test_it_fails_as_it_is_told(standard: Served) -> None:
    standard.receiver.treat_next(Reply(429, headers={"Retry-After": "7"}), DROP_BEFORE, DROP_AFTER)
    assert standard.post(signed()).headers["Retry-After"] == "7"
    for taken in (0, 1):
        with pytest.raises(requests.ConnectionError):
            standard.post(signed())
        assert len(standard.receiver.messages) == taken
    assert standard.post(signed()).json() == {"id": "R-1"}
    standard.receiver.treat_all(Reply(502))
    assert [standard.post(signed()).status_code for _ in range(2)] == [502, 502]
    standard.receiver.treat_all(None)
    assert standard.post(signed()).status_code == 200


def test_a_flow_of_power_automate_answers_202_and_wants_the_signature_of_its_url() -> None:
    with served("power-automate") as flow:
        answer = flow.post(JSON)
        assert (answer.status_code, answer.content) == (202, b"")
        flow.url = flow.url.replace("made-up", "another")
        assert flow.post(JSON).status_code == 401


def test_a_zap_answers_success_and_starts_twice_for_a_message_that_came_twice() -> None:
    with served("zapier") as zap:
        answers = [zap.post(signed()).json() for _ in range(2)]
        assert [answer["status"] for answer in answers] == ["success", "success"]
        assert answers[0]["id"] != answers[1]["id"]
        assert len(zap.receiver.messages) == 2


def test_a_workflow_of_n8n_answers_at_once_and_404_while_it_is_inactive() -> None:
    with served("n8n") as workflow:
        assert workflow.post(JSON).json() == {"message": "Workflow was started"}
        workflow.receiver.is_active = False
        answer = workflow.post(JSON)
        assert answer.status_code == 404
        assert "is not registered" in answer.json()["message"]
        assert workflow.receiver.refused == [404]


def test_what_is_kept_is_what_was_sent(standard: Served) -> None:
    standard.post({**signed(), "X-Source": "cvent"})
    [message] = standard.receiver.messages
    assert message.headers["x-source"] == "cvent"
    assert message.headers["content-type"] == "application/json"
    assert json.loads(message.body) == message.content
