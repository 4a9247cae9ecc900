"""Two hours without Dataverse, or without Cvent, while people go on registering."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.integration.faults.bridge import Bridge, delivered, expected, invitee, name_of

from regbridge.testing.fault_proxy import Fault, Reply
from regbridge.worker.outages import FAILURES, LONGEST, SHORTEST
from regbridge_dynamics.simulator import DataverseSimulator

TWO_HOURS = 7200
STEP = 15
BETWEEN = 180
"""Seconds between two messages."""

PEOPLE = 15
MESSAGES = TWO_HOURS // BETWEEN
NEWEST = {1 + number * 7 % PEOPLE: f"revision {number}" for number in range(MESSAGES)}


def live_through(bridge: Bridge, fault: Fault | Reply) -> list[tuple[float, int, int]]:
    """Let two hours pass without the vendor, in which everybody registers and changes something.

    Returns each time at which the vendor was tried, with how many calls of the plugin, and
    requests that came to the proxy.
    """
    begun, tries = bridge.clock.now, []
    bridge.proxy.fail(fault)
    for second in range(0, TWO_HOURS, STEP):
        if second % BETWEEN == 0:
            number = second // BETWEEN
            bridge.register(1 + number * 7 % PEOPLE, company=f"revision {number}")
        calls, came, now = len(bridge.vendor.sizes), bridge.proxy.calls, bridge.clock.now
        bridge.run()
        if len(bridge.vendor.sizes) > calls:
            made = len(bridge.vendor.sizes) - calls, bridge.proxy.calls - came
            tries.append((now - begun, *made))
        bridge.clock.now = max(bridge.clock.now, now + STEP)
    bridge.proxy.heal()
    return tries


def require_probes(tries: list[tuple[float, int, int]], *, lasting: int) -> None:
    """Fail unless one call was made at each try, and no try before its time or much later.

    A try takes up to `lasting` seconds.
    """
    assert {calls for _, calls, _ in tries} == {1}
    waits = [later[0] - earlier[0] for earlier, later in pairwise(tries[FAILURES - 1 :])]
    assert min(waits) >= SHORTEST / 1000
    assert max(waits) <= LONGEST / 1000 + lasting + STEP


@pytest.mark.parametrize("fault", [Fault.REFUSED, Reply(500, "broken")], ids=name_of)
def test_two_hours_without_dataverse_burn_no_attempt_and_then_it_holds_the_newest(
    dynamics: Bridge, dataverse: DataverseSimulator, fault: Fault | Reply
) -> None:
    before = dynamics.attempts()
    dynamics.vendor.sizes.clear()
    dynamics.proxy.seen.clear()

    tries = live_through(dynamics, fault)

    require_probes(tries, lasting=0)
    assert set(dynamics.vendor.sizes) == {1}
    assert {requests for _, _, requests in tries} == ({0} if fault is Fault.REFUSED else {1})
    assert {line.partition(" ")[0] for line in dynamics.proxy.seen} <= {"PATCH"}
    assert [(pause.upstream, pause.cause) for pause in dynamics.pauses()] == [("crm", "outage")]
    assert dynamics.states() == {
        "delivered": 1,
        "pending": PEOPLE,
        "superseded": MESSAGES - PEOPLE,
    }
    burnt = sum(dynamics.attempts().values()) - sum(before.values())
    assert burnt == FAILURES - 1  # by what failed before anybody could know that it is an outage

    dynamics.run_for(600, step=STEP)

    assert dynamics.states() == {"delivered": 1 + PEOPLE, "superseded": MESSAGES - PEOPLE}
    assert dynamics.pauses() == []
    rows = dataverse.tables["new_registrationstaging"]
    held = [(str(row["new_inviteeid"]).lower(), str(row["new_lastname"])) for row in rows]
    newest = [(invitee(number), company) for number, company in {**NEWEST, 99: "old"}.items()]
    assert sorted(held) == sorted(newest)


@pytest.mark.parametrize("fault", [Fault.REFUSED, Reply(503, "busy")], ids=name_of)
def test_two_hours_without_cvent_burn_no_attempt_and_then_everybody_is_delivered(
    enriching: Bridge, fault: Fault | Reply
) -> None:
    tries = live_through(enriching, fault)

    require_probes(tries, lasting=30)  # the client tries five times before it gives up
    assert set(enriching.vendor.sizes) == {1}
    assert {requests for _, _, requests in tries} == ({0} if fault is Fault.REFUSED else {5})
    [pause] = enriching.pauses()
    assert pause.cause == "outage"
    states = enriching.states()
    # A try finds out which revisions are not the newest any more; those wait for nothing.
    assert states["pending"] >= PEOPLE
    assert states["pending"] + states["superseded"] == MESSAGES
    assert sum(row.attempts for row in enriching.registrations()) == FAILURES - 1

    enriching.run_for(600, step=STEP)

    assert enriching.states() == {"delivered": PEOPLE, "superseded": MESSAGES - PEOPLE}
    assert enriching.pauses() == []
    assert sorted(delivered(enriching)) == sorted(
        expected(number, company) for number, company in NEWEST.items()
    )
