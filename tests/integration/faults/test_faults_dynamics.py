"""Whatever the network does between the bridge and Dataverse, it ends up with the newest."""

from __future__ import annotations

import pytest
from tests.integration.faults.bridge import Bridge, invitee, name_of

from regbridge.testing.fault_proxy import PAGE, Fault, Reply
from regbridge_dynamics.simulator import DataverseSimulator

THROTTLED = Reply(
    429, '{"error": {"code": "0x80072322", "message": ""}}', "application/json", retry_after=20
)
LASTING = (
    *(Fault.REFUSED, Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.SILENT, Fault.DRIP),
    *(THROTTLED, Reply(500, "broken"), Reply(503, "busy"), PAGE, Reply(200)),
)


def held(dataverse: DataverseSimulator) -> dict[str, str]:
    """Return the company of each registrant, and fail if one is there twice."""
    rows = dataverse.tables["new_registrationstaging"]
    found = {str(row["new_inviteeid"]).lower(): str(row["new_lastname"]) for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize("many", [1, 3], ids=["one", "several"])
@pytest.mark.parametrize("fault", LASTING, ids=name_of)
def test_after_a_fault_dataverse_holds_the_newest_of_everybody_once(
    dynamics: Bridge, dataverse: DataverseSimulator, fault: Fault | Reply, many: int
) -> None:
    numbers = range(1, many + 1)
    dynamics.give_up_after(0.3)
    dynamics.proxy.fail(fault)
    dynamics.register(*numbers)
    dynamics.run()
    assert dynamics.states() == {"delivered": 1, "pending": many}
    dynamics.clock.sleep(60)
    dynamics.register(1, company="new")
    dynamics.run()

    dynamics.proxy.heal()
    dynamics.give_up_after(30)
    dynamics.run_for(1800, step=300)

    assert dynamics.states() == {"delivered": many + 1, "superseded": 1}
    assert dynamics.pauses() == []
    companies = {invitee(number): "old" for number in (99, *numbers)}
    assert held(dataverse) == companies | {invitee(1): "new"}


@pytest.mark.parametrize("fault", [Fault.RESET_BEFORE, Fault.RESET_AFTER, PAGE], ids=name_of)
def test_a_fault_of_one_call_costs_one_attempt(
    dynamics: Bridge, dataverse: DataverseSimulator, fault: Fault | Reply
) -> None:
    dynamics.proxy.fail(fault, times=1)
    dynamics.register(1, 2, 3)

    dynamics.run_for(60)

    assert dynamics.states() == {"delivered": 4}
    assert list(dynamics.attempts().values()) == [1, 2, 2, 2]
    assert len(held(dataverse)) == 4


def test_half_an_answer_is_no_answer_unless_nothing_was_to_follow(
    dynamics: Bridge, dataverse: DataverseSimulator
) -> None:
    """One record's answer has a body; that of several is 204 alone, and says it by its status."""
    dynamics.proxy.fail(Fault.HALF, times=2)
    dynamics.register(1)
    dynamics.run()
    dynamics.register(2, 3)
    dynamics.run()
    assert dynamics.states() == {"delivered": 3, "pending": 1}

    dynamics.run_for(60)

    assert list(dynamics.attempts().values()) == [1, 2, 1, 1]
    assert len(held(dataverse)) == 4


def test_a_storm_of_429_burns_no_attempt_and_each_wait_is_kept(
    dynamics: Bridge, dataverse: DataverseSimulator
) -> None:
    dynamics.proxy.fail(THROTTLED, times=5)
    dynamics.register(1, 2, 3)
    calls = []
    for _ in range(11):
        dynamics.run()
        calls.append(dynamics.proxy.did[THROTTLED])
        dynamics.clock.sleep(10)

    assert calls == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5]
    assert dynamics.states() == {"delivered": 4}
    assert set(dynamics.attempts().values()) == {1}
    assert len(held(dataverse)) == 4


def test_an_expired_token_is_renewed_and_burns_no_attempt(
    dynamics: Bridge, dataverse: DataverseSimulator
) -> None:
    dataverse.expire_tokens()
    dynamics.register(1, 2, 3)

    dynamics.run()

    assert dynamics.states() == {"delivered": 4}
    assert set(dynamics.attempts().values()) == {1}
    assert dynamics.pauses() == []


def test_a_token_that_cannot_be_renewed_now_is_an_outage(
    dynamics: Bridge, dataverse: DataverseSimulator
) -> None:
    """The token endpoint is behind the same network."""
    dataverse.expire_tokens()
    dynamics.proxy.fail(Reply(401), times=1)
    dynamics.proxy.fail(Fault.RESET_BEFORE, times=6)
    dynamics.register(1, 2, 3)

    dynamics.run_for(1800, step=300)

    assert dynamics.states() == {"delivered": 4}
    assert max(dynamics.attempts().values()) <= 3
    assert len(held(dataverse)) == 4


@pytest.mark.parametrize("secured", [True], ids=["TLS"])
def test_an_untrusted_certificate_is_an_outage_until_it_is_the_right_one_again(
    dynamics: Bridge, dataverse: DataverseSimulator
) -> None:
    dynamics.proxy.fail(Fault.UNTRUSTED)
    dynamics.register(1, 2, 3)
    dynamics.run_for(600)
    [pause] = dynamics.pauses()
    assert (pause.cause, "is not trusted" in pause.reason) == ("outage", True)
    assert dynamics.states() == {"delivered": 1, "pending": 3}

    dynamics.proxy.heal()
    dynamics.run_for(600)

    assert dynamics.states() == {"delivered": 4}
    assert len(held(dataverse)) == 4
