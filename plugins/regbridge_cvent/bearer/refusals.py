"""Why a token does not let in; no text holds anything of the token itself."""

from __future__ import annotations

from regbridge import AuthenticationError


class RefusedTokenError(AuthenticationError):
    """A Bearer token that is not good here, for a reason that may be logged."""

    def __init__(self, reason: str) -> None:
        text = f"the Bearer token is refused: {reason}"
        super().__init__(text, challenge='Bearer error="invalid_token"')
