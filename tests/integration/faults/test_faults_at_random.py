"""Faults at random places, the same for the same seed: nothing is lost and nothing is made up."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from tests.integration.dynamics.delivery import changed_schema
from tests.integration.faults.bridge import Bridge, delivered, expected, invitee

from regbridge.testing.fault_proxy import PAGE, Fault, FaultProxy, Reply
from regbridge_cvent.simulator import CventSimulator
from regbridge_dynamics.simulator import DataverseSimulator, Schema, registration_schema
from regbridge_protech.simulator.app import Simulator

FAULTS = (
    *(Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.HALF),
    *(Reply(429, "slow down", retry_after=20), Reply(500, "broken"), Reply(503, "busy"), PAGE),
)
PEOPLE = range(1, 9)
TABLE = "new_registrationstaging"
SEEDS = pytest.mark.parametrize("seed", [4, 8])


def fail_at_random(proxy: FaultProxy, seed: int, times: int = 20) -> None:
    """Let about every second request fail, now and then several in a row."""
    chance = random.Random(seed)
    for _ in range(times):
        proxy.let_pass(chance.randint(1, 2))
        proxy.fail(chance.choice(FAULTS), times=chance.randint(1, 3))


def live_through(bridge: Bridge, seed: int) -> dict[int, str]:
    """Receive three revisions of everybody while calls fail; return the newest of each."""
    fail_at_random(bridge.proxy, seed)
    newest = {}
    for revision in ("first", "second", "third"):
        for number in PEOPLE:
            newest[number] = f"{revision} of {number}"
            bridge.register(number, company=newest[number])
            if number % 2 == 0:  # two are sent together, and those before them that failed
                bridge.run_for(60, step=30)
    bridge.run_for(7200, step=300)
    assert sum(bridge.proxy.did.values()) > 5
    bridge.proxy.heal()
    bridge.run_for(7200, step=600)
    return newest


@pytest.fixture
def schema(bulk: bool) -> Schema:
    """The usual tables; without `bulk`, Dataverse takes several records by `$batch` alone."""
    return registration_schema() if bulk else changed_schema(TABLE, bulk=False)


@pytest.mark.parametrize("bulk", [True, False], ids=["bulk", "batch"])
@SEEDS
def test_dataverse_ends_up_with_the_newest_of_everybody_once(
    dynamics: Bridge, dataverse: DataverseSimulator, seed: int
) -> None:
    newest = live_through(dynamics, seed)

    assert set(dynamics.states()) <= {"delivered", "superseded"}
    assert sum(dynamics.states().values()) == 1 + 3 * len(PEOPLE)
    held = [(row["new_inviteeid"], row["new_lastname"]) for row in dataverse.tables[TABLE]]
    assert sorted((str(one).lower(), company) for one, company in held) == sorted(
        [(invitee(99), "old"), *((invitee(number), newest[number]) for number in newest)]
    )


@SEEDS
def test_protechs_service_gets_nothing_twice_and_what_is_not_told_may_be_there(
    protech: Bridge, service: Simulator, seed: int
) -> None:
    live_through(protech, seed)

    states = protech.states()
    assert set(states) <= {"delivered", "parked", "superseded"}
    assert sum(states.values()) == 3 * len(PEOPLE)
    assert states["delivered"] > 0 < states["parked"]
    assert service.staging.doubles() == []
    assert states["delivered"] <= len(service.staging.records)
    assert len(service.staging.records) <= states["delivered"] + states["parked"]
    ids = {record.guid for record in service.staging.records}
    assert {row.external_id for row in protech.deliveries() if row.state == "delivered"} <= ids


@SEEDS
def test_everybody_is_delivered_with_what_cvent_has(
    enriching: Bridge, account: CventSimulator, seed: int
) -> None:
    newest = live_through(enriching, seed)

    assert set(enriching.states()) <= {"delivered", "superseded"}
    assert sum(enriching.states().values()) == 3 * len(PEOPLE)
    found = delivered(enriching)
    assert max(Counter(found).values()) == 1
    last = {who: (who, company, fetched) for who, company, fetched in found}
    assert sorted(last.values()) == sorted(expected(number, newest[number]) for number in newest)
