"""Tokens and scopes of the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from regbridge_cvent.simulator import SCOPES, Population

if TYPE_CHECKING:
    from tests.integration.cvent.conftest import Caller, Clock, Simulate


@pytest.fixture
def caller(simulate: Simulate) -> Caller:
    """A simulator with one registrant."""
    return simulate(Population(1))


def test_a_token_lasts_an_hour_and_opens_the_api(caller: Caller) -> None:
    answer = caller.ask_token({})
    assert answer.status_code == 200
    assert answer.json() == {
        "access_token": answer.json()["access_token"],
        "expires_in": 3600,
        "token_type": "Bearer",
    }
    assert caller.get("/attendees").status_code == 200


def test_an_expired_token_is_answered_401(caller: Caller, clock: Clock) -> None:
    clock.sleep(3599)
    assert caller.get("/attendees").status_code == 200
    clock.sleep(1)
    refused = caller.get("/attendees")
    assert (refused.status_code, refused.json()["code"]) == (401, 401)
    caller.log_in()
    assert caller.get("/attendees").status_code == 200


def test_a_revoked_token_is_answered_401(caller: Caller) -> None:
    caller.simulator.tokens.revoke()
    assert caller.get("/attendees").status_code == 401


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer x", "Basic x", "bearer {}", "{}"])
def test_a_call_without_a_valid_token_is_answered_401(caller: Caller, value: str) -> None:
    token = str(caller.session.headers["Authorization"]).removeprefix("Bearer ")
    caller.session.headers["Authorization"] = value.format(token)
    assert caller.get("/attendees").status_code == 401


def test_a_call_without_authorization_is_answered_401(caller: Caller) -> None:
    del caller.session.headers["Authorization"]
    assert caller.get("/attendees").status_code == 401


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"grant_type": ""}, "invalid_request"),
        ({"client_id": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "x"}, "unauthorized_client"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "unauthorized_client"),
        ({"client_id": "somebody else"}, "invalid_client"),
        ({"client_secret": "simulator-secret"}, "invalid_request"),
    ],
)
def test_a_wrong_form_is_refused_in_the_shape_of_oauth(
    caller: Caller, fields: dict[str, str], error: str
) -> None:
    refused = caller.ask_token(fields)
    assert (refused.status_code, refused.json()["error"]) == (400, error)
    assert refused.json()["error_description"]


@pytest.mark.parametrize(
    "authorization", [None, "Bearer x", "Basic ???", "Basic bm8gY29sb24=", "Basic /w=="]
)
def test_a_basic_header_that_says_nothing_is_refused(
    caller: Caller, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    form = {"grant_type": "client_credentials", "client_id": "simulator"}
    refused = requests.post(f"{caller.base}/oauth2/token", data=form, headers=headers, timeout=30)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client")


@pytest.mark.parametrize(
    "auth", [("simulator", "wrong"), ("wrong", "simulator-secret"), ("ü", "ß")]
)
def test_wrong_credentials_are_refused(caller: Caller, auth: tuple[str, str]) -> None:
    refused = caller.ask_token({}, auth)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"grant_type": "client_credentials", "client_id": "simulator"}'),
        ("application/x-www-form-urlencoded", b"\xff=1"),
        ("application/x-www-form-urlencoded", b"client_id=a&client_id=b"),
        ("application/x-www-form-urlencoded", b"a=1&" * 50),
    ],
)
def test_a_body_that_is_no_form_is_refused(caller: Caller, content_type: str, body: bytes) -> None:
    refused = requests.post(
        f"{caller.base}/oauth2/token",
        data=body,
        headers={"Content-Type": content_type},
        auth=("simulator", "simulator-secret"),
        timeout=30,
    )
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")


def test_credentials_can_be_chosen(simulate: Simulate) -> None:
    caller = simulate(Population(1), client_id="me", client_secret="my secret")
    assert caller.get("/attendees").status_code == 200
    assert caller.ask_token({}, ("simulator", "simulator-secret")).status_code == 400


def test_unknown_scopes_are_ignored_and_no_scope_is_all_scopes(caller: Caller) -> None:
    caller.log_in("event/attendees:read event/attendees:fly")
    assert caller.get("/attendees").status_code == 200
    assert caller.get("/contacts").status_code == 403
    caller.log_in()
    assert caller.get("/contacts").status_code == 200


def test_a_missing_scope_is_named(caller: Caller) -> None:
    caller.log_in("event/contacts:read")
    refused = caller.get("/attendees")
    assert refused.status_code == 403
    assert refused.json() == {
        "code": 403,
        "message": "the token lacks the scope event/attendees:read",
    }


@pytest.mark.parametrize(
    ("expand", "scope"),
    [
        ("answers.question", "event/events:read"),
        ("registrationType", "event/registration-types:read"),
    ],
)
def test_expanding_needs_a_scope_of_its_own(caller: Caller, expand: str, scope: str) -> None:
    caller.log_in("event/attendees:read")
    refused = caller.get("/attendees", expand=expand)
    assert refused.status_code == 403
    assert scope in refused.json()["message"]
    caller.log_in(f"event/attendees:read {scope}")
    assert caller.get("/attendees", expand=expand).status_code == 200


def test_usage_needs_no_scope(caller: Caller) -> None:
    caller.log_in("")
    assert caller.get("/usage").status_code == 200
    assert caller.get("/usage/tier").status_code == 200


def test_a_token_with_fifty_scopes_is_too_long_for_its_header(simulate: Simulate) -> None:
    many = tuple(f"event/things-{number}:read" for number in range(49))
    caller = simulate(Population(1), scopes=(*SCOPES, *many))
    refused = caller.get("/attendees")
    assert (refused.status_code, refused.json()["code"]) == (431, 431)
    caller.log_in(" ".join(("event/attendees:read", *many[:48])))
    assert caller.get("/attendees").status_code == 200
    caller.log_in(" ".join(("event/attendees:read", *many)))
    assert caller.get("/attendees").status_code == 431


def test_sensitive_fields_need_a_scope_of_their_own(caller: Caller) -> None:
    (contact,) = caller.rows("/contacts")
    caller.simulator.world.change_contact(contact["id"], dateOfBirth="1984-05-04")
    path = f"/contacts/{contact['id']}"
    assert caller.get(path).json()["dateOfBirth"] == "1984-05-04"
    caller.log_in("event/contacts:read")
    assert "dateOfBirth" not in caller.get(path).json()
    assert "dateOfBirth" not in caller.rows("/contacts")[0]


def test_a_secret_is_in_no_refusal_and_no_log(caller: Caller) -> None:
    refused = caller.ask_token({}, ("simulator", "hush"))
    assert "hush" not in refused.text
    assert "simulator-secret" not in str(caller.simulator.calls.summary())
