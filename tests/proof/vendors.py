"""Cvent, Dataverse and Protech as they answer over HTTP, and a host's configuration between them.

They run in the process of the test, which is never killed, so that a test can ask them what is
true.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.simulated import DATAVERSE_SECRET, STAGING, dynamics_settings, protech_target

from regbridge.testing.payloads import EVENT
from regbridge.testing.server import LocalServer
from regbridge_cvent.simulator import Behaviour, CventSimulator, Population, Tier
from regbridge_dynamics.simulator.dataverse import DataverseSimulator
from regbridge_dynamics.simulator.throttle import Limits
from regbridge_dynamics.simulator.tokens import Application
from regbridge_protech.simulator.app import PATH, Simulator

TOKEN = "a token of the proof"
LEASE_SECONDS = 2
LISTING = "POST /attendees/filter"
"""The call by which attendees are listed, and looked up by filters."""

_UNHURRIED = Tier("of tests", 1_000_000, 500, 500)
_TEXT = "join(' ', [company, inviteeStatus])"
_STATUSES = {"Accepted": "Accepted", "Cancelled": "Cancelled"}


@dataclass(frozen=True)
class Vendors:
    """The simulators, and where those listen that do not say so themselves."""

    cvent: CventSimulator
    cvent_url: str
    dataverse: DataverseSimulator
    protech: Simulator
    protech_url: str

    def listings(self) -> int:
        """Return how often Cvent was asked for attendees."""
        return self.cvent.calls.operations[LISTING]

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows that Dataverse has."""
        return self.dataverse.tables[STAGING]


@contextmanager
def vendors(population: Population, *, latency: float = 0.0) -> Iterator[Vendors]:
    """Run the simulators; `latency` is how many seconds a call of Cvent's API takes."""
    cvent = CventSimulator(population, Behaviour(tier=_UNHURRIED, latency=latency))
    dataverse = DataverseSimulator(limits=Limits(requests=10**9, execution_seconds=1e9))
    protech = Simulator()
    with cvent.serving() as url, dataverse, LocalServer(protech) as server:
        yield Vendors(cvent, url, dataverse, protech, server.url + PATH)


def write_configuration(
    folder: Path,
    database: str,
    around: Vendors,
    rules: Mapping[str, Any],
    *,
    target: str = "dynamics",
) -> None:
    """Write base.yaml and the client's file with these rules of `reconcile:`; JSON is YAML."""
    (folder / "clients").mkdir(parents=True)
    secrets = {
        "token": TOKEN,
        "cvent-id": around.cvent.credentials.client_id,
        "cvent-secret": around.cvent.credentials.client_secret,
        DATAVERSE_SECRET: Application().secret,
    }
    for name, secret in secrets.items():
        (folder / name).write_text(secret, encoding="utf-8")
    worker = {"lease_seconds": LEASE_SECONDS, "poll_seconds": 0.1}
    few = {"pool_size": 6}  # others use the server too
    host = {"database": database, "postgresql": few, "worker": worker}
    (folder / "base.yaml").write_text(json.dumps({"host": host}), encoding="utf-8")
    account = {
        "url": around.cvent_url,
        "client_id": {"file": "cvent-id"},
        "client_secret": {"file": "cvent-secret"},
    }
    enrich = {"account": account, "include": ["answers", "contact"]}
    targets = {
        "dynamics": _dynamics(around.dataverse.url),
        "protech": protech_target(around.protech_url, _TEXT),
    }
    client = {
        "client": "proof",
        "endpoints": {"CventReg": {"path": "/cvent/proof", "tokens": [{"file": "token"}]}},
        "events": {"conference": {"id": EVENT, "questions": {"visits": {"code": "VISITS"}}}},
        "plugins": ["cvent-token", {"use": "cvent-enrich", "settings": enrich}],
        "targets": {"crm": targets[target]},
        "reconcile": rules,
    }
    (folder / "clients" / "proof.yaml").write_text(json.dumps(client), encoding="utf-8")


def _dynamics(url: str) -> dict[str, Any]:
    mapping = {
        "new_inviteeid": "registration.inviteeStub",
        "new_eventid": "event.id",
        "new_name": "company || organization_name",
        "new_lastname": "lastName || last_name",
        "new_firstname": "contact.firstName",
        "new_score": "answers.visits",
        "new_registrationstatus": {
            "from": "inviteeStatus || attendee.status",
            "lookup": _STATUSES,
            "default": None,
        },
    }
    settings = dynamics_settings(url, chunk_size=50, concurrency=2)
    return {"use": "dynamics", "settings": settings, "map": mapping}
