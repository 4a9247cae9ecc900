"""Decides who may ask the API: who has a token."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from hashlib import sha256

import falcon

from regbridge.config.api import ApiConfig
from regbridge.web.attempts import Attempts, guessed

CHALLENGE = 'Bearer realm="regbridge"'


class Gate:
    """Lets in requests that bring a token. `clock` gives seconds since 1970.

    Safe to share between threads.
    """

    def __init__(self, config: ApiConfig, clock: Callable[[], float]) -> None:
        # Digests have one length, so that comparing them tells nothing of a token's own.
        self._tokens = [_digest(token.get_secret_value()) for token in config.tokens]
        self._attempts = Attempts(clock)

    def admit(self, request: falcon.Request) -> None:
        """Let a request in.

        A right token is let in whatever came from its address before: others may share that.
        Raises `falcon.HTTPUnauthorized`, or `falcon.HTTPTooManyRequests` for an address that has
        guessed too often. To bring no token is no guess.
        """
        address = request.remote_addr
        token = _bearer(request.get_header("Authorization") or "")
        if not token:
            raise _unauthorized("Send a token of host.api as `Authorization: Bearer TOKEN`.")
        if self._knows(token):
            self._attempts.succeeded(address)
            return
        if wait := self._attempts.wait(address):
            raise guessed(wait)
        self._attempts.failed(address)
        raise _unauthorized(
            "Nobody knows this token; compare it with those that host.api in base.yaml names."
        )

    def _knows(self, token: str) -> bool:
        """Compare with every token, so that the time does not tell which one was right."""
        given = _digest(token)
        return sum(hmac.compare_digest(given, known) for known in self._tokens) > 0


def _bearer(header: str) -> str:
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _unauthorized(text: str) -> falcon.HTTPUnauthorized:
    return falcon.HTTPUnauthorized(description=text, challenges=[CHALLENGE])
