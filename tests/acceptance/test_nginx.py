"""Behind nginx, with the very site that `regbridge deploy systemd` writes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.nginx import (
    COMMAND,
    NAME,
    Answer,
    Door,
    binary,
    certificates,
    free_port,
    regbridge,
    running,
    serving,
)

from regbridge.shipped import SAMPLES, shipped
from regbridge.testing import payloads

TOKEN = "hunter2hunter2"
PATH = "/cvent/acme/CventReg"
LIMIT = 100_000
VOUCHED = {"Authorization": TOKEN}
FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "Forwarded": "for=203.0.113.9",
    "X-Forwarded-Proto": "gopher",
}
# Addresses of this machine, all of them different to who looks at them.
INSIDER, SENDER, STRANGER = "127.0.0.2", "127.0.0.3", "127.0.0.4"
BASE = """
host:
  port: {port}
  body_limit: {limit}
  trusted_proxy: 127.0.0.1
  console:
    identity_header: X-Who
    act: [anna]
plugins: [cvent-token]
"""


@dataclass(frozen=True)
class Site:
    """nginx, the service behind it, and nginx before a service that is not there."""

    front: Door
    direct: Door
    away: Door
    log: Path

    def logged(self, event: str) -> list[dict[str, Any]]:
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [entry for entry in map(json.loads, lines) if entry["event"] == event]


def write_site(folder: Path, port: int, upstream: int) -> Path:
    """Let the command write a site for a service at a port."""
    configs = folder / "configs"
    (configs / "clients").mkdir(parents=True)
    base = BASE.format(port=upstream, limit=LIMIT)
    (configs / "base.yaml").write_text(base, encoding="utf-8")
    regbridge("new-client", "acme", "--configs", str(configs))
    regbridge(
        *("deploy", "systemd", str(folder), "--server-name", NAME, "--port", str(port)),
        *("--certificate", str(folder.parent / "server.pem")),
        *("--key", str(folder.parent / "server.key")),
        *("--configs", str(configs), "--inside", INSIDER, "--no-ipv6"),
        *("--program", "/opt/regbridge/bin/regbridge", "--configs-there", "/srv/configs"),
    )
    return folder / "nginx.conf"


def let_in(site: Path, people: Path) -> Path:
    """Let the site look into a file of people at a place where a test may write."""
    text = site.read_text(encoding="utf-8")
    assert text.count("/etc/nginx/regbridge.htpasswd") == 1
    people.write_text("anna:{PLAIN}correct horse\n", encoding="utf-8")
    text = text.replace("/etc/nginx/regbridge.htpasswd", str(people))
    site.write_text(text, encoding="utf-8")
    return site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    binary()
    folder = tmp_path_factory.mktemp("nginx")
    context = certificates(folder)
    front, away, upstream, nobody = (free_port() for _ in range(4))
    sites = [
        let_in(write_site(folder / "site", front, upstream), folder / "people"),
        write_site(folder / "away", away, nobody),
    ]
    log = folder / "log" / "regbridge.log"
    arguments = ["serve", "--configs", str(folder / "site/configs"), "--log-file", str(log)]
    with ExitStack() as stack:
        service = running([*COMMAND, *arguments], upstream, ACME_CVENT_TOKEN=TOKEN)
        stack.enter_context(service)
        stack.enter_context(serving(folder, sites, front))
        yield Site(Door(front, context), Door(upstream), Door(away, context), log)


def sample() -> bytes:
    return (shipped(SAMPLES) / "InviteeOrGuestAccepted--registered/request.json").read_bytes()


def test_cvents_validation_is_answered_and_the_sender_is_who_connected(site: Site) -> None:
    answer = site.front.ask("GET", PATH, headers=VOUCHED | FORGED, source=SENDER)
    assert (answer.status, answer.json) == (200, {"client": "acme", "endpoint": "CventReg"})
    assert site.logged("endpoint validated")[-1]["remote_address"] == SENDER


@pytest.mark.parametrize("suffix", ["", "/InviteeOrGuestAccepted/6d0f5c52-1a0b-4a52"])
def test_a_message_is_stored(site: Site, suffix: str) -> None:
    answer = site.front.ask("POST", PATH + suffix, body=sample(), headers=VOUCHED)
    assert answer.status == 200
    assert answer.json["registrations"] == 1


def test_a_wrong_token_is_refused_and_the_log_names_its_sender(site: Site) -> None:
    headers = {"Authorization": "wrong"} | FORGED
    assert site.front.ask("POST", PATH, body=b"{}", headers=headers, source=SENDER).status == 401
    refused = [entry for entry in site.logged("request refused") if entry["status"] == 401]
    assert refused[-1]["remote_address"] == SENDER


def test_who_connects_directly_is_not_believed_what_it_says_of_others(site: Site) -> None:
    assert site.direct.ask("GET", PATH, headers=VOUCHED | FORGED, source=STRANGER).status == 200
    assert STRANGER in [each["remote_address"] for each in site.logged("endpoint validated")]
    assert "203.0.113.9" not in site.log.read_text(encoding="utf-8")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_by_both_in_the_same_words(
    site: Site, chunked: bool
) -> None:
    def ask(door: Door) -> Answer:
        body = b" " * (LIMIT + 1)
        parts = iter([body[:LIMIT], body[LIMIT:]]) if chunked else body
        return door.ask("POST", PATH, body=parts, headers=VOUCHED)

    front, direct = ask(site.front), ask(site.direct)
    assert (front.status, direct.status) == (413, 413)
    assert front.json == direct.json
    assert f"{LIMIT:,} bytes" in front.json["detail"]
    for answer in (front, direct):
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_body_of_just_the_limit_is_taken(site: Site) -> None:
    body = payloads.encode(payloads.live("InviteeOrGuestAccepted", payloads.registrant(1)))
    answer = site.front.ask("POST", PATH, body=body.ljust(LIMIT), headers=VOUCHED)
    assert answer.status == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/elsewhere", f"{PATH}x", f"{PATH}/../../../health", f"{PATH}/%2e%2e/%2e%2e/%2e%2e/x"],
)
def test_other_paths_are_not_passed_on(site: Site, path: str) -> None:
    answer = site.front.ask("GET", path, headers=VOUCHED, source=STRANGER)
    assert answer.status in (403, 404)
    assert b"nginx" in answer.body


def test_what_is_compared_is_what_is_passed_on(site: Site) -> None:
    path = f"/console/%2e%2e{PATH}"
    answer = site.front.ask("GET", path, headers=VOUCHED, source=STRANGER)
    assert (answer.status, answer.json["endpoint"]) == (200, "CventReg")


def test_the_health_is_for_those_inside(site: Site) -> None:
    assert site.front.ask("GET", "/health", source=INSIDER).json["status"] == "ok"
    assert site.front.ask("GET", "/health", source=STRANGER).status == 403


def basic(password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'anna:{password}'.encode()).decode()}"}


def test_the_console_knows_who_logged_in_at_nginx(site: Site) -> None:
    answer = site.front.ask("GET", "/console", headers=basic("correct horse"), source=INSIDER)
    assert answer.status == 200
    assert b"anna" in answer.body


@pytest.mark.parametrize("headers", [{}, {"X-Who": "anna"}, basic("battery staple")])
def test_the_console_believes_no_name_that_a_browser_sends(
    site: Site, headers: dict[str, str]
) -> None:
    assert site.front.ask("GET", "/console", headers=headers, source=INSIDER).status == 401
    assert site.front.ask("GET", "/console", headers=headers, source=STRANGER).status == 403
    assert site.direct.ask("GET", "/console", headers=headers, source=STRANGER).status != 200


def test_a_name_that_is_sent_along_with_a_login_is_replaced(site: Site) -> None:
    headers = basic("correct horse") | {"X-Who": "somebody else"}
    answer = site.front.ask("GET", "/console", headers=headers, source=INSIDER)
    assert answer.status == 200
    assert b"somebody else" not in answer.body


def test_a_service_that_is_not_there_is_told_in_the_words_of_the_service(site: Site) -> None:
    answer = site.away.ask("POST", PATH, body=sample(), headers=VOUCHED)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "send the message again" in answer.json["detail"]
