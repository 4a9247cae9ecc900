"""How a network, or what answers in a service's place, fails each call of a check."""

from __future__ import annotations

from collections.abc import Mapping

from regbridge.testing.contract import PERSON, Failure
from regbridge.testing.fault_proxy import Fault, FaultProxy, Reply

FAILURES: Mapping[Failure, Fault | Reply] = {
    Failure.UNREACHABLE: Fault.REFUSED,
    Failure.BUSY: Reply(503, f"come back later, {PERSON}"),
    Failure.LOST_BEFORE: Fault.RESET_BEFORE,
    Failure.LOST_AFTER: Fault.RESET_AFTER,
    Failure.CREDENTIALS: Reply(401, f"nobody knows {PERSON}"),
}


def fail(proxy: FaultProxy, failure: Failure | None) -> None:
    """Let every call through a proxy fail from now on, or none any more."""
    if failure:
        proxy.fail(FAILURES[failure])
    else:
        proxy.heal()
