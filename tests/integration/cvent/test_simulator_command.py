"""`regbridge simulate cvent` as somebody types it."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from typing import Any

import pytest
import requests
import typer
from typer.testing import CliRunner

from regbridge.testing.payloads import registrant
from regbridge_cvent.simulator import command

EVENT = "1C4C4410-1D46-43CD-A903-E8CF9DE6ADE5"

Visit = Callable[[str], Any]


@pytest.fixture
def app() -> typer.Typer:
    """A command line that has the one command."""
    app = typer.Typer()
    app.command()(command.simulate)
    return app


def run(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch, visit: Visit, *arguments: str
) -> tuple[int, str]:
    """Run the command, visit what it serves, and press Ctrl+C; return exit code and output."""
    said: list[str] = []

    def echo(text: str) -> None:
        said.append(text)

    def wait() -> None:
        (url,) = re.findall(r"http://\S+/ea", "\n".join(said))
        visit(url)

    monkeypatch.setattr("typer.echo", echo)
    monkeypatch.setattr(command, "wait_for_stop", wait)
    result = CliRunner().invoke(app, ["--port", "0", *arguments])
    return result.exit_code, "\n".join([*said, result.output])


def log_in(url: str) -> requests.Session:
    session = requests.Session()
    form = {"grant_type": "client_credentials", "client_id": "simulator"}
    auth = ("simulator", "simulator-secret")
    answer = requests.post(f"{url}/oauth2/token", data=form, auth=auth, timeout=30)
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return session


def test_the_command_says_where_and_how_to_get_in_and_serves_until_it_is_stopped(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = []

    def visit(url: str) -> None:
        urls.append(url)
        with log_in(url) as session:
            assert session.get(f"{url}/attendees", timeout=30).json()["paging"]["totalCount"] == 110

    code, output = run(app, monkeypatch, visit)
    assert code == 0
    assert "client id:     simulator" in output
    assert "client secret: simulator-secret" in output
    assert "API_Platform_Standard_Tier" in output
    assert "Stopped after 1 calls." in output
    with pytest.raises(requests.ConnectionError):
        requests.get(urls[0], timeout=30)


def test_options_make_the_account_and_its_behaviour(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def visit(url: str) -> None:
        with log_in(url) as session:
            tier = session.get(f"{url}/usage/tier", timeout=30).json()
            assert (tier["quota"], tier["rateLimit"], tier["burstLimit"]) == (500, 50, 40)
            wanted = registrant(4, EVENT)["inviteeStub"].lower()
            attendees = session.get(f"{url}/attendees", timeout=30).json()["data"]
            assert len(attendees) == 12
            assert wanted in {each["id"] for each in attendees}
            items = session.get(f"{url}/events/{EVENT.lower()}/orders/items", timeout=30).json()
            assert items["paging"]["totalCount"] == 3 * 6

    code, output = run(
        app,
        monkeypatch,
        visit,
        *("--tier", "500/50/40", "--registrants", "4", "--guests-every", "2", "--items", "3"),
        *("--event", "0B4C4410-1D46-43CD-A903-E8CF9DE6ADE5", "--event", EVENT),
    )
    assert code == 0, output


def test_faults_delays_and_latency_can_be_asked_for(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def visit(url: str) -> None:
        with log_in(url) as session:
            assert session.get(f"{url}/attendees", timeout=30).json()["data"] == []

    arguments = ("--visibility-delay", "3600", "--latency", "0.001", "--fault-rate", "0")
    code, output = run(app, monkeypatch, visit, *arguments)
    assert code == 0, output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--tier", "gold"), "there is no tier 'gold'"),
        (("--fault-rate", "2"), "fault-rate"),
        (("--registrants", "-1"), "registrants"),
    ],
)
def test_a_wrong_option_is_refused_with_the_reason(
    app: typer.Typer, arguments: tuple[str, ...], why: str
) -> None:
    result = CliRunner().invoke(app, [*arguments])
    assert result.exit_code == 2
    assert why in result.output


def test_a_port_that_is_taken_is_refused_with_a_remedy(app: typer.Typer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["--port", str(port)])
    assert result.exit_code == 2
    assert "give another" in result.output
