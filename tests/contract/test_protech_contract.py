"""The `protech` target keeps the delivery contract, in each binding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from pydantic import TypeAdapter
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
from regbridge.testing.server import LocalServer
from regbridge_protech.deliver import Protech, ProtechSettings
from regbridge_protech.simulator.app import PATH, Simulator
from regbridge_protech.simulator.behaviour import (
    DROP_AFTER,
    DROP_BEFORE,
    Behaviour,
    Script,
    Trigger,
    page,
    refusal,
)
from regbridge_protech.simulator.contract import DATE, TEXTS

PASSWORD = "staging-secret-2718"
FAILURES: Mapping[Failure, Behaviour] = {
    Failure.BUSY: page(503),
    Failure.LOST_BEFORE: DROP_BEFORE,
    Failure.LOST_AFTER: DROP_AFTER,
    Failure.CREDENTIALS: page(401),
}
# A service that quotes whom it refuses, and the secret that it was given.
QUOTES = refusal(f"No member {PERSON.upper()} for 'Zoë', password {PASSWORD}")


class Always(Script):
    """Treats every call in the same way."""

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__()
        self._behaviour = behaviour

    def choose(self, parameters: Mapping[str, str]) -> Behaviour:
        return self._behaviour


class ProtechDestination(Destination):
    """The simulated service, over HTTP."""

    secrets = (PASSWORD,)

    def __init__(self, folder: Path, secret_file: Path, binding: str) -> None:
        self._normal = Script((Trigger("BAD-", QUOTES),))
        self.simulator = Simulator(self._normal, security_password=PASSWORD)
        self.server = LocalServer(self.simulator)
        self.server.start()
        self.target = Target("staging")
        secret = {"name": "securityPassword", "secret": {"file": str(secret_file)}}
        texts = [{"name": name} for name in TEXTS]
        settings = TypeAdapter(ProtechSettings).validate_python(
            {
                "allow_http": True,
                "url": f"{self.url_of(self.server)}{PATH}",
                "binding": binding,
                "namespace": "http://tempuri.org/",
                "operation": "UpdateUserInfo",
                "parameters": [secret, *texts, {"name": DATE, "type": "dateTime"}],
                "success": {"json": "ok", "id": "id", "reason": "error"},
                "concurrency": 4,
                "timeout_seconds": 20,
            },
            context={"folder": folder},
        )
        context = PluginContext("protech", Client("contract"), folder, self.target)
        self.plugin = Protech(settings, context)

    def url_of(self, server: LocalServer) -> str:
        return server.url

    def record(self, number: int, text: str = PERSON) -> Record:
        fields = {
            "szUserID": f"M-{number}",
            "szJobTitle": text,
            "szPerID": str(number),
            "szRegID": f"R{number}",
            "szRegDate": "2027-03-04T09:30:00",
        }
        return Record(fields, delivery=number)

    def bad_record(self, number: int) -> Record:
        fields = {**self.record(number).fields, "szUserID": f"BAD-{number}"}
        return Record(fields, delivery=number)

    def held(self) -> Sequence[tuple[int, str]]:
        records = [record.parameters for record in self.simulator.staging.records]
        return [(int(record["szPerID"]), record["szJobTitle"]) for record in records]

    def fail(self, failure: Failure | None) -> None:
        if failure is Failure.UNREACHABLE:
            self.server.stop()
        elif failure:
            self.simulator.script = Always(FAILURES[failure])
        else:
            self.simulator.script = self._normal
            port = int(self.server.url.rpartition(":")[2])
            self.server.stop()
            self.server = LocalServer(self.simulator, port)
            self.server.start()


@pytest.mark.parametrize("binding", ["soap11", "soap12", "form"])
class TestProtech(DeliveryContract):
    @pytest.fixture
    def destination(self, tmp_path: Path, binding: str) -> Iterator[Destination]:
        secret = tmp_path / "secret"
        secret.write_text(PASSWORD, encoding="utf-8")
        destination = ProtechDestination(tmp_path, secret, binding)
        yield destination
        destination.plugin.close()
        destination.server.stop()


class ProtechConnection(ProtechDestination):
    """The simulated service behind a proxy that fails."""

    def __init__(self, folder: Path, secret_file: Path, binding: str) -> None:
        self.proxy = FaultProxy()
        super().__init__(folder, secret_file, binding)

    def url_of(self, server: LocalServer) -> str:
        self.proxy.upstream = server.url
        return self.proxy.url

    def fail(self, failure: Failure | None) -> None:
        proxied.fail(self.proxy, failure)


@pytest.mark.parametrize("binding", ["soap11", "soap12", "form"])
class TestProtechIsChecked(ConnectionContract):
    @pytest.fixture
    def connection(self, tmp_path: Path, binding: str) -> Iterator[Connection]:
        secret = tmp_path / "secret"
        secret.write_text(PASSWORD, encoding="utf-8")
        connection = ProtechConnection(tmp_path, secret, binding)
        yield connection
        connection.plugin.close()
        connection.proxy.close()
        connection.server.stop()


class TestProtechIsAPlugin(PluginContract):
    @pytest.fixture
    def recipe(self, tmp_path: Path) -> Recipe:
        return Recipe(
            Protech,
            {
                "url": "https://protech.example.org/service.asmx",
                "namespace": "http://tempuri.org/",
                "operation": "UpdateUserInfo",
                "parameters": [{"name": "szUserID", "type": "string"}],
                "success": "guid",
            },
            wrong=[{"url": "http://protech.example.org/a"}, {"success": "?"}, {"operation": ""}],
            folder=tmp_path,
        )
