"""What an answer other than 200 means: throttled, quota used up, refused, or try again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec

from regbridge import CredentialsError, RegbridgeError, RejectedError, RetryableError, redact
from regbridge.http import Answer

GATEWAY = frozenset({502, 503, 504})

_CLOCKS_DIFFER = timedelta(minutes=5)


class ThrottledError(RetryableError):
    """Too many calls a second: Cvent's own client waits and tries again."""


class GatewayError(RetryableError):
    """Something in front of Cvent failed: reads are safe to try again."""


class BadTokenError(RetryableError):
    """Cvent takes the token for bad or expired: a new one may be better."""


class NotFoundError(RejectedError):
    """There is no such thing at Cvent."""


class QuotaError(RegbridgeError):
    """The calls of today are used up."""


def refusal(operation: str, answer: Answer, scope: str = "") -> RegbridgeError:
    """Return the error that an answer stands for; `operation` is a method and a path template.

    `scope` is the one that the operation needs.

    The two meanings of 429 are told apart as Cvent's own client does
    (reference/cvent-rest-api.md, section 3): by the message alone, whatever its case; anything
    unknown is throttling.
    """
    said = _said(answer)
    text = f"Cvent answers {answer.status} to {operation}"
    text = f"{text}: {redact(said)}" if said else text
    match answer.status:
        case 429 if said.strip().casefold() == "limit exceeded":
            return QuotaError(text)
        case 429:
            return ThrottledError(text)
        case 401:
            return BadTokenError(text)
        case 403:
            wanted = f"the scope {scope}" if scope else "the scope of this operation"
            return CredentialsError(f"{text}; give the client {wanted} in Cvent's developer portal")
        case 431:
            return CredentialsError(f"{text}; the token has too many scopes")
        case 404 if _is_page(answer):
            return RetryableError(f"{text}: a page, so something else answers in Cvent's place")
        case 404:
            return NotFoundError(text)
        case status if status in GATEWAY:
            return GatewayError(text)
        case status if 400 <= status < 500:
            return RejectedError(text)
    return RetryableError(text)


def next_midnight(now: datetime) -> datetime:
    """Return when the daily quota begins anew: midnight GMT.

    Within five minutes after midnight no tier's quota can be used up again, so a refusal then is
    still yesterday's: Cvent's clock is behind ours. It ends with those minutes.
    """
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    if now < midnight + _CLOCKS_DIFFER:
        return midnight + _CLOCKS_DIFFER
    return midnight + timedelta(days=1)


def _is_page(answer: Answer) -> bool:
    return answer.body.lstrip().startswith(b"<")


def _said(answer: Answer) -> str:
    """Return the message of an error envelope; a SCIM endpoint calls it `detail`."""
    try:
        body: Any = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""
    if not isinstance(body, Mapping):
        return ""
    found = body.get("message") or body.get("detail")
    return found if isinstance(found, str) else ""
