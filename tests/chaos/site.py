"""The targets, and the configuration of a host that delivers to both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.sender import TOKEN

from regbridge.testing.payloads import EVENT
from regbridge.testing.server import LocalServer
from regbridge_dynamics.simulator.dataverse import TENANT, DataverseSimulator
from regbridge_dynamics.simulator.throttle import Limits
from regbridge_dynamics.simulator.tokens import Application
from regbridge_protech.simulator.app import PATH, Simulator
from regbridge_protech.simulator.contract import DATE, NAMESPACE, OPERATION, TEXTS

TABLE = "new_registrationstaging"
LEASE_SECONDS = 2
"""Longer than a call of a target takes, and no longer than a process usually lives."""

_TEXT = "join(' ', [company, inviteeStatus])"


@dataclass(frozen=True)
class Targets:
    """An idempotent target and one that is not, both in this process, which is not killed."""

    dataverse: DataverseSimulator
    protech: Simulator
    protech_url: str


@contextmanager
def targets() -> Iterator[Targets]:
    """Run both simulators; a call of Protech takes long enough to be killed in its middle."""
    dataverse = DataverseSimulator(limits=Limits(requests=10**9, execution_seconds=1e9))
    protech = Simulator(delay=0.01)
    with dataverse, LocalServer(protech) as server:
        yield Targets(dataverse, protech, server.url + PATH)


def write_configuration(folder: Path, database: str, targets: Targets) -> None:
    """Write base.yaml and the client's file; JSON is YAML."""
    (folder / "clients").mkdir(parents=True)
    for name, secret in {"token": TOKEN, "dataverse-secret": Application().secret}.items():
        (folder / name).write_text(secret, encoding="utf-8")
    worker = {"lease_seconds": LEASE_SECONDS, "poll_seconds": 0.1}
    few = {"pool_size": 6}  # others use the server too
    host = {"database": database, "postgresql": few, "worker": worker}
    (folder / "base.yaml").write_text(json.dumps({"host": host}), encoding="utf-8")
    client = {
        "client": "chaos",
        "endpoints": {"CventReg": {"path": "/cvent/chaos", "tokens": [{"file": "token"}]}},
        "events": {"conference": {"id": EVENT}},
        "plugins": ["cvent-token"],
        "targets": {
            "dynamics": _dynamics(targets.dataverse.url),
            "protech": _protech(targets.protech_url),
        },
    }
    (folder / "clients" / "chaos.yaml").write_text(json.dumps(client), encoding="utf-8")


def _dynamics(url: str) -> dict[str, Any]:
    settings = {
        "url": url,
        "authority": url,
        "tenant": TENANT,
        "client_id": Application().client_id,
        "client_secret": {"file": "dataverse-secret"},
        "table": TABLE,
        "key": ["new_inviteeid", "new_eventid"],
        "chunk_size": 20,
        "concurrency": 2,
    }
    mapping = {
        "new_inviteeid": "registration.inviteeStub",
        "new_eventid": "event.id",
        "new_name": _TEXT,
        "new_lastname": "lastName",
    }
    return {"use": "dynamics", "settings": settings, "map": mapping}


def _protech(url: str) -> dict[str, Any]:
    date = {"name": DATE, "type": "dateTime", "required": True}
    settings = {
        "allow_http": True,
        "url": url,
        "namespace": NAMESPACE,
        "operation": OPERATION,
        "parameters": [*({"name": name} for name in TEXTS), date],
        "success": "guid",
        "concurrency": 3,
    }
    mapping = {
        "szUserID": "confirmationNumber",
        "szPerID": "registration.inviteeStub",
        "szRegID": "event.id",
        "szJobTitle": _TEXT,
        DATE: {"value": "2027-01-10T09:30:00"},
    }
    return {"use": "protech", "settings": settings, "map": mapping}
