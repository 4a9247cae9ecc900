"""What a refusal of Dataverse means: its error code decides, then its status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from regbridge.http import Answer, seconds_to_wait


class Trouble(StrEnum):
    """What follows from a refusal."""

    REQUESTS = "too many requests"
    EXECUTION_TIME = "too much execution time"
    CONCURRENCY = "too many calls at the same time"
    UNAUTHENTICATED = "the token is not accepted"
    RIGHTS = "a privilege is missing"
    PARENT = "the record that a lookup refers to is not there"
    RACE = "another record has the key"
    TOO_LARGE = "the request is too large"
    LATER = "it may succeed later"
    RECORD = "the record is refused"


THROTTLED = frozenset({Trouble.REQUESTS, Trouble.EXECUTION_TIME, Trouble.CONCURRENCY})

# reference/dataverse-web-api.md, section 7. Codes in lower case.
_CODES: Mapping[str, tuple[Trouble, str]] = {
    "0x80072322": (Trouble.REQUESTS, "more requests than Dataverse allows in five minutes"),
    "0x80072321": (Trouble.EXECUTION_TIME, "more work than Dataverse allows in five minutes"),
    "0x80072326": (Trouble.CONCURRENCY, "more calls at the same time than Dataverse allows"),
    "0x80041d52": (Trouble.UNAUTHENTICATED, "the token has expired"),
    "0x8004a101": (Trouble.UNAUTHENTICATED, "the token has expired"),
    "0x80044302": (Trouble.UNAUTHENTICATED, "the request is not authenticated"),
    "0x80072559": (Trouble.UNAUTHENTICATED, "Entra ID does not vouch for the token"),
    "0x80040220": (Trouble.RIGHTS, "the application user lacks a privilege"),
    "0x80048306": (Trouble.RIGHTS, "the application user lacks a privilege"),
    "0x80040225": (Trouble.RIGHTS, "the application user is disabled"),
    "0x8004d24b": (Trouble.RIGHTS, "the application user is disabled"),
    "0x80060891": (Trouble.PARENT, "the record that a lookup refers to is not there"),
    "0x80040217": (Trouble.PARENT, "the record that a lookup refers to is not there"),
    "0x80060892": (Trouble.RACE, "another record has the same values in an alternate key"),
    "0x80040237": (Trouble.RACE, "another record has the same key"),
    "0x8004418a": (Trouble.TOO_LARGE, "the request is larger than Dataverse takes"),
    "0x80090412": (Trouble.LATER, "the environment is being customised"),
    "0x80044150": (Trouble.LATER, "Dataverse's database failed"),
    "0x80040333": (Trouble.RECORD, "a duplicate rule finds a record like it"),
    "0x80044331": (Trouble.RECORD, "a text is longer than its column"),
    "0x8004431a": (Trouble.RECORD, "a choice has no such option"),
    "0x8004432f": (Trouble.RECORD, "a number is outside of its column's range"),
    "0x80044330": (Trouble.RECORD, "a number is outside of its column's range"),
    "0x80040239": (Trouble.RECORD, "a date is outside of the range"),
    "0x80040200": (Trouble.RECORD, "a required column has no value"),
    "0x80048408": (Trouble.RECORD, "statuscode does not belong to statecode"),
    "0x80040265": (Trouble.RECORD, "a plug-in of the environment refuses it"),
}
_STATUSES: Mapping[int, Trouble] = {
    401: Trouble.UNAUTHENTICATED,
    403: Trouble.RIGHTS,
    412: Trouble.RACE,
    413: Trouble.TOO_LARGE,
    429: Trouble.REQUESTS,
}
_REQUEST_ID = re.compile("[0-9A-Za-z-]{1,64}", re.ASCII)
_PRIVILEGE = re.compile(r"\bprv[A-Za-z]\w{1,120}", re.ASCII)
_OF_PLUG_IN = "0x80040265"
_NOT_NOW = frozenset({408, 502, 503, 504})
_HEX = re.compile("0x[0-9a-f]{1,8}", re.ASCII)
_RETRY = "2"
"""The OperationStatus of a plug-in that asks to be tried again."""

_OPERATION_STATUS = "@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call, or a part of a batch, that Dataverse refuses.

    `words` are ours and may be shown; `message` is Dataverse's and may quote the record. `code` is
    in lower case, "" where there is none. `retry_after` is in seconds. `is_of_service` says that
    the service as a whole does not work, so that no record is worth a try of its own.
    """

    trouble: Trouble
    status: int
    code: str
    words: str
    message: str = field(default="", repr=False)
    request_id: str = ""
    retry_after: float | None = None
    is_of_service: bool = False

    def __str__(self) -> str:
        """Return what happened, with what the administrator can look up."""
        usual = "Dataverse refuses it" if self.trouble is Trouble.RECORD else self.trouble.value
        return f"{self.words or usual} ({self.code or self.status})"

    @property
    def detail(self) -> str:
        """The same for logs, with the id under which Dataverse knows the call."""
        return f"{self}, status {self.status}, request {self.request_id or 'without an id'}"

    @property
    def needs_message(self) -> bool:
        """Whether only Dataverse's own words say what is wrong."""
        return not self.words or self.code == _OF_PLUG_IN


def read_refusal(answer: Answer, now: datetime) -> Refusal:
    """Return what an answer of 300 or more says.

    412 means three different things and 500 may be permanent, so the error code decides; it is
    often empty, and then the status does (reference/dataverse-web-api.md, section 7). What is not
    in Dataverse's form comes from something between, and may be right again later.
    """
    error = _error_of(answer.body)
    if error is None and answer.status not in _STATUSES:
        trouble, code, message = Trouble.LATER, "", ""
        words = f"something answers {answer.status} in the place of Dataverse"
    else:
        code = _code((error or {}).get("code"))
        message = str((error or {}).get("message") or "")
        trouble, words = _meaning(answer.status, code, message, error or {})
    return Refusal(
        trouble,
        answer.status,
        code,
        words,
        message=message,
        request_id=_request_id(answer),
        retry_after=seconds_to_wait(answer.headers, now),
        is_of_service=trouble is Trouble.LATER and (error is None or answer.status in _NOT_NOW),
    )


def _meaning(status: int, code: str, message: str, error: Mapping[str, Any]) -> tuple[Trouble, str]:
    trouble, words = _CODES.get(code, (_by_status(status), ""))
    if str(error.get(_OPERATION_STATUS)) == _RETRY:
        trouble = Trouble.LATER
    if trouble is Trouble.RIGHTS and (privilege := _PRIVILEGE.search(message)):
        words = f"{words or trouble.value}: {privilege[0]}"
    return trouble, words


def _by_status(status: int) -> Trouble:
    usual = Trouble.LATER if status in _NOT_NOW or status >= 500 else Trouble.RECORD
    return _STATUSES.get(status, usual)


def _error_of(body: bytes) -> Mapping[str, Any] | None:
    """Return the error in a body, None when the body is not in Dataverse's form."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    error = found.get("error") if isinstance(found, dict) else None
    return error if isinstance(error, dict) else None


def _code(given: Any) -> str:
    """Return a code as lower-case hexadecimal; some answers have it as a negative number."""
    text = str(given or "").strip().lower()
    if text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= 12:
        number = int(text) & 0xFFFFFFFF
        return f"0x{number:08x}" if number else ""
    return text if _HEX.fullmatch(text) and int(text, 16) else ""


def _request_id(answer: Answer) -> str:
    given = answer.headers.get("x-ms-service-request-id") or answer.headers.get("REQ_ID", "")
    return given if _REQUEST_ID.fullmatch(given) else ""
