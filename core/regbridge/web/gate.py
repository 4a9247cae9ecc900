"""Decides who may ask what is for machines, the API and the metrics: who has a token."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from hashlib import sha256

import falcon
from pydantic import SecretStr

from regbridge.web.attempts import Attempts, guessed

CHALLENGE = 'Bearer realm="regbridge"'


class Gate:
    """Lets in requests that bring one of some tokens. `clock` gives seconds since 1970.

    `setting` is where base.yaml names them. Safe to share between threads.
    """

    def __init__(
        self, tokens: Sequence[SecretStr], setting: str, clock: Callable[[], float]
    ) -> None:
        # Digests have one length, so that comparing them tells nothing of a token's own.
        self._tokens = [_digest(token.get_secret_value()) for token in tokens]
        self._setting = setting
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
            raise _unauthorized(
                f"Send a token of {self._setting} as `Authorization: Bearer TOKEN`."
            )
        if self._knows(token):
            self._attempts.succeeded(address)
            return
        if wait := self._attempts.wait(address):
            raise guessed(wait)
        self._attempts.failed(address)
        raise _unauthorized(
            "Nobody knows this token; compare it with those that "
            f"{self._setting} in base.yaml names."
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
