"""Buttons that send sample messages, for who tries the demo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import falcon

from regbridge.web.console.desk import Action, Page, place
from regbridge.web.console.visitor import Visitor


class Playground(Protocol):
    """What can be sent to whom, as Cvent would send it."""

    clients: Sequence[str]
    samples: Mapping[str, str]

    def send(self, client: str, sample: str) -> int:
        """Send a sample, by its name, through HTTP; return the status of the answer."""


class Simulate(Page):
    """A button for each sample message."""

    def look(
        self, req: falcon.Request, resp: falcon.Response, visitor: Visitor, **_places: Any
    ) -> None:
        """Show the samples, with what each of them is."""
        found = self.desk.playground
        assert found is not None
        said = req.get_param("answered") or ""
        self.desk.show(
            req,
            resp,
            "simulate",
            visitor,
            title="Simulate",
            clients=found.clients,
            samples=found.samples,
            answered=said if said.isdecimal() else "",
        )


class Send(Action):
    """Sends one sample to one client."""

    def act(self, visitor: Visitor, fields: Mapping[str, str], **_places: Any) -> str:
        """Send it as Cvent would."""
        found = self.desk.playground
        assert found is not None
        client, sample = fields.get("client", ""), fields.get("sample", "")
        if client not in found.clients or sample not in found.samples:
            raise falcon.HTTPBadRequest(description="There is no such client or sample.")
        status = found.send(client, sample)
        self.desk.note(visitor, "sent a sample", text=f"{sample} to {client}")
        return place("/simulate", answered=status)
