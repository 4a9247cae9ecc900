"""What Cvent gets for its validation GET and for its messages."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from regbridge.errors import AuthenticationError, RetryableError, StoreUnavailableError
from regbridge.timings import Count, Key, Stage

if TYPE_CHECKING:
    from tests.integration.web.conftest import Answer, Site

    from regbridge.store.intake import Arrival

STUB = "547c3e6c-20e2-4d2a-b0c2-8d9ba77d2f11"
PROBLEM = "application/problem+json"


def test_the_validation_get_with_a_right_token_is_answered_200(site: Site) -> None:
    answer = site.ask("GET")

    assert answer.status == 200
    assert answer.json == {"client": "apap", "endpoint": "CventReg"}


def test_each_of_an_endpoints_tokens_is_right_so_that_they_can_be_rotated(site: Site) -> None:
    assert [site.ask("GET", token=token).status for token in site.tokens] == [200, 200]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("token", ["wrong", "", None, "Bearer right-token", "right-token2"])
def test_a_wrong_or_missing_token_is_answered_401(
    site: Site, method: str, token: str | None
) -> None:
    answer = site.ask(method, body=b"not even JSON" if method == "POST" else None, token=token)

    assert answer.status == 401
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.headers["WWW-Authenticate"]
    assert site.arrivals == []


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("wait", "told"), [(7.2, "8"), (0.0, "0"), (None, "30")])
def test_a_request_that_nobody_can_judge_now_is_answered_503(
    site: Site, monkeypatch: pytest.MonkeyPatch, method: str, wait: float | None, told: str
) -> None:
    def unsure(*_: Any) -> Any:
        raise RetryableError("the keys cannot be had", retry_after=wait)

    monkeypatch.setattr(site.pipeline, "authenticate", unsure)
    answer = site.ask(method, body=site.message() if method == "POST" else None)

    assert (answer.status, answer.headers["Retry-After"]) == (503, told)
    assert answer.headers["Content-Type"] == PROBLEM
    assert "keys" not in answer.json["detail"]
    assert site.arrivals == []


def test_a_401_says_how_one_gets_in(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert site.ask("GET", token="wrong").headers["WWW-Authenticate"] == "Token"

    def refuse(*_: Any) -> Any:
        raise AuthenticationError("it has expired", challenge='Bearer error="invalid_token"')

    monkeypatch.setattr(site.pipeline, "authenticate", refuse)
    with capture_logs() as logs:
        answer = site.ask("GET")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert "expired" not in answer.json["detail"]
    assert logs[0]["reason"] == "it has expired"


def test_a_refused_request_is_logged_without_token_or_body(site: Site) -> None:
    with capture_logs() as logs:
        site.post(b"jane.doe@example.org", token="almost-right-token")

    (log,) = logs
    assert (log["client"], log["endpoint"]) == ("apap", "CventReg")
    assert log["remote_address"] == "127.0.0.1"
    assert log["status"] == 401
    assert "almost" not in str(log)
    assert "jane" not in str(log)


def test_a_token_with_bytes_beyond_ascii_is_compared_as_bytes(site: Site) -> None:
    site.clients.endpoint = type(site.clients.endpoint)("CventReg", site.path, ("ключ",))
    request = site.head(method="GET").replace(b"right-token", "ключ".encode())

    assert site.send_raw(request).status == 200
    assert site.send_raw(request.replace("ключ".encode(), b"\xff\xfe")).status == 401


def test_a_head_is_answered_like_a_get_without_its_body(site: Site) -> None:
    answer = site.ask("HEAD")

    assert answer.status == 200
    assert answer.body == b""
    assert site.ask("HEAD", token="wrong").status == 401


def test_a_message_is_stored_as_it_came(site: Site) -> None:
    body = b"\n " + site.message(records=2) + b"\n"

    answer = site.post(body)

    assert answer.status == 200
    assert answer.json == {"receipt": 1, "registrations": 2}
    (arrival,) = site.arrivals
    assert arrival.body == body
    assert (arrival.client, arrival.endpoint) == ("apap", "CventReg")
    assert arrival.received_at == site.now
    assert arrival.event_type == "InviteeOrGuestAccepted"
    assert arrival.message_stub == STUB
    assert arrival.message_time == datetime(2027, 3, 4, 5, 6, 0, 617_000, tzinfo=UTC)
    assert arrival.message_time_text == "2027-03-04T05:06:00.617Z"
    assert arrival.record_count == 2
    assert arrival.problem == ""


def test_a_sender_waits_from_the_arrival_to_the_answer_and_that_is_measured(site: Site) -> None:
    seconds = 0.0

    def later(arrival: Arrival) -> int:
        nonlocal seconds
        seconds += 3
        return accept(arrival)

    accept, site.accept = site.accept, later  # type: ignore[method-assign]
    site.timings.clock = lambda: seconds
    with site.running():
        site.post(site.message(records=2))

    assert site.timings.take() == {(Key("apap", Stage.RECEIVE), 12): Count(1, 2, 3_000_000)}


def test_of_what_is_refused_only_what_has_a_right_token_is_measured(site: Site) -> None:
    site.post(site.message(), token="wrong")
    site.ask("GET")
    assert site.timings.take() == {}

    site.post(b"not JSON")
    site.failure = StoreUnavailableError("the disk is full")
    site.post(site.message(records=2))

    [found] = {(key, count.registrations) for (key, _), count in site.timings.take().items()}
    assert found == (Key("apap", Stage.RECEIVE), 0)


@pytest.mark.parametrize(
    "suffix",
    [
        "/",
        f"/InviteeOrGuestAccepted/{STUB}",
        f"/InviteeOrGuestAccepted/{STUB}/",
        f"/InviteeOrGuestAccepted/{STUB.upper()}?x=1",
        "/Invitee%20Or%2FGuest%C3%A9/%00%ff",
        "//x",
    ],
)
def test_the_two_segments_that_cvent_appends_are_accepted(site: Site, suffix: str) -> None:
    assert site.post(site.message(), site.path + suffix).status == 200
    assert site.arrivals[0].event_type == "InviteeOrGuestAccepted"


def test_the_body_wins_over_the_path_and_the_difference_is_logged(site: Site) -> None:
    with capture_logs() as logs:
        site.post(site.message(), f"{site.path}/Other%20Type/{STUB}")
        site.post(site.message(), f"{site.path}/InviteeOrGuestAccepted/{STUB.upper()}")

    (log,) = [log for log in logs if log["event"] == "path and body differ"]
    assert log["path"] == ["Other Type", STUB]
    assert log["body"] == ["InviteeOrGuestAccepted", STUB]
    assert [arrival.event_type for arrival in site.arrivals] == ["InviteeOrGuestAccepted"] * 2


@pytest.mark.parametrize("suffix", ["/one", "/one/two/three", "/one/two%2Fthree/four", "%2Fone"])
def test_any_other_path_below_an_endpoint_is_unknown(site: Site, suffix: str) -> None:
    assert site.post(site.message(), site.path + suffix).status == 404


@pytest.mark.parametrize("path", ["/", "//", "/cvent", "/cvent/apap", "/health/x", "/*", "/%00"])
def test_an_unknown_path_is_answered_404(site: Site, path: str) -> None:
    answer = site.post(site.message(), path)

    assert answer.status == 404
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.json["title"] == "Not Found"


def test_the_absolute_form_of_a_url_finds_the_endpoint(site: Site) -> None:
    assert site.ask("GET", f"http://example.org{site.path}").status == 200


def test_methods_that_mean_nothing_are_answered_405(site: Site) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "BREW"):
        answer = site.ask(method)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
        assert answer.headers["Content-Type"] == PROBLEM
    below = site.ask("GET", f"{site.path}/InviteeOrGuestAccepted/{STUB}")
    assert (below.status, below.headers["Allow"]) == (405, "POST")


def test_the_content_type_does_not_matter(site: Site) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "", "%%"):
        assert site.post(site.message(), headers={"Content-Type": content_type}).status == 200


def test_a_byte_order_mark_is_accepted(site: Site) -> None:
    assert site.post(b"\xef\xbb\xbf" + site.message()).status == 200


def test_a_message_without_records_is_accepted(site: Site) -> None:
    assert site.post(site.message(records=0)).json["registrations"] == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"[]",
        b"{}",
        b"null",
        b'"text"',
        b'{"eventType": "X", "message": null}',
        b'{"eventType": "X", "message": {}}',
        b'{"eventType": 1, "message": []}',
        b'{"eventType": "X", "message": [NaN]}',
        b'{"eventType": "X", "message": [{}]',
        b'{"eventType": "X", "message": ["\xff"]}',
        '{"eventType": "X", "message": []}'.encode("utf-16"),
        b"[" * 10_000 + b"]" * 10_000,
        b'{"eventType": "X", "message": [' + b'{"a":' * 10_000,
        b"\x00\xff" * 100,
    ],
    ids=lambda body: repr(body[:40]),
)
def test_a_malformed_body_is_kept_as_it_came_and_answered_400(site: Site, body: bytes) -> None:
    answer = site.post(body)

    assert answer.status == 400
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.json["receipt"] == 1
    (arrival,) = site.arrivals
    assert arrival.body == body
    assert arrival.problem == answer.json["detail"]
    assert arrival.problem.startswith("the body is")


def test_a_body_nested_deeply_inside_a_record_does_no_harm(site: Site) -> None:
    deep = b"[" * 10_000 + b"]" * 10_000

    answer = site.post(b'{"eventType": "X", "message": [' + deep + b"]}")

    assert answer.status in {200, 400}
    assert len(site.arrivals) == 1


def test_a_store_that_cannot_commit_is_answered_503(site: Site) -> None:
    site.failure = StoreUnavailableError("disk full", detail="/var/lib/regbridge.db: disk full")

    for body in (site.message(), b"malformed"):
        answer = site.post(body)
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "30"
        assert answer.headers["Content-Type"] == PROBLEM
        assert b"/var" not in answer.body
        assert "receipt" not in answer.json


def test_a_client_that_was_refused_at_start_is_answered_503(site: Site) -> None:
    for path in ("/cvent/broken/CventReg", f"/cvent/broken/CventReg/X/{STUB}"):
        answer = site.post(site.message(), path)
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "30"
        assert b"broken.yaml" not in answer.body


def test_a_refused_client_whose_paths_are_unknown_does_not_hide_the_others(site: Site) -> None:
    site.clients.unreadable = True

    assert site.post(site.message(), f"{site.path}/InviteeOrGuestAccepted/{STUB}").status == 200
    assert site.post(site.message(), "/cvent/unknown").status == 503


def test_a_bug_is_answered_500_without_its_internals_and_logged_with_them(site: Site) -> None:
    site.failure = ZeroDivisionError("internal detail")

    with capture_logs() as logs:
        answer = site.post(site.message())

    assert answer.status == 500
    assert answer.headers["Content-Type"] == PROBLEM
    assert b"internal" not in answer.body
    assert isinstance(logs[0]["exc_info"], ZeroDivisionError)


def test_200_is_answered_only_after_the_message_is_stored(site: Site) -> None:
    site.released.clear()
    answers: list[Answer] = []
    client = threading.Thread(target=lambda: answers.append(site.post(site.message())))
    client.start()

    assert site.accepting.wait(30)
    assert answers == []
    site.released.set()
    client.join()

    assert answers[0].status == 200
    assert len(site.arrivals) == 1


def test_the_authenticating_plugin_sees_the_head_of_the_request(site: Site) -> None:
    site.post(site.message(), headers={"Request-ID": "r1"})

    (request,) = site.pipeline.requests
    assert (request.method, request.path) == ("POST", site.path)
    assert request.headers["request-id"] == "r1"
    assert request.remote_address == "127.0.0.1"


@pytest.mark.parametrize("state", [{"status": "ok"}, {"status": "degraded", "parked": 3}])
def test_health_is_told_to_anybody(site: Site, state: dict[str, Any]) -> None:
    site.state = state

    for path in ("/health", "/health/"):
        answer = site.ask("GET", path, token=None)
        assert (answer.status, answer.json) == (200, state)
    assert site.ask("HEAD", "/health", token=None).status == 200


def test_health_is_503_when_the_ledger_is_not_available(site: Site) -> None:
    site.state = StoreUnavailableError("locked")

    answer = site.ask("GET", "/health", token=None)

    assert answer.status == 503
    assert answer.headers["Retry-After"] == "30"


def test_health_takes_no_messages(site: Site) -> None:
    answer = site.post(site.message(), "/health")

    assert answer.status == 405
    assert answer.headers["Content-Type"] == PROBLEM
