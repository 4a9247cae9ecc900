"""Refusals, as Cvent words them: the error envelope and the OAuth one."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A call that is refused (reference/cvent-rest-api.md, section 3).

    `target` names the parameter or field at fault. No text holds a value of the request: it could
    be personal data.
    """

    def __init__(self, status: int, message: str, target: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.target = target

    @property
    def body(self) -> dict[str, Any]:
        """The error envelope; `target` only where there is one."""
        return envelope(self.status, self.message, self.target)


class OAuthError(Exception):
    """A token that is refused: always 400, in OAuth's own shape (section 2)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.body = {"error": error, "error_description": description}


def envelope(status: int, message: str, target: str = "") -> dict[str, Any]:
    """Return Cvent's error envelope."""
    body: dict[str, Any] = {"code": status, "message": message}
    return body | {"target": target} if target else body
