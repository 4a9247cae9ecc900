"""The host as a process: serve, work, and send, which talks to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from regbridge.cli import serve
from regbridge.system import STOPPING
from regbridge.testing import payloads

RORY = payloads.registrant(1)
COMMAND = (sys.executable, "-c", "from regbridge.cli import main; main()")

if sys.platform == "win32":
    FLAGS, STOP = subprocess.CREATE_NEW_PROCESS_GROUP, signal.CTRL_BREAK_EVENT
else:
    FLAGS, STOP = 0, signal.SIGTERM


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command until the block ends, then stop it as a service would be stopped."""
    with subprocess.Popen(
        (*COMMAND, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        creationflags=FLAGS,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as process:
        try:
            yield process
            process.send_signal(STOP)
            process.wait(60)
        finally:
            process.kill()


def settled(run: Callable[..., Any]) -> int:
    registrations = run("status", "--json").json["registrations"]
    return sum(row["count"] for row in registrations if row["state"] != "pending")


@pytest.fixture
def endpoint_file(tmp_path: Path) -> Path:
    path = tmp_path / "message.json"
    path.write_bytes(payloads.encode(payloads.live("InviteeOrGuestAccepted", RORY)))
    return path


@pytest.fixture
def signals() -> Iterator[None]:
    """Puts the signal handlers back."""
    before = {
        number: signal.getsignal(number)
        for name in STOPPING
        if (number := getattr(signal, name, None))
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_message_is_sent_counted_shown_and_the_host_stops_when_it_is_told(
    run: Callable[..., Any], configs: Path, endpoint_file: Path
) -> None:
    with started("serve", "--port", "0") as process:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("acme CventReg: http://127.0.0.1:")
        url = line.split()[-1]
        [answer] = run("send", url, str(endpoint_file), "--json").json
        assert (answer["status"], answer["registrations"]) == (200, 1)
        assert run("send", url, "--sync", "7", "--validate").out == (
            "The endpoint answers 200 to Cvent's validation.\n"
        )
        sent = run("send", url, "--sync", "7")
        assert (sent.status, "a sync of 7" in sent.out) == (0, True)
        deadline = time.monotonic() + 60
        while settled(run) < 8 and time.monotonic() < deadline:
            pass
        assert "delivered" in run("show", RORY["confirmationNumber"]).out
    assert process.returncode == 0
    assert (configs / "delivered" / "acme-registrations.jsonl").exists()


def test_a_message_that_is_refused_is_a_finding(
    run: Callable[..., Any],
    configs: Path,
    tmp_path: Path,
    endpoint_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_bytes(b"{")
    with started("serve", "--port", "0", "--no-worker") as process:
        assert process.stdout
        url = process.stdout.readline().split()[-1]
        ran = run("send", url, str(broken), str(endpoint_file))
        assert ran.status == 1
        assert "the body is not JSON" in ran.out
        assert "200" in ran.out
        monkeypatch.setenv("REGBRIDGE_TOKEN", "wrong")
        wrong = run("send", url, str(endpoint_file))
        assert (wrong.status, wrong.out) == (1, "")
        assert "401" in wrong.err
    assert process.returncode == 0
    assert run("status", "--json").json["receipts"]


def test_send_takes_the_token_from_the_environment_alone(
    run: Callable[..., Any], endpoint_file: Path
) -> None:
    ran = run("send", "http://127.0.0.1:9/x", str(endpoint_file), "--token-env", "NO_SUCH_VARIABLE")
    assert ran.status == 2
    assert "NO_SUCH_VARIABLE" in ran.err


def test_send_with_nothing_to_send_is_a_usage_error(run: Callable[..., Any]) -> None:
    assert run("send", "http://127.0.0.1:9/x").status == 2


def test_send_says_when_nothing_answers(run: Callable[..., Any], endpoint_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ran = run("send", f"http://127.0.0.1:{port}/x", str(endpoint_file))
    assert ran.status == 1
    assert "nothing answers there" in ran.err


@pytest.mark.parametrize("arguments", [("serve", "--port", "0"), ("work",)])
def test_a_stop_ends_the_host_cleanly(
    run: Callable[..., Any],
    configs: Path,
    signals: None,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
) -> None:
    announce = serve._announce

    def announce_and_stop(host: Any) -> None:
        announce(host)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(serve, "_announce", announce_and_stop)
    run("upgrade")
    ran = run(*arguments)
    assert ran.status == 0
    assert ran.out.startswith("acme")
    assert ran.out.endswith("Stopped.\n")
    assert '"event": "started"' in ran.err


def test_a_refused_client_is_told_while_the_others_run(
    run: Callable[..., Any], configs: Path, signals: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("new-client", "other")
    announce = serve._announce

    def announce_and_stop(host: Any) -> None:
        announce(host)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(serve, "_announce", announce_and_stop)
    ran = run("serve", "--port", "0")
    assert ran.status == 0
    assert "other: does not start" in ran.out
    assert "OTHER_CVENT_TOKEN is not set" in ran.err


def test_with_no_client_running_the_host_does_not_start(
    run: Callable[..., Any], configs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_CVENT_TOKEN")
    ran = run("serve", "--port", "0")
    assert ran.status == 1
    assert "acme.yaml:12: endpoints.CventReg.tokens[0]" in ran.err
    for path in (configs / "clients").iterdir():
        path.unlink()
    assert "regbridge new-client" in run("work").err


def test_a_port_that_is_taken_is_told_in_plain_words(
    run: Callable[..., Any], configs: Path, signals: None
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = run("serve", "--port", str(taken.getsockname()[1]))
    assert ran.status == 1
    assert "cannot listen on 127.0.0.1 port" in ran.err
    assert "Traceback" not in ran.err
