"""`regbridge preview` shows what would be sent, and sends nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regbridge.testing import payloads

RORY = payloads.registrant(1, firstName="Rory", lastName="Wamle")
GUEST = payloads.registrant(2, guest=True)
Run = Callable[..., Any]


@pytest.fixture
def message(tmp_path: Path) -> Path:
    path = tmp_path / "message.json"
    record = {key: value for key, value in RORY.items() if key != "inviteeStub"}
    nobody = {**record, "orders": []}
    content = payloads.message("AttendeeManualSynced", [RORY, GUEST, nobody])
    path.write_bytes(payloads.encode(content))
    return path


def test_a_message_is_shown_as_its_targets_would_get_it(
    run: Run, configs: Path, client: Path, message: Path
) -> None:
    text = client.read_text(encoding="utf-8")
    client.write_text(text.replace("  - cvent-token", "  - cvent-token\n  - skip-guests"), "utf-8")

    shown = run("preview", "acme", "--file", str(message), "--json").json

    by_target = {(each["name"], each["target"]): each for each in shown}
    record = by_target["Rory Wamle", "registrations"]
    assert record["fields"]["LastName"] == "Wamle"
    assert any(each["reason"].startswith("filtered: a guest") for each in shown)
    assert any(each["reason"].startswith("parked: inviteeStub") for each in shown)
    assert not (configs / "delivered").exists()
    assert not (configs / "regbridge.db").exists()


def test_what_the_ledger_holds_is_shown_with_todays_map(
    run: Run, process: Callable[..., None], client: Path
) -> None:
    process(payloads.encode(payloads.live("InviteeOrGuestAccepted", RORY)))
    changed = {**RORY, "lastName": "Wamle-Jones"}
    time = "2026-11-24T11:00:00.000Z"
    process(payloads.encode(payloads.live("InviteeOrGuestModified", changed, time)))
    text = client.read_text(encoding="utf-8")
    client.write_text(text.replace("LastName:", "Surname:"), encoding="utf-8")
    before = run("status", "--json").json

    [shown] = run("preview", "acme", RORY["confirmationNumber"], "--json").json

    assert shown["fields"]["Surname"] == "Wamle-Jones"
    assert run("status", "--json").json == before
    assert "Surname" in run("preview", "acme", RORY["email"]).out


def test_a_record_that_cannot_be_made_says_why(run: Run, client: Path, message: Path) -> None:
    text = client.read_text(encoding="utf-8")
    client.write_text(text.replace("Email: email", "Email: {from: no, required: true}"), "utf-8")

    out = run("preview", "acme", "--file", str(message), "--target", "registrations").out

    assert "parked: Email is required and has no value" in out


def test_what_is_not_there_is_told_so(run: Run, configs: Path, message: Path) -> None:
    assert run("preview", "acme", "nobody@example.org").status == 1
    assert run("preview", "acme").status == 2
    assert run("preview", "acme", "text", "--file", str(message)).status == 2
    assert "did you mean 'acme'" in run("preview", "acne", "--file", str(message)).err
    assert run("preview", "acme", "--file", "no-such-file.json").status == 1
    broken = message.with_name("broken.json")
    broken.write_text(json.dumps([]), encoding="utf-8")
    assert "not a Cvent message" in run("preview", "acme", "--file", str(broken)).err


def test_a_target_shows_also_what_the_host_adds_to_a_record(
    run: Run, client: Path, message: Path
) -> None:
    (client.parent / "teller.py").write_text(
        """'''Shows all that it knows of a record.'''

from regbridge import Outcome, Settings, TargetPlugin, hookimpl


class TellerSettings(Settings):
    '''The path that is of no use here.'''

    path: str


class Teller(TargetPlugin):
    '''Delivers nothing.'''

    settings_model = TellerSettings

    def preview(self, record):
        return {
            "registrant": record.registrant,
            "event": record.event_stub,
            "contact": record.contact_stub,
            "told": str(record.message_time),
        }

    @hookimpl
    def deliver_records(self, records):
        return [Outcome.unchanged() for _ in records]
""",
        encoding="utf-8",
    )
    text = client.read_text(encoding="utf-8")
    client.write_text(text.replace("use: files", "use: teller.py"), encoding="utf-8")
    shown = run("preview", "acme", "--file", str(message), "--json").json

    [fields] = [each["fields"] for each in shown if each["name"] == "Rory Wamle" and each["fields"]]
    event, invitee = RORY["eventStub"].lower(), RORY["inviteeStub"].lower()
    assert fields == {
        "registrant": f"registration:{event}:{invitee}",
        "event": event,
        "contact": RORY["contactStub"].lower(),
        "told": "2026-11-24 10:00:00+00:00",
    }
