"""The commands that help to set up a receiver."""

from __future__ import annotations

import pytest
from typer import Typer
from typer.testing import CliRunner

from regbridge_http.commands import app
from regbridge_http.signing import key_of, new_secret
from regbridge_http.simulator import command


def simulate(*arguments: str) -> tuple[int, str]:
    """Run the simulator's command; return its status and its output."""
    typer = Typer()
    typer.command()(command.simulate)
    result = CliRunner().invoke(typer, ["--port", "0", *arguments])
    return result.exit_code, result.output


@pytest.fixture(autouse=True)
def stopped_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C comes as soon as the simulator listens."""
    monkeypatch.setattr(command, "wait_for_stop", lambda: None)


def test_a_new_secret_is_printed_and_nothing_else() -> None:
    result = CliRunner().invoke(app, ["secret"])
    assert len(key_of(result.output.strip())) == 32


def test_the_simulator_says_where_it_is_with_which_secret_and_what_came() -> None:
    status, out = simulate()
    assert status == 0
    assert "/hooks/registrations" in out
    [secret] = [line.split()[1] for line in out.splitlines() if line.startswith("secret:")]
    assert len(key_of(secret)) == 32
    assert "0 messages taken, 0 that came again, 0 refused" in out


@pytest.mark.parametrize(
    ("kind", "part"),
    [("power-automate", "sig=made-up"), ("zapier", "/hooks/catch/"), ("n8n", "/webhook/")],
)
def test_the_simulator_has_the_urls_of_the_vendors(kind: str, part: str) -> None:
    status, out = simulate("--as", kind, "--inactive", "--status", "503")
    assert status == 0
    assert part in out
    assert "secret:" not in out


def test_a_secret_of_a_variable_is_checked_and_not_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = new_secret()
    monkeypatch.setenv("HOOK_SECRET", secret)
    status, out = simulate("--secret-env", "HOOK_SECRET")
    assert status == 0
    assert "of HOOK_SECRET" in out
    assert secret not in out
    monkeypatch.setenv("HOOK_SECRET", "no-secret-of-the-scheme")
    status, out = simulate("--secret-env", "HOOK_SECRET")
    assert status == 2
    assert "no-secret-of-the-scheme" not in out
