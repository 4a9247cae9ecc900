"""The page about custom questions, done as it says: from the account to a delivered answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from regbridge.demo import wait_settled
from regbridge.host import Address, Host
from regbridge.sender import Sender
from regbridge.testing.payloads import encode, sync
from regbridge_cvent.simulator import Behaviour, CventSimulator, Population

Run = Callable[..., Any]
PAGE = Path(__file__).parents[3].joinpath("docs/how-to/map-a-custom-question.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TOKEN = "a-long-random-text"


def told(language: str) -> list[str]:
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    return [text for found, text in blocks if found == language]


UNMAPPED, MAPPED, CASES = told("yaml")
QUESTIONS, CHECKED, UNKNOWN, RECORD = told("text")


@pytest.fixture
def url() -> Iterator[str]:
    """The base URL of the simulator that the page starts."""
    simulator = CventSimulator(Population(5), Behaviour())
    yield simulator.start()
    simulator.stop()


@pytest.fixture
def write(
    run: Run, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Path]:
    """Writes the client file that the page shows, with the simulator's address of this test."""
    for name, value in {
        "APAP_CVENT_TOKEN": TOKEN,
        "APAP_CVENT_CLIENT_ID": "simulator",
        "APAP_CVENT_CLIENT_SECRET": "simulator-secret",
    }.items():
        monkeypatch.setenv(name, value)
    assert run("new-client", "apap").status == 0
    clients = tmp_path / "configs/clients"
    (clients / "apap.cases.yaml").unlink()

    def write(text: str) -> Path:
        assert "http://127.0.0.1:8098/ea" in text
        text = text.replace("http://127.0.0.1:8098/ea", url)
        (clients / "apap.yaml").write_text(text, encoding="utf-8")
        return tmp_path / "configs"

    return write


def test_the_questions_are_printed_as_the_page_shows_them(
    write: Callable[[str], Path], run: Run
) -> None:
    write(UNMAPPED)
    words = told("sh")[1].splitlines()[1].split()[1:]

    assert QUESTIONS in run(*words).out


def test_the_check_says_what_the_page_says(write: Callable[[str], Path], run: Run) -> None:
    write(MAPPED)

    said = run("check", "--online").out

    assert [line for line in CHECKED.splitlines() if line not in said] == []


def test_an_unknown_question_is_told_with_the_nearest(
    write: Callable[[str], Path], run: Run
) -> None:
    write(MAPPED.replace("MEMBERID", "MEMBER_ID"))

    ran = run("check", "--online")

    assert UNKNOWN.strip() in ran.err + ran.out


def test_the_answers_are_delivered_as_the_page_shows_them(
    write: Callable[[str], Path], run: Run
) -> None:
    host = Host(write(MAPPED), address=Address("127.0.0.1", 0))
    host.start()
    try:
        with Sender(f"{host.url}/cvent/apap/CventReg", TOKEN) as sender:
            assert sender.send(encode(sync(5))).status == 200
        assert wait_settled(host, [1])
    finally:
        host.stop()

    assert RECORD in run("show", "AH2UDJKKCL4").out
    assert "parked" not in run("status").out


def test_the_cases_of_the_page_pass(write: Callable[[str], Path], run: Run) -> None:
    write(MAPPED).joinpath("clients/apap.cases.yaml").write_text(CASES, encoding="utf-8")

    ran = run("check")

    assert (ran.status, ran.out) == (0, "apap: OK (1 event, 1 endpoint, 1 target, 2 cases)\n")
