"""The `salesforce` target keeps the contracts of plugins, of delivery and of checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from regbridge import Record, Target
from regbridge.testing.building import build_plugin
from regbridge.testing.contract import (
    PERSON,
    USUAL,
    Connection,
    ConnectionContract,
    DeliveryContract,
    Destination,
    Failure,
    PluginContract,
    Recipe,
)
from regbridge_salesforce.deliver import Salesforce
from regbridge_salesforce.simulator import Fault, FieldType, ObjectType, SalesforceSimulator

LIMIT = 10_000
FAULTS = {
    Failure.BUSY: Fault.UNAVAILABLE,
    Failure.LOST_BEFORE: Fault.DROPPED_BEFORE,
    Failure.LOST_AFTER: Fault.DROPPED_AFTER,
    Failure.CREDENTIALS: Fault.DISABLED,
}


def refuse_bad(values: Mapping[str, Any]) -> str | None:
    """Refuse as a validation rule would that quotes whom it refuses."""
    if str(values["Title__c"]).startswith("BAD"):
        return f"No member {PERSON.upper()} for 'Zoë'"
    return None


REGISTRATION = ObjectType(
    "Registration__c",
    "a01",
    (
        FieldType("Number__c", length=36, external_id=True, unique=True),
        FieldType("Title__c", length=80),
        FieldType("Text__c", "textarea", length=LIMIT),
    ),
    validation=refuse_bad,
)


class SalesforceDestination(Destination):
    """An object of the simulated org, over HTTP."""

    failures = USUAL | {Failure.QUOTA}
    text_limit = LIMIT

    def __init__(self) -> None:
        self.simulator = SalesforceSimulator([REGISTRATION], page_size=4)
        self.simulator.start()
        self.secrets = (self.simulator.app.secret,)
        self.target = Target("crm")
        self._port = int(self.simulator.url.rpartition(":")[2])
        self.plugin = build_plugin(
            Salesforce,
            self.simulator.settings(object="Registration__c", external_id="Number__c"),
            target=self.target,
            secrets={"client_secret": self.simulator.app.secret},
        )

    def record(self, number: int, text: str = PERSON) -> Record:
        fields = {"Number__c": f"{number}", "Title__c": f"R{number}", "Text__c": text}
        return Record(fields, delivery=number)

    def bad_record(self, number: int) -> Record:
        fields = {**self.record(number).fields, "Title__c": f"BAD {number}"}
        return Record(fields, delivery=number)

    def held(self) -> Sequence[tuple[int, str]]:
        rows = self.simulator.records("Registration__c")
        return [(int(row["Number__c"]), row["Text__c"]) for row in rows]

    def fail(self, failure: Failure | None) -> None:
        limits = self.simulator.limits
        limits.by_others = limits.per_day if failure is Failure.QUOTA else 0
        if failure is Failure.UNREACHABLE:
            self.simulator.stop()
        elif failure is Failure.QUOTA:
            self.simulator.faults.set()
        elif failure:
            self.simulator.faults.set(FAULTS[failure])
        else:
            self.simulator.faults.set()
            self.simulator.stop()
            self.simulator.start(self._port)


class TestSalesforce(DeliveryContract):
    @pytest.fixture
    def destination(self) -> Iterator[Destination]:
        destination = SalesforceDestination()
        yield destination
        destination.plugin.close()
        destination.simulator.stop()


class SalesforceConnection(SalesforceDestination):
    """The same, for what only reads: a lost answer is no other failure there than an outage."""

    failures = frozenset({Failure.UNREACHABLE, Failure.BUSY, Failure.CREDENTIALS, Failure.QUOTA})


class TestSalesforceConnection(ConnectionContract):
    @pytest.fixture
    def connection(self) -> Iterator[Connection]:
        connection = SalesforceConnection()
        yield connection
        connection.plugin.close()
        connection.simulator.stop()


class TestSalesforcePlugin(PluginContract):
    @pytest.fixture
    def recipe(self) -> Recipe:
        return Recipe(
            Salesforce,
            {
                "url": "https://contoso.my.salesforce.com",
                "client_id": "key",
                "object": "Contact",
                "external_id": "Cvent_Contact_Id__c",
            },
            wrong=(
                {"url": "http://contoso.my.salesforce.com"},
                {"object": "Contact; DROP"},
                {"external_id": "Id"},
                {"api_version": "45.0"},
                {"chunk_size": 201},
            ),
            secrets={"client_secret": "a consumer secret"},
        )
