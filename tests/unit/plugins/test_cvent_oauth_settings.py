"""What the YAML may say about an authorization server."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from regbridge_cvent.bearer.settings import OAuthSettings

ISSUER = "https://login.microsoftonline.com/0a1b2c3d-1111-4222-8333-444455556666/v2.0"


def read(**changes: Any) -> OAuthSettings:
    usual = {"issuer": ISSUER, "audience": "api://hooks"}
    given = {name: value for name, value in (usual | changes).items() if value is not None}
    return OAuthSettings.model_validate(given)


def refused(**changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        read(**changes)
    return str(caught.value)


def test_issuer_and_audience_are_enough() -> None:
    settings = read()
    assert settings.audience == ("api://hooks",)
    assert settings.algorithms == ("RS256", "PS256", "ES256")
    assert (settings.clients, settings.scopes, settings.roles) == ((), (), ())


@pytest.mark.parametrize("name", ["issuer", "audience"])
def test_neither_may_be_left_out(name: str) -> None:
    assert "Field required" in refused(**{name: None})


def test_the_slash_at_the_end_of_an_issuer_counts() -> None:
    for issuer in ("https://tenant.auth0.com/", "https://tenant.auth0.com"):
        assert read(issuer=issuer).issuer == issuer


@pytest.mark.parametrize("name", ["audience", "clients", "scopes", "roles"])
def test_one_name_may_stand_alone(name: str) -> None:
    assert getattr(read(**{name: "one"}), name) == ("one",)
    assert getattr(read(**{name: ["one", "two"]}), name) == ("one", "two")
    assert name in refused(**{name: [""]})


def test_tenant_and_client_may_be_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTH_ISSUER", ISSUER)
    monkeypatch.setenv("OAUTH_CLIENT", "7d0b0c0e")
    settings = read(issuer={"env": "OAUTH_ISSUER"}, clients={"env": "OAUTH_CLIENT"})
    assert (settings.issuer, settings.clients) == (ISSUER, ("7d0b0c0e",))
    assert read(clients=[{"env": "OAUTH_CLIENT"}, "b"]).clients == ("7d0b0c0e", "b")


@pytest.mark.parametrize(
    "url",
    [
        "login.example.org",
        "http://login.example.org",
        "http://127.0.0.1.example.org",
        "https://",
        "https://user:password@login.example.org",
        "https://login.example.org/a b",
        "https://login.example.org:0/",
        "https://[::1",
        "https://lögin.example.org",
        "file:///etc/passwd",
        "",
    ],
)
def test_an_address_that_is_none_or_not_encrypted_is_refused(url: str) -> None:
    assert "issuer" in refused(issuer=url)
    assert "jwks_url" in refused(jwks_url=url)


def test_only_the_address_of_the_keys_may_have_a_query() -> None:
    url = "https://login.microsoftonline.com/t/discovery/keys?appid=7d0b0c0e"
    assert read(jwks_url=url).jwks_url == url
    assert "the URL of an issuer" in refused(issuer=url)


@pytest.mark.parametrize("name", ["none", "HS256", "HS512", "rs256", "ES256K", ""])
def test_no_other_than_an_asymmetric_algorithm_can_be_named(name: str) -> None:
    assert "algorithms" in refused(algorithms=[name])
    assert "algorithms" in refused(algorithms=[])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("leeway_seconds", 601),
        ("leeway_seconds", -1),
        ("token_limit", 499),
        ("token_limit", 100_001),
        ("wait_seconds", 0),
        ("wait_seconds", 31),
        ("keep_hours", 0.5),
        ("keep_hours", 169),
        ("audience", []),
        ("secret", "x"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, value: Any) -> None:
    assert name in refused(**{name: value})
