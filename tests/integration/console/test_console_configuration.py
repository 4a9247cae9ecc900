"""The configuration as it holds, with what is wrong, and never a secret."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.integration.console.conftest import BASE, CLIENT, TOKEN, Site
from tests.integration.console.console_words import actor, looker, rows_of, text_of

NEVER_LOOKS = BASE.replace("host:\n", "host:\n  reload_seconds: 0\n")
CANARY = "canary-5f0c2b7e"
OWN = """
from regbridge import Plugin, Secret, Settings, hookimpl


class OwnSettings(Settings):
    secret: Secret
    password: str = ""
    address: str = ""


class Own(Plugin):
    settings_model = OwnSettings

    @hookimpl
    def filter_registration(self, registration):
        return None
"""
USES_OWN = """
client: {name}
endpoints:
  CventReg: {{path: /cvent/{name}/CventReg, tokens: [{{env: CANARY_TOKEN}}]}}
plugins:
  - cvent-token
  - use: own.py
    settings: {{secret: {secret}, password: canary-5f0c2b7e-too, address: "https://me:canary-5f0c2b7e@x.example/"}}
targets:
  file: {{use: files, settings: {{path: own.jsonl}}, map: {{Name: fullName}}}}
"""


@pytest.fixture
def clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the clients' files, with a plugin of the client's own."""
    monkeypatch.setenv("CANARY_TOKEN", f"{CANARY}-token")
    monkeypatch.setenv("CANARY_SECRET", f"{CANARY}-secret")
    folder = tmp_path / "configs" / "clients"
    folder.mkdir(parents=True)
    (folder / "own.py").write_text(OWN, encoding="utf-8")
    return folder


def test_every_value_is_shown_with_where_it_comes_from(site: Site) -> None:
    page = looker(site).get("/configuration").text

    rows = {row[0]: row[1:] for row in rows_of(page, "Configuration of acme")}
    assert rows["targets.file.map.Name"][0] == '"fullName || firstName"'
    assert re.search(r"clients/acme.yaml:\d+$", rows["targets.file.map.Name"][1])
    assert rows["endpoints.CventReg.tokens[0].env"][0] == '"ACME_CVENT_TOKEN"'
    assert re.search(r"base.yaml:\d+$", rows["plugins[0]"][1])
    assert "acme" in text_of(page)
    assert "OK" in text_of(page)


def test_no_secret_is_on_the_page_wherever_it_was_written(
    clients: Path, new_site: Callable[..., Site]
) -> None:
    for name, secret in (("good", "{env: CANARY_SECRET}"), ("bad", CANARY)):
        written = USES_OWN.format(name=name, secret=secret)
        (clients / f"{name}.yaml").write_text(written, encoding="utf-8")
    site = new_site()
    assert sorted(site.host.clients.running) == ["acme", "good"]

    page = actor(site).get("/configuration").text

    assert CANARY not in page
    assert TOKEN not in page
    rows = {row[0]: row[1] for row in rows_of(page, "Configuration of good")}
    assert rows["plugins[1].settings.secret.env"] == '"CANARY_SECRET"'
    assert rows["plugins[1].settings.password"] == "\u2022\u2022\u2022\u2022"
    assert rows["plugins[1].settings.address"] == '"https://me:\u2022\u2022\u2022\u2022@x.example/"'
    assert "bad.yaml" in page
    assert "does not start" in text_of(page)
    assert "never as the secret itself" in text_of(page)


def test_a_secret_that_was_written_after_the_start_is_not_shown_either(
    clients: Path, new_site: Callable[..., Site]
) -> None:
    file = clients / "good.yaml"
    file.write_text(USES_OWN.format(name="good", secret="{env: CANARY_SECRET}"), encoding="utf-8")
    site = new_site(base=NEVER_LOOKS)
    file.write_text(USES_OWN.format(name="good", secret=CANARY), encoding="utf-8")

    page = looker(site).get("/configuration").text

    assert CANARY not in page
    assert "changed, and refused; what it was before goes on" in text_of(page)
    assert "never as the secret itself" in text_of(page)


def test_what_is_wrong_with_a_client_is_told_with_file_and_line(
    clients: Path, new_site: Callable[..., Site]
) -> None:
    (clients / "broken.yaml").write_text(
        "client: broken\nendpoints: 7\ntargets: {a: {use: protec}}\n", encoding="utf-8"
    )
    page = text_of(looker(new_site()).get("/configuration").text)

    assert re.search(r"error: \S*broken.yaml:2: endpoints: ", page)


def test_a_case_that_fails_is_a_finding_of_a_client_that_runs(
    clients: Path, new_site: Callable[..., Site]
) -> None:
    (clients / "acme.cases.yaml").write_text(
        "- name: somebody\n  payload: {fullName: Rory, company: Acme, eventStub: a, "
        "inviteeStub: b}\n  expect: {records: {file: {Name: Mary}}}\n",
        encoding="utf-8",
    )
    page = text_of(looker(new_site()).get("/configuration").text)

    assert "case 'somebody'" in page
    assert "starts, and something is wrong" in page


def test_a_file_that_changed_is_shown_as_what_holds_after_a_restart(
    clients: Path, new_site: Callable[..., Site]
) -> None:
    site = new_site(base=NEVER_LOOKS)
    file = clients / "acme.yaml"
    file.write_text(CLIENT.replace("fullName || firstName", "lastName"), encoding="utf-8")

    page = looker(site).get("/configuration").text

    assert "changed since the start; it holds after a restart" in text_of(page)
    rows = {row[0]: row[1] for row in rows_of(page, "Configuration of acme")}
    assert rows["targets.file.map.Name"] == '"lastName"'


def test_a_change_that_is_refused_is_told_with_what_goes_on(
    clients: Path, new_site: Callable[..., Site]
) -> None:
    site = new_site(base=NEVER_LOOKS)
    (clients / "acme.yaml").write_text(CLIENT.replace("files", "filez"), encoding="utf-8")
    for _ in range(2):
        site.host.reload.look()

    page = looker(site).get("/configuration").text

    assert "client acme: the file changed at 20" in text_of(page)
    assert "no plugin 'filez'" in text_of(page)
    assert "changed, and refused; what it was before goes on" in text_of(page)
    _, row = rows_of(page, "What each host runs")
    assert (row[0], row[3]) == ("acme", "runs as before, its change is refused")
    overview = text_of(looker(site).get("").text)
    assert "1 of the clients have a changed file that is refused, and go on as before" in overview


def test_the_plugins_are_listed_with_their_versions(site: Site) -> None:
    rows = {row[0]: row for row in rows_of(looker(site).get("/configuration").text, "Installed")}

    assert rows["files"][2] == f"regbridge {version('regbridge')}"
    assert "deliver_records" in rows["files"][1]


def test_hostile_values_are_text(clients: Path, new_site: Callable[..., Site]) -> None:
    text = CLIENT.replace("acme", "evil").replace("CONSOLE", "X")
    text = text.replace("fullName || firstName", "'<script>alert(1)</script>'")
    (clients / "evil.yaml").write_text(text.replace("evil_CVENT", "ACME_CVENT"), encoding="utf-8")

    page = looker(new_site()).get("/configuration").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
