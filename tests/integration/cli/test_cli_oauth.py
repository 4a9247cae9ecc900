"""Setting up OAuth from the command line: check, send, look at a token, simulate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from structlog.testing import capture_logs
from typer.testing import CliRunner

from regbridge.host import Address, Host
from regbridge_cvent.simulator.authorization import (
    AuthorizationServer,
    Client,
    Okta,
    SigningKey,
    SigningKeys,
    command,
)

Run = Callable[..., Any]
PATH = "/cvent/acme/CventReg"
CLIENT = """\
client: acme
endpoints: {CventReg: {path: /cvent/acme/CventReg}}
plugins:
  - use: cvent-oauth
    settings: {issuer: %s, audience: %s, clients: cvent-webhooks}
targets:
  crm: {use: files, settings: {path: a.jsonl}, map: {Email: email}}
"""


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """An authorization server whose client proves itself in the form alone."""
    client = Client(methods=("client_secret_post",))
    keys = SigningKeys(SigningKey.make("ES256"))
    server = AuthorizationServer(Okta(), client, keys)
    with server.serving():
        yield server


@pytest.fixture
def file(configs: Path, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGBRIDGE_CLIENT_SECRET", server.client.secret)
    path = configs / "clients" / "acme.yaml"
    path.write_text(CLIENT % (server.issuer, server.vendor.audience), encoding="utf-8")
    path.with_name("acme.cases.yaml").unlink()
    return path


@pytest.fixture
def grant(server: AuthorizationServer) -> list[str]:
    """The options by which a token is fetched."""
    url = ["--token-url", server.token_url, "--client-id", server.client.id]
    return [*url, "--scope", server.vendor.scope]


@pytest.fixture
def url(file: Path) -> Iterator[str]:
    host = Host(file.parent.parent, worker=False, address=Address("127.0.0.1", 0))
    host.start()
    yield host.url + PATH
    host.stop()


def test_check_asks_nobody_and_check_online_asks_the_authorization_server(
    run: Run, file: Path, server: AuthorizationServer
) -> None:
    assert run("check").status == 0
    assert not server.site.calls
    online = run("check", "--online")
    assert online.status == 0
    where = "acme.yaml:5: plugins[0].settings.issuer"
    assert f"{where}: the issuer gives tokens at {server.token_url}" in online.out
    server.site.discovery = {"issuer": "https://other.example.org"}
    assert "write issuer: https://other.example.org" in run("check", "--online").out


def test_send_fetches_a_token_as_cvent_does(run: Run, url: str, grant: list[str]) -> None:
    assert "answers 200" in run("send", url, "--validate", *grant).out
    with capture_logs():  # the host's, which would be among the JSON
        [sent] = run("send", url, "--sync", "3", "--json", *grant).json
    assert (sent["status"], sent["registrations"]) == (200, 3)


def test_send_takes_an_access_token_from_a_variable(
    run: Run, url: str, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = server.vendor.claims(server.client.id, []) | {"iss": server.issuer, "exp": 2**31}
    token = server.keys.current.sign(says)
    for text in (token, f"Bearer {token}"):
        monkeypatch.setenv("ACCESS_TOKEN", text)
        assert run("send", url, "--validate", "--bearer-env", "ACCESS_TOKEN").status == 0
    monkeypatch.setenv("ACCESS_TOKEN", f"{token}x")
    refused = run("send", url, "--validate", "--bearer-env", "ACCESS_TOKEN")
    assert refused.status == 1
    assert "answers 401" in refused.err
    assert "the log of the host has the reason" in refused.err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--bearer-env", "NOT_SET"], "NOT_SET is not set; put an access token there"),
        (["--token-url", "https://a.example.org"], "--client-id"),
        (["--token-url", "https://a.example.org", "--bearer-env", "PATH"], "give one of"),
        (["--bearer-env", "PATH", "--token-env", "PATH"], "give either"),
        (
            ["--token-url", "https://a.b", "--client-id", "c", "--client-secret-env", "NOT_SET"],
            "put the client's secret there",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(run: Run, arguments: list[str], why: str) -> None:
    refused = run("send", "http://127.0.0.1:1/x", "--validate", *arguments)
    assert refused.status == 2
    assert why in " ".join(refused.err.replace("│", " ").split())


def test_a_secret_goes_to_no_address_that_is_not_encrypted(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGBRIDGE_CLIENT_SECRET", "hush")
    arguments = ["--token-url", "http://login.example.org/token", "--client-id", "c"]
    refused = run("send", "http://127.0.0.1:1/x", "--validate", *arguments)
    assert refused.status == 1
    assert "give one that begins with https://" in refused.err
    assert "hush" not in refused.err


def test_an_authorization_server_that_gives_no_token_is_quoted(
    run: Run, file: Path, server: AuthorizationServer, grant: list[str]
) -> None:
    wrong = run("cvent", "check-token", *grant[:-1], "unknown")
    assert "no token: the authorization server answers 400 (invalid_scope: " in wrong.err
    assert "compare client id, secret and scope" in wrong.err
    server.site.status = 500
    assert (
        "no token: the authorization server answers 500;" in run("cvent", "check-token", *grant).err
    )
    server.stop()
    assert "no connection to 127.0.0.1" in run("cvent", "check-token", *grant).err


def test_check_token_shows_what_a_token_says_and_what_becomes_of_it(
    run: Run, file: Path, server: AuthorizationServer, grant: list[str]
) -> None:
    looked = run("cvent", "check-token", *grant, "--json")
    assert looked.status == 0
    token = looked.json["token"]
    assert token["issuer"] == server.issuer
    assert token["clients"] == server.client.id
    assert (token["audience"], token["scopes"]) == (server.vendor.audience, server.vendor.scope)
    assert looked.json["verdicts"] == [
        {"client": "acme", "issuer": server.issuer, "verdict": "let in"}
    ]
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("clients: cvent-webhooks", "clients: other"), encoding="utf-8")
    refused = run("cvent", "check-token", *grant)
    assert refused.status == 1
    assert "it was given to a client that clients: does not name" in refused.out
    assert server.client.secret not in refused.out


def test_check_token_says_so_when_there_is_nothing_to_judge_by(
    run: Run, configs: Path, grant: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGBRIDGE_CLIENT_SECRET", "simulated-client-secret")
    looked = run("cvent", "check-token", *grant)
    assert looked.status == 1
    assert "no client file names cvent-oauth; add it under plugins:" in looked.err
    monkeypatch.setenv("ACCESS_TOKEN", "opaque")
    opaque = run("cvent", "check-token", "--bearer-env", "ACCESS_TOKEN")
    assert "it is no signed JWT" in opaque.err
    assert run("cvent", "check-token").status == 2


# The simulator


def simulate(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    """Run the command and stop it at once; return exit code and output."""
    app = typer.Typer()
    app.command()(command.simulate)
    monkeypatch.setattr(command, "wait_for_stop", lambda: None)
    result = CliRunner().invoke(app, [*arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize("vendor", ["entra", "okta"])
def test_the_simulator_says_all_that_cvent_and_the_client_file_need(
    monkeypatch: pytest.MonkeyPatch, vendor: str
) -> None:
    arguments = ("--port", "0", "--vendor", vendor, "--algorithm", "ES256")
    code, output = simulate(monkeypatch, *arguments)
    assert code == 0
    for name in ("issuer:", "audience:", "token URL:", "client id:", "client secret:", "scope:"):
        assert name in output
    assert "Stopped after 0 calls." in output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--vendor", "adfs"), "entra, entra-v1, okta, auth0, keycloak are known"),
        (("--algorithm", "HS256"), "RS256, ES256, ES384, ES512 are known"),
    ],
)
def test_a_simulator_that_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], why: str
) -> None:
    code, output = simulate(monkeypatch, *arguments)
    assert code == 2
    assert why in " ".join(output.replace("│", " ").split())


def test_a_port_that_is_taken_is_named(
    monkeypatch: pytest.MonkeyPatch, server: AuthorizationServer
) -> None:
    port = server.token_url.rpartition("/oauth2")[0].rpartition(":")[2]
    code, output = simulate(monkeypatch, "--port", port, "--algorithm", "ES256")
    assert code == 2
    assert "give another one" in output
