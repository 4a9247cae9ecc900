"""Whatever the network does before Protech's service, nothing is lost and nothing silently double.

The service is not idempotent: what surely did not arrive is sent again, and what may have arrived
is left to a person.
"""

from __future__ import annotations

import pytest
from tests.integration.faults.bridge import Bridge, invitee, name_of

from regbridge.testing.fault_proxy import PAGE, Fault, Reply
from regbridge_protech.simulator.app import Simulator

SURELY_NOT = (
    Fault.REFUSED,
    Reply(429, "slow down", retry_after=20),
    Reply(503, "busy"),
    PAGE,
)
ARRIVED = (Fault.RESET_AFTER, Fault.DRIP, Fault.HALF)
NOT_ARRIVED = (Fault.RESET_BEFORE, Fault.SILENT, Reply(500, "broken"), Reply(502, "no gateway"))
AMBIGUOUS: dict[Fault | Reply, int] = {**dict.fromkeys(ARRIVED, 1), **dict.fromkeys(NOT_ARRIVED, 0)}
LOST = "it was sent and the answer was lost, so the target may have it"


def staged(service: Simulator) -> list[tuple[str, str]]:
    """Return invitee and company of each call that the service committed."""
    said = [record.parameters for record in service.staging.records]
    return sorted((one["szPerID"].lower(), one["szJobTitle"]) for one in said)


@pytest.mark.parametrize("fault", SURELY_NOT, ids=name_of)
def test_what_surely_did_not_arrive_is_sent_again_once(
    protech: Bridge, service: Simulator, fault: Fault | Reply
) -> None:
    protech.proxy.fail(fault)
    protech.register(1, 2, 3)
    protech.run_for(600)
    assert protech.states() == {"pending": 3}
    assert [pause.cause for pause in protech.pauses()] == ["outage"]
    protech.register(1, company="new")

    protech.proxy.heal()
    protech.run_for(1800, step=300)

    assert protech.states() == {"delivered": 3, "superseded": 1}
    assert staged(service) == sorted(
        [(invitee(1), "new"), (invitee(2), "old"), (invitee(3), "old")]
    )


@pytest.mark.parametrize("fault", AMBIGUOUS, ids=name_of)
def test_what_may_have_arrived_is_parked_with_the_reason_and_never_sent_again(
    protech: Bridge, service: Simulator, fault: Fault | Reply
) -> None:
    protech.proxy.fail(fault, times=1)
    protech.register(1, 2)

    protech.run_for(86_400, step=3600)

    assert protech.states() == {"parked": 1, "delivered": 1}
    [parked] = [row for row in protech.registrations() if row.state == "parked"]
    assert LOST in parked.reason
    assert len(staged(service)) == AMBIGUOUS[fault] + 1
    assert len(set(staged(service))) == len(staged(service))


@pytest.mark.parametrize("fault", AMBIGUOUS, ids=name_of)
def test_a_fault_that_lasts_parks_the_first_few_and_one_at_each_try(
    protech: Bridge, service: Simulator, fault: Fault | Reply
) -> None:
    protech.give_up_after(0.1)
    protech.proxy.fail(fault)
    protech.register(*range(1, 9))
    protech.run_for(300, step=10)
    parked = protech.states()["parked"]
    assert 3 < parked < 8
    assert protech.states()["pending"] == 8 - parked
    protech.register(1, company="new")

    protech.proxy.heal()
    protech.give_up_after(30)
    protech.run_for(1800, step=300)

    assert protech.states() == {"parked": parked, "delivered": 9 - parked}
    assert len(staged(service)) == parked * AMBIGUOUS[fault] + 9 - parked
    assert (invitee(1), "new") in staged(service)


@pytest.mark.parametrize("secured", [True], ids=["TLS"])
@pytest.mark.parametrize("fault", [Fault.UNTRUSTED, Fault.RESET_BEFORE, Fault.RESET_AFTER])
def test_over_tls_only_what_was_sent_may_have_arrived(
    protech: Bridge, service: Simulator, fault: Fault
) -> None:
    protech.proxy.fail(fault, times=1)
    protech.register(1)

    protech.run_for(600)

    expected = "delivered" if fault is Fault.UNTRUSTED else "parked"
    assert protech.states() == {expected: 1}
    assert len(staged(service)) == (fault is not Fault.RESET_BEFORE)
