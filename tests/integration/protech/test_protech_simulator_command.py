"""`regbridge simulate protech`, as the command line will have it."""

from __future__ import annotations

import re
import socket
from functools import partial

import pytest
import requests
import typer
from typer.testing import CliRunner

from regbridge.testing.server import LocalServer
from regbridge_protech.simulator import command
from regbridge_protech.simulator.app import PATH, Simulator

app = typer.Typer()
app.command()(command.simulate)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> list[int]:
    """While the simulator runs call it ten times, then press Ctrl+C; these are the statuses."""
    statuses: list[int] = []
    urls: list[str] = []
    listen = LocalServer.start

    def start(server: LocalServer) -> str:
        urls.append(listen(server))
        return urls[-1]

    def wait() -> None:
        for _ in range(10):
            try:
                answer = requests.post(f"{urls[-1]}{PATH}/UpdateUserInfo", values, timeout=10)
                statuses.append(answer.status_code)
            except requests.RequestException:
                statuses.append(0)

    monkeypatch.setattr(command, "wait_for_stop", wait)
    monkeypatch.setattr(LocalServer, "start", start)
    return statuses


def test_the_command_says_where_the_service_is_and_what_it_staged(calls: list[int]) -> None:
    result = CliRunner().invoke(app, ["--port", "0"])
    assert result.exit_code == 0
    assert calls == [200] * 10
    assert re.search(r"^http://127\.0\.0\.1:\d+/\S+\.asmx$", result.output, re.MULTILINE)
    assert ".asmx?WSDL" in result.output
    assert "10 records staged, 9 of them doubles" in result.output


def test_an_error_rate_with_a_seed_fails_the_same_calls_again(calls: list[int]) -> None:
    for _ in range(2):
        CliRunner().invoke(app, ["--port", "0", "--error-rate", "0.5", "--seed", "3"])
    once, again = calls[:10], calls[10:]
    assert once == again
    assert 0 < once.count(200) < 10


def test_a_delay_is_waited_for(calls: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(command, "Simulator", partial(Simulator, sleep=slept.append))
    CliRunner().invoke(app, ["--port", "0", "--delay", "1.5"])
    assert slept == [1.5] * 10


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(app, ["--port", port])
    assert isinstance(result.exception, OSError)
    assert f"cannot listen on 127.0.0.1 port {port}" in str(result.exception)
