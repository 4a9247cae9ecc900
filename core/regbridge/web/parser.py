"""Reads requests, and decides by their heads which are refused before their bodies are read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from waitress.parser import HTTPRequestParser
from waitress.utilities import Error

from regbridge.web.errors import Answer
from regbridge.web.fence import Head
from regbridge.web.forwarded import Sender, sender

if TYPE_CHECKING:
    from regbridge.web.channel import Channel

FREE_SECONDS = 60.0
SLOWEST = 500.0
"""A request has a minute, and a second more for so many bytes of it."""


class RefusedError(Error):
    """What waitress keeps of a request that is refused by its head."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("")
        self.code = int(answer.status)
        self.reason = answer.status.phrase
        self.answer = answer


class Parser(HTTPRequestParser):
    """Reads a request; one that is refused by its head is never asked for its body.

    `sender` is who sent it, once its head is there; until then, whose connection it is.
    `must_be_vouched_for` says that its body is large, or may be: somebody has to vouch for it
    before more of it is read.
    """

    command: Any = ""
    path: str = ""
    request_uri: str
    must_be_vouched_for = False
    waits_to_continue = False

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
        return time.monotonic() - self._begun > FREE_SECONDS + bytes_ / SLOWEST

    @property
    def facts(self) -> dict[str, str]:
        """What may be logged of it, as far as its head is there."""
        head = {"method": self.command, "path": self.path} if self.headers_finished else {}
        return {**head, "remote_address": self.sender.address}

    def refuse(self, answer: Answer) -> None:
        """Read no more of it."""
        self.error = RefusedError(answer)
        self.completed = True

    def _look_at_head(self) -> None:
        """Learn who sent it, and refuse whom the fence keeps out."""
        server = self._channel.server
        self.sender = sender(
            self._channel.peer,
            self.headers.get("X_FORWARDED_FOR", ""),
            self.headers.get("X_FORWARDED_PROTO", ""),
            server.trusted,
        )
        if server.fence and (answer := server.fence.refusal(self._head())):
            self.refuse(answer)
        elif server.vouch and (self.chunked or self.content_length > self.adj.inbuf_overflow):
            self.must_be_vouched_for = True
            self.waits_to_continue, self.expect_continue = self.expect_continue, False

    def _head(self) -> Head:
        return Head(
            path=self.path,
            uri=self.request_uri,
            address=self.sender.address,
            authorization=self.headers.get("AUTHORIZATION", ""),
            agent=self.headers.get("USER_AGENT", ""),
        )
