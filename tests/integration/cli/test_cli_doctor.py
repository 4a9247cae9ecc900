"""`regbridge doctor`: what it finds, and a bundle that names nobody."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from regbridge.host import Address, Host
from regbridge.installed import InstalledPlugin
from regbridge.testing import payloads

Run = Callable[..., Any]
CANARIES = {
    "firstName": "Zebulonia",
    "lastName": "Quackenbush",
    "email": "zebulonia.quackenbush@canary.example.org",
    "company": "Canarywharf Poultry",
    "workPhone": "+1 (555) 010-4477",
    "workCity": "Finchleyburg",
    "title": "Chief Budgerigar",
    "confirmationNumber": "CNRYX4477QZ",
    "inviteeStub": "c0ffee00-4477-4477-4477-00000ca9a121",
    "contactStub": "c0ffee01-4477-4477-4477-00000ca9a122",
}
RULE = '''
"""A rule that says more than it should."""

from regbridge import Drop, Plugin, RejectedError, Settings, hookimpl


class Talkative(Plugin):
    class Configured(Settings):
        api_token: str = ""
        url: str = ""

    settings_model = Configured

    @hookimpl
    def filter_registration(self, registration):
        fields = registration.fields
        if fields["title"] == "drop me":
            return Drop(f"{fields['firstName']} of {fields['company']} is staff")
        return None

    @hookimpl
    def enrich_registrations(self, registrations):
        return [
            RejectedError(
                f"{r.fields['lastName']} ({r.fields['workPhone']}) of {r.fields['workCity']} is no "
                f"member, see {r.fields['email']}"
            )
            for r in registrations
        ]
'''
SECRETS = ("hunter2hunter2", "tooopenapitoken", "mailpassword4477", "queryparameter4477")
DECIDED = ("Wilhelmina", "Ostrichson")
ADDRESS = "203.0.113.77"


def registered(**fields: Any) -> bytes:
    record = payloads.registrant(1, **(CANARIES | fields))
    return payloads.encode(payloads.live("InviteeOrGuestAccepted", record))


def use(client: Path, *plugins: Mapping[str, Any]) -> None:
    """Give the client further plugins; JSON is YAML."""
    text = client.read_text(encoding="utf-8")
    assert "\n  - cvent-token\n" in text
    lines = "".join(f"  - {json.dumps(plugin)}\n" for plugin in plugins)
    changed = text.replace("\n  - cvent-token\n", f"\n  - cvent-token\n{lines}")
    client.write_text(changed, encoding="utf-8")


def levels(ran: Any, topic: str) -> list[str]:
    return [each["level"] for each in ran.json if each["topic"] == topic]


def messages(ran: Any, topic: str) -> str:
    return "\n".join(each["message"] for each in ran.json if each["topic"] == topic)


@pytest.fixture
def full_of_canaries(
    run: Run, configs: Path, process: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A ledger, a configuration and a log in which people and secrets are everywhere."""
    monkeypatch.setenv("MAIL_PASSWORD", "mailpassword4477")
    client = configs / "clients" / "acme.yaml"
    (configs / "clients" / "talkative.py").write_text(RULE, encoding="utf-8")
    plugins = [
        {
            "use": "talkative.py",
            "settings": {
                "api_token": "tooopenapitoken",
                "url": "https://canary.example.org/api?key=queryparameter4477",
            },
        },
        {
            "use": "skip-test-records",
            "settings": {"names": ["Wilhelmina Ostrichson"], "emails": ["wo@canary.example.org"]},
        },
    ]
    use(client, *plugins)
    case = {"name": "Zebulonia Quackenbush", "payload": {"email": CANARIES["email"]}}
    cases = client.with_name("acme.cases.yaml")
    cases.write_text(json.dumps([case | {"expect": {"drop": "Quackenbush"}}]), encoding="utf-8")
    base = configs / "base.yaml"
    mail = {
        "host": "smtp.example.org",
        "username": "Wilhelmina",
        "password": {"env": "MAIL_PASSWORD"},
        "sender": "wo@canary.example.org",
        "to": ["wo@canary.example.org"],
    }
    text = base.read_text(encoding="utf-8")
    base.write_text(text.replace("host:\n", f"host:\n  alerts: {json.dumps({'email': mail})}\n"))
    malformed = b'{"eventType": "' + CANARIES["email"].encode()
    process(registered(), registered(title="drop me", inviteeStub="other"), malformed)
    with closing(sqlite3.connect(configs / "regbridge.db")) as opened:
        columns = "client, endpoint, cause, address, by_cvent, requests, first_at, last_at"
        values = ("acme", "CventReg", "token", ADDRESS, 0, 3, 1, 4_000_000_000_000)
        marks = ", ".join("?" * len(values))
        opened.execute(f"INSERT INTO refused ({columns}) VALUES ({marks})", values)
        opened.commit()
    run("pause", "acme", "registrations", "--because", "Ostrichson said so", "--by", "Wilhelmina")
    return configs


