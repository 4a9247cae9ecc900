"""Waitress's own answers, made ours: refusals before a request reaches the application."""

from __future__ import annotations

import threading
import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import Error

from regbridge.web.body import too_large_text
from regbridge.web.errors import PROBLEM_TYPE, problem
from regbridge.web.fence import Head
from regbridge.web.forwarded import HEADERS, Sender, sender

PEER = "regbridge.peer"
"""Where the environment of a request has the address of the connection itself."""

_DISCARD_SECONDS = 30.0
_FREE_SECONDS = 60.0
_SLOWEST = 500.0
"""A request has a minute, and a second more for so many bytes of it."""

_DETAILS = {
    400: "This is not a valid HTTP request.",
    403: "Your address, {address}, is not among those that are let in here; `allow_from` in "
    "regbridge's configuration names them.",
    431: "The head of the request is too long.",
    500: "The service failed; its log has the reason.",
    501: "The only Transfer-Encoding that is supported is chunked.",
}


class ForbiddenError(Error):
    """What waitress keeps of a request whose address is not let in."""

    code = 403
    reason = "Forbidden"


class Parser(HTTPRequestParser):
    """Reads a request; one that is refused by its head is never asked for its body.

    `sender` is who sent it, once its head is there; until then, whose connection it is.
    """

    path: str
    request_uri: str

    def __init__(self, adjustments: Any, channel: Channel) -> None:
        super().__init__(adjustments)
        self._channel = channel
        self._begun = time.monotonic()
        self.sender = Sender(channel.peer)

    def received(self, data: bytes) -> int:
        """Take in bytes and return how many belong to this request."""
        had_head = self.headers_finished
        consumed = super().received(data)
        if self.headers_finished and not (had_head or self.empty or self.error):
            self._look_at_head()
        if self.error is not None:
            # NOTE: waitress would answer "100 Continue" and read a body that it has refused.
            self.expect_continue = False
        return consumed

    @property
    def is_late(self) -> bool:
        """Whether it comes so slowly that its connection is better used by others."""
        bytes_ = self.header_bytes_received + self.body_bytes_received
        return time.monotonic() - self._begun > _FREE_SECONDS + bytes_ / _SLOWEST

    def _look_at_head(self) -> None:
        """Learn who sent it, and refuse whom the fence keeps out."""
        server = self._channel.server
        self.sender = sender(
            self._channel.peer,
            self.headers.get("X_FORWARDED_FOR", ""),
            self.headers.get("X_FORWARDED_PROTO", ""),
            server.trusted,
        )
        head = Head(
            path=self.path,
            uri=self.request_uri,
            address=self.sender.address,
            authorization=self.headers.get("AUTHORIZATION", ""),
            agent=self.headers.get("USER_AGENT", ""),
        )
        if server.fence and not server.fence.lets_in(head):
            self.error = ForbiddenError("")
            self.completed = True


class RefusalTask(ErrorTask):
    """Answers a refused request with a problem document."""

    channel: Channel

    def execute(self) -> None:
        """Write the answer."""
        # types-waitress calls the request an Error.
        request: Any = self.request
        code, address = request.error.code, request.sender.address
        if code == 413:
            detail = too_large_text(self.channel.adj.max_request_body_size - 1)
        else:
            detail = _DETAILS.get(code, "").format(address=address)
        body = problem(code, detail)
        self.channel.server.refusals.note({"status": code, "remote_address": address})
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
    """One request; its environment says who sent it, and whose connection it came by."""

    channel: Channel

    def get_environment(self) -> dict[str, Any]:
        """Return the WSGI environment, without what others say of the sender."""
        environment: dict[str, Any] = super().get_environment()
        # types-waitress calls the request an Error.
        request: Any = self.request
        for header in HEADERS:
            environment.pop(header, None)
        environment[PEER] = self.channel.peer
        environment["REMOTE_ADDR"] = environment["REMOTE_HOST"] = request.sender.address
        environment["wsgi.url_scheme"] = request.sender.scheme
        return environment


class Channel(HTTPChannel):
    """One connection."""

    task_class = Task
    error_task_class = RefusalTask
    requests_lock: threading.Lock
    server: Any

    _discard_until: float | None = None

    def parser_class(self, adjustments: Any) -> Parser:  # type: ignore[override]
        """Return what reads the next request."""
        return Parser(adjustments, self)

    @property
    def peer(self) -> str:
        """The address at the other end of the connection."""
        return str(self.addr[0])

    @property
    def is_late(self) -> bool:
        """Whether a request comes too slowly."""
        # types-waitress does not know whose parser it is.
        request: Any = self.request
        return not self.requests and request is not None and request.is_late

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
