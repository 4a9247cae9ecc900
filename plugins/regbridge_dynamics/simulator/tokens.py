"""Access tokens: issued to applications, checked at every call of the Web API."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from regbridge_dynamics.simulator.errors import ApiError
from regbridge_dynamics.simulator.site import Site

_NAMES = uuid.UUID("4f9a51a7-6c1f-4d1c-8f3a-0f2b6f1f7c55")


@dataclass(frozen=True, slots=True)
class Application:
    """An app registration, with its application user in the environment.

    `certificate` is the public certificate in PEM, "" for none. `secret_expired` and `enabled`
    (of the user) are what an operator forgets.
    """

    client_id: str = "7d0b0c0e-5b1d-4a6f-9a3e-2f1c7c1f4b02"
    secret: str = field(default="simulated-client-secret", repr=False)
    certificate: str = ""
    secret_expired: bool = False
    enabled: bool = True

    @property
    def user_id(self) -> str:
        """Return the id of its application user."""
        return str(uuid.uuid5(_NAMES, self.client_id))


@dataclass(frozen=True, slots=True)
class _Issued:
    application: Application
    expires_at: float


class Tokens:
    """The tokens that were issued; `seconds` is how long a new one is good for."""

    def __init__(self, site: Site, clock: Callable[[], float], seconds: float) -> None:
        self.seconds = seconds
        self._site = site
        self._clock = clock
        self._issued: dict[str, _Issued] = {}

    def issue(self, application: Application) -> str:
        """Return a new token."""
        token = secrets.token_urlsafe(48)
        self._issued[token] = _Issued(application, self._clock() + self.seconds)
        return token

    def expire_all(self) -> None:
        """Let all tokens end now, as when an administrator revokes them."""
        now = self._clock()
        for token, issued in list(self._issued.items()):
            self._issued[token] = _Issued(issued.application, min(now, issued.expires_at))

    def check(self, authorization: str) -> Application:
        """Return whose token it is. Raises `ApiError` 401, or 403 when the user is disabled."""
        scheme, _, token = authorization.partition(" ")
        issued = self._issued.get(token) if scheme == "Bearer" else None
        if issued is None:
            raise self._unauthorized("0x80044302", "The request is not authenticated.")
        if self._clock() >= issued.expires_at:
            raise self._unauthorized("0x80041d52", "The OAuth token has expired.")
        if not issued.application.enabled:
            message = (
                "The specified user is either disabled or is not a member of any business unit."
            )
            raise ApiError(403, "0x80040225", message)
        return issued.application

    def _unauthorized(self, code: str, message: str) -> ApiError:
        challenge = (
            f"Bearer authorization_uri={self._site.authority}/oauth2/authorize, "
            f"resource_id={self._site.url}/"
        )
        return ApiError(401, code, message, headers={"WWW-Authenticate": challenge})
