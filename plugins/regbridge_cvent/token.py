"""The `cvent-token` plugin: the bare Authorization value that Cvent sends."""

from __future__ import annotations

from regbridge import Endpoint, Identity, Plugin, Request, hookimpl
from regbridge.tokens import position_of


class CventToken(Plugin):
    """Vouches for a request whose Authorization value is one of the endpoint's tokens.

    Cvent sends the token alone, without a scheme such as `Bearer` (reference/cvent-webhooks.md,
    section 4). Several tokens are valid at once, so that they can be rotated.
    """

    @hookimpl
    def authenticate_request(self, request: Request, endpoint: Endpoint) -> Identity | None:
        """Return `Identity("token 2")` for the second token, None when no token fits."""
        position = position_of(request.headers.get("authorization", ""), endpoint.tokens)
        return None if position is None else Identity(f"token {position + 1}")
