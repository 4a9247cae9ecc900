"""How tests set up a client whose vendors are simulators."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from regbridge_cvent.simulator import Behaviour, CventSimulator, Population
from regbridge_dynamics.simulator.dataverse import TENANT
from regbridge_dynamics.simulator.tokens import Application
from regbridge_protech.simulator.contract import DATE, NAMESPACE, OPERATION, TEXTS

STAGING = "new_registrationstaging"
DATAVERSE_SECRET = "dataverse-secret"
"""The file from which `dynamics_settings` takes the application's secret."""


def dynamics_settings(url: str, *, chunk_size: int, concurrency: int) -> dict[str, Any]:
    """Return the settings of a target that upserts into the simulator's staging table."""
    return {
        "url": url,
        "authority": url,
        "tenant": TENANT,
        "client_id": Application().client_id,
        "client_secret": {"file": DATAVERSE_SECRET},
        "table": STAGING,
        "key": ["new_inviteeid", "new_eventid"],
        "chunk_size": chunk_size,
        "concurrency": concurrency,
    }


def protech_target(url: str, text: str) -> dict[str, Any]:
    """Return a target at the simulator's service; `text` is what its job title is mapped from."""
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
        "szJobTitle": text,
        DATE: {"value": "2027-01-10T09:30:00"},
    }
    return {"use": "protech", "settings": settings, "map": mapping}


@contextmanager
def cvent_account(monkeypatch: pytest.MonkeyPatch, registrants: int) -> Iterator[CventSimulator]:
    """Run an account and name it in CVENT_URL, CVENT_ID and CVENT_SECRET."""
    simulator = CventSimulator(Population(registrants), Behaviour())
    monkeypatch.setenv("CVENT_URL", simulator.start())
    monkeypatch.setenv("CVENT_ID", simulator.credentials.client_id)
    monkeypatch.setenv("CVENT_SECRET", simulator.credentials.client_secret)
    yield simulator
    simulator.stop()


def set_shipped_environment(monkeypatch: pytest.MonkeyPatch, cvent_url: str) -> None:
    """Set what the files of the shipped clients name, with one Cvent account for all."""
    for client in ("EXAMPLE", "APAP"):
        monkeypatch.setenv(f"{client}_CVENT_TOKEN", f"token of {client}")
        monkeypatch.setenv(f"{client}_CVENT_URL", cvent_url)
        monkeypatch.setenv(f"{client}_CVENT_CLIENT_ID", "simulator")
        monkeypatch.setenv(f"{client}_CVENT_CLIENT_SECRET", "simulator-secret")
    monkeypatch.setenv("APAP_PROTECH_URL", "https://crm.example.org/APAP_UpdateMember.asmx")
    monkeypatch.setenv("DYNAMICS_CVENT_TOKEN", "a third token")
    monkeypatch.setenv("DYNAMICS_URL", "https://contoso.crm.dynamics.com")
    monkeypatch.setenv("DYNAMICS_AUTHORITY", "https://login.microsoftonline.com")
    monkeypatch.setenv("DYNAMICS_TENANT", "contoso.onmicrosoft.com")
    monkeypatch.setenv("DYNAMICS_CLIENT_ID", "7d0b0c0e-5b1d-4a6f-9a3e-2f1c7c1f4b02")
    monkeypatch.setenv("DYNAMICS_CLIENT_SECRET", "a secret")
