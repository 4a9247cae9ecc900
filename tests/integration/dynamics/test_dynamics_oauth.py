"""Tokens: asked for once, renewed, and refused in words that help."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import falcon
import pytest
from tests.integration.dynamics.delivery import (
    APPLICATION,
    kinds,
    make_plugin,
    read_settings,
    settings_for,
    staging,
)
from tests.integration.dynamics.test_simulator_dynamics_tokens import Certificate, make_certificate

from regbridge import CredentialsError, RegbridgeError, RetryableError
from regbridge.testing.server import LocalServer
from regbridge_dynamics.oauth import Tokens
from regbridge_dynamics.simulator import Application, DataverseSimulator

Ask = Callable[..., Tokens]


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return make_certificate()


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """Return what makes the tokens of a target."""
    made: list[Tokens] = []

    def build(simulator: DataverseSimulator, **changes: Any) -> Tokens:
        settings = read_settings(settings_for(simulator, tmp_path, **changes))
        made.append(Tokens(settings))
        return made[-1]

    yield build
    for tokens in made:
        tokens.close()


def refusal(tokens: Tokens) -> str:
    """Return what is said, after a look whether any of it is secret."""
    with pytest.raises(CredentialsError) as caught:
        tokens.token()
    return discreet(caught.value)


def discreet(error: RegbridgeError) -> str:
    text = f"{error} {error.detail}"
    assert APPLICATION.secret not in text
    assert "PRIVATE KEY" not in text
    return str(error)


def test_a_token_is_asked_for_once(simulator: DataverseSimulator, ask: Ask) -> None:
    tokens = ask(simulator)
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: tokens.token(), range(50)))
    assert len(found) == 1
    assert simulator.calls.tokens == 1


def test_a_refused_token_is_renewed_once_for_all_threads(
    simulator: DataverseSimulator, ask: Ask
) -> None:
    tokens = ask(simulator)
    old = tokens.token()
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: tokens.renewed(old), range(20)))
    assert len(found) == 1
    assert old not in found
    assert simulator.calls.tokens == 2


def test_a_token_that_is_about_to_end_is_renewed_before(ask: Ask) -> None:
    with DataverseSimulator(token_seconds=200) as simulator:  # msal keeps five minutes in reserve
        tokens = ask(simulator)
        assert tokens.token() != tokens.token()


@pytest.mark.parametrize("how", ["in the key's file", "by its thumbprint", "encrypted"])
def test_a_certificate_proves_who_we_are(
    certificate: Certificate, ask: Ask, tmp_path: Path, how: str
) -> None:
    given: dict[str, Any] = {"private_key": {"file": str(tmp_path / "key.pem")}}
    text = certificate.private_pem
    if how == "by its thumbprint":
        given["thumbprint"] = certificate.sha1
    else:
        text = certificate.pem + text
    if how == "encrypted":
        text = certificate.pem + certificate.encrypted(b"phrase")
        (tmp_path / "phrase").write_text("phrase", encoding="ascii")
        given["passphrase"] = {"file": str(tmp_path / "phrase")}
    (tmp_path / "key.pem").write_text(text, encoding="ascii")
    with DataverseSimulator(applications=[Application(certificate=certificate.pem)]) as simulator:
        assert ask(simulator, client_secret=None, certificate=given).token()


def test_a_certificate_that_is_not_the_app_registrations_is_refused(
    certificate: Certificate, ask: Ask, tmp_path: Path
) -> None:
    (tmp_path / "key.pem").write_text(certificate.pem + certificate.private_pem, encoding="ascii")
    given = {"private_key": {"file": str(tmp_path / "key.pem")}}
    other = make_certificate()
    with DataverseSimulator(applications=[Application(certificate=other.pem)]) as simulator:
        said = refusal(ask(simulator, client_secret=None, certificate=given))
    assert "not one of the app registration's; upload it there (AADSTS700027)" in said


@pytest.mark.parametrize(
    ("changes", "application", "said"),
    [
        ({}, {"secret": "another"}, "give the secret's value, not its id (AADSTS7000215)"),
        ({}, {"secret_expired": True}, "has expired; make a new one"),
        (
            {"client_id": "00000000-0000-0000-0000-000000000001"},
            {},
            "no app registration with this client_id (AADSTS700016)",
        ),
        ({"tenant": "other.onmicrosoft.com"}, {}, "no tenant other.onmicrosoft.com is found at"),
        (
            {"url": "https://other.crm.dynamics.com"},
            {},
            "does not know the environment; correct url or tenant (AADSTS500011)",
        ),
    ],
)
def test_a_refusal_says_what_is_to_be_done(
    ask: Ask, changes: dict[str, Any], application: dict[str, Any], said: str
) -> None:
    known = replace(APPLICATION, **application)
    with DataverseSimulator(applications=[known]) as simulator:
        assert said in refusal(ask(simulator, **changes))


def test_who_was_refused_may_be_right_later(ask: Ask, tmp_path: Path) -> None:
    """An administrator adds the app registration's secret while the host runs."""
    with DataverseSimulator(applications=[replace(APPLICATION, secret="old")]) as simulator:
        port = int(simulator.url.rpartition(":")[2])
        tokens = ask(simulator)
        refusal(tokens)
    repaired = DataverseSimulator()
    repaired.start(port)
    try:
        assert tokens.token()
    finally:
        repaired.stop()


