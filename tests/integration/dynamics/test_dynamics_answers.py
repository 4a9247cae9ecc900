"""Answers that the simulator does not give, from an environment that reads them off a list."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import falcon
import pytest
from tests.integration.dynamics.delivery import kinds, read_settings, settings_for, staging

from regbridge import (
    AmbiguousError,
    CredentialsError,
    QuotaExceededError,
    RateLimiter,
    RetryableError,
)
from regbridge.limits import OwnPlaces
from regbridge.testing.server import LocalServer
from regbridge_dynamics.client import WebApi
from regbridge_dynamics.errors import Refusal
from regbridge_dynamics.keys import Address
from regbridge_dynamics.metadata import Metadata
from regbridge_dynamics.records import Upsert
from regbridge_dynamics.schema import Table
from regbridge_dynamics.sending import send
from regbridge_dynamics.simulator import DataverseSimulator

TABLE = Table("new_t", "new_ts", "new_tid", {}, takes_bulk=True)
HTML = "<html>gateway</html>"


@dataclass(frozen=True)
class Reply:
    status: int
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal(status: int, code: str = "", **headers: str) -> Reply:
    body = json.dumps({"error": {"code": code, "message": "no"}})
    return Reply(status, body, {name.replace("_", "-"): v for name, v in headers.items()})


def batch(*parts: Reply) -> Reply:
    text = "".join(
        "--b\r\nContent-Type: application/http\r\n\r\n"
        f"HTTP/1.1 {part.status} X\r\n\r\n{part.text}\r\n"
        for part in parts
    )
    return Reply(200, f"{text}--b--\r\n", {"Content-Type": "multipart/mixed; boundary=b"})


class Environment:
    """Gives one reply after the other, the last one again and again; tokens are a simulator's."""

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()
        self.asked: list[str] = []
        self._api: Any = falcon.App()
        self._api.add_sink(self._on_call)
        self._entra: Any = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"].startswith("/api/data/"):
            return self._api(environ, start_response)
        if self._entra is None:
            self._entra = DataverseSimulator(url=f"http://{environ['HTTP_HOST']}").app
        return self._entra(environ, start_response)

    def _on_call(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        self.asked.append(req.path.rpartition("/")[2])
        reply = self.replies.popleft() if len(self.replies) > 1 else self.replies[0]
        resp.status, resp.data = reply.status, reply.text.encode()
        resp.set_headers(dict(reply.headers))


@pytest.fixture
def environment() -> Environment:
    return Environment()


@pytest.fixture
def web(environment: Environment, tmp_path: Path) -> Iterator[WebApi]:
    """A client of the environment."""
    with LocalServer(environment) as server:
        simulator = DataverseSimulator(url=server.url)
        settings = read_settings(settings_for(simulator, tmp_path))
        found = WebApi(settings, RateLimiter("dynamics", OwnPlaces()))
        yield found
        found.close()


def upserts(count: int) -> list[Upsert]:
    return [
        Upsert(n, staging(n), Address(f"new_ts(a='{n}')", f"new_ts(a='{n}')", str(n)), {"new_a": n})
        for n in range(count)
    ]


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_gateway_that_fails_leaves_it_open_what_was_done(
    environment: Environment, web: WebApi, status: int
) -> None:
    environment.replies.append(Reply(status, HTML))
    with pytest.raises(AmbiguousError, match=f"something answers {status}"):
        send(web, TABLE, upserts(3))
    with pytest.raises(RetryableError):  # to read again is safe
        web.get("WhoAmI")


@pytest.mark.parametrize("status", [302, 404, 503])
def test_something_else_in_the_place_of_dataverse_did_nothing(
    environment: Environment, web: WebApi, status: int
) -> None:
    headers = {"Retry-After": "7", "Location": "https://elsewhere.example.org"}
    environment.replies.append(Reply(status, HTML, headers))
    with pytest.raises(RetryableError) as caught:
        send(web, TABLE, upserts(3))
    assert caught.value.retry_after == 7
    assert len(environment.asked) == 1


def test_a_new_token_that_is_refused_too_pauses_the_target(
    environment: Environment, web: WebApi
) -> None:
    environment.replies.append(refusal(401, "0x80044302"))
    with pytest.raises(CredentialsError, match="make an application user"):
        send(web, TABLE, upserts(1))
    assert len(environment.asked) == 2


def test_a_failure_of_every_record_is_one_of_the_call(
    environment: Environment, web: WebApi
) -> None:
    failed = refusal(500, "0x80044150")
    environment.replies += [failed, batch(failed, failed, failed)]
    with pytest.raises(RetryableError, match="Dataverse's database failed"):
        send(web, TABLE, upserts(3))
    assert environment.asked == ["Microsoft.Dynamics.CRM.UpsertMultiple", "$batch"]


def test_a_failure_of_one_record_delays_that_one_alone(
    environment: Environment, web: WebApi
) -> None:
    failed = refusal(500, "0x80044150")
    environment.replies += [failed, batch(Reply(204), failed, Reply(204))]
    found = send(web, TABLE, upserts(3))
    assert kinds([found[n] for n in range(3)]) == ["created", "retry", "created"]


def test_what_was_delivered_beside_a_race_stays_so_when_the_second_try_fails(
    environment: Environment, web: WebApi
) -> None:
    raced = refusal(412, "0x80060892")
    parts = batch(Reply(204), raced, Reply(204))
    environment.replies += [refusal(400), parts, Reply(503, HTML, {"Retry-After": "9"})]
    found = send(web, TABLE, upserts(3))
    assert kinds([found[n] for n in range(3)]) == ["created", "retry", "created"]
    assert found[1].after == 9


def test_a_half_that_was_delivered_stays_so_when_the_other_half_fails(
    environment: Environment, web: WebApi
) -> None:
    large = refusal(413, "0x8004418a")
    environment.replies += [large, Reply(204), refusal(429, "0x80072321", Retry_After="9")]
    found = send(web, TABLE, upserts(4))
    assert kinds([found[n] for n in range(4)]) == ["created", "created", "retry", "retry"]
    assert found[3].after == pytest.approx(9, abs=1)


def test_a_batch_that_is_refused_as_a_whole_blames_no_record(
    environment: Environment, web: WebApi
) -> None:
    environment.replies.append(refusal(400, "0x80060888"))
    with pytest.raises(RetryableError, match="refuses a batch as a whole"):
        send(web, TABLE, upserts(3))


def test_a_batch_that_is_forbidden_as_a_whole_pauses_the_target(
    environment: Environment, web: WebApi
) -> None:
    environment.replies.append(refusal(403, "0x80040220"))
    with pytest.raises(CredentialsError, match="give the application user a security role"):
        send(web, TABLE, upserts(3))


@pytest.mark.parametrize(
    ("wait", "least", "most"),
    [({}, 29, 31), ({"Retry_After": "0"}, 0.9, 1.1), ({"Retry_After": "999999"}, 3590, 3601)],
)
def test_a_429_without_a_time_to_wait_or_with_an_absurd_one_waits_all_the_same(
    environment: Environment, web: WebApi, wait: dict[str, str], least: float, most: float
) -> None:
    environment.replies.append(refusal(429, "0x80072322", **wait))
    with pytest.raises(QuotaExceededError) as caught:
        web.get("WhoAmI")
    assert least < (caught.value.until - web.clock()).total_seconds() < most


def test_an_answer_without_the_id_that_was_asked_for_is_known_by_its_key(
    environment: Environment, web: WebApi
) -> None:
    for text in ("", "[]", '{"new_tid": 7}', "no JSON"):
        environment.replies = deque([Reply(201, text)])
        [found] = send(web, TABLE, upserts(1)).values()
        assert (found.kind, found.external_id) == ("created", "new_ts(a='0')")


@pytest.mark.parametrize("hint", ["0", "-3", "many", "", "9" * 400])
def test_a_hint_that_is_none_changes_nothing(
    environment: Environment, web: WebApi, hint: str
) -> None:
    environment.replies.append(Reply(200, "{}", {"x-ms-dop-hint": hint}))
    assert not isinstance(web.get("WhoAmI"), Refusal)
    assert web.recommended in (0, 999_999)


def test_metadata_that_is_no_metadata_is_asked_for_again(
    environment: Environment, web: WebApi
) -> None:
    environment.replies.append(batch(*[Reply(200, '{"EntitySetName": "x"}')] * 20))
    with pytest.raises(RetryableError):
        Metadata(web).table("new_t")
    environment.replies = deque([Reply(200, '{"value": 7}')])
    with pytest.raises(RetryableError, match="no list"):
        Metadata(web).names()
    environment.replies = deque([refusal(400)])
    with pytest.raises(RetryableError, match="does not tell about its tables"):
        Metadata(web).names()
