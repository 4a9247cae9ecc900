"""The `cvent-token` plugin: the bare Authorization value that Cvent sends."""

from __future__ import annotations

import hmac

from regbridge import Endpoint, Identity, Plugin, Request, hookimpl


class CventToken(Plugin):
    """Vouches for a request whose Authorization value is one of the endpoint's tokens.

    Cvent sends the token alone, without a scheme such as `Bearer` (reference/cvent-webhooks.md,
    section 4). Several tokens are valid at once, so that they can be rotated.
    """

    @hookimpl
    def authenticate_request(self, request: Request, endpoint: Endpoint) -> Identity | None:
        """Return `Identity("token 2")` for the second token, None when no token fits."""
        sent = _as_sent(request.headers.get("authorization", ""))
        # Every token is compared, so that the time tells nothing about which one fits.
        fits = [hmac.compare_digest(sent, _as_bytes(token)) for token in endpoint.tokens]
        return Identity(f"token {fits.index(True) + 1}") if sent and any(fits) else None


def _as_sent(value: str) -> bytes:
    """Return a header's bytes; WSGI hands them over as latin-1, any other text is no header."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return b""


def _as_bytes(token: str) -> bytes:
    # An environment variable that is not UTF-8 reaches Python as surrogate escapes.
    return token.encode("utf-8", errors="surrogateescape")
