"""The three vendors' simulators behind a fault proxy, each with a bridge that uses it."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests.integration.faults.bridge import CLIENT, CVENT, DYNAMICS, PROTECH, Bridge, Clock

from regbridge.store.engine import Store
from regbridge.store.upgrades import upgrade
from regbridge.testing.fault_proxy import FaultProxy
from regbridge.testing.server import LocalServer
from regbridge_cvent.simulator import Behaviour, CventSimulator, Population, Tier
from regbridge_cvent.simulator.door import BASE_PATH
from regbridge_dynamics.simulator import (
    Application,
    DataverseSimulator,
    Schema,
    registration_schema,
)
from regbridge_protech.simulator.app import PATH, Simulator


@pytest.fixture(scope="session")
def new_faults_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the tables in it; copying it is quicker than migrating again."""
    path = tmp_path_factory.mktemp("faults") / "new.db"
    store = Store(f"sqlite:///{path.as_posix()}")
    upgrade(store)
    store.close()
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    """The authority that a proxy's certificate is of, if it has one."""
    return tmp_path / "ca.pem"


@pytest.fixture
def secured() -> bool:
    """Whether the proxy speaks TLS; a test that wants it overrides this by its parameter."""
    return False


@pytest.fixture
def proxy(secured: bool, ca_file: Path) -> Iterator[FaultProxy]:
    """A proxy between the bridge and the vendor; its drips take long."""
    own, other = (context_of(ca_file), context_of()) if secured else (None, None)
    with FaultProxy(tls=own, untrusted=other, drip_seconds=0.05) as proxy:
        yield proxy


def context_of(ca_file: Path | None = None) -> ssl.SSLContext:
    authority = trustme.CA()
    if ca_file:
        authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def build(
    tmp_path: Path,
    proxy: FaultProxy,
    clock: Clock,
    secured: bool,
    ca_file: Path,
    new_faults_ledger: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """Build bridges of a client's text, with the vendor at a path of the proxy."""
    bridges: list[Bridge] = []

    def start(text: str, secret: str = "", path: str = "") -> Bridge:
        monkeypatch.setenv("APAP_TOKEN", "a token")
        monkeypatch.setenv("VENDOR_URL", proxy.url + path)
        monkeypatch.setenv("VENDOR_ID", "simulator")
        monkeypatch.setenv("VENDOR_SECRET", secret)
        shutil.copy(new_faults_ledger, tmp_path / "ledger.db")
        (tmp_path / "clients").mkdir()
        (tmp_path / "base.yaml").write_text("time_zone: UTC\n", encoding="utf-8")
        file = tmp_path / "clients" / "apap.yaml"
        file.write_text(CLIENT + text, encoding="utf-8")
        bridges.append(Bridge(tmp_path, proxy, clock))
        if secured:
            bridges[0].trust(ca_file)
        return bridges[0]

    yield start
    for bridge in bridges:
        bridge.close()


@pytest.fixture
def schema() -> Schema:
    """The tables of Dataverse."""
    return registration_schema()


@pytest.fixture
def dataverse(proxy: FaultProxy, clock: Clock, schema: Schema) -> Iterator[DataverseSimulator]:
    """Dataverse behind the proxy."""
    simulator = DataverseSimulator(schema, url=proxy.url, clock=clock, sleep=clock.sleep)
    proxy.upstream = simulator.start()
    yield simulator
    simulator.stop()


@pytest.fixture
def dynamics(dataverse: DataverseSimulator, build: Any) -> Bridge:
    """A bridge that delivers to Dataverse; it has its token, and knows the table."""
    bridge: Bridge = build(DYNAMICS, Application().secret)
    bridge.register(99)
    bridge.run()
    assert bridge.states() == {"delivered": 1}
    return bridge


@pytest.fixture
def service(proxy: FaultProxy) -> Iterator[Simulator]:
    """Protech's service behind the proxy."""
    simulator = Simulator()
    with LocalServer(simulator) as server:
        proxy.upstream = server.url
        yield simulator


@pytest.fixture
def protech(service: Simulator, build: Any) -> Bridge:
    """A bridge that delivers to Protech's service."""
    bridge: Bridge = build(PROTECH, path=PATH)
    return bridge


@pytest.fixture
def account(proxy: FaultProxy, clock: Clock) -> Iterator[CventSimulator]:
    """Cvent behind the proxy."""
    tier = Tier("as fast as tests like", None, 100_000, 100_000)
    simulator = CventSimulator(
        Population(50), Behaviour(tier), clock=clock.moment, sleep=clock.sleep
    )
    with LocalServer(simulator.app) as server:
        proxy.upstream = server.url
        yield simulator


@pytest.fixture
def enriching(account: CventSimulator, build: Any) -> Bridge:
    """A bridge that enriches from Cvent, and delivers to a file."""
    bridge: Bridge = build(CVENT, account.credentials.client_secret, BASE_PATH)
    return bridge
