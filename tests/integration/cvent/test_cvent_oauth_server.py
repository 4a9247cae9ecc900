"""What `cvent-oauth` makes of what an authorization server publishes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.integration.dynamics.tls_front import TlsFront

from regbridge import Client, Endpoint, Finding, Identity, PluginContext, RetryableError, Target
from regbridge.access_token import Grant, fetch_token
from regbridge.http import Outbound
from regbridge.models import Request
from regbridge_cvent.bearer.plugin import CventOAuth
from regbridge_cvent.bearer.settings import OAuthSettings
from regbridge_cvent.simulator.authorization import (
    VENDORS,
    Auth0,
    AuthorizationServer,
    Keycloak,
    SigningKey,
    SigningKeys,
    Vendor,
)

CRM, COPY = Target("crm"), Target("copy")
ENDPOINT = Endpoint("CventReg", "/cvent/apap/CventReg", ())


class Trial:
    """The plugin before a server of a vendor."""

    def __init__(self, server: AuthorizationServer) -> None:
        self.server = server
        self.plugins: list[CventOAuth] = []

    def settings(self, **changes: Any) -> OAuthSettings:
        usual = {"issuer": self.server.issuer, "audience": self.server.vendor.audience}
        return OAuthSettings.model_validate(usual | changes)

    def plugin(self, hours: float = 0, **changes: Any) -> CventOAuth:
        """Return the plugin on a machine whose clock is wrong by some hours."""
        client = Client("apap", targets={"crm": CRM, "copy": COPY})
        context = PluginContext("cvent-oauth", client, Path(), path=("plugins", 0))

        def now() -> datetime:
            return datetime.now(UTC) + timedelta(hours=hours)

        self.plugins.append(CventOAuth(self.settings(**changes), context, now))
        return self.plugins[-1]

    def token(self) -> str:
        server = self.server
        client = server.client
        return fetch_token(Grant(server.token_url, client.id, client.secret, server.vendor.scope))

    def lets_in(self, **changes: Any) -> Identity | None:
        request = Request("GET", ENDPOINT.path, {"authorization": f"Bearer {self.token()}"})
        return self.plugin(**changes).authenticate_request(request)

    def not_now(self, **changes: Any) -> str:
        """Return why keys cannot be had; the sender hears that it shall come again."""
        with capture_logs() as logs, pytest.raises(RetryableError):
            self.lets_in(**changes)
        return next(str(log["reason"]) for log in logs if "reason" in log)

    def findings(self, **changes: Any) -> list[Finding]:
        changes = {"clients": self.server.client.id} | changes
        return list(self.plugin(**changes).check_connection(CRM) or ())


@pytest.fixture
def make() -> Iterator[Callable[..., Trial]]:
    trials: list[Trial] = []

    def make(vendor: type[Vendor] = Keycloak) -> Trial:
        keys = SigningKeys(SigningKey.make("ES256"))
        trials.append(Trial(AuthorizationServer(vendor(), keys=keys)))
        trials[-1].server.start()
        return trials[-1]

    yield make
    for trial in trials:
        for plugin in trial.plugins:
            plugin.close()
        trial.server.stop()


@pytest.fixture
def trial(make: Callable[..., Trial]) -> Trial:
    return make()


def levels(findings: list[Finding]) -> list[str]:
    return [finding.level.value for finding in findings]


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=list(VENDORS))
def test_each_vendors_keys_are_found_by_its_issuer_alone(
    make: Callable[..., Trial], vendor: type[Vendor]
) -> None:
    trial = make(vendor)
    assert trial.lets_in(clients=trial.server.client.id)
    assert levels(trial.findings()) == ["ok", "ok"]


def test_the_address_of_the_keys_may_be_given_and_then_nobody_asks_for_it(trial: Trial) -> None:
    trial.server.site.discovery = {"issuer": "https://other.example.org"}
    assert trial.lets_in(jwks_url=trial.server.jwks_url)
    assert not trial.server.site.calls["discovery"]


# What is not as it should be


def test_a_discovery_document_of_another_issuer_gives_no_keys(trial: Trial) -> None:
    trial.server.site.discovery = {"issuer": "https://other.example.org"}
    reason = trial.not_now()
    assert "is that of https://other.example.org, and not of http://127.0.0.1" in reason
    [first, second] = trial.findings()
    assert levels([first, second]) == ["error", "error"]
    assert first.remedy == "write issuer: https://other.example.org"


def test_a_slash_too_many_is_named(make: Callable[..., Trial]) -> None:
    trial = make(Auth0)
    [first, *_] = trial.findings(issuer=trial.server.issuer.rstrip("/"))
    assert first.remedy == f"write issuer: {trial.server.issuer}"
    assert first.path == ("plugins", 0, "settings", "issuer")


@pytest.mark.parametrize(
    "url", ["http://keys.example.org/jwks", "file:///etc/passwd", "", 1, "https://a b/"]
)
def test_keys_are_not_fetched_from_an_address_that_is_not_encrypted(trial: Trial, url: Any) -> None:
    trial.server.site.discovery = {"jwks_uri": url}
    assert "jwks_uri of the authorization server's discovery document" in trial.not_now()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(trial: Trial, status: int) -> None:
    token = trial.token()
    trial.server.site.status = status
    trial.token = lambda: token  # type: ignore[method-assign]
    assert f"answers {status} at its discovery document; redirects are not" in trial.not_now()
    assert f"answers {status} at its JWKS" in trial.not_now(jwks_url=trial.server.jwks_url)


@pytest.mark.parametrize(
    ("jwks", "reason"),
    [
        ({}, "it holds no keys"),
        ({"keys": []}, "none of its keys has an id and can be used"),
        ([], "it holds no keys"),
        (b"<html>Sign in to the network</html>", "(200, text/html) is not JSON"),
        ({"keys": ["x" * 1_000_000]}, "more than 1,000,000 bytes"),
    ],
)
def test_what_is_no_jwks_gives_no_keys(trial: Trial, jwks: Any, reason: str) -> None:
    trial.server.site.jwks = jwks
    assert reason in trial.not_now()


def test_keys_come_over_tls_and_only_from_somebody_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = TlsFront(tmp_path)
    server = AuthorizationServer(Keycloak(), keys=SigningKeys(SigningKey.make("ES256")))
    url = server.start(base_url=front.url)
    front.start(url)
    trial = Trial(server)
    says = server.vendor.claims("cvent", []) | {"iss": server.issuer, "exp": 2**31}
    monkeypatch.setattr(trial, "token", lambda: server.keys.current.sign(says))
    try:
        assert "the certificate of 127.0.0.1 is not trusted" in trial.not_now()
        trusting = partial(Outbound, ca_file=str(front.ca_file))
        monkeypatch.setattr("regbridge_cvent.bearer.discovery.Outbound", trusting)
        assert trial.lets_in()
    finally:
        for plugin in trial.plugins:
            plugin.close()
        front.stop()
        server.stop()


# Findings


def test_the_server_is_tried_once_for_a_client_with_several_targets(trial: Trial) -> None:
    plugin = trial.plugin()
    assert plugin.check_connection(COPY) is None
    assert plugin.check_connection(CRM)


def test_the_check_says_where_tokens_come_from_and_how_they_are_signed(trial: Trial) -> None:
    [first, second] = trial.findings()
    assert first.message == f"the issuer gives tokens at {trial.server.token_url}"
    assert second.message == "its keys are for ES256"


def test_the_check_warns_when_every_client_of_the_server_would_be_let_in(trial: Trial) -> None:
    [*_, last] = trial.findings(clients=[])
    assert (last.level, last.remedy) == ("warning", "name Cvent's client id in clients:")
    for demand in ("clients", "scopes", "roles"):
        assert levels(trial.findings(**{"clients": [], demand: "x"})) == ["ok", "ok"]


def test_the_check_names_algorithms_that_the_server_does_not_use(trial: Trial) -> None:
    [_, last] = trial.findings(algorithms=["RS256"])
    assert (last.level, last.message) == ("error", "its keys are for ES256 alone")
    assert last.path == ("plugins", 0, "settings", "algorithms")


@pytest.mark.parametrize("hours", [-2, 2])
def test_the_check_notices_a_clock_that_is_wrong(trial: Trial, hours: float) -> None:
    [_, clock, _] = trial.findings(hours=hours)
    assert clock.level == "error"
    assert re.search(r"7,?(19|20)\d seconds apart", clock.message)


def test_a_server_without_a_discovery_document_needs_the_address_of_its_keys(trial: Trial) -> None:
    elsewhere = f"{trial.server.issuer}/elsewhere"
    assert levels(trial.findings(issuer=elsewhere)) == ["error", "error"]
    found = trial.findings(issuer=elsewhere, jwks_url=trial.server.jwks_url)
    assert levels(found) == ["warning", "ok"]


def test_a_server_that_is_down_is_a_finding(trial: Trial) -> None:
    trial.server.stop()
    assert levels(trial.findings()) == ["error", "error"]
