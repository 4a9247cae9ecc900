"""No vendor can hold a thread of the worker for long, whatever it does with a connection."""

from __future__ import annotations

import pytest
from tests.integration.faults.bridge import Bridge

TEN_MINUTES = 600


@pytest.mark.parametrize("vendor", ["dynamics", "protech", "enriching"])
def test_each_call_has_a_time_for_its_first_byte_and_one_for_all_of_it(
    request: pytest.FixtureRequest, vendor: str
) -> None:
    bridge: Bridge = request.getfixturevalue(vendor)

    for outbound in bridge.vendor.outbounds():
        connect, answer = outbound._timeout
        assert 0 < connect <= TEN_MINUTES
        assert 0 < answer <= outbound._longest <= TEN_MINUTES
