"""Who may come in: service keys, and tokens that a refresh token was exchanged for."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from regbridge_hubspot.simulator.errors import ApiError, missing_scopes

LASTS = 1800


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the simulated account was given to whom."""

    service_key: str = field(default="pat-na1-5f0b6d1c-simulated-key", repr=False)
    client_id: str = "3f6c2a9e-simulated-app"
    client_secret: str = field(default="simulated-client-secret", repr=False)
    refresh_token: str = field(default="na1-simulated-refresh-token", repr=False)


class Access:
    """The tokens that are good now. `denied` are the scopes that none of them has."""

    def __init__(self, credentials: Credentials, clock: Callable[[], float]) -> None:
        self.denied: set[str] = set()
        self.issued = 0
        self._credentials = credentials
        self._clock = clock
        self._ends: dict[str, float] = {}

    def require(self, header: str) -> None:
        """Raise `ApiError` 401 unless an Authorization header lets in."""
        scheme, _, token = header.partition(" ")
        text = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
        refused = ApiError(401, "INVALID_AUTHENTICATION", text)
        if scheme != "Bearer" or not token:
            raise refused
        if secrets.compare_digest(token.encode(), self._credentials.service_key.encode()):
            return
        if token not in self._ends:
            raise refused
        if self._clock() >= self._ends[token]:
            text = "The OAuth token used to make this call expired 1 second(s) ago."
            raise ApiError(401, "EXPIRED_AUTHENTICATION", text)

    def require_scope(self, *scopes: str) -> None:
        """Raise `ApiError` 403 unless one of the scopes is there."""
        if self.denied.issuperset(scopes):
            raise missing_scopes(scopes)

    def exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Return an access token for the right form. Raises `ApiError` 400."""
        own = self._credentials
        wanted = {
            "grant_type": "refresh_token",
            "client_id": own.client_id,
            "client_secret": own.client_secret,
            "refresh_token": own.refresh_token,
        }
        wrong = [name for name, value in wanted.items() if form.get(name) != value]
        if wrong:
            is_token = wrong == ["refresh_token"]
            code = "BAD_REFRESH_TOKEN" if is_token else "BAD_CLIENT_SECRET"
            message = f"missing or invalid {wrong[0].replace('_', ' ')}"
            raise ApiError(400, "VALIDATION_ERROR", message, more={"status": code})
        token = secrets.token_urlsafe(48)
        self.issued += 1
        self._ends[token] = self._clock() + LASTS
        return {
            "access_token": token,
            "refresh_token": own.refresh_token,
            "expires_in": LASTS,
            "token_type": "bearer",
        }

    def revoke(self) -> None:
        """Let every token that was issued be unknown."""
        self._ends.clear()

    def expire(self) -> None:
        """Let every token that was issued end now."""
        self._ends = dict.fromkeys(self._ends, 0.0)
