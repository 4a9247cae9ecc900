"""Asks an authorization server for what it publishes: its discovery document and its keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from regbridge import RetryableError
from regbridge.http import Answer, Outbound, repeatable
from regbridge_cvent.addresses import require_secure
from regbridge_cvent.bearer.key_set import KeySet, read_key_set
from regbridge_cvent.bearer.settings import OAuthSettings

_PATH = "/.well-known/openid-configuration"
_LARGEST = 1_000_000
_HEADERS = {"Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Published:
    """What a discovery document says; `at` is the server's clock, None if it does not tell."""

    issuer: str
    jwks_url: str
    token_url: str
    at: datetime | None


class Discovery:
    """The documents of one authorization server; every call asks it anew, within some seconds.

    Redirects are not followed. Raises `RetryableError` for whatever it does not answer as it
    should: what it answers later may be right.
    """

    def __init__(self, settings: OAuthSettings) -> None:
        self._issuer = settings.issuer
        self._jwks_url = settings.jwks_url
        self._outbound = Outbound(
            "the authorization server",
            settings.issuer,
            connections=2,
            connect_seconds=settings.wait_seconds,
            answer_seconds=settings.wait_seconds,
            longest_seconds=settings.wait_seconds,
            largest=_LARGEST,
            keep_alive=False,
        )

    def published(self) -> Published:
        """Return the discovery document, of whatever issuer it is."""
        answer = self._get(f"{self._issuer.rstrip('/')}{_PATH}", "discovery document")
        document = answer.json()
        if not isinstance(document, Mapping):
            raise RetryableError("the authorization server's discovery document is no JSON object")
        return Published(
            issuer=_text(document, "issuer"),
            jwks_url=_text(document, "jwks_uri"),
            token_url=_text(document, "token_endpoint"),
            at=_date(answer),
        )

    def keys(self) -> KeySet:
        """Return the keys at `jwks_url`, or where the issuer's discovery document says."""
        answer = self._get(self._jwks_url or self._published_jwks_url(), "JWKS")
        try:
            return read_key_set(answer.json())
        except ValueError as error:
            raise RetryableError(f"the authorization server's JWKS: {error}") from None

    def close(self) -> None:
        """Close the connections."""
        self._outbound.close()

    def _published_jwks_url(self) -> str:
        published = self.published()
        if published.issuer != self._issuer:
            raise RetryableError(
                f"the discovery document is that of {published.issuer or 'no issuer'}, and not "
                f"of {self._issuer}; correct issuer:"
            )
        try:
            return require_secure(published.jwks_url, "a URL", query=True)
        except ValueError as error:
            text = f"the jwks_uri of the authorization server's discovery document: {error}"
            raise RetryableError(text) from None

    def _get(self, url: str, what: str) -> Answer:
        with repeatable():
            answer = self._outbound.send("GET", url, headers=_HEADERS)
        if answer.status != 200:
            text = f"the authorization server answers {answer.status} at its {what}"
            raise RetryableError(
                f"{text}; redirects are not followed" if _redirects(answer) else text
            )
        return answer


def _redirects(answer: Answer) -> bool:
    return 300 <= answer.status < 400


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _date(answer: Answer) -> datetime | None:
    try:
        at = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
