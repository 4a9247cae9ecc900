"""The simulated receiver as a WSGI application: strict, told how to fail, and remembering."""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from regbridge.testing.server import DROP
from regbridge_http.signing import ID, SIGNATURE, TIMESTAMP, key_of, signature
from regbridge_http.simulator.flavours import FLAVOURS, Flavour
from regbridge_http.simulator.reply import Reply, refusal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

TOLERANCE = 300
"""So many seconds a message's time may be away from ours (the specification's libraries)."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message that was taken: its headers (names in lower case), its bytes and what they say."""

    id: str
    headers: Mapping[str, str]
    body: bytes
    content: Mapping[str, Any]


class Receiver:
    """A receiver of some flavour. It may be used from several threads.

    With `secrets`, a receiver that verifies takes what any of them has signed; without, what is not
    signed at all. `refuses` returns a text for a message that it does not take (422). `is_active`
    is False for a flow that is switched off. `clock` is in seconds since 1970.

    `messages` are what it did its work for, `repeated` the ids of what came again, `refused` the
    statuses of what it did not take.
    """

    def __init__(
        self,
        flavour: Flavour = FLAVOURS["standard"],
        secrets: Sequence[str] = (),
        *,
        refuses: Callable[[Mapping[str, Any]], str] = lambda _: "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.flavour = flavour
        self.is_active = True
        self.messages: list[Received] = []
        self.repeated: list[str] = []
        self.refused: list[int] = []
        self._keys = [key_of(secret) for secret in secrets]
        self._refuses = refuses
        self._clock = clock
        self._next: deque[Reply] = deque()
        self._always: Reply | None = None
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """The path and the query of its URL."""
        query = urlencode(self.flavour.query)
        return f"{self.flavour.path}?{query}" if query else self.flavour.path

    def treat_next(self, *replies: Reply) -> None:
        """Treat the next messages that are right so, one reply for each."""
        with self._lock:
            self._next.extend(replies)

    def treat_all(self, reply: Reply | None) -> None:
        """Treat every message that is right so from now on; None: as usual again."""
        with self._lock:
            self._always = reply

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        with self._lock:
            reply = self._reply(environ)
            if reply.status >= 300:
                self.refused.append(reply.status)
        if reply.drops:
            environ[DROP]()
        headers, body = reply.encoded()
        start_response(reply.line, headers)
        return [body]

    def _reply(self, environ: dict[str, Any]) -> Reply:
        body = _body(environ, self.flavour.largest)
        if reply := self._wrong_request(environ, body):
            return reply
        assert body is not None
        headers = _headers(environ)
        if reply := self._unsigned(headers, body):
            return reply
        content = _content(body)
        if content is None:
            return refusal(400, "The body is no JSON object with type and data.")
        message = Received(headers.get(ID, ""), headers, body, content)
        if reply := self._told():
            if reply.takes:
                self._take(message)
            return reply
        if text := self._refuses(content):
            return refusal(422, text)
        return self._take(message)

    def _wrong_request(self, environ: dict[str, Any], body: bytes | None) -> Reply | None:
        """Refuse what is not even posted rightly."""
        if environ["PATH_INFO"] != self.flavour.path or not self.is_active:
            return self.flavour.gone
        query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        if self.flavour.query and query != self.flavour.query:
            return Reply(401)
        if environ["REQUEST_METHOD"] != "POST":
            return refusal(405, "Messages are posted.", Allow="POST")
        kind, _, parameter = environ.get("CONTENT_TYPE", "").partition(";")
        charset = parameter.strip().lower()
        if kind.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
            return refusal(415, "Messages are JSON in UTF-8.")
        return refusal(413, "The message is too large.") if body is None else None

    def _unsigned(self, headers: Mapping[str, str], body: bytes) -> Reply | None:
        """Refuse what nobody can have signed; only a receiver that keeps the scheme looks."""
        if not self.flavour.verifies:
            return None
        if not headers.get(ID) or "." in headers[ID] or not headers.get(TIMESTAMP):
            return refusal(400, f"The headers {ID} and {TIMESTAMP} are needed.")
        text = headers[TIMESTAMP]
        if not text.isascii() or not text.isdigit():
            return refusal(400, f"{TIMESTAMP} is whole seconds since 1970.")
        if abs(int(text) - self._clock()) > TOLERANCE:
            return refusal(401, "The message is too old, or from the future.")
        if not self._keys:
            return None
        expected = [signature(key, headers[ID], int(text), body) for key in self._keys]
        given = headers.get(SIGNATURE, "").split(" ")
        # No `any`: how long it takes must not tell how many were compared.
        fitting = [hmac.compare_digest(a.encode(), b.encode()) for a in given for b in expected]
        return None if True in fitting else refusal(401, "No signature is right.")

    def _told(self) -> Reply | None:
        return self._next.popleft() if self._next else self._always

    def _take(self, message: Received) -> Reply:
        if self.flavour.verifies:
            for number, known in enumerate(self.messages, start=1):
                if known.id == message.id:
                    if known.body != message.body:
                        return refusal(409, "The id was that of another message.")
                    self.repeated.append(message.id)
                    return self.flavour.accepted(number)
        self.messages.append(message)
        return self.flavour.accepted(len(self.messages))


def _body(environ: dict[str, Any], largest: int) -> bytes | None:
    """Return the body of a request, None if it is too large."""
    body: bytes = environ["wsgi.input"].read(largest + 1)
    return body if len(body) <= largest else None


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    named = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return {**named, "content-type": environ.get("CONTENT_TYPE", "")}


def _content(body: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    fits = isinstance(content, dict) and isinstance(content.get("data"), dict)
    return content if fits and isinstance(content.get("type"), str) else None
