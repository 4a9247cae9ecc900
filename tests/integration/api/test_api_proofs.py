"""What the API says about comparing events with Cvent, after a real comparison."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.api.conftest import CLIENT, Api
from tests.simulated import cvent_account
from tests.typed import typed

from regbridge.host import Host
from regbridge.testing.payloads import EVENT, registrant
from regbridge_cvent.simulator import CventSimulator

PATH = "/proofs/{client}/{event}/differences"
ENRICH = """
plugins:
  - cvent-token
  - use: cvent-enrich
    settings:
      account: {url: {env: CVENT_URL}, client_id: {env: CVENT_ID},
                client_secret: {env: CVENT_SECRET}, calls_per_second: 1000, burst: 1000}
reconcile: {every_minutes: null, grace_minutes: 0}
"""


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[CventSimulator]:
    with cvent_account(monkeypatch, 5) as simulator:
        yield simulator


@pytest.fixture
def configs(simulator: CventSimulator, configs: Path) -> Path:
    (configs / "clients/acme.yaml").write_text(CLIENT + ENRICH, encoding="utf-8")
    return configs


@pytest.fixture
def compared(api: Api, configs: Path) -> Api:
    """An API whose ledger lacks all five of an event, and knows it."""
    typed("reconcile", "--event", "conference", "--configs", str(configs))
    return api


def test_before_a_comparison_there_is_nothing(api: Api, host: Host) -> None:
    assert api.get("/proofs").json == {"proofs": []}
    answer = api.get(PATH, at={"client": "acme", "event": "conference"})

    assert answer.status == 404
    assert answer.json["event"] == "conference"


def test_the_last_comparison_of_each_event_is_told(compared: Api) -> None:
    [proof] = compared.get("/proofs").json["proofs"]

    assert (proof["client"], proof["event"], proof["full"]) == ("acme", "conference", True)
    assert (proof["account"]["at_cvent"], proof["account"]["here"]) == (5, 0)
    assert compared.get("/status").json["proofs"] == [proof]
    assert compared.get("/proofs", client="acme").json["proofs"] == [proof]
    assert compared.get("/proofs", client="other").json["proofs"] == []


def test_proofs_name_nobody(compared: Api) -> None:
    text = compared.get("/proofs").body.decode() + compared.get("/status").body.decode()

    assert not any(registrant(number)["lastName"] in text for number in range(1, 6))
    assert compared.noted() == []


@pytest.mark.parametrize("event", ["conference", EVENT, EVENT.lower()])
def test_differences_are_told_by_name_and_that_is_noted(compared: Api, event: str) -> None:
    found = compared.get(PATH, at={"client": "acme", "event": event}).json

    assert {each["kind"] for each in found["differences"]} == {"missing here"}
    names = {registrant(number)["fullName"] for number in range(1, 6)}
    assert {each["name"] for each in found["differences"]} == names
    assert (found["event"], found["event_id"], found["has_more"]) == (
        "conference",
        EVENT.lower(),
        False,
    )
    assert compared.noted() == [("api", "looked at", "differences of acme conference")]


def test_there_may_be_more_differences_than_were_asked_for(compared: Api) -> None:
    places = {"client": "acme", "event": "conference"}

    found = compared.get(PATH, at=places, limit=2).json

    assert (len(found["differences"]), found["has_more"]) == (2, True)
    assert compared.get(PATH, at=places, limit=5).json["has_more"] is False
    assert compared.get(PATH, at=places, limit=0).status == 400


@pytest.mark.parametrize(
    ("client", "event"), [("acme", "other"), ("other", "conference"), ("acme", "%00"), ("%20", "x")]
)
def test_an_event_that_was_never_compared_is_not_there(
    compared: Api, client: str, event: str
) -> None:
    assert compared.get(PATH, at={"client": client, "event": event}).status == 404
