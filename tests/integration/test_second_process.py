"""A ledger in a file belongs to one process: a second one says so and ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SERVE = ("serve",)
RECEIVE = ("serve", "--no-worker")
WORK = ("work",)
RUN = "from regbridge.cli import main; main()"
TOKEN = "a-token-for-this-test"
SECONDS = 60
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration folder with one client, whose ledger is a file in it."""
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text("host: {port: 0}", encoding="utf-8")
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    client = {
        "client": "apap",
        "endpoints": {"CventReg": {"path": "/cvent/apap", "tokens": [{"file": "token"}]}},
        "plugins": ["cvent-token"],
        "targets": {
            "crm": {"use": "files", "settings": {"path": "out.jsonl"}, "map": {"E": "email"}}
        },
    }
    (tmp_path / "clients" / "apap.yaml").write_text(json.dumps(client), encoding="utf-8")
    return tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Start a command, and wait until it runs or ends; it is killed at the end."""
    processes: list[subprocess.Popen[str]] = []

    def start(*command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            (sys.executable, "-c", RUN, *command, "--configs", str(folder)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        processes.append(process)
        assert process.stdout
        for line in process.stdout:
            if line.startswith("Ctrl+C"):
                break
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def is_running(process: subprocess.Popen[str]) -> bool:
    return process.poll() is None


def refusal(process: subprocess.Popen[str]) -> str:
    """Return what a process said that ended with 1."""
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(
    ("first", "second", "does"),
    [
        (SERVE, SERVE, "receives messages into"),
        (SERVE, RECEIVE, "receives messages into"),
        (SERVE, WORK, "delivers from"),
        (RECEIVE, SERVE, "receives messages into"),
        (WORK, WORK, "delivers from"),
    ],
)
def test_a_second_process_that_would_do_the_same_says_so_and_ends(
    folder: Path, start: Start, first: tuple[str, ...], second: tuple[str, ...], does: str
) -> None:
    running = start(*first)

    said = refusal(start(*second))

    assert f"another regbridge process {does} the ledger {folder / 'regbridge.db'}" in said
    assert "stop it first" in said
    assert is_running(running)


def test_one_process_receives_while_another_one_works(start: Start) -> None:
    running = start(*RECEIVE), start(*WORK)

    assert all(is_running(process) for process in running)


def test_a_process_that_was_killed_is_in_nobodys_way(start: Start) -> None:
    first = start(*SERVE)
    first.kill()
    first.wait(SECONDS)

    assert is_running(start(*SERVE))
