"""What a refusal of Salesforce means: its code decides, and where there is none its status."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from regbridge.http import Answer


class Trouble(StrEnum):
    """What follows from a refusal."""

    QUOTA = "the org has used up its calls of the last 24 hours"
    CONCURRENCY = "more calls at the same time than the org takes"
    UNAUTHENTICATED = "the token is not accepted"
    RIGHTS = "the integration user may not do this"
    GONE = "there is no such object, field or version"
    TOO_LARGE = "the request is too large"
    PARENT = "the record that a relationship refers to is not there"
    LATER = "it may succeed later"
    RECORD = "the record is refused"


_Meaning = tuple[Trouble, str]

# developer.salesforce.com: "Core Data Types Used in API Calls" (StatusCode) and "Status Codes and
# Error Responses". What is not here is of the record, and Salesforce's own words say what it is.
_CODES: Mapping[str, _Meaning] = {
    "REQUEST_LIMIT_EXCEEDED": (Trouble.QUOTA, ""),
    "INVALID_SESSION_ID": (Trouble.UNAUTHENTICATED, "the session has expired or is invalid"),
    "INVALID_AUTH_HEADER": (Trouble.UNAUTHENTICATED, ""),
    "API_DISABLED_FOR_ORG": (Trouble.RIGHTS, "the org or the user has no access to the API"),
    "API_CURRENTLY_DISABLED": (Trouble.RIGHTS, "the org has no access to the API now"),
    "FUNCTIONALITY_NOT_ENABLED": (Trouble.RIGHTS, "the org has not switched this on"),
    "NOT_FOUND": (Trouble.GONE, ""),
    "UNSUPPORTED_API_VERSION": (Trouble.GONE, "the version of the API is not supported"),
    "GONE": (Trouble.GONE, "the version of the API is retired"),
    "UNABLE_TO_LOCK_ROW": (Trouble.LATER, "somebody else is changing the record"),
    "REQUEST_RUNNING_TOO_LONG": (Trouble.LATER, "Salesforce worked too long on it"),
    "SERVER_UNAVAILABLE": (Trouble.LATER, "Salesforce does not work now"),
    "UNKNOWN_EXCEPTION": (Trouble.LATER, "Salesforce failed"),
    "TXN_SECURITY_METERING_ERROR": (Trouble.LATER, "Salesforce could not check its policies"),
    "STORAGE_LIMIT_EXCEEDED": (Trouble.LATER, "the org's storage is full"),
    "REQUIRED_FIELD_MISSING": (Trouble.RECORD, "a required field has no value"),
    "STRING_TOO_LONG": (Trouble.RECORD, "a text is longer than its field"),
    "INVALID_EMAIL_ADDRESS": (Trouble.RECORD, "an e-mail address is none"),
    "NUMBER_OUTSIDE_VALID_RANGE": (Trouble.RECORD, "a number is outside of its field's range"),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": (
        Trouble.RECORD,
        "a picklist has no such value, or none for this record type",
    ),
    "DUPLICATES_DETECTED": (Trouble.RECORD, "a duplicate rule finds a record like it"),
    "DUPLICATE_EXTERNAL_ID": (Trouble.RECORD, "several records have this external id"),
    "DUPLICATE_VALUE": (Trouble.RECORD, "another record has a value that must be unique"),
    "ENTITY_IS_DELETED": (Trouble.RECORD, "the record is in the recycle bin"),
    "INSUFFICIENT_ACCESS_OR_READONLY": (
        Trouble.RECORD,
        "the integration user may not change this record",
    ),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": (
        Trouble.RECORD,
        "the integration user may not see a record that this one refers to",
    ),
}
_STATUSES: Mapping[int, Trouble] = {
    401: Trouble.UNAUTHENTICATED,
    403: Trouble.RIGHTS,
    404: Trouble.GONE,
    410: Trouble.GONE,
    413: Trouble.TOO_LARGE,
}
_CODE = re.compile("[A-Z][A-Z0-9_]{2,79}", re.ASCII)
# The message is the only thing that tells a missing parent from a missing field, and a used-up
# day from too many calls at once.
_PARENT = re.compile(r"\bnot found for field (\w+) in entity (\w+)", re.ASCII)
_DAY = re.compile("TotalRequests", re.ASCII | re.IGNORECASE)
_OF_RECORD = frozenset({300, 400})


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call, or a record of it, that Salesforce refuses.

    `words` are ours and may be shown; `message` is Salesforce's and may quote the record. `code` is
    "" where there is none. `fields` are those that Salesforce names. `parent` are key and object of
    a record that is not there. `status` is 0 for a record of a call that was taken.
    """

    trouble: Trouble
    status: int
    code: str
    words: str
    message: str = field(default="", repr=False)
    fields: tuple[str, ...] = ()
    parent: tuple[str, str] = ("", "")

    def __str__(self) -> str:
        usual = "Salesforce refuses it" if self.trouble is Trouble.RECORD else self.trouble.value
        return f"{self.words or usual} ({self.code or self.status})"

    @property
    def is_from_salesforce(self) -> bool:
        """Whether the answer has Salesforce's form: else something between has given it."""
        return bool(self.code)


def read_refusal(answer: Answer) -> Refusal:
    """Return what an answer of 300 or more says.

    What has not Salesforce's form comes from something between, and may be right again later.
    """
    found = list(_errors(answer.body))
    if not found:
        too_large = _STATUSES.get(answer.status) is Trouble.TOO_LARGE
        trouble = Trouble.TOO_LARGE if too_large else Trouble.LATER
        words = f"something answers {answer.status} in the place of Salesforce"
        return Refusal(trouble, answer.status, "", words)
    return _read(found[0], answer.status, "errorCode")


def read_error(error: Any) -> Refusal:
    """Return what an entry of a record's `errors` says."""
    return _read(error if isinstance(error, dict) else {}, 0, "statusCode")


def _read(error: Mapping[str, Any], status: int, name: str) -> Refusal:
    given = str(error.get(name) or error.get("errorCode") or "")
    code = given if _CODE.fullmatch(given) else ""
    message = str(error.get("message") or "")
    trouble, words = _meaning(status, code, message)
    parent = _PARENT.search(message)
    return Refusal(
        trouble,
        status,
        code,
        words,
        message=message,
        fields=tuple(one for one in error.get("fields") or () if isinstance(one, str)),
        parent=(parent[1], parent[2]) if parent else ("", ""),
    )


def _meaning(status: int, code: str, message: str) -> _Meaning:
    if code == "REQUEST_LIMIT_EXCEEDED" and not _DAY.search(message):
        return Trouble.CONCURRENCY, ""
    if code == "INVALID_FIELD" and _PARENT.search(message):
        return Trouble.PARENT, ""
    return _CODES.get(code) or (_by_status(status), "")


def _by_status(status: int) -> Trouble:
    if status in _STATUSES:
        return _STATUSES[status]
    return Trouble.RECORD if status in _OF_RECORD or not status else Trouble.LATER


def _errors(body: bytes) -> Iterator[Mapping[str, Any]]:
    """Yield the errors in a body, none when it is not in Salesforce's form."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return
    for error in found if isinstance(found, list) else ():
        if isinstance(error, dict) and _CODE.fullmatch(str(error.get("errorCode") or "")):
            yield error
