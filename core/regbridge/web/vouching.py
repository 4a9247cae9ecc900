"""Says by a request's head whether anybody vouches for it, before a large body is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import falcon
import structlog

from regbridge.config.words import is_our_own
from regbridge.web.destination import borrow_destination, no_endpoint, uri_of
from regbridge.web.door import Door, head_of
from regbridge.web.errors import BUG, Answer, answer_to

if TYPE_CHECKING:
    from regbridge.clients import Clients

_log = structlog.get_logger(__name__)


class Vouching:
    """Answers a request whose body nobody wants, from its WSGI environment; None for the others.

    A stranger's body would otherwise be kept in a temporary file until it is complete. `options`
    are those of the application, so that both read the head alike.
    """

    def __init__(self, clients: Clients, door: Door, options: falcon.RequestOptions) -> None:
        self._clients = clients
        self._door = door
        self._options = options

    def __call__(self, environment: dict[str, Any]) -> Answer | None:
        """Return how a request is refused, or None to read its body."""
        request = falcon.Request(environment, options=self._options)
        try:
            self._ask(request)
        except Exception as error:
            answer = answer_to(error)
            if answer is BUG:
                _log.error("request failed", path=request.path, exc_info=error)
            return answer
        return None

    def _ask(self, request: falcon.Request) -> None:
        with borrow_destination(self._clients, uri_of(request)) as to:
            if to:
                self._door.authenticate(head_of(request), to)
                return
        if is_our_own(request.path):
            raise falcon.HTTPContentTooLarge(
                description="This is larger than anything that is taken here."
            )
        raise no_endpoint()
