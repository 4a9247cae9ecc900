"""`/health` and what is below it: whether the service works, for monitors and load balancers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import falcon

from regbridge.readiness import Status


class Health:
    """Answers without a token what `health` returns; 503 when the ledger is not available."""

    def __init__(self, health: Callable[[], Mapping[str, Any]]) -> None:
        self._health = health

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        """Answer 200 with the state of the service."""
        _send(response, self._health())

    on_head = on_get


class Live:
    """Answers that the process answers, and looks at nothing else."""

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        """Answer 200."""
        _send(response, {"status": "ok"})

    on_head = on_get


class Ready:
    """Answers what `look` returns; 503 while messages cannot be taken, and then alone."""

    def __init__(self, look: Callable[[], Mapping[str, Any]]) -> None:
        self._look = look

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        """Answer 200 or 503 with the state of the host."""
        found = self._look()
        _send(response, found)
        if found["status"] == Status.UNAVAILABLE:
            response.status = falcon.HTTP_503

    on_head = on_get


def _send(response: falcon.Response, state: Mapping[str, Any]) -> None:
    response.cache_control = ["no-store"]
    response.media = dict(state)
