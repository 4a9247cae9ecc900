"""The targets, and the configuration of a host that delivers to both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.sender import TOKEN
from tests.simulated import DATAVERSE_SECRET, dynamics_settings, protech_target

from regbridge.testing.payloads import EVENT
from regbridge.testing.server import LocalServer
from regbridge_dynamics.simulator.dataverse import DataverseSimulator
from regbridge_dynamics.simulator.throttle import Limits
from regbridge_dynamics.simulator.tokens import Application
from regbridge_protech.simulator.app import PATH, Simulator

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
    for name, secret in {"token": TOKEN, DATAVERSE_SECRET: Application().secret}.items():
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
            "protech": protech_target(targets.protech_url, _TEXT),
        },
    }
    (folder / "clients" / "chaos.yaml").write_text(json.dumps(client), encoding="utf-8")


def _dynamics(url: str) -> dict[str, Any]:
    mapping = {
        "new_inviteeid": "registration.inviteeStub",
        "new_eventid": "event.id",
        "new_name": _TEXT,
        "new_lastname": "lastName",
    }
    settings = dynamics_settings(url, chunk_size=20, concurrency=2)
    return {"use": "dynamics", "settings": settings, "map": mapping}
