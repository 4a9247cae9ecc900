"""Waitress's own answers, made ours: refusals before a request reaches the application."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from typing import Any

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask

from regbridge.web.body import too_large_text
from regbridge.web.errors import PROBLEM_TYPE, Answer, problem
from regbridge.web.forwarded import HEADERS
from regbridge.web.parser import Parser, RefusedError

PEER = "regbridge.peer"
"""Where the environment of a request has the address of the connection itself."""

_DISCARD_SECONDS = 30.0
_DETAILS = {
    400: "This is not a valid HTTP request.",
    431: "The head of the request is too long.",
    500: "The service failed; its log has the reason.",
    501: "The only Transfer-Encoding that is supported is chunked.",
}


class RefusalTask(ErrorTask):
    """Answers a refused request with a problem document."""

    channel: Channel

    def execute(self) -> None:
        """Write the answer."""
        # types-waitress calls the request an Error.
        request: Any = self.request
        answer = self._answer(request.error)
        body = problem(answer.status, answer.detail)
        facts = {**request.facts, "status": int(answer.status), "reason": answer.reason}
        self.channel.server.refusals.note(facts)
        self.status = f"{int(answer.status)} {request.error.reason}"
        self.response_headers = [("Content-Type", PROBLEM_TYPE), *answer.headers.items()]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
        self.channel.discard_rest()
        # NOTE: to close with unread bytes resets the connection, which can take the answer away
        # from a sender that is still sending. The sender closes, or `received` does.
        self.close_on_finish = False

    def _answer(self, error: Any) -> Answer:
        if isinstance(error, RefusedError):
            return error.answer
        if error.code == 413:
            detail = too_large_text(self.channel.adj.max_request_body_size - 1)
        else:
            detail = _DETAILS.get(error.code, "")
        return Answer(HTTPStatus(error.code), detail)


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


class Question:
    """Asks whether anybody vouches for a request, in a thread that may wait for the answer."""

    def __init__(self, channel: Channel, request: Parser) -> None:
        self._channel = channel
        self._request = request

    def service(self) -> None:
        """Ask, and go on with the connection."""
        request: Any = self._request  # types-waitress calls the request an Error
        environment = Task(self._channel, request).get_environment()
        self._channel.vouched(self._request, self._channel.server.vouch(environment))

    def cancel(self) -> None:
        """Give up with the connection."""
        self._channel.cancel()


class Channel(HTTPChannel):
    """One connection."""

    task_class = Task
    error_task_class = RefusalTask
    requests_lock: threading.Lock
    server: Any

    _discard_until: float | None = None
    _is_asking = False

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
        request = self._parser
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

    def readable(self) -> bool:
        """Say whether more is read: not while it is asked whether anybody vouches for it."""
        return bool(super().readable()) and not self._is_asking

    def received(self, data: bytes) -> bool:
        """Take in bytes; after a refusal they are forgotten."""
        if self._discard_until is None:
            taken = super().received(data)
            self._ask()
            return taken
        if time.monotonic() > self._discard_until:
            self.will_close = True
        return False

    def service(self) -> None:
        """Answer a request; the one behind it may have waited for its turn to be asked about."""
        super().service()
        self._ask()

    def vouched(self, request: Parser, refusal: Answer | None) -> None:
        """Go on after a question: read the body of a request, or refuse it."""
        with self.requests_lock:
            self._is_asking = False
            if self._parser is not request:  # the connection was closed meanwhile
                return
            if refusal:
                request.refuse(refusal)
                self.requests = [request]
                self.request = None
            elif request.waits_to_continue:
                self.send_continue()
        if refusal:
            self.service()
        else:
            self.server.pull_trigger()

    def _ask(self) -> None:
        """Ask about a large body; of several requests in a row, when its turn has come."""
        with self.requests_lock:
            request = self._parser
            if request is not None and request.must_be_vouched_for and not self.requests:
                request.must_be_vouched_for = False
                self._is_asking = True
                self.server.add_task(Question(self, request))

    @property
    def _parser(self) -> Parser | None:
        """The request that is being read; types-waitress does not know whose parser it is."""
        found: Parser | None = self.request  # type: ignore[assignment]
        return found

    def handle_close(self) -> None:
        """Close the connection, and the spool file of a request that did not come to its end."""
        super().handle_close()
        if self.request is not None:
            self.request.close()
            self.request = None
