"""Cvent fetches a token, posts with it, and a host lets it in, whatever the token's server does."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from structlog.testing import capture_logs

from regbridge.access_token import Grant, fetch_token
from regbridge.host import Address, Host
from regbridge.sender import Sender
from regbridge.store.report import count_registrations
from regbridge.testing.payloads import encode, live, registrant
from regbridge_cvent.bearer import key_source
from regbridge_cvent.simulator.authorization import (
    AuthorizationServer,
    Entra,
    Keycloak,
    Okta,
    SigningKey,
    SigningKeys,
    Vendor,
)

PATH = "/cvent/apap/CventReg"
STATIC = "a-static-token"
BODY = encode(live("InviteeOrGuestAccepted", registrant(1)))


class Bridge:
    """A host whose only endpoint is behind OAuth, and the authorization server."""

    def __init__(self, folder: Path, server: AuthorizationServer) -> None:
        self.folder = folder
        self.server = server
        self.host: Host | None = None

    def start(self, *before: Any, tokens: bool = False, **settings: Any) -> None:
        """Start a host; `before` are plugins that are asked before cvent-oauth."""
        server = self.server
        usual = {"issuer": server.issuer, "audience": server.vendor.audience}
        client = {
            "client": "apap",
            "endpoints": {
                "CventReg": {"path": PATH, **({"tokens": [{"file": "token"}]} if tokens else {})}
            },
            "plugins": [*before, {"use": "cvent-oauth", "settings": usual | settings}],
            "targets": {
                "crm": {"use": "files", "settings": {"path": "a.jsonl"}, "map": {"Email": "email"}}
            },
        }
        (self.folder / "clients").mkdir()
        (self.folder / "token").write_text(STATIC, encoding="utf-8")
        (self.folder / "base.yaml").write_text("{}\n", encoding="utf-8")
        text = yaml.safe_dump(client)
        (self.folder / "clients" / "apap.yaml").write_text(text, encoding="utf-8")
        self.host = Host(self.folder, worker=False, address=Address("127.0.0.1", 0))
        self.host.start()

    def token(self) -> str:
        """Return what Cvent fetches."""
        server = self.server
        client = server.client
        return fetch_token(Grant(server.token_url, client.id, client.secret, server.vendor.scope))

    def ask(
        self, authorization: str | None, method: str = "GET", body: bytes | None = None
    ) -> tuple[int, http.client.HTTPMessage, Any]:
        """Return status, headers and JSON of an answer."""
        assert self.host is not None
        address = urlsplit(self.host.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
        headers = {} if authorization is None else {"Authorization": authorization}
        try:
            connection.request(method, PATH, body, headers)
            response = connection.getresponse()
            return response.status, response.headers, json.loads(response.read())
        finally:
            connection.close()

    def status(self, token: str) -> int:
        return self.ask(f"Bearer {token}")[0]

    def stored(self) -> int:
        assert self.host is not None
        return sum(row.count for row in self.host.store.read(count_registrations))

    def stop(self) -> None:
        if self.host:
            self.host.stop()
        self.server.stop()


Make = Callable[..., Bridge]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make a bridge whose authorization server is up."""
    bridges: list[Bridge] = []

    def make(server: AuthorizationServer | None = None) -> Bridge:
        keys = SigningKeys(SigningKey.make("ES256"))
        bridge = Bridge(tmp_path, server or AuthorizationServer(Keycloak(), keys=keys))
        bridge.server.start()
        bridges.append(bridge)
        return bridge

    yield make
    for bridge in bridges:
        bridge.stop()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let keys be fetched as often as somebody asks for one that is not known."""
    monkeypatch.setattr(key_source, "PAUSE", 0.0)
    monkeypatch.setattr(key_source, "PAUSE_WITHOUT_KEYS", 0.0)


@pytest.mark.parametrize(("vendor", "algorithm"), [(Entra, "RS256"), (Keycloak, "ES256")])
def test_cvent_fetches_a_token_validates_and_posts(
    make: Make, vendor: type[Vendor], algorithm: str
) -> None:
    keys = SigningKeys(SigningKey.make(algorithm))
    bridge = make(AuthorizationServer(vendor(), keys=keys))
    bridge.start(clients=bridge.server.client.id)
    assert bridge.host is not None

    with (
        capture_logs() as logs,
        Sender(bridge.host.url + PATH, f"Bearer {bridge.token()}") as cvent,
    ):
        cvent.validate()
        answer = cvent.send(BODY)

    assert (answer.status, answer.receipt) == (200, 1)
    [validated] = [log for log in logs if log["event"] == "endpoint validated"]
    assert validated["identity"] == "token of 127.0.0.1"
    assert bridge.server.site.calls == {"token": 1, "discovery": 1, "jwks": 1}


def test_a_body_without_a_good_token_is_not_stored_and_needs_no_keys(make: Make) -> None:
    bridge = make()
    bridge.start()
    good = bridge.token()
    says = bridge.server.vendor.claims("cvent", []) | {"iss": bridge.server.issuer, "exp": 1}
    expired = bridge.server.keys.current.sign(says)
    schemes = [None, "", good, f"Basic {good}", f"Token {good}", "Bearer", f"Bearer  {good}"]
    for authorization in (*schemes, *(f"Bearer {each}" for each in ("opaque", "a.b.c", expired))):
        status, headers, problem = bridge.ask(authorization, "POST", BODY)
        assert status == 401
        assert headers["WWW-Authenticate"].startswith("Bearer")
        assert "receipt" not in problem
    assert bridge.stored() == 0
    assert not bridge.server.site.calls["jwks"]
    assert bridge.ask(f"bearer {good}", "POST", BODY)[0] == 200


def test_a_key_that_is_rotated_in_the_middle_costs_nothing(make: Make, at_once: None) -> None:
    bridge = make()
    bridge.start()
    old = bridge.token()
    assert bridge.status(old) == 200

    bridge.server.keys.rotate(SigningKey.make("RS256"))
    new = bridge.token()
    assert [bridge.status(each) for each in (new, old, new)] == [200, 200, 200]

    bridge.server.keys.withdraw_old()
    assert bridge.status("a.b.c") == 401
    bridge.server.keys.rotate(SigningKey.make("ES256"))
    assert bridge.status(bridge.token()) == 200
    assert bridge.status(old) == 401


def test_a_key_that_is_not_known_is_asked_for_once_a_minute_and_comes_again_until_then(
    make: Make,
) -> None:
    bridge = make()
    bridge.start()
    old = bridge.token()
    assert bridge.status(old) == 200
    says = bridge.server.vendor.claims("cvent", []) | {"iss": bridge.server.issuer, "exp": 2**31}
    for _ in range(20):
        assert bridge.status(SigningKey.make("ES256").sign(says)) == 503

    bridge.server.keys.rotate(SigningKey.make("ES256"))
    status, headers, _ = bridge.ask(f"Bearer {bridge.token()}")

    assert status == 503
    assert 1 <= int(headers["Retry-After"]) <= key_source.PAUSE
    assert bridge.status(old) == 200
    assert bridge.server.site.calls["jwks"] == 1


def test_known_keys_go_on_while_the_authorization_server_is_down(
    make: Make, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = make()
    bridge.start()
    token = bridge.token()
    assert bridge.status(token) == 200
    bridge.server.keys.rotate(SigningKey.make("ES256"))
    unknown = bridge.token()

    bridge.server.stop()
    monkeypatch.setattr(key_source, "FRESH", 0.0)
    with capture_logs():
        assert bridge.ask(f"Bearer {token}", "POST", BODY)[0] == 200
        assert bridge.ask(f"Bearer {unknown}", "POST", BODY)[0] == 503
    assert bridge.status(token) == 200


def test_without_any_keys_cvent_is_told_to_come_back_and_never_that_it_is_wrong(
    make: Make, at_once: None
) -> None:
    bridge = make()
    bridge.start()
    token = bridge.token()
    bridge.server.site.status = 500
    with capture_logs() as logs:
        status, headers, problem = bridge.ask(f"Bearer {token}", "POST", BODY)
        assert (status, headers["Retry-After"]) == (503, "1")
        assert "keys" not in problem["detail"]
        assert bridge.stored() == 0
    events = {log["event"]: log.get("reason", "") for log in logs}
    assert "answers 500 at its discovery document" in events["keys not fetched"]
    assert "keys of the authorization server cannot be had" in events["request refused"]

    bridge.server.site.status = 200
    assert bridge.ask(f"Bearer {token}", "POST", BODY)[0] == 200


def test_cvent_waits_only_so_long_for_keys(make: Make) -> None:
    bridge = make()
    bridge.start(wait_seconds=0.05)
    token = bridge.token()
    bridge.server.site.answers.clear()
    with capture_logs():
        assert bridge.status(token) == 503
        bridge.server.site.answers.set()


def test_a_static_token_and_oauth_stand_beside_each_other_during_a_change_over(make: Make) -> None:
    bridge = make()
    bridge.start("cvent-token", tokens=True)
    assert bridge.ask(STATIC)[0] == 200
    assert bridge.status(bridge.token()) == 200
    assert bridge.ask(f"Bearer {STATIC}")[0] == 401
    assert bridge.ask("wrong")[1]["WWW-Authenticate"] == "Token"

    bridge.server.site.status = 500
    assert bridge.ask(STATIC)[0] == 200


def test_two_authorization_servers_stand_beside_each_other_too(make: Make) -> None:
    other = AuthorizationServer(Okta(), keys=SigningKeys(SigningKey.make("ES256")))
    with other.serving():
        bridge = make()
        settings = {"issuer": other.issuer, "audience": other.vendor.audience}
        bridge.start({"use": "cvent-oauth", "settings": settings})
        client = other.client
        theirs = fetch_token(Grant(other.token_url, client.id, client.secret, Okta.scope))
        assert [bridge.status(each) for each in (theirs, bridge.token())] == [200, 200]
    assert bridge.status(bridge.token()) == 200


def test_no_log_and_no_answer_holds_a_token_or_what_it_says(
    make: Make, at_once: None, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    bridge = make()
    good = bridge.token()
    other = SigningKey.make("ES256")
    vendor, issuer = bridge.server.vendor, bridge.server.issuer
    says = vendor.claims("the-client", []) | {"iss": issuer, "exp": 2**31, "sub": "the-subject"}
    wrong = [
        f"{good}x",
        good[:-1],
        other.sign(says),
        bridge.server.keys.current.sign(says | {"aud": "the-audience"}),
        bridge.server.keys.current.sign(says | {"exp": 1}),
        bridge.server.keys.current.sign(says),
    ]
    with caplog.at_level("DEBUG"), capture_logs() as logs:
        bridge.start(clients=bridge.server.client.id)
        answers = [bridge.ask(f"Bearer {each}", "POST", BODY) for each in wrong]
        assert bridge.ask(f"Bearer {good}", "POST", BODY)[0] == 200
        bridge.server.stop()
        answers.append(bridge.ask(f"Bearer {other.sign(says)}", "POST", BODY))
        bridge.stop()
    assert [answer[0] for answer in answers] == [401] * 6 + [503]
    told = f"{logs} {answers} {caplog.text} {capsys.readouterr()}"
    secrets = ["the-client", "the-subject", "the-audience", bridge.server.client.id, other.id]
    for text in [*secrets, *(part for each in [good, *wrong] for part in each.split("."))]:
        assert text not in told