def bundle(run: Run, *options: str) -> Mapping[str, str]:
    """Write a bundle, and return its files."""
    ran = run("doctor", "--bundle", "bundle.zip", *options)
    assert "Written: bundle.zip" in ran.out
    with zipfile.ZipFile("bundle.zip") as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def test_a_bundle_holds_nobodys_data_and_no_secret(run: Run, full_of_canaries: Path) -> None:
    log = Path("service.log")
    log.write_text(
        "\n".join(
            (
                json.dumps(
                    {
                        "timestamp": "2026-11-28T21:05:00Z",
                        "level": "error",
                        "event": "step failed by a bug",
                        "client": "acme",
                        "who": "Zebulonia",
                        "exception": 'Traceback (most recent call last):\n  File "/srv/a/rule.py",'
                        " line 7, in map\n    raise ValueError(name)\nValueError: Quackenbush",
                    }
                ),
                "2026-11-28 Zebulonia Quackenbush in a line for people",
            )
        ),
        encoding="utf-8",
    )

    files = bundle(run, "--log", str(log))

    whole = "\n".join(files.values()).casefold()
    words = {word for value in CANARIES.values() for word in value.split()}
    for canary in (*CANARIES.values(), *words, *SECRETS, *DECIDED, ADDRESS):
        assert len(canary) < 4 or canary.casefold() not in whole, canary
    ledger = json.loads(files["ledger.json"])
    reasons = {row["state"]: row["reason"] for row in ledger["reasons"]}
    assert "is no" in reasons["parked"]
    assert "is staff" in reasons["filtered"]
    assert ledger["pauses"][0]["reason"] == "by …"
    assert len(ledger["parked_receipts"]) == len(ledger["refused"]) == 1
    [entry, left_out] = json.loads(files["log.json"])
    assert entry["exception"] == {"types": ["ValueError"], "frames": ["rule.py:7 map"]}
    assert (entry["client"], entry["timestamp"]) == ("acme", "2026-11-28T21:05:00Z")
    assert left_out == {"lines_left_out": 1}
    values = json.loads(files["configuration/acme.json"])["values"]
    assert values["endpoints.CventReg.tokens[0].env"]["value"] == "ACME_CVENT_TOKEN"
    assert values["plugins[1].settings.url"]["value"] == "https://canary.example.org/api"
    assert json.loads(files["configuration/base.json"])["alerts"]["email"]["to"] == ["••••"]


def test_of_a_configuration_that_cannot_be_used_the_findings_alone_are_in_the_bundle(
    run: Run, client: Path
) -> None:
    text = client.read_text(encoding="utf-8")
    assert "- env: ACME_CVENT_TOKEN" in text
    client.write_text(text.replace("- env: ACME_CVENT_TOKEN", "- hunter2hunter2"), "utf-8")

    files = bundle(run)

    assert "configuration/acme.json" not in files
    assert "hunter2" not in "".join(files.values())
    assert any(f["level"] == "error" for f in json.loads(files["findings.json"]))


def test_a_bundle_overwrites_nothing(run: Run, configs: Path) -> None:
    Path("bundle.zip").write_text("mine", encoding="utf-8")
    assert "is there already" in run("doctor", "--bundle", "bundle.zip").err
    assert run("doctor", "--log", "service.log").status == 2


