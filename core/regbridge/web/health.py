"""`GET /health`: whether the service works, for monitors and load balancers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import falcon


class Health:
    """Answers without a token what `health` returns; 503 when the ledger is not available."""

    def __init__(self, health: Callable[[], Mapping[str, Any]]) -> None:
        self._health = health

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        """Answer 200 with the state of the service."""
        response.cache_control = ["no-store"]
        response.media = dict(self._health())

    on_head = on_get
