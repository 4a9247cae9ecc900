"""Fetches an access token, as Cvent does for an endpoint that OAuth protects."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from regbridge.errors import ConfigError, RetryableError
from regbridge.http import LOOPBACK, Answer, Outbound
from regbridge.redact import redact

_FORM = "application/x-www-form-urlencoded"
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Grant:
    """What is asked for a token, and by whom: the same four fields that Cvent's settings have."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""


def fetch_token(grant: Grant) -> str:
    """Return an access token by client credentials.

    They go into a Basic header, and when that is refused into the form: authorization servers
    differ in which they take. Raises `ConfigError` when both are refused.
    """
    _require_secure(grant.url)
    outbound = Outbound("the authorization server", grant.url, largest=_LARGEST, longest_seconds=60)
    try:
        answers = (_ask(outbound, grant, *form) for form in _forms(grant))
        refused: Answer | None = None
        for answer in answers:
            if answer.status == 200:
                return _token(answer)
            refused = answer
    finally:
        outbound.close()
    assert refused is not None
    remedy = "compare client id, secret and scope with what the authorization server knows"
    raise ConfigError.of(f"no token: {_said(refused)}", remedy, grant.url)


def _require_secure(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        remedy = "give one that begins with https://"
        raise ConfigError.of("a client secret goes to no such URL", remedy, url)


def _forms(grant: Grant) -> Iterator[tuple[Mapping[str, str], Mapping[str, str]]]:
    """Yield headers and fields of each way to say who asks (RFC 6749, section 2.3.1)."""
    fields = {"grant_type": "client_credentials"} | ({"scope": grant.scope} if grant.scope else {})
    both = f"{quote(grant.client_id, safe='')}:{quote(grant.client_secret, safe='')}"
    yield {"Authorization": f"Basic {b64encode(both.encode()).decode()}"}, fields
    yield {}, {**fields, "client_id": grant.client_id, "client_secret": grant.client_secret}


def _ask(
    outbound: Outbound, grant: Grant, headers: Mapping[str, str], fields: Mapping[str, str]
) -> Answer:
    given = {"Accept": "application/json", "Content-Type": _FORM, **headers}
    return outbound.send("POST", grant.url, headers=given, body=urlencode(fields))


def _token(answer: Answer) -> str:
    document = answer.json()
    token = document.get("access_token") if isinstance(document, Mapping) else None
    if not isinstance(token, str) or not token:
        raise RetryableError("the authorization server's answer holds no access_token")
    return token


def _said(answer: Answer) -> str:
    """Return what an authorization server says of a refusal (RFC 6749, section 5.2)."""
    try:
        document: Any = answer.json()
    except RetryableError:
        document = None
    if not isinstance(document, Mapping):
        return f"the authorization server answers {answer.status}"
    words = (document.get("error"), document.get("error_description"))
    text = ": ".join(word for word in words if isinstance(word, str))
    return f"the authorization server answers {answer.status} ({redact(text)})"