def test_what_works_is_said_and_the_command_ends_with_0(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(payloads.encode(payloads.sync(3)))
    run("backup")
    host = Host(configs, address=Address("127.0.0.1", 0))
    host.start()
    try:
        port = host.url.rpartition(":")[2]
        base = configs / "base.yaml"
        text = base.read_text(encoding="utf-8")
        base.write_text(text.replace("port: 8080", f"port: {port}"), encoding="utf-8")
        ran = run("doctor", "--json")
    finally:
        host.stop()

    assert ran.status == 0
    assert {each["level"] for each in ran.json} == {"ok"}
    assert "it runs, and takes messages" in messages(ran, "service")
    assert "whole and of this version" in messages(ran, "ledger")


def test_without_anything_it_says_where_to_begin(run: Run) -> None:
    ran = run("doctor")
    assert ran.status == 1
    assert "there is no such file" in ran.out
    assert "regbridge new-client NAME" in ran.out


def test_a_damaged_ledger_is_an_error_with_its_remedy(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(payloads.encode(payloads.sync(200)))
    with (configs / "regbridge.db").open("r+b") as opened:
        opened.seek(16_384)
        opened.write(b"\xff" * 100_000)

    ran = run("doctor")

    assert ran.status == 1
    assert "damaged" in ran.out
    assert "regbridge restore" in ran.out


def test_tables_of_another_version_are_an_error(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(payloads.encode(payloads.sync(1)))
    with closing(sqlite3.connect(configs / "regbridge.db")) as opened:
        opened.execute("UPDATE alembic_version SET version_num = '0001'")
        opened.commit()

    ran = run("doctor")

    assert ran.status == 1
    assert "run `regbridge upgrade`" in ran.out


def test_what_waits_for_a_person_is_a_warning_with_its_remedy(
    run: Run, full_of_canaries: Path
) -> None:
    ran = run("doctor", "--json")

    said = messages(ran, "deliveries")
    assert set(levels(ran, "deliveries")) == {"warning"}
    assert "acme: 1 registration is parked: " in said
    assert "1 message that cannot be read is parked" in said
    assert "acme: registrations is paused" in said


def test_registrations_that_wait_for_long_are_a_warning(
    run: Run, configs: Path, receive: Callable[..., None]
) -> None:
    receive(registered())
    with closing(sqlite3.connect(configs / "regbridge.db")) as opened:
        opened.execute("UPDATE receipts SET received_at = received_at - 7200000")
        opened.commit()

    assert "the oldest registration that waits arrived" in run("doctor").out


def test_a_clock_that_was_set_back_is_a_warning(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(registered())
    with closing(sqlite3.connect(configs / "regbridge.db")) as opened:
        opened.execute("UPDATE receipts SET received_at = received_at + 7200000")
        opened.commit()

    assert levels(run("doctor", "--json"), "clock") == ["warning"]


def test_an_old_backup_and_none_are_warnings(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(registered())
    assert "no backup is in backups" in run("doctor").out
    old = datetime.now(UTC) - timedelta(days=9)
    (configs / "backups").mkdir()
    (configs / "backups" / f"regbridge-{old:%Y%m%dT%H%M%SZ}.db").touch()
    assert "9 days old" in run("doctor").out


def test_a_disk_that_fills_up_is_noticed(
    run: Run, process: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    process(registered())
    usage = shutil.disk_usage(tmp_path)
    for free, level, status in ((10**12, "ok", 0), (10**9, "warning", 0), (10**6, "error", 1)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))

        ran = run("doctor", "--json")

        assert level in levels(ran, "ledger")
        assert ran.status == status


def test_a_plugin_that_cannot_be_loaded_is_an_error(
    run: Run, configs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = InstalledPlugin("crm", (), "our-crm", "1.2", "our_crm:Crm", error="no module our_crm")
    monkeypatch.setattr("regbridge.doctor.machine.installed_plugins", lambda: [broken])

    ran = run("doctor")

    assert ran.status == 1
    assert "the plugin crm of our-crm cannot be loaded: no module our_crm" in ran.out


def test_vendors_are_asked_only_when_that_is_wanted(run: Run, configs: Path, client: Path) -> None:
    (configs / "clients" / "talkative.py").write_text(RULE, encoding="utf-8")
    url = "http://127.0.0.1:9/nothing?a=b"
    use(client, {"use": "talkative.py", "settings": {"url": url}})

    assert "network" not in {each["topic"] for each in run("doctor", "--json").json}
    ran = run("doctor", "--online", "--json")
    assert levels(ran, "network") == ["error"]
    assert messages(ran, "network").startswith("http://127.0.0.1:9 cannot be reached")
