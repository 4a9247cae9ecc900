"""Whose receiver the simulator is: what its URL is like, and what it answers to a message."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from regbridge_http.simulator.reply import Reply

_INACTIVE = (
    "The workflow must be active for a production URL to run successfully. You can activate the "
    "workflow using the toggle in the top-right of the editor."
)


@dataclass(frozen=True, slots=True)
class Flavour:
    """A kind of receiver.

    `verifies` says that it keeps Standard Webhooks: it looks at signature and time, and does its
    work once for each id. `query` must be there, exactly. `largest` is how many bytes it takes.
    `accepted` is its answer to message number n, `gone` to a URL that nothing listens at.
    """

    name: str
    path: str
    accepted: Callable[[int], Reply]
    gone: Reply
    largest: int
    verifies: bool = False
    query: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def _own_code(number: int) -> Reply:
    return Reply(200, {"id": f"R-{number}"})


def _power_automate(_number: int) -> Reply:
    """A flow without the action Response (Microsoft Learn, logic-apps-http-endpoint)."""
    return Reply(202)


def _zapier(_number: int) -> Reply:
    """A success message that nobody can change (Zapier's help, "Webhooks by Zapier")."""
    ids = {name: str(uuid.uuid4()) for name in ("attempt", "id", "request_id")}
    return Reply(200, {**ids, "status": "success"})


def _n8n(_number: int) -> Reply:
    """The answer of a Webhook node that responds immediately (n8n's documentation)."""
    return Reply(200, {"message": "Workflow was started"})


def _unregistered(path: str) -> Reply:
    """What n8n answers while a workflow is inactive (n8n-io/n8n, issue 26195)."""
    text = f'The requested webhook "POST {path}" is not registered.'
    return Reply(404, {"code": 404, "message": text, "hint": _INACTIVE})


_N8N = "01dc7fa3-2b45-49ba-abbd-d0049642cc72"
_FLOW = "/powerautomate/automations/direct/workflows/86ffea6392fe4f3f9555f5e8f9b1f06e"

FLAVOURS: Mapping[str, Flavour] = MappingProxyType(
    {
        each.name: each
        for each in (
            Flavour(
                "standard",
                "/hooks/registrations",
                _own_code,
                Reply(404),
                largest=1_000_000,
                verifies=True,
            ),
            Flavour(
                "power-automate",
                f"{_FLOW}/triggers/manual/paths/invoke",
                _power_automate,
                Reply(404),
                largest=100_000_000,
                query=MappingProxyType(
                    {
                        "api-version": "1",
                        "sp": "/triggers/manual/run",
                        "sv": "1.0",
                        "sig": "made-up-signature-of-a-url",
                    }
                ),
            ),
            Flavour(
                "zapier",
                "/hooks/catch/1234567/abc123d/",
                _zapier,
                Reply(404),
                largest=10_000_000,
            ),
            Flavour(
                "n8n",
                f"/webhook/{_N8N}",
                _n8n,
                _unregistered(_N8N),
                largest=16_000_000,
            ),
        )
    }
)
"""The receivers by name."""
