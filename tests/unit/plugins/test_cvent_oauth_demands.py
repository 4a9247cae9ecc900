"""What a token has to say besides issuer and audience, in each vendor's words."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tests.unit.plugins.oauth_tokens import AUDIENCE, CLIENT, claims, ec_key, judge, token

from regbridge_cvent.bearer.refusals import RefusedTokenError
from regbridge_cvent.simulator.authorization import VENDORS
from regbridge_cvent.simulator.authorization.vendors import ROLE, SCOPE


def is_let_in(says: dict[str, Any], **settings: Any) -> bool:
    try:
        judge(**settings).claims(token(says, key=ec_key()))
    except RefusedTokenError:
        return False
    return True


def says(vendor: str, **changes: Any) -> dict[str, Any]:
    """Return what a vendor's token says to our audience, besides what all tokens say."""
    found = VENDORS[vendor]().claims(CLIENT, [SCOPE])
    return (
        claims(azp=None) | found | {name: found.get(name, value) for name, value in changes.items()}
    )


def audience_of(vendor: str) -> str:
    return VENDORS[vendor].audience


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_vendors_token_names_its_client(vendor: str) -> None:
    settings = {"audience": audience_of(vendor)}
    assert is_let_in(says(vendor), **settings)
    assert is_let_in(says(vendor), **settings, clients=CLIENT)
    assert is_let_in(says(vendor), **settings, clients=["another", CLIENT])
    assert not is_let_in(says(vendor), **settings, clients=["another"])


@pytest.mark.parametrize("vendor", ["okta", "auth0", "keycloak"])
def test_a_required_scope_is_found(vendor: str) -> None:
    settings = {"audience": audience_of(vendor)}
    assert is_let_in(says(vendor), **settings, scopes=SCOPE)
    assert not is_let_in(says(vendor), **settings, scopes=[SCOPE, "webhooks:read"])


@pytest.mark.parametrize("vendor", ["entra", "entra-v1", "keycloak"])
def test_a_required_role_is_found(vendor: str) -> None:
    settings = {"audience": audience_of(vendor)}
    assert is_let_in(says(vendor), **settings, roles=ROLE)
    assert not is_let_in(says(vendor), **settings, roles=[ROLE, "Webhooks.Read"])


@pytest.mark.parametrize("vendor", ["okta", "auth0"])
def test_a_vendor_without_roles_gives_none(vendor: str) -> None:
    assert not is_let_in(says(vendor), audience=audience_of(vendor), roles=ROLE)


def test_a_role_at_another_audience_is_none_here() -> None:
    access = {"resource_access": {"account": {"roles": [ROLE]}}}
    assert not is_let_in(claims(**access), roles=ROLE)
    assert is_let_in(claims(resource_access={AUDIENCE: {"roles": [ROLE]}}), roles=ROLE)
    assert is_let_in(claims(realm_access={"roles": [ROLE]}), roles=ROLE)


@pytest.mark.parametrize(
    "names",
    [
        {"azp": None},
        {"azp": ""},
        {"azp": "another"},
        {"azp": [CLIENT]},
        {"azp": {CLIENT: 1}},
        {"azp": CLIENT.upper()},
        {"azp": CLIENT, "client_id": "another"},
        {"azp": CLIENT, "appid": None, "cid": 1},
    ],
)
def test_a_token_of_another_client_is_refused(names: dict[str, Any]) -> None:
    assert not is_let_in(claims(**names), clients=CLIENT)
    assert is_let_in(claims(**names))


@pytest.mark.parametrize(
    "value", [None, "", "a webhooks:send2", "webhooks", 1, {SCOPE: 1}, [[SCOPE]]]
)
def test_a_scope_is_a_word_of_its_own(value: Any) -> None:
    for name in ("scope", "scp"):
        assert not is_let_in(claims(**{name: value}), scopes=SCOPE)


@pytest.mark.parametrize("value", [f"a {SCOPE}", f"{SCOPE} b", SCOPE, ["a", SCOPE]])
def test_scopes_are_a_text_or_a_list(value: Any) -> None:
    for name in ("scope", "scp"):
        assert is_let_in(claims(**{name: value}), scopes=SCOPE)


@pytest.mark.parametrize("value", [None, ROLE, f"{ROLE} other", {"roles": [ROLE]}, [1], [[ROLE]]])
def test_roles_are_a_list(value: Any) -> None:
    assert not is_let_in(claims(roles=value), roles=ROLE)
    assert not is_let_in(claims(realm_access={"roles": value}), roles=ROLE)
    assert not is_let_in(claims(resource_access={AUDIENCE: {"roles": value}}), roles=ROLE)
    assert not is_let_in(claims(realm_access=[value], resource_access=value), roles=ROLE)


def test_one_of_several_audiences_is_enough() -> None:
    both = {"audience": ["api://hooks", AUDIENCE]}
    assert is_let_in(claims(aud=["account", AUDIENCE]))
    assert is_let_in(claims(aud="api://hooks"), **both)
    assert is_let_in(claims(), **both)
    assert not is_let_in(claims(aud=["account"]), **both)


def test_clocks_may_differ_by_the_leeway() -> None:
    now = int(time.time())
    assert is_let_in(claims(exp=now - 30))
    assert is_let_in(claims(nbf=now + 30, iat=now + 30))
    assert not is_let_in(claims(exp=now - 30), leeway_seconds=0)
    assert not is_let_in(claims(nbf=now + 30), leeway_seconds=0)
    assert not is_let_in(claims(exp=now - 90))


def test_an_algorithm_that_the_settings_leave_out_is_refused() -> None:
    assert not is_let_in(claims(), algorithms=["RS256", "PS256"])
    assert is_let_in(claims(), algorithms=["ES256"])


def test_each_refusal_names_the_setting_to_look_at() -> None:
    for setting, value in (("clients", "other"), ("scopes", "a"), ("roles", "b")):
        with pytest.raises(RefusedTokenError, match=f"{setting}: "):
            judge(**{setting: value}).claims(token(key=ec_key()))
