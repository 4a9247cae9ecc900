"""What a client file may say about HubSpot."""

from __future__ import annotations

from typing import Any

import pytest

from regbridge import ConfigError
from regbridge.testing.building import build_plugin
from regbridge_hubspot.deliver import Hubspot

SECRETS = {"access_token": "a key"}
OAUTH = {"oauth.client_secret": "a", "oauth.refresh_token": "b"}


def findings(map: Any = None, secrets: Any = SECRETS, **settings: Any) -> str:  # noqa: A002
    values = {"id_property": "cvent_contact_id", **settings}
    values = {name: value for name, value in values.items() if value is not None}
    try:
        build_plugin(Hubspot, values, secrets=secrets, map=map).close()
    except ConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"api": "v3"},
        {"api": "2026-09"},
        {"object_type": "2-123456"},
        {"url": "http://127.0.0.1:8000"},
        {"secrets": OAUTH, "oauth": {"client_id": "x"}},
        {"map": {"cvent_contact_id": "registration.contactStub"}},
    ],
)
def test_these_are_right(settings: dict[str, Any]) -> None:
    assert findings(**settings) == ""


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"id_property": None}, "id_property"),
        ({"id_property": "Cvent contact id"}, "a property's internal name"),
        ({"api": "2026-04"}, "a version is written as 2026-03"),
        ({"api": "v4"}, "a version is written as 2026-03"),
        ({"object_type": "con/tacts"}, "an object type is written as"),
        ({"url": "http://api.hubapi.com"}, "an address such as https://api.hubapi.com"),
        ({"url": "https://api.hubapi.com/crm"}, "with nothing after them"),
        ({"chunk_size": 101}, "100"),
        ({"calls_per_10_seconds": 0}, "greater than or equal to 1"),
        ({"secrets": {}}, "give either access_token or oauth"),
        ({"secrets": {**SECRETS, **OAUTH}, "oauth": {"client_id": "x"}}, "give either"),
        ({"access_token": "pat-na1-literal", "secrets": {}}, "never as the secret itself"),
        ({"map": {"email": "email"}}, "add cvent_contact_id to the map"),
        ({"id_propertie": "x"}, "id_property"),
    ],
)
def test_these_are_refused_in_words(settings: dict[str, Any], said: str) -> None:
    assert said in findings(**settings)
    assert "pat-na1-literal" not in findings(**settings)
