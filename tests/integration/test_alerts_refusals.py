"""A person is told when an endpoint refuses what may be Cvent's: its token, or its address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from regbridge.admissions import Cause, Refusal
from regbridge.alerts.alert import Alert
from regbridge.alerts.watch import Watch
from regbridge.models import Client, Endpoint
from regbridge.store.admissions import add_refusals
from regbridge.store.clock import from_ms
from regbridge.store.engine import Store
from regbridge.store.intake import Arrival, Intake
from regbridge.store.upgrades import upgrade

START = 1_800_000_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE


class Watched:
    """A ledger, the watch of a worker, and a clock."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = START
        self.told: list[Alert] = []
        endpoints = {
            "CventReg": Endpoint("CventReg", "/a", ("a token",)),
            "OAuth": Endpoint("OAuth", "/b", ()),
        }
        clients = {"apap": Client("apap", endpoints=endpoints)}
        self.watch = Watch(store, lambda: clients, {"test": self.told.append}, lambda: self.now)

    def refuse(
        self,
        cause: Cause = Cause.TOKEN,
        address: str = "203.0.113.7",
        *,
        by_cvent: bool = True,
        client: str = "apap",
        endpoint: str = "CventReg",
        times: int = 1,
    ) -> None:
        refusal = Refusal(client, endpoint, cause, address, by_cvent)
        self.store.write(lambda c: add_refusals(c, {refusal: times}, self.now))

    def looks(self) -> list[str]:
        """Look for alerts, and return the subjects of those that are sent."""
        self.told.clear()
        self.watch.look()
        return [alert.subject for alert in self.told]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    store = Store(f"sqlite:///{tmp_path / 'regbridge.db'}")
    upgrade(store)
    yield Watched(store)
    store.close()


def test_an_endpoint_that_refuses_cvents_token_is_told_with_what_to_do(watched: Watched) -> None:
    intake = Intake(watched.store)
    intake.accept(Arrival("apap", "CventReg", b"{}", from_ms(START - HOUR)))
    intake.close()
    watched.refuse(times=4)

    assert watched.looks() == ["apap: CventReg refuses tokens"]

    [alert] = watched.told
    assert "4 requests from 203.0.113.7" in alert.text
    assert "The last message was taken at 2027-01-15 07:00 UTC." in alert.text
    assert "Push API Integrations" in alert.text
    assert "regbridge rotate-token apap CventReg --check" in alert.text
    assert "switches an integration off" in alert.text
    assert "send a sync" in alert.text


def test_at_an_endpoint_without_tokens_the_log_has_the_reason(watched: Watched) -> None:
    watched.refuse(endpoint="OAuth")

    assert watched.looks() == ["apap: OAuth refuses tokens"]
    assert "The log of the host has the reason." in watched.told[0].text
    assert "rotate-token" not in watched.told[0].text


def test_it_is_told_again_after_an_hour_if_it_goes_on_and_not_if_it_is_mended(
    watched: Watched,
) -> None:
    watched.refuse()
    assert len(watched.looks()) == 1
    watched.now += 59 * MINUTE
    watched.refuse()
    assert watched.looks() == []

    watched.now += MINUTE
    assert len(watched.looks()) == 1

    watched.now += HOUR
    assert watched.looks() == []


def test_what_somebody_else_tries_is_told_once_a_day_and_as_such(watched: Watched) -> None:
    watched.refuse(by_cvent=False)
    assert watched.looks() == ["apap: CventReg refuses tokens"]
    assert "somebody else may be trying" in watched.told[0].text

    for _ in range(10):
        watched.now += HOUR
        watched.refuse(by_cvent=False)
        assert watched.looks() == []

    watched.now += 14 * HOUR
    watched.refuse(by_cvent=False)
    assert len(watched.looks()) == 1


def test_cvents_wrong_token_is_told_although_others_were_told_of_before(watched: Watched) -> None:
    watched.refuse(by_cvent=False)
    assert len(watched.looks()) == 1

    watched.now += HOUR
    watched.refuse(address="203.0.113.8")

    assert len(watched.looks()) == 1
    assert "from 203.0.113.8, 203.0.113.7" in watched.told[0].text


def test_an_address_with_a_right_token_that_allow_from_lacks_is_told(watched: Watched) -> None:
    watched.refuse(Cause.ADDRESS, times=3)
    watched.refuse(Cause.ADDRESS, "198.51.100.9", by_cvent=False, times=500)

    assert watched.looks() == ["apap: CventReg refuses an address that may be Cvent's"]

    [alert] = watched.told
    assert "3 requests from 203.0.113.7" in alert.text
    assert "198.51.100.9" not in alert.text
    assert "allow_from" in alert.text
    assert "registrations are being lost" in alert.text


def test_a_stranger_that_allow_from_keeps_out_is_no_alert(watched: Watched) -> None:
    watched.refuse(Cause.ADDRESS, by_cvent=False)

    assert watched.looks() == []


def test_of_many_addresses_a_few_are_named(watched: Watched) -> None:
    for number in range(9):
        watched.refuse(address=f"203.0.113.{number}")
    watched.refuse(address="")

    watched.looks()

    text = watched.told[0].text
    assert text.startswith("10 requests from 203.0.113.0, 203.0.113.1, 203.0.113.2 and others")


def test_what_was_refused_days_ago_or_at_another_hosts_client_is_not_told(
    watched: Watched,
) -> None:
    watched.refuse(client="other")
    watched.refuse()
    watched.now += 25 * HOUR

    assert watched.looks() == []
