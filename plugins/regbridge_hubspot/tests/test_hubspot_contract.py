"""The `hubspot` target keeps the delivery contract, also where one bad record spoils a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from regbridge import Record, Target
from regbridge.testing.building import build_plugin
from regbridge.testing.clock import SteppedClock
from regbridge.testing.contract import (
    PERSON,
    USUAL,
    ConnectionContract,
    DeliveryContract,
    Destination,
    Failure,
    PluginContract,
    Recipe,
)
from regbridge_hubspot.deliver import Hubspot
from regbridge_hubspot.simulator import Fault, HubspotSimulator

MAP = {"cvent_contact_id": "id", "firstname": "name", "email": "email", "notes": "text"}
FAULTS = {
    Failure.BUSY: Fault.UNAVAILABLE,
    Failure.LOST_BEFORE: Fault.DROPPED_BEFORE,
    Failure.LOST_AFTER: Fault.DROPPED_AFTER,
    Failure.QUOTA: Fault.DAILY,
}


class HubspotDestination(Destination):
    """The contacts of a simulated account, over HTTP."""

    text_limit = 65_536
    failures = USUAL | {Failure.QUOTA}

    def __init__(self, *, multi_status: bool, api: str) -> None:
        self._clock = clock = SteppedClock()
        self.simulator = HubspotSimulator(multi_status=multi_status, clock=clock.seconds)
        self._port = int(self.simulator.start().rpartition(":")[2])
        self.secrets = (self.simulator.credentials.service_key,)
        self.target = Target("crm", map=MAP)
        self.plugin = build_plugin(
            Hubspot,
            {"url": self.simulator.url, "id_property": "cvent_contact_id", "api": api},
            target=self.target,
            secrets={"access_token": self.simulator.credentials.service_key},
            limiters=clock.limiters(),
        )
        self.plugin.page_size = 4

    def record(self, number: int, text: str = PERSON) -> Record:
        fields = {"cvent_contact_id": f"c-{number}", "firstname": f"R{number}", "notes": text}
        return Record(fields, delivery=number)

    def bad_record(self, number: int) -> Record:
        fields = {**self.record(number).fields, "email": PERSON}
        return Record(fields, delivery=number)

    def held(self) -> Sequence[tuple[int, str]]:
        return [
            (int(one["cvent_contact_id"].removeprefix("c-")), one["notes"])
            for one in self.simulator.records()
        ]

    def fail(self, failure: Failure | None) -> None:
        if failure is Failure.UNREACHABLE:
            self.simulator.stop()
        elif failure is Failure.CREDENTIALS:
            self.simulator.denied.update(
                f"crm.{kind}.contacts.{right}"
                for kind in ("objects", "schemas")
                for right in ("read", "write")
            )
        elif failure:
            self.plugin.preview(self.record(1))  # so that it is the batch itself that fails
            self.simulator.fail(FAULTS[failure], times=None)
        else:
            self._clock.sleep(timedelta(days=1).total_seconds())
            self.simulator.heal()
            self.simulator.stop()
            self.simulator.start(self._port)


@pytest.mark.parametrize(
    ("multi_status", "api"),
    [(True, "2026-03"), (False, "v3")],
    ids=["each-by-itself", "all-or-nothing"],
)
class TestHubspot(DeliveryContract):
    @pytest.fixture
    def destination(self, multi_status: bool, api: str) -> Iterator[Destination]:
        destination = HubspotDestination(multi_status=multi_status, api=api)
        yield destination
        destination.plugin.close()
        destination.simulator.stop()


class TestHubspotConnection(ConnectionContract):
    @pytest.fixture
    def connection(self) -> Iterator[Destination]:
        destination = HubspotDestination(multi_status=True, api="2026-03")
        yield destination
        destination.plugin.close()
        destination.simulator.stop()


class TestHubspotPlugin(PluginContract):
    @pytest.fixture
    def recipe(self) -> Recipe:
        return Recipe(
            Hubspot,
            settings={"id_property": "cvent_contact_id"},
            secrets={"access_token": "pat-na1-a-secret-of-mine"},
            map=MAP,
            wrong=[
                {"id_property": "Cvent contact id"},
                {"id_property": "not_in_the_map"},
                {"api": "v4"},
                {"chunk_size": 101},
            ],
        )
