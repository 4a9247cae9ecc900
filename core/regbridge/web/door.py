"""Notes at the endpoints whose token was right and whose was not, and slows down who guesses."""

from __future__ import annotations

import time
from collections.abc import Callable

from regbridge.admissions import Admissions, Cause, Refusal, Use
from regbridge.models import Request
from regbridge.tokens import fingerprint, position_of
from regbridge.web.attempts import Attempts, guessed
from regbridge.web.destination import Destination
from regbridge.web.fence import says_cvent

FREE = 20
"""So many different wrong tokens of one address, at one endpoint, are no guessing yet."""

_FORGOTTEN = 600.0


class Door:
    """Is told of each request after its token was judged, so a right one is never kept out.

    Neither what an address did before nor how many others come can keep Cvent out, and a sender
    whose token was wrong is let in as soon as it is right. Safe to share between threads.
    """

    def __init__(self, admissions: Admissions, clock: Callable[[], float] = time.monotonic) -> None:
        self._admissions = admissions
        self.attempts = Attempts(clock, FREE, _FORGOTTEN)

    def let_in(self, request: Request, to: Destination) -> None:
        """Note a right token."""
        self.attempts.succeeded(request.remote_address, _place(to))
        position = position_of(_sent(request), to.endpoint.tokens)
        if position is not None:
            token = fingerprint(self._admissions.key, to.endpoint.tokens[position])
            self._admissions.used(Use(to.client, to.endpoint.name, token))

    def refuse(self, request: Request, to: Destination) -> None:
        """Note a wrong token; raises `falcon.HTTPTooManyRequests` to who tries many.

        To bring none is no guess, unless it is Cvent who does. A sender that repeats its wrong
        token, as a wrong setting does, is told again and again that it is wrong.
        """
        sent, by_cvent = _sent(request), says_cvent(request.headers.get("user-agent", ""))
        if not sent and not by_cvent:
            return
        self._admissions.refused(
            Refusal(to.client, to.endpoint.name, Cause.TOKEN, request.remote_address, by_cvent)
        )
        if wait := self.attempts.wait(request.remote_address, _place(to)):
            raise guessed(wait)
        self.attempts.failed(request.remote_address, _place(to), hash(sent))


def _sent(request: Request) -> str:
    return request.headers.get("authorization", "")


def _place(to: Destination) -> str:
    return f"{to.client} {to.endpoint.name}"