class Entra:
    """Answers every call with one status."""

    def __init__(self, status: int, text: str, **headers: str) -> None:
        self.calls = 0
        self._answer = status, text, headers

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self.calls += 1
        status, text, headers = self._answer
        resp.status, resp.text = status, text
        resp.set_headers(headers)


@pytest.mark.parametrize(
    ("status", "text", "kind", "said"),
    [
        (503, "<html>", RetryableError, "gives no token now (it answers 503)"),
        (429, "{}", RetryableError, "gives no token now (it answers 429)"),
        (200, "<html>sign in</html>", CredentialsError, "no tenant"),
        (200, "[]", CredentialsError, "no tenant"),
        (404, "{}", CredentialsError, "no tenant"),
        (302, "", RetryableError, "gives no token now (it answers 302)"),
    ],
)
def test_answers_of_something_else_are_told_apart(
    simulator: DataverseSimulator,
    ask: Ask,
    status: int,
    text: str,
    kind: type[RegbridgeError],
    said: str,
) -> None:
    resource = Entra(status, text, Location="https://elsewhere.example.org", Retry_After="7")
    app: Any = falcon.App()
    app.add_sink(resource.on_get)
    server = LocalServer(app)
    url = server.start()
    try:
        with pytest.raises(kind) as caught:
            ask(simulator, authority=url).token()
    finally:
        server.stop()
    assert said in discreet(caught.value)
    assert resource.calls == 1


def test_a_token_that_is_none_is_asked_for_again(ask: Ask) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        """Name the endpoints as Entra ID does, and answer a page where a token is asked for."""
        if environ["REQUEST_METHOD"] == "GET":
            return entra[0](environ, start_response)
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"<html>sign in</html>"]

    with LocalServer(app) as server:
        simulator = DataverseSimulator(url=server.url)
        entra: list[Any] = [simulator.app]
        with pytest.raises(RetryableError, match="in a form that is not known"):
            ask(simulator).token()


def test_an_authority_that_nobody_is_at_is_tried_again_later(
    simulator: DataverseSimulator, ask: Ask
) -> None:
    with pytest.raises(RetryableError, match="Entra ID: no connection to") as caught:
        ask(simulator, authority="http://127.0.0.1:9").token()
    discreet(caught.value)


def test_a_token_that_was_ended_is_renewed_and_the_call_made_again(
    simulator: DataverseSimulator, tmp_path: Path
) -> None:
    plugin = make_plugin(simulator, tmp_path)
    plugin.deliver_records([staging(1)])
    simulator.expire_tokens()
    assert kinds(plugin.deliver_records([staging(2)])) == ["created"]
    assert simulator.calls.tokens == 2
    assert simulator.calls.statuses[401] == 1
    plugin.close()


def test_a_user_that_is_disabled_pauses_the_target(tmp_path: Path) -> None:
    with DataverseSimulator(applications=[Application(enabled=False)]) as simulator:
        plugin = make_plugin(simulator, tmp_path)
        with pytest.raises(CredentialsError, match="the application user is disabled"):
            plugin.deliver_records([staging(1)])
        plugin.close()
