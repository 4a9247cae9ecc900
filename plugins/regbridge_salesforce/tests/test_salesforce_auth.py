"""Tokens of both flows: what is sent for one, what is made of a refusal, and where it goes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from regbridge import ConfigError, CredentialsError, OutcomeKind, Record, RetryableError
from regbridge.testing.building import build_plugin
from regbridge.testing.scripted import ScriptedServer
from regbridge_salesforce.deliver import Salesforce
from regbridge_salesforce.simulator import App, SalesforceSimulator

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
LOCKED = KEY.private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a phrase")
).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
ELLIPTIC = ec.generate_private_key(ec.SECP256R1()).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)
CONTACT = Record({"Cvent_Contact_Id__c": "c-1", "LastName": "Lovelace"})

Make = Callable[..., Salesforce]


@pytest.fixture
def simulator() -> Iterator[SalesforceSimulator]:
    with SalesforceSimulator(app=App(public_key=PUBLIC)) as running:
        yield running


@pytest.fixture
def make(simulator: SalesforceSimulator) -> Iterator[Make]:
    made: list[Salesforce] = []

    def build(secrets: dict[str, str] | None = None, **changes: Any) -> Salesforce:
        given = {"client_secret": simulator.app.secret} if secrets is None else secrets
        made.append(build_plugin(Salesforce, simulator.settings(**changes), secrets=given))
        return made[-1]

    yield build
    for plugin in made:
        plugin.close()


def by_key(username: str = App().username, **jwt: Any) -> dict[str, Any]:
    return {"secrets": {"jwt.private_key": PEM}, "jwt": {"username": username, **jwt}}


@pytest.mark.parametrize("phrase", ["", "a phrase"])
def test_a_token_comes_for_a_signed_assertion(make: Make, phrase: str) -> None:
    secrets = {"jwt.private_key": LOCKED if phrase else PEM}
    secrets |= {"jwt.passphrase": phrase} if phrase else {}
    plugin = make(secrets, jwt={"username": App().username})
    assert [one.kind for one in plugin.deliver_records([CONTACT])] == [OutcomeKind.CREATED]


def test_many_threads_ask_for_one_token(simulator: SalesforceSimulator, make: Make) -> None:
    plugin = make(concurrency=8)
    together = threading.Barrier(8)

    def deliver(number: int) -> OutcomeKind:
        together.wait()
        fields = {**CONTACT.fields, "Cvent_Contact_Id__c": f"c-{number}"}
        return plugin.deliver_records([Record(fields)])[0].kind

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(deliver, range(8))) == [OutcomeKind.CREATED] * 8
    assert simulator.logins.count == 1


@pytest.mark.parametrize(
    ("app", "settings", "said"),
    [
        ({"secret": "another"}, {}, "client_secret is not this app's"),
        ({"client_id": "another"}, {}, "client_id is not the consumer key"),
        ({"run_as": False}, {}, "choose a Run As user"),
        ({"pre_authorized": False}, by_key(), "pre-authorize the user"),
        ({}, by_key(username="nobody@contoso.example"), "pre-authorize the user"),
        ({}, by_key(audience="https://test.salesforce.com"), "correct jwt: audience"),
        ({"public_key": ""}, by_key(), "the certificate is not the one"),
    ],
)
def test_a_refused_credential_pauses_the_target_and_says_what_to_do(
    simulator: SalesforceSimulator,
    make: Make,
    app: dict[str, Any],
    settings: dict[str, Any],
    said: str,
) -> None:
    plugin = make(**settings)
    simulator.logins.app = replace(simulator.app, **app)
    with pytest.raises(CredentialsError, match=said) as caught:
        plugin.deliver_records([CONTACT])
    assert simulator.app.secret not in str(caught.value)
    assert simulator.calls == {}


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (400, {"error": "rate_limit_exceeded"}, RetryableError),
        (503, {"error": "unavailable"}, RetryableError),
        (200, {"token_type": "Bearer"}, RetryableError),
        (302, {}, RetryableError),
        (
            400,
            {"error": "invalid_grant", "error_description": "PERSON@example.org"},
            CredentialsError,
        ),
        (400, {"error": "something_new"}, CredentialsError),
    ],
)
def test_a_login_that_fails_is_told_in_our_own_words(
    status: int, answer: dict[str, str], error: type[Exception]
) -> None:
    with ScriptedServer() as server:
        server.expect("POST", "/services/oauth2/token").answer(status, json=answer)
        settings = {"url": server.url, "client_id": "key", "object": "Contact"}
        plugin = build_plugin(
            Salesforce, {**settings, "external_id": "Key__c"}, secrets={"client_secret": "hush"}
        )
        with pytest.raises(error) as caught:
            plugin.deliver_records([CONTACT])
        plugin.close()
    assert "PERSON" not in str(caught.value)
    assert "hush" not in str(caught.value)


def test_the_token_goes_to_the_settings_address_whatever_an_answer_names() -> None:
    with ScriptedServer() as stranger, ScriptedServer() as server:
        token = {"access_token": "a-token", "instance_url": stranger.url}
        server.expect("POST", "/services/oauth2/token").answer(json=token)
        server.expect(
            "GET",
            "/services/data/v64.0/sobjects/Contact/describe",
            headers={"Authorization": "Bearer a-token"},
        ).answer(503)
        settings = {"url": server.url, "client_id": "key", "object": "Contact"}
        plugin = build_plugin(
            Salesforce, {**settings, "external_id": "Key__c"}, secrets={"client_secret": "hush"}
        )
        with pytest.raises(RetryableError):
            plugin.deliver_records([CONTACT])
        plugin.close()
        assert stranger.requests == []


SETTINGS = {
    "url": "https://contoso.my.salesforce.com",
    "client_id": "key",
    "object": "Contact",
    "external_id": "Key__c",
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "http://contoso.my.salesforce.com"}, "an address such as https"),
        ({"url": "https://login.salesforce.com"}, "everybody's address"),
        ({"url": "https://contoso.my.salesforce.com/services"}, "nothing after them"),
        ({"url": "https://me:it@contoso.my.salesforce.com"}, "nothing after them"),
        ({"api_version": "45.0"}, "46.0 or newer"),
        ({"api_version": "64"}, "such as '64.0'"),
        ({"external_id": "Id"}, "no record ids"),
        ({"external_id": "Key__c) --"}, "API name"),
        ({"object": "Contact/describe"}, "API name"),
        ({"jwt": {"username": "me"}}, "private_key"),
        ({"chunk_size": 201}, "less than or equal to 200"),
    ],
)
def test_settings_that_cannot_be_right_are_refused_at_the_start(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        build_plugin(Salesforce, {**SETTINGS, **changes}, secrets={"client_secret": "hush"})


@pytest.mark.parametrize("pem", ["no key", ELLIPTIC.decode(), LOCKED])
def test_a_key_that_cannot_sign_is_refused_at_the_start_and_not_shown(pem: str) -> None:
    settings = {**SETTINGS, "jwt": {"username": "me@contoso.example"}}
    with pytest.raises(ConfigError, match="the private key") as caught:
        build_plugin(Salesforce, settings, secrets={"jwt.private_key": pem})
    assert pem not in str(caught.value)


def test_one_credential_is_needed_and_no_more() -> None:
    with pytest.raises(ConfigError, match="either client_secret or jwt"):
        build_plugin(Salesforce, SETTINGS)


@pytest.mark.parametrize(
    ("mapped", "said"),
    [
        ({"LastName": "lastName"}, "the map has no field 'Key__c'"),
        ({"Key__c": "id", "Id": "id"}, "Id is never sent"),
        ({"Key__c": "id", "attributes": "id"}, "attributes is never sent"),
    ],
)
def test_a_map_that_cannot_work_is_refused_at_the_start(mapped: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        build_plugin(Salesforce, SETTINGS, secrets={"client_secret": "hush"}, map=mapped)
