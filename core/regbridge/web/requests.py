"""What every request gets: an id in the log and in the answer, and its place in the counts."""

from __future__ import annotations

import time
from typing import Any

import falcon
from structlog.contextvars import bind_contextvars, unbind_contextvars

from regbridge.correlation import request_id
from regbridge.web.answers import Answers

ANSWERED = "X-Request-Id"
"""The header of an answer that names its request."""


class Requests:
    """Middleware of the application."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Let every line of the log that this request leaves name it.

        By the id that Cvent gives it (reference/cvent-webhooks.md), or a proxy; by one of our own
        without these.
        """
        given = req.get_header("Request-ID"), req.get_header(ANSWERED)
        req.context.request = request_id(*given)
        req.context.begun = time.perf_counter()
        bind_contextvars(request=req.context.request)

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, _resource: Any, _succeeded: bool
    ) -> None:
        """Name the request in the answer, and count the answer."""
        unbind_contextvars("request")
        resp.set_header(ANSWERED, req.context.request)
        about = req.context.get("client"), req.context.get("endpoint")
        self._answers.add(req.path, resp.status_code, *about)


def milliseconds(req: falcon.Request) -> int:
    """Return how long a request has been under way."""
    begun: float = req.context.begun
    return round((time.perf_counter() - begun) * 1000)
