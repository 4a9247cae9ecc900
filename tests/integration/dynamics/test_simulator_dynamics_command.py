"""`regbridge simulate dynamics` listens, says how to connect, and counts what it was asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests
from tests.integration.dynamics.web_client import HEADERS, ask_token, key
from typer.testing import CliRunner

from regbridge.cli import app
from regbridge_dynamics.simulator import Application, command


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    """Run the command, call it once while it listens, and return its exit code and output."""
    said: list[str] = []
    monkeypatch.setattr(command, "say", said.append)

    def call_and_stop() -> None:
        match = re.search(r"environment: +(http\S+)", "\n".join(said))
        assert match
        token = ask_token(match[1], Application()).json()["access_token"]
        headers = {**HEADERS, "Authorization": f"Bearer {token}"}
        url = f"{match[1]}/api/data/v9.2/{key('A')}"
        answer = requests.patch(url, json={}, headers=headers, timeout=30)
        assert answer.status_code == 204

    monkeypatch.setattr(command, "wait_for_stop", call_and_stop)
    ended = CliRunner().invoke(app, ["simulate", "dynamics", *arguments])
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.exit_code, "\n".join(said)


def test_it_says_how_to_connect_and_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = run(monkeypatch, "--call-ms", "0", "--record-ms", "0")
    assert code == 0
    assert f"client secret: {Application().secret}" in said
    assert "new_registrationstaging (new_registrationstagings), key new_inviteeid+new_even" in said
    assert "1 calls, at most 1 at once:\n  upsert: 1\n1 records in new_registrationstaging" in said


def test_a_certificate_is_read_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "certificate.pem"
    file.write_text("-----BEGIN CERTIFICATE-----", encoding="ascii")
    code, _ = run(monkeypatch, "--certificate", str(file))
    assert code == 0
