"""The simulated authorization server refuses what real ones refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import requests

from regbridge_cvent.simulator.authorization import (
    VENDORS,
    AuthorizationServer,
    Client,
    Entra,
    Keycloak,
    Okta,
    SigningKey,
    SigningKeys,
)

FORM = {"grant_type": "client_credentials", "scope": Okta.scope}
OWN = ("cvent-webhooks", "simulated-client-secret")


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    server = AuthorizationServer(Okta(), keys=SigningKeys(SigningKey.make("ES256")))
    with server.serving():
        yield server


def ask(
    server: AuthorizationServer, auth: tuple[str, str] | None = OWN, **fields: str
) -> requests.Response:
    form = {name: value for name, value in (FORM | fields).items() if value}
    return requests.post(server.token_url, data=form, auth=auth, timeout=30)


def error_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_a_token_is_given_for_credentials_in_the_header_and_in_the_form(
    server: AuthorizationServer,
) -> None:
    in_form = dict(zip(("client_id", "client_secret"), OWN, strict=True))
    for answer in (ask(server), ask(server, None, **in_form)):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json().keys() == {"access_token", "expires_in", "token_type"}


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("algorithm", ["ES256", "ES384"])
def test_a_token_is_signed_by_a_key_that_is_published(vendor: str, algorithm: str) -> None:
    server = AuthorizationServer(
        VENDORS[vendor](), keys=SigningKeys(SigningKey.make(algorithm)), seconds=60
    )
    with server.serving() as issuer:
        document = requests.get(
            f"{issuer.rstrip('/')}/.well-known/openid-configuration", timeout=30
        ).json()
        assert document["issuer"] == issuer
        token = ask(server, scope=server.vendor.scope).json()["access_token"]
        keys = jwt.PyJWKSet.from_dict(requests.get(document["jwks_uri"], timeout=30).json())
        key: Any = next(key for key in keys.keys if key.key_id == server.keys.current.id)
        audience = server.vendor.audience
        says = jwt.decode(token, key.key, [algorithm], audience=audience, issuer=issuer)
    assert says["exp"] - says["iat"] == 60


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"grant_type": ""}, (400, "invalid_request")),
        ({"grant_type": "authorization_code"}, (400, "unauthorized_client")),
        ({"grant_type": "password"}, (400, "unauthorized_client")),
        ({"grant_type": "magic"}, (400, "unsupported_grant_type")),
        ({"scope": ""}, (400, "invalid_scope")),
        ({"scope": "webhooks:send admin"}, (400, "invalid_scope")),
        ({"client_secret": OWN[1]}, (400, "invalid_request")),
    ],
)
def test_a_wrong_form_is_refused(
    server: AuthorizationServer, fields: dict[str, str], refusal: tuple[int, str]
) -> None:
    assert error_of(ask(server, OWN, **fields)) == refusal


@pytest.mark.parametrize("auth", [("cvent-webhooks", "wrong"), ("wrong", OWN[1]), ("", "")])
def test_a_wrong_client_is_refused(server: AuthorizationServer, auth: tuple[str, str]) -> None:
    refused = ask(server, auth)
    assert error_of(refused) == (401, "invalid_client")
    assert refused.headers["WWW-Authenticate"] == "Basic"
    in_form = ask(server, None, client_id=auth[0], client_secret=auth[1])
    assert error_of(in_form) == (401, "invalid_client")
    assert error_of(ask(server, None)) == (401, "invalid_client")


@pytest.mark.parametrize(("method", "statuses"), [("basic", [200, 401]), ("post", [401, 200])])
def test_a_client_may_be_held_to_one_way(method: str, statuses: list[int]) -> None:
    client = Client(methods=(f"client_secret_{method}",))
    keys = SigningKeys(SigningKey.make("ES256"))
    server = AuthorizationServer(Okta(), client, keys)
    with server.serving():
        in_form = ask(server, None, client_id=OWN[0], client_secret=OWN[1])
        assert [ask(server).status_code, in_form.status_code] == statuses


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"grant_type": "client_credentials"}'),
        ("application/x-www-form-urlencoded", b"scope=a&scope=b"),
        ("application/x-www-form-urlencoded", b"x=" + b"a" * 1_000_001),
    ],
)
def test_a_body_that_is_no_form_is_refused(
    server: AuthorizationServer, content_type: str, body: bytes
) -> None:
    refused = requests.post(
        server.token_url, body, headers={"Content-Type": content_type}, auth=OWN, timeout=30
    )
    assert error_of(refused) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("vendor", "fields", "error"),
    [
        (Entra, {"scope": "api://another/.default"}, "invalid_scope"),
        (Entra, {"scope": Entra.audience}, "invalid_scope"),
        (Keycloak, {"scope": "unknown"}, "invalid_scope"),
        (VENDORS["auth0"], {"audience": "https://another.example.org"}, "access_denied"),
    ],
)
def test_each_vendor_refuses_in_its_own_way(
    vendor: Any, fields: dict[str, str], error: str
) -> None:
    server = AuthorizationServer(vendor(), keys=SigningKeys(SigningKey.make("ES256")))
    with server.serving():
        assert error_of(ask(server, OWN, **fields)) == (400, error)
        assert ask(server, scope=vendor.scope).status_code == 200


def test_a_rotated_key_is_published_beside_the_old_one_until_that_is_withdrawn(
    server: AuthorizationServer,
) -> None:
    def ids() -> set[str]:
        keys = requests.get(server.jwks_url, timeout=30).json()["keys"]
        return {key["kid"] for key in keys}

    old = server.keys.current.id
    server.keys.rotate(SigningKey.make("ES256"))
    assert ids() == {old, server.keys.current.id}
    server.keys.withdraw_old()
    assert ids() == {server.keys.current.id}


def test_a_published_key_has_no_private_part(server: AuthorizationServer) -> None:
    server.keys.rotate(SigningKey.make("RS256"))
    for key in requests.get(server.jwks_url, timeout=30).json()["keys"]:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & key.keys()


def test_one_server_serves_once(server: AuthorizationServer) -> None:
    with pytest.raises(RuntimeError, match="serves already"):
        server.start()
