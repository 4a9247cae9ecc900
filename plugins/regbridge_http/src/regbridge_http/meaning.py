"""What a receiver's answer means for the record that was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never
from urllib.parse import urlsplit

from regbridge import AmbiguousError, CredentialsError, Outcome, RetryableError
from regbridge import http as outbound

_LONGEST_QUOTE = 200
_LONGEST_ID = 200
_LEGIBLE = ("application/json", "application/problem+json", "text/plain")


class Meaning(StrEnum):
    """What follows from a status."""

    DELIVERED = "delivered"
    REJECTED = "rejected"
    RETRY = "retry"
    CREDENTIALS = "credentials"
    AMBIGUOUS = "ambiguous"


_ELSEWHERE = {
    402: "the account behind it is not paid for",
    404: "nothing is there: the flow is switched off, or its URL was replaced",
    405: "it takes no POST",
    406: "it does not answer what regbridge takes",
    410: "it wants no more messages",
    411: "it wants another kind of request",
    414: "the URL is too long for it",
    415: "it takes no JSON",
    421: "another server answers under its name",
    426: "it wants another version of HTTP",
    501: "it takes no POST",
    505: "it wants another version of HTTP",
}
"""What is wrong with the URL, and with no record: nothing parks, the target is tried on."""

_LATER = {408, 425, 429, 503}
_NOT_LET_IN = {401, 403, 407}

Mask = Callable[[str], str]
"""Takes out of a receiver's text what is personal."""


def meaning_of(status: int, told: Mapping[int, Meaning]) -> Meaning:
    """Return what a status means; `told` are the settings' own."""
    if status in told:
        return told[status]
    if 200 <= status < 300:
        return Meaning.DELIVERED
    if status in _NOT_LET_IN:
        return Meaning.CREDENTIALS
    if status in _LATER or status in _ELSEWHERE or 300 <= status < 400:
        return Meaning.RETRY
    return Meaning.REJECTED if 400 <= status < 500 else Meaning.AMBIGUOUS


def refusal_of(
    answer: outbound.Answer, told: Mapping[int, Meaning], mask: Mask, now: datetime
) -> Outcome | None:
    """Return how the receiver refuses the record, None where it took it.

    What concerns no record is raised: `CredentialsError`, `RetryableError` with what Retry-After
    asks for, and `AmbiguousError` where the receiver may have begun its work.
    """
    text = f"the receiver answers {answer.status}"
    match meaning_of(answer.status, told):
        case Meaning.DELIVERED:
            return None
        case Meaning.REJECTED:
            return Outcome.rejected(f"{text}{_quote(answer, mask)}")
        case Meaning.CREDENTIALS:
            raise CredentialsError(f"{text}: it does not let us in")
        case Meaning.RETRY:
            wait = outbound.seconds_to_wait(answer.headers, now)
            raise RetryableError(f"{text}{_remedy(answer)}", retry_after=wait)
        case Meaning.AMBIGUOUS:
            raise AmbiguousError(f"{text}, and may have begun its work")
        case _ as never:
            assert_never(never)


def id_in(answer: outbound.Answer, path: str) -> str | None:
    """Return what an answer's JSON holds under keys with dots between them, None without it."""
    if not path:
        return None
    try:
        value = answer.json()
    except RetryableError:
        return None
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value)[:_LONGEST_ID] or None


def _remedy(answer: outbound.Answer) -> str:
    if why := _ELSEWHERE.get(answer.status):
        return f": {why}; look at the flow, then at `url`"
    if 300 <= answer.status < 400:
        host = urlsplit(answer.headers.get("Location", "")).hostname
        return f" and leads to {host or 'another address'}, where nothing is sent; correct `url`"
    return ""


def _quote(answer: outbound.Answer, mask: Mask) -> str:
    """Return what the receiver says, if it is a text for people and not a page."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in _LEGIBLE:
        return ""
    try:
        # Without JSON's quotes, because what stands in quotes is masked.
        said = ", ".join(_pairs(answer.json())) if "json" in kind else _text(answer)
    except RetryableError:
        said = _text(answer)
    said = " ".join(said.split())
    return f": {mask(said)[:_LONGEST_QUOTE]}" if said else ""


def _text(answer: outbound.Answer) -> str:
    return answer.body.decode("utf-8", "replace")


def _pairs(value: Any, name: str = "") -> Iterator[str]:
    """Yield the single values in JSON, each with its name."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _pairs(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _pairs(inner, name)
    elif value is not None and value != "":
        yield f"{name}: {value}" if name else str(value)
