"""A scripted server over real HTTP: it answers what is expected and complains of all else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from regbridge.testing.scripted import Answer, ScriptedServer, Seen

SECONDS = 10


def call(server: ScriptedServer, method: str, path: str, json: object = None) -> requests.Response:
    return requests.request(method, server.url + path, json=json, timeout=SECONDS)


def test_what_is_expected_is_answered_and_kept() -> None:
    with ScriptedServer() as server:
        server.expect("POST", "/contacts", json={"email": "a@example.org"}).answer(
            201, json={"id": "7"}, headers={"X-Call": "1"}
        )
        answer = requests.post(
            f"{server.url}/contacts?dry=&dry=1",
            json={"email": "a@example.org"},
            headers={"Authorization": "Bearer token"},
            timeout=SECONDS,
        )
        assert (answer.status_code, answer.json(), answer.headers["X-Call"]) == (
            201,
            {"id": "7"},
            "1",
        )
        [request] = server.requests
        assert (request.method, request.path) == ("POST", "/contacts")
        assert request.query == {"dry": ["", "1"]}
        assert request.headers["authorization"] == "Bearer token"
        assert request.json() == {"email": "a@example.org"}


def test_a_path_is_decoded_and_a_head_has_no_body() -> None:
    with ScriptedServer() as server:
        server.expect("HEAD", "/people/Zoë").answer(200, body="a page")
        answer = requests.head(f"{server.url}/people/Zo%C3%AB", timeout=SECONDS)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["Content-Length"] == "6"


def test_requests_of_one_path_are_answered_in_their_order() -> None:
    with ScriptedServer() as server:
        server.expect("GET", "/a").answer(503)
        server.expect("GET", "/b").answer(204)
        server.expect("GET", "/a", times=2).answer(200)
        found = [call(server, "GET", path).status_code for path in ("/a", "/a", "/b", "/a")]
        assert found == [503, 200, 204, 200]


def test_a_request_in_the_wrong_order_of_its_path_is_unexpected() -> None:
    with pytest.raises(AssertionError) as raised, ScriptedServer() as server:
        server.expect("POST", "/a", json=1)
        server.expect("POST", "/a", json=2)
        assert call(server, "POST", "/a", json=2).status_code == 501
    assert str(raised.value).splitlines() == [
        "the server was not asked as expected:",
        "  unexpected: POST /a: POST /a was expected, but the body should be 1, it is 2",
        "  never came: POST /a",
        "  never came: POST /a",
    ]


def test_all_requests_can_be_held_to_one_order() -> None:
    with pytest.raises(AssertionError) as raised, ScriptedServer(order="all") as server:
        server.expect("POST", "/token")
        server.expect("GET", "/a")
        assert call(server, "GET", "/a").status_code == 501
        assert call(server, "POST", "/token").status_code == 200
        assert call(server, "GET", "/a").status_code == 200
    assert str(raised.value).splitlines()[1:] == [
        "  unexpected: GET /a: POST /token was expected, but the method should be POST, it is GET, "
        'and the path should be "/token", it is "/a"'
    ]


def test_requests_that_are_made_at_once_may_come_in_any_order() -> None:
    with ScriptedServer(order="any") as server, ThreadPoolExecutor(8) as pool:
        for number in range(20):
            server.expect("POST", "/a", json=number).answer(json=number)
        found = pool.map(lambda n: call(server, "POST", "/a", json=n).json(), reversed(range(20)))
        assert list(found) == list(reversed(range(20)))


def test_the_closest_of_several_is_compared_with_what_came() -> None:
    with pytest.raises(AssertionError) as raised, ScriptedServer(order="any") as server:
        server.expect("POST", "/a", json={"a": 9, "b": 9})
        server.expect("POST", "/a", json={"a": 1, "b": 2})
        call(server, "POST", "/a", json={"a": 1, "b": 3})
    assert "but the body.b should be 2, it is 3" in str(raised.value)


def test_any_number_of_requests_can_be_expected_behind_the_counted_ones() -> None:
    with ScriptedServer() as server:
        server.expect("GET", "/a", times=None).answer(200)
        server.expect("GET", "/never", times=None)
        server.expect("GET", "/a").answer(503)
        assert [call(server, "GET", "/a").status_code for _ in range(3)] == [503, 200, 200]


@pytest.mark.parametrize(
    ("expected", "path", "complaint"),
    [
        ([], "/x?a=1", "unexpected: GET /x?a=1: expected was nothing more"),
        ([("GET", "/y")], "/x", "unexpected: GET /x: expected was GET /y"),
        ([("PUT", "/x")], "/x", "unexpected: GET /x: expected was PUT /x"),
    ],
)
def test_a_request_that_nobody_expects_is_named_with_what_was_expected(
    expected: list[tuple[str, str]], path: str, complaint: str
) -> None:
    with pytest.raises(AssertionError) as raised, ScriptedServer() as server:
        for method, place in expected:
            server.expect(method, place)
        answer = call(server, "GET", path)
        assert answer.status_code == 501
        request, _, why = complaint.removeprefix("unexpected: ").partition(": ")
        assert answer.text == f"{request} was not expected: {why}\n"
    assert complaint in str(raised.value)


def test_one_request_too_many_is_named_as_such() -> None:
    with pytest.raises(AssertionError) as raised, ScriptedServer() as server:
        server.expect("GET", "/a", times=2)
        for _ in range(3):
            call(server, "GET", "/a")
    assert "it was expected 2 times and had come so often" in str(raised.value)


def test_what_came_too_seldom_is_named_with_its_number() -> None:
    with pytest.raises(AssertionError) as raised, ScriptedServer() as server:
        server.expect("GET", "/a", times=3)
        call(server, "GET", "/a")
    assert "came once of 3: GET /a" in str(raised.value)


def test_an_exception_on_its_way_keeps_its_place_and_gets_a_note() -> None:
    with pytest.raises(LookupError) as raised, ScriptedServer() as server:
        server.expect("GET", "/a")
        raise LookupError("the real reason")
    assert "never came: GET /a" in raised.value.__notes__[0]


@pytest.mark.parametrize(("when", "kept"), [("before", 0), ("after", 1)])
def test_a_connection_is_dropped_before_or_after_the_work(when: str, kept: int) -> None:
    with ScriptedServer() as server:
        server.expect("POST", "/a").drop(when)  # type: ignore[arg-type]
        with pytest.raises(requests.ConnectionError):
            call(server, "POST", "/a", json=1)
        assert len(server.requests) == kept


def test_an_answer_can_be_held_until_it_is_let_go() -> None:
    with ScriptedServer() as server, ThreadPoolExecutor(1) as pool:
        held = server.expect("GET", "/slow").hold().answer(json="late")
        server.expect("GET", "/quick").answer(json="at once")
        slow = pool.submit(call, server, "GET", "/slow")
        held.wait_until_came()
        assert call(server, "GET", "/quick").json() == "at once"
        assert not slow.done()
        held.release()
        assert slow.result(SECONDS).json() == "late"


def test_waiting_for_a_request_that_does_not_come_fails() -> None:
    with ScriptedServer() as server:
        never = server.expect("GET", "/a", times=None)
        with pytest.raises(AssertionError, match="GET /a did not come within 0 seconds"):
            never.wait_until_came(0)


def test_a_server_that_ends_lets_go_what_is_held() -> None:
    with ThreadPoolExecutor(1) as pool, ScriptedServer() as server:
        held = server.expect("GET", "/slow").hold()
        slow = pool.submit(call, server, "GET", "/slow")
        held.wait_until_came()
    assert slow.result(SECONDS).status_code == 200


def echo(seen: Seen) -> Answer:
    return Answer(201, json=seen.json())


def test_a_function_can_answer() -> None:
    with ScriptedServer() as server:
        server.expect("POST", "/a").answer_by(echo)
        assert call(server, "POST", "/a", json=[1]).json() == [1]


@pytest.mark.parametrize("answer", [lambda _seen: 1 / 0, lambda _seen: Answer(json=object())])
def test_a_function_that_fails_is_a_complaint(answer: Callable[[Seen], Answer]) -> None:
    with pytest.raises(AssertionError) as raised, ScriptedServer() as server:
        server.expect("GET", "/a").answer_by(answer)
        assert call(server, "GET", "/a").status_code == 500
    assert "GET /a: its answer failed with " in str(raised.value)


def test_nobody_is_lost_when_many_ask_at_once() -> None:
    together = threading.Barrier(8)

    def ask(_number: int) -> int:
        together.wait(SECONDS)
        return call(server, "GET", "/a").status_code

    with ScriptedServer() as server, ThreadPoolExecutor(8) as pool:
        server.expect("GET", "/a", times=8).answer(204)
        assert list(pool.map(ask, range(8))) == [204] * 8
        assert len(server.requests) == 8


def test_an_order_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="'path', 'all' or 'any'"):
        ScriptedServer(order="none")  # type: ignore[arg-type]
