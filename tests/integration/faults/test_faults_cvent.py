"""Whatever the network does before Cvent, everybody is delivered with what Cvent has."""

from __future__ import annotations

import pytest
from tests.integration.faults.bridge import Bridge, delivered, expected, name_of

from regbridge.testing.fault_proxy import PAGE, Fault, Reply
from regbridge_cvent.simulator import CventSimulator

THROTTLED = Reply(429, '{"code": 429, "message": "Too Many Requests"}', "application/json")
LASTING = (
    *(Fault.REFUSED, Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.SILENT, Fault.DRIP, Fault.HALF),
    *(THROTTLED, Reply(500, "broken"), Reply(503, "busy"), PAGE, Reply(200)),
    Reply(404, "<html><body>No such site</body></html>"),
)


@pytest.mark.parametrize("fault", LASTING, ids=name_of)
def test_after_a_fault_everybody_is_delivered_once_with_what_cvent_has(
    enriching: Bridge, fault: Fault | Reply
) -> None:
    enriching.register(4)
    enriching.run()
    enriching.give_up_after(0.1)
    enriching.proxy.fail(fault)
    enriching.register(1, 2, 3)
    enriching.run()
    assert enriching.states() == {"delivered": 1, "pending": 3}
    enriching.register(1, company="new")
    enriching.run()

    enriching.proxy.heal()
    enriching.give_up_after(30)
    enriching.run_for(1800, step=300)

    assert enriching.states() == {"delivered": 4, "superseded": 1}
    assert enriching.pauses() == []
    assert sorted(delivered(enriching)) == sorted(
        [expected(1, "new"), expected(2, "old"), expected(3, "old"), expected(4, "old")]
    )


@pytest.mark.parametrize("fault", [*(Fault.RESET_BEFORE, Fault.HALF), THROTTLED], ids=name_of)
def test_a_short_storm_is_sat_out_within_the_call(enriching: Bridge, fault: Fault | Reply) -> None:
    enriching.proxy.fail(fault, times=4)
    enriching.register(1, 2, 3)

    enriching.run()

    assert enriching.states() == {"delivered": 3}
    assert {row.attempts for row in enriching.registrations()} == {0}


def test_an_expired_token_is_renewed_and_burns_no_attempt(
    enriching: Bridge, account: CventSimulator
) -> None:
    enriching.register(1)
    enriching.run()
    account.tokens.revoke()
    enriching.register(2)

    enriching.run()

    assert enriching.states() == {"delivered": 2}
    assert {row.attempts for row in enriching.registrations()} == {0}


@pytest.mark.parametrize("secured", [True], ids=["TLS"])
def test_an_untrusted_certificate_is_an_outage_until_it_is_the_right_one_again(
    enriching: Bridge,
) -> None:
    enriching.proxy.fail(Fault.UNTRUSTED)
    enriching.register(1, 2, 3)
    enriching.run_for(600)
    [pause] = enriching.pauses()
    assert (pause.cause, "is not trusted" in pause.reason) == ("outage", True)

    enriching.proxy.heal()
    enriching.run_for(600)

    assert enriching.states() == {"delivered": 3}
