"""Dynamics' part in `regbridge demo`: an environment with the tables of both patterns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from regbridge import Registration
from regbridge.testing.demo_service import DemoService
from regbridge_dynamics.simulator.dataverse import TENANT, DataverseSimulator
from regbridge_dynamics.simulator.tokens import Application


class DynamicsInDemo(DemoService):
    """A simulated environment that answers at once."""

    def __init__(self) -> None:
        self._application = Application()
        self.simulator = DataverseSimulator(applications=(self._application,))

    def start(self) -> Mapping[str, str]:
        """Listen, and return the connection that the clients' files name."""
        self.simulator.start()
        return {
            "DYNAMICS_URL": self.simulator.url,
            "DYNAMICS_AUTHORITY": self.simulator.url,
            "DYNAMICS_TENANT": TENANT,
            "DYNAMICS_CLIENT_ID": self._application.client_id,
            "DYNAMICS_CLIENT_SECRET": self._application.secret,
        }

    def learn(self, registrations: Sequence[Registration]) -> None:
        """Know nobody: an environment takes whoever is sent."""

    def figures(self) -> Mapping[str, int]:
        """Return how many calls there were, and what the tables hold."""
        tables = self.simulator.tables
        return {
            "calls of Dataverse": self.simulator.calls.total,
            **{
                f"records in Dataverse's table {name}": len(tables[name])
                for name in ("new_registrationstaging", "contact", "new_eventregistration")
            },
        }

    def stop(self) -> None:
        """Stop listening."""
        self.simulator.stop()
