"""Waitress's own answers, made ours: refusals before a request reaches the application."""

from __future__ import annotations

import threading
import time
from typing import Any

import structlog
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask, WSGITask

from regbridge.web.body import too_large_text
from regbridge.web.errors import PROBLEM_TYPE, problem

PEER = "regbridge.peer"
"""Where the environment of a request has the address of the connection itself."""

_DISCARD_SECONDS = 30.0
_DETAILS = {
    400: "This is not a valid HTTP request.",
    431: "The head of the request is too long.",
    500: "The service failed; its log has the reason.",
    501: "The only Transfer-Encoding that is supported is chunked.",
}

_log = structlog.get_logger(__name__)


class Parser(HTTPRequestParser):
    """Reads a request; one that is refused by its head is never asked for its body."""

    def received(self, data: bytes) -> int:
        """Take in bytes and return how many belong to this request."""
        consumed = super().received(data)
        if self.error is not None:
            # NOTE: waitress would answer "100 Continue" and read a body that it has refused.
            self.expect_continue = False
        return consumed


class RefusalTask(ErrorTask):
    """Answers a refused request with a problem document."""

    channel: Channel

    def execute(self) -> None:
        """Write the answer."""
        # types-waitress calls the request an Error.
        request: Any = self.request
        code = request.error.code
        if code == 413:
            detail = too_large_text(self.channel.adj.max_request_body_size - 1)
        else:
            detail = _DETAILS.get(code, "")
        body = problem(code, detail)
        _log.warning("request refused", status=code, remote_address=self.channel.addr[0])
        self.status = f"{code} {request.error.reason}"
        self.response_headers = [("Content-Type", PROBLEM_TYPE)]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
        self.channel.discard_rest()
        # NOTE: to close with unread bytes resets the connection, which can take the answer away
        # from a sender that is still sending. The sender closes, or `received` does.
        self.close_on_finish = False


class Task(WSGITask):
    """One request; its environment says whose connection it came by.

    waitress replaces REMOTE_ADDR by what a trusted proxy says of the sender.
    """

    channel: Channel

    def get_environment(self) -> dict[str, Any]:
        """Return the WSGI environment."""
        environment: dict[str, Any] = super().get_environment()
        environment[PEER] = str(self.channel.addr[0])
        return environment


class Channel(HTTPChannel):
    """One connection."""

    task_class = Task
    error_task_class = RefusalTask
    parser_class = Parser
    requests_lock: threading.Lock

    _discard_until: float | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way, as seen by the thread that receives."""
        return not (self.requests or self.request or self.total_outbufs_len)

    def discard_rest(self) -> None:
        """Read and forget what still comes, for a while."""
        with self.requests_lock:
            self.requests = self.requests[:1]
            self.request = None
            self._discard_until = time.monotonic() + _DISCARD_SECONDS

    def received(self, data: bytes) -> bool:
        """Take in bytes; after a refusal they are forgotten."""
        if self._discard_until is None:
            return super().received(data)
        if time.monotonic() > self._discard_until:
            self.will_close = True
        return False

    def handle_close(self) -> None:
        """Close the connection, and the spool file of a request that did not come to its end."""
        super().handle_close()
        if self.request is not None:
            self.request.close()
            self.request = None
