"""Protech's part in `regbridge demo`: the staging service of the client apap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from regbridge import Registration
from regbridge.testing.demo_service import DemoService
from regbridge.testing.server import LocalServer
from regbridge_protech.simulator.app import PATH, Simulator


class ProtechInDemo(DemoService):
    """A simulated service that stages whatever it gets."""

    def __init__(self) -> None:
        self.simulator = Simulator()
        self._server = LocalServer(self.simulator)

    def start(self) -> Mapping[str, str]:
        """Listen, and return the address that the client's file names."""
        return {"APAP_PROTECH_URL": f"{self._server.start()}{PATH}"}

    def learn(self, registrations: Sequence[Registration]) -> None:
        """Know nobody: the service takes whoever is sent."""

    def figures(self) -> Mapping[str, int]:
        """Return what the staging service received."""
        staging = self.simulator.staging
        return {
            "records that Protech's staging service received": len(staging.records),
            "of them doubles": len(staging.doubles()),
        }

    def stop(self) -> None:
        """Stop listening."""
        self._server.stop()
