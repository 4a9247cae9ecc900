"""Lets in, at the endpoints, whose token is right; notes the others, and limits who guesses."""

from __future__ import annotations

import time
from collections.abc import Callable

import falcon

from regbridge.admissions import Admissions, Cause, Refusal, Use
from regbridge.errors import AuthenticationError
from regbridge.models import Identity, Request
from regbridge.tokens import fingerprint, position_of
from regbridge.web.attempts import Attempts, guessed
from regbridge.web.destination import Destination
from regbridge.web.fence import says_cvent

FREE = 20
"""So many different wrong tokens of one address, at one endpoint, are no guessing yet."""

_FORGOTTEN = 600.0


class Door:
    """Lets in whose token is right, whatever came from the same address before.

    Neither that nor how many others come can keep Cvent out, and a sender whose token was wrong is
    let in as soon as it is right. Safe to share between threads.
    """

    def __init__(self, admissions: Admissions, clock: Callable[[], float] = time.monotonic) -> None:
        self._admissions = admissions
        self.attempts = Attempts(clock, FREE, _FORGOTTEN)

    def authenticate(self, request: Request, to: Destination) -> Identity:
        """Return who sent a request.

        Raises `AuthenticationError`, or `falcon.HTTPTooManyRequests` for who guesses.
        """
        try:
            return to.pipeline.authenticate(request, to.endpoint)
        except AuthenticationError:
            self._note_wrong(request, to)
            raise

    def let_in(self, request: Request, to: Destination) -> None:
        """Note that a request is taken."""
        self.attempts.succeeded(request.remote_address, _place(to))
        position = position_of(_sent(request), to.endpoint.tokens)
        if position is not None:
            token = fingerprint(self._admissions.key, to.endpoint.tokens[position])
            self._admissions.used(Use(to.client, to.endpoint.name, token))

    def _note_wrong(self, request: Request, to: Destination) -> None:
        """Note a wrong token.

        To bring none is no attempt, unless it is Cvent who does. A sender that repeats its wrong
        token, as a wrong setting does, is told again and again that it is wrong; so is one with
        access tokens, which are new each hour and cannot be guessed.
        """
        sent, by_cvent = _sent(request), says_cvent(request.headers.get("user-agent", ""))
        if not sent and not by_cvent:
            return
        self._admissions.refused(
            Refusal(to.client, to.endpoint.name, Cause.TOKEN, request.remote_address, by_cvent)
        )
        if sent.lower().startswith("bearer "):
            return
        if wait := self.attempts.wait(request.remote_address, _place(to)):
            raise guessed(wait)
        self.attempts.failed(request.remote_address, _place(to), hash(sent))


def head_of(request: falcon.Request) -> Request:
    """Return the head of a request, by which it is judged."""
    return Request(
        method=request.method,
        path=request.path,
        headers=request.headers_lower,
        remote_address=request.remote_addr,
    )


def _sent(request: Request) -> str:
    return request.headers.get("authorization", "")


def _place(to: Destination) -> str:
    return f"{to.client} {to.endpoint.name}"
