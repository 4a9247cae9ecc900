"""Only who may look gets in, only who may act acts, and every form is our own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select
from tests.integration.console.conftest import ACT, BASE, LOOK, Site

from regbridge.clients import start_clients
from regbridge.errors import ConfigError
from regbridge.host import Host
from regbridge.store.console_tables import audit


def noted(site: Site) -> list[tuple[str, str]]:
    """Return who did what, in order."""
    rows = site.host.store.read(lambda c: c.execute(select(audit).order_by(audit.c.id)).all())
    return [(row.who, row.what) for row in rows]


def test_a_stranger_is_sent_to_the_login_and_back_afterwards(site: Site) -> None:
    browser = site.browser()

    asked = browser.get("?page=7")
    assert asked.url.endswith("/console/login?to=%2Fconsole%3Fpage%3D7")
    answer = browser.session.post(asked.url, data={"password": ACT}, timeout=30)

    assert answer.url.endswith("/console?page=7")
    assert "password, may act" in answer.text
    assert noted(site) == [("", "logged in")]


def test_who_has_the_other_password_may_look_alone(site: Site) -> None:
    assert "may look" in site.browser().log_in(LOOK).get().text


def test_a_wrong_password_lets_nobody_in_and_is_noted(site: Site) -> None:
    browser = site.browser()

    answer = browser.post("/login", {"password": "a wrong one"})

    assert answer.status_code == 403
    assert "lets nobody in" in answer.text
    assert "a wrong one" not in answer.text
    assert browser.get().url.endswith("/login?to=%2Fconsole")
    assert noted(site) == [("", "login refused")]


def test_after_some_wrong_passwords_even_the_right_one_has_to_wait(site: Site) -> None:
    browser = site.browser()
    for _ in range(5):
        assert browser.post("/login", {"password": "wrong"}).status_code == 403

    answer = browser.post("/login", {"password": ACT})

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 31
    assert len(noted(site)) == 5


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "nonsense",
        "eyJyb2xlIjoiYWN0In0.AAAA",
        "eyJyb2xlIjoiYWN0IiwibmFtZSI6IngiLCJpZCI6IngiLCJ1bnRpbCI6OTk5OTk5OTk5OX0.abc",
        "\u00e4".encode().decode("latin-1"),
    ],
)
def test_a_session_that_nobody_signed_is_none(site: Site, cookie: str) -> None:
    answer = requests.get(
        f"{site.host.url}/console",
        headers={"Cookie": f"regbridge_console={cookie}".encode("latin-1").decode("latin-1")},
        allow_redirects=False,
        timeout=30,
    )

    assert answer.status_code == 302


def test_a_session_ends_with_its_time(
    new_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = new_site(base=BASE.replace("    act:", "    session_hours: 0.0001\n    act:"))
    browser = site.browser()
    answer = browser.post("/login", {"password": ACT}, allow_redirects=False)
    cookie = answer.headers["Set-Cookie"]
    assert "Max-Age=1;" in cookie
    assert {"HttpOnly", "SameSite=Lax", "Path=/console"} <= {
        part.strip() for part in cookie.split(";")
    }
    later = site.host._clock.seconds() + 2
    monkeypatch.setattr(site.host.console, "_clock", lambda: later)

    value = cookie.partition("=")[2].partition(";")[0]
    again = requests.get(
        f"{site.host.url}/console",
        headers={"Cookie": f"regbridge_console={value}"},
        allow_redirects=False,
        timeout=30,
    )

    assert again.status_code == 302


@pytest.mark.parametrize(
    ("proxy", "scheme", "is_secure"),
    [("127.0.0.1", "https", True), ("127.0.0.1", "http", False), ("10.9.8.7", "https", False)],
    ids=["behind HTTPS", "without HTTPS", "as a stranger says"],
)
def test_behind_https_the_cookie_is_never_sent_without(
    new_site: Callable[..., Site], proxy: str, scheme: str, *, is_secure: bool
) -> None:
    answer = (
        new_site(proxy=proxy)
        .browser()
        .post(
            "/login",
            {"password": ACT},
            headers={"X-Forwarded-Proto": scheme},
            allow_redirects=False,
        )
    )

    assert answer.status_code == 303
    assert ("; Secure" in answer.headers["Set-Cookie"]) == is_secure


def test_who_logs_out_is_a_stranger_again(site: Site) -> None:
    browser = site.browser().log_in(LOOK)

    browser.post("/logout", {"token": browser.token()})

    assert browser.get().url.endswith("/login?to=%2Fconsole")


def test_a_form_without_its_token_does_nothing(site: Site) -> None:
    browser = site.browser().log_in(ACT)
    other = site.browser().log_in(ACT)

    for token in ("", "0" * 64, other.token()):
        assert browser.post("/logout", {"token": token}).status_code == 403

    assert "may act" in browser.get().text


def test_a_one_time_link_lets_in_once(site: Site) -> None:
    assert site.host.console is not None
    link = site.host.console.one_time_link()

    assert "one-time link, may act" in site.browser().get(f"/enter?link={link}").text
    assert site.browser().get(f"/enter?link={link}").status_code == 403
    assert site.browser().get("/enter").status_code == 403


def test_the_trusted_proxy_names_who_is_there(new_site: Callable[..., Site]) -> None:
    site = new_site(proxy="127.0.0.1")

    def see(name: str) -> str:
        return site.browser().get(headers={"X-Remote-User": name}).text

    assert "acme\\ANNA, may act" in see("acme\\ANNA")
    assert "ACME\\ben, may look" in see("ACME\\ben")
    assert "Log in" in site.browser().get().text


def test_nobody_else_may_name_who_is_there(site: Site) -> None:
    answer = site.browser().get(headers={"X-Remote-User": "ACME\\anna"})

    assert answer.url.endswith("/login?to=%2Fconsole")


def test_a_forged_address_does_not_make_a_proxy(site: Site) -> None:
    headers = {"X-Remote-User": "ACME\\anna", "X-Forwarded-For": "10.9.8.7"}

    assert site.browser().get(headers=headers).url.endswith("/login?to=%2Fconsole")


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/consoles",
        "javascript:alert(1)",
        "/console/../health",
        "",
    ],
)
def test_the_login_leads_nowhere_else(site: Site, to: str) -> None:
    browser = site.browser()

    answer = browser.session.post(
        f"{site.host.url}/console/login",
        params={"to": to},
        data={"password": ACT},
        allow_redirects=False,
        timeout=30,
    )

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/console")
    assert "evil" not in answer.headers["Location"]


def test_every_page_forbids_what_it_does_not_need(site: Site) -> None:
    browser = site.browser().log_in(LOOK)

    for path in ("", "/nothing", "/login"):
        headers = browser.get(path).headers
        policy = headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
        assert {each.partition(" ")[2] for each in policy} == {"'none'", "'self'"}
        assert "form-action 'self'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"


def test_an_unknown_page_says_so_and_tells_a_stranger_nothing(site: Site) -> None:
    assert site.browser().get("/nothing").url.endswith("/login?to=%2Fconsole%2Fnothing")
    answer = site.browser().log_in(LOOK).get("/nothing")

    assert answer.status_code == 404
    assert "There is no such page." in answer.text


def test_a_form_that_is_too_large_is_refused(site: Site) -> None:
    answer = site.browser().post("/login", {"password": "x" * 70_000})
    many = site.browser().post("/login", {f"field {number}": "x" for number in range(300)})

    assert answer.status_code == 413
    assert many.status_code == 400


def test_the_style_and_the_script_need_no_login(site: Site) -> None:
    files = {
        "console.css": "text/css",
        "console.js": "text/javascript",
        "icon.svg": "image/svg+xml",
    }
    for name, kind in files.items():
        answer = site.browser().get(f"/static/{name}")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(kind)
    assert site.browser().get("/static/desk.py").status_code == 404
    assert "/login?to=" in site.browser().get("/static/..%2Fdesk.py").url


def test_without_its_block_there_is_no_console(new_site: Callable[..., Site]) -> None:
    base = "host:\n  database: sqlite:///regbridge.db\nplugins: [cvent-token]\n"

    site = new_site(base=base)

    assert site.host.console is None
    assert site.browser().get().status_code == 404


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ("{}", "nobody gets in"),
        ("{password: {env: SHORT}}", "at least 12 characters"),
        ("{password: not a reference at all}", "never as the secret itself"),
        ("{identity_header: X-Remote-User}", "nobody gets in by identity_header"),
        ("{identity_header: X-Remote-User, look: ['*']}", "trusted_proxy"),
        ("{look: [anna], password: {env: LONG}}", "identity_header has to be set"),
        ("{identity_header: 'X Remote', look: ['*']}", "identity_header"),
    ],
)
def test_a_block_that_lets_in_nobody_or_anybody_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: str, says: str
) -> None:
    monkeypatch.setenv("SHORT", "short")
    monkeypatch.setenv("LONG", "long enough for this")
    text = f"host:\n  console: {block}\n"
    (tmp_path / "base.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=says):
        Host(tmp_path)


def test_a_client_cannot_take_a_path_of_the_hosts_own(new_site: Callable[..., Any]) -> None:
    site = new_site()
    (site.host.file.folder / "clients" / "acme.yaml").write_text(
        "client: acme\nendpoints: {a: {path: /console/x, tokens: [{env: ACME_CVENT_TOKEN}]}}\n"
        "targets: {f: {use: files, settings: {path: x.jsonl}, map: {A: email}}}\n",
        encoding="utf-8",
    )

    clients = start_clients(site.host.file.folder)

    assert "the host's own" in str(clients.refused[0].error)
