"""Every public exception, grouped by what the host does next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from regbridge.models import Finding, Level


class RegbridgeError(Exception):
    """The root. `str(error)` is safe to store and show; `detail` is for logs.

    Neither text may hold a secret or personal data. The pipeline fills in `client`, `plugin`,
    `stage` and `registration`, so that a plugin raises with the message alone.
    """

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail or message
        self.client = ""
        self.plugin = ""
        self.stage = ""
        self.registration: int | None = None


class ConfigError(RegbridgeError):
    """A client's configuration is wrong: that client does not start, the others do."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = tuple(findings)

    @classmethod
    def of(cls, message: str, remedy: str = "", where: str = "") -> ConfigError:
        """Return the error of one finding."""
        return cls([Finding(Level.ERROR, message, where=where, remedy=remedy)])


class AuthenticationError(RegbridgeError):
    """Nobody vouches for the request: it is answered 401 and its body is not stored.

    A plugin raises it to say why it does not, where None only says "not my scheme"; the other
    plugins are asked all the same. `challenge` is what the answer's WWW-Authenticate header says.
    """

    def __init__(self, message: str, *, challenge: str = "Token", detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.challenge = challenge


class MalformedMessageError(RegbridgeError):
    """The body is not a Cvent message: it is answered 400 and kept as a parked receipt."""


class StoreUnavailableError(RegbridgeError):
    """The ledger cannot commit: the request is answered 503 and nothing is half-stored.

    `lasts` says that the same work will fail again: the database refuses what it is to store.
    """

    def __init__(self, message: str, *, lasts: bool = False, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.lasts = lasts


class RetryableError(RegbridgeError):
    """Surely not done, and a later attempt may succeed; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.retry_after = retry_after


class RejectedError(RegbridgeError):
    """The record itself is wrong; it is parked with the name of the field at fault."""

    def __init__(self, message: str, *, field: str | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.field = field


class CredentialsError(RegbridgeError):
    """The upstream or target refuses our credentials: it is paused, no attempt is burnt."""


class QuotaExceededError(RegbridgeError):
    """The quota is used up: the upstream or target is paused until `until` (aware)."""

    def __init__(self, message: str, *, until: datetime, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        if until.tzinfo is None:
            raise ValueError("`until` has no time zone")
        self.until = until


class AmbiguousError(RegbridgeError):
    """Sent, and the answer was lost: retried at an idempotent target, parked at any other."""


class PluginError(RegbridgeError):
    """A bug in a plugin, wrapped with its name and stage: few attempts, then parked."""


RegistrationError = RetryableError | RejectedError
"""What `enrich_registrations` may return in the place of one registration's patch."""
