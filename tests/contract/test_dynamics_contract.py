"""The `dynamics` target keeps the delivery contract, by bulk calls and by batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from tests.contract import proxied

from regbridge import Client, PluginContext, Record, Target
from regbridge.testing.contract import (
    PERSON,
    Connection,
    ConnectionContract,
    DeliveryContract,
    Destination,
    Failure,
    PluginContract,
    Recipe,
)
from regbridge.testing.fault_proxy import FaultProxy
from regbridge_dynamics.deliver import Dynamics
from regbridge_dynamics.settings import DynamicsSettings
from regbridge_dynamics.simulator import (
    TENANT,
    Application,
    DataverseSimulator,
    Fault,
    Key,
    MemoColumn,
    Schema,
    StringColumn,
    Table,
)

APPLICATION = Application()
LIMIT = 10_000
RIGHTS = ("prvCreatenew_Registration", "prvReadnew_Registration")
FAULTS = {
    Failure.BUSY: Fault.UNAVAILABLE,
    Failure.LOST_BEFORE: Fault.DROPPED_BEFORE,
    Failure.LOST_AFTER: Fault.DROPPED_AFTER,
}


def refuse_bad(values: Mapping[str, object]) -> str | None:
    """Refuse as a plug-in would that quotes whom it refuses."""
    if str(values["new_title"]).startswith("BAD"):
        return f"No member {PERSON.upper()} for 'Zoë'"
    return None


def schema(*, bulk: bool) -> Schema:
    table = Table(
        name="new_registration",
        entity_set="new_registrations",
        primary_name="new_title",
        keys=(Key("new_key", ("new_number",)),),
        columns=(
            StringColumn(name="new_number", max_length=36),
            StringColumn(name="new_title", max_length=100),
            MemoColumn(name="new_text", max_length=LIMIT),
        ),
        bulk=bulk,
        plug_in=refuse_bad,
    )
    return Schema(table)


class DynamicsDestination(Destination):
    """A table of the simulated environment, over HTTP."""

    secrets = (APPLICATION.secret,)
    text_limit = LIMIT

    def __init__(self, folder: Path, *, bulk: bool) -> None:
        self.simulator = DataverseSimulator(schema(bulk=bulk), url=self.seen_at())
        self.served = self.simulator.start()
        self._port = int(self.served.rpartition(":")[2])
        self.target = Target("staging")
        secret = folder / "secret"
        secret.write_text(APPLICATION.secret, encoding="utf-8")
        settings = DynamicsSettings.model_validate(
            {
                "url": self.simulator.url,
                "authority": self.simulator.url,
                "tenant": TENANT,
                "client_id": APPLICATION.client_id,
                "client_secret": {"file": str(secret)},
                "table": "new_registration",
                "key": "new_number",
            },
            context={"folder": folder},
        )
        context = PluginContext("dynamics", Client("contract"), folder, self.target)
        self.plugin = Dynamics(settings, context)
        self.plugin.page_size = 4

    def seen_at(self) -> str:
        """Return where clients see the environment, "" for where it is."""
        return ""

    def record(self, number: int, text: str = PERSON) -> Record:
        fields = {"new_number": str(number), "new_title": f"R{number}", "new_text": text}
        return Record(fields, delivery=number)

    def bad_record(self, number: int) -> Record:
        fields = {**self.record(number).fields, "new_title": f"BAD {number}"}
        return Record(fields, delivery=number)

    def held(self) -> Sequence[tuple[int, str]]:
        records = self.simulator.tables["new_registration"]
        return [(int(str(one["new_number"])), str(one["new_text"])) for one in records]

    def fail(self, failure: Failure | None) -> None:
        if failure is Failure.UNREACHABLE:
            self.simulator.stop()
        elif failure is Failure.CREDENTIALS:
            self.simulator.denied.update(RIGHTS)
        elif failure:
            self.simulator.fail_next(FAULTS[failure])
        else:
            self.simulator.denied.difference_update(RIGHTS)
            self.simulator.stop()
            self.simulator.start(self._port)


@pytest.mark.parametrize("bulk", [True, False], ids=["bulk", "batch"])
class TestDynamics(DeliveryContract):
    @pytest.fixture
    def destination(self, tmp_path: Path, bulk: bool) -> Iterator[Destination]:
        destination = DynamicsDestination(tmp_path, bulk=bulk)
        yield destination
        destination.plugin.close()
        destination.simulator.stop()


class DynamicsConnection(DynamicsDestination):
    """The simulated environment behind a proxy that fails."""

    def __init__(self, folder: Path) -> None:
        self.proxy = FaultProxy()
        super().__init__(folder, bulk=True)
        self.proxy.upstream = self.served

    def seen_at(self) -> str:
        return self.proxy.url

    def fail(self, failure: Failure | None) -> None:
        proxied.fail(self.proxy, failure)


class TestDynamicsIsChecked(ConnectionContract):
    @pytest.fixture
    def connection(self, tmp_path: Path) -> Iterator[Connection]:
        connection = DynamicsConnection(tmp_path)
        yield connection
        connection.plugin.close()
        connection.proxy.close()
        connection.simulator.stop()


class TestDynamicsIsAPlugin(PluginContract):
    @pytest.fixture
    def recipe(self, tmp_path: Path) -> Recipe:
        return Recipe(
            Dynamics,
            {
                "url": "https://contoso.crm.dynamics.com",
                "tenant": TENANT,
                "client_id": APPLICATION.client_id,
                "table": "new_registration",
                "key": "new_number",
            },
            wrong=[{"url": "http://contoso.crm.dynamics.com"}, {"table": ""}, {"tenant": "?"}],
            secrets={"client_secret": "a-secret-of-dynamics-1618"},
            map={"new_number": "confirmationNumber"},
            folder=tmp_path,
        )
