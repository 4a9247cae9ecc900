"""`regbridge cvent`, as somebody types it, against the simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from regbridge.testing import payloads
from regbridge_cvent.simulator import FREE, Behaviour, CventSimulator, Population

Run = Callable[..., Any]
OTHER = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def simulator() -> Iterator[CventSimulator]:
    simulator = CventSimulator(Population(3), Behaviour())
    simulator.start()
    yield simulator
    simulator.stop()


@pytest.fixture
def account(simulator: CventSimulator, configs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A client file that is far from finished, but names the account."""
    assert simulator._server is not None
    monkeypatch.setenv("CVENT_URL", f"{simulator._server.url}/ea")
    monkeypatch.setenv("CVENT_ID", "simulator")
    monkeypatch.setenv("CVENT_SECRET", "simulator-secret")
    path = configs / "clients" / "acme.yaml"
    path.write_text(
        "client: acme\n"
        f"events: {{conference: {{id: {payloads.EVENT}}}}}\n"
        "plugins:\n"
        "  - use: cvent-enrich\n"
        "    settings:\n"
        "      account:\n"
        "        url: {env: CVENT_URL}\n"
        "        client_id: {env: CVENT_ID}\n"
        "        client_secret: {env: CVENT_SECRET}\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("event", ["conference", payloads.EVENT])
def test_questions_prints_a_block_that_the_client_file_takes(
    run: Run, account: Path, simulator: CventSimulator, event: str
) -> None:
    ran = run("cvent", "questions", event)

    assert ran.status == 0
    block = yaml.safe_load("events:" + ran.out.partition("events:")[2])
    [named] = block["events"].values()
    assert named["id"] == payloads.EVENT.lower()
    assert {"code"} in [set(question) for question in named["questions"].values()]
    assert "contact field" in ran.out
    assert "Member number" in ran.out


def test_an_event_can_be_named_by_its_code(run: Run, account: Path) -> None:
    [event] = run("cvent", "events", "--json").json

    named = run("cvent", "questions", event["code"], "--json").json

    assert {each["what"] for each in named} == {"question", "contact field"}
    assert any(each["choices"] for each in named)


def test_events_lists_the_accounts_events(run: Run, account: Path) -> None:
    assert payloads.EVENT.lower() in run("cvent", "events").out


def test_usage_shows_the_tier_and_what_is_left(run: Run, account: Path) -> None:
    figures = run("cvent", "usage", "--json").json

    assert (figures["per_day"], figures["per_second"]) == (15_000, 10.0)
    assert figures["left"] == 15_000 - figures["used"]
    assert figures["registrations"] > 1_000_000
    assert "enough for" in run("cvent", "usage").out


def test_an_event_that_is_not_there_is_told_so(run: Run, account: Path) -> None:
    assert "Cvent answers 404" in run("cvent", "questions", OTHER).err
    assert "0 events with the code" in run("cvent", "questions", "NO-SUCH").err


def test_without_an_account_the_remedy_is_told(run: Run, configs: Path) -> None:
    ran = run("cvent", "usage")

    assert ran.status == 1
    assert "no plugin cvent-enrich in any client file" in ran.err


def test_of_several_accounts_one_has_to_be_chosen(
    run: Run, account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_ID", "somebody")
    other = account.with_name("other.yaml")
    text = account.read_text(encoding="utf-8").replace("client: acme", "client: other")
    other.write_text(text.replace("CVENT_ID", "OTHER_ID"), encoding="utf-8")

    assert "choose with --client: acme, other" in run("cvent", "usage").err
    assert run("cvent", "usage", "--client", "acme").status == 0
    assert "does not know the client id" in run("cvent", "usage", "--client", "other").err


def test_the_smallest_tier_buys_more_than_a_sync_of_ten_thousand(
    run: Run, account: Path, simulator: CventSimulator
) -> None:
    simulator.stop()
    free = CventSimulator(Population(1), Behaviour(FREE))
    with free.serving() as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CVENT_URL", url)
        assert run("cvent", "usage", "--json").json["registrations"] > 10_000
