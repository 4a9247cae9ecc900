"""What HubSpot says is wrong: with a whole call, or with one record of a batch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from regbridge import Outcome, masker
from regbridge_hubspot.inputs import Input

_INVALID = re.compile(r"Property values were not valid: (\[.*\])", re.DOTALL)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}", re.ASCII)
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,60}", re.ASCII)
_SCOPE = re.compile(r"[a-z][a-z0-9_.-]{1,80}", re.ASCII)
_EXISTING = re.compile(r"Existing ID: (\d{1,20})", re.ASCII)
_LONGEST = 300
_LATER = {"RATE_LIMITS": 10.0, "RATE_LIMIT": 10.0, "INTERNAL_ERROR": None, "TIMEOUT": None}
"""Categories of an error that lies with HubSpot, and how long to wait; None for "as usual"."""

_WORDS: Mapping[str, str] = {
    "PROPERTY_DOESNT_EXIST": "HubSpot has no property of this name",
    "READ_ONLY_VALUE": "the property is read-only",
    "INVALID_EMAIL": "this is no e-mail address that HubSpot takes",
    "INVALID_OPTION": "the property has no such option",
    "INVALID_DATE": "the property takes no such date",
    "INVALID_INTEGER": "the property takes whole numbers",
    "INVALID_LONG": "the property takes whole numbers or times",
    "INVALID_FLOAT": "the property takes numbers",
    "CONFLICTING_UNIQUE_VALUE": "another record has this value already, and it must be unique",
}


@dataclass(frozen=True, slots=True)
class Invalid:
    """One property that is refused: its name, and HubSpot's code for why."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Fault:
    """An error in HubSpot's form. `message` may quote the record, so it is never shown as it is.

    `traces` are the `objectWriteTraceId` of the records that it is about, `ids` what else it names.
    """

    category: str = ""
    message: str = field(default="", repr=False)
    invalid: tuple[Invalid, ...] = ()
    traces: tuple[str, ...] = ()
    ids: tuple[str, ...] = field(default=(), repr=False)
    scopes: tuple[str, ...] = ()


def read_fault(document: Any) -> Fault:
    """Return an error as HubSpot writes it; every part of it may be missing.

    developers.hubspot.com, "Error handling": all fields are to be treated as optional.
    """
    given = document if isinstance(document, dict) else {}
    category = str(given.get("category") or given.get("errorType") or "")
    contexts = [given.get("context")]
    contexts += [one.get("context") for one in _objects(given.get("errors"))]
    return Fault(
        category=category if _CODE.fullmatch(category) else "",
        message=str(given.get("message") or ""),
        invalid=tuple(_invalid(given)),
        traces=_named(contexts, "objectWriteTraceId"),
        ids=(*_named(contexts, "ids"), *_named(contexts, "id"), *_strings(given.get("id"))),
        scopes=tuple(
            one
            for one in _named(contexts, "requiredGranularScopes", "missingScopes", "requiredScopes")
            if _SCOPE.fullmatch(one)
        ),
    )


def of_record(fault: Fault, given: Input) -> Outcome:
    """Return what an error means for the record that it is about."""
    if fault.category in _LATER:
        text = f"HubSpot could not do it now ({fault.category})"
        return Outcome.retry(text, _LATER[fault.category])
    if fault.invalid:
        text = "; ".join(f"{one.name}: {_why(one)}" for one in fault.invalid)
        names = [one.name for one in fault.invalid if one.name in given.record.fields]
        return Outcome.rejected(text, names[0] if names else None)
    if fault.category == "CONFLICT":
        return Outcome.rejected(_conflict(fault))
    said = masker(given.values())(fault.message[: _LONGEST * 4])[:_LONGEST].strip()
    code = fault.category or "without a category"
    return Outcome.rejected(f"HubSpot refuses it ({code}){said and ': '}{said}")


def _why(one: Invalid) -> str:
    return f"{_WORDS[one.code]} ({one.code})" if one.code in _WORDS else f"refused ({one.code})"


def _conflict(fault: Fault) -> str:
    found = _EXISTING.search(fault.message)
    whose = f"the record {found[1]}" if found else "another record"
    return f"{whose} has one of its values already, and it must be unique (CONFLICT)"


def _invalid(given: Mapping[str, Any]) -> Iterator[Invalid]:
    """Yield the refused properties: HubSpot lists them as JSON within its message."""
    match = _INVALID.search(str(given.get("message") or ""))
    listed: list[dict[str, Any]] = _decoded(match[1]) if match else []
    listed += [
        {"name": one.get("in"), "error": one.get("code")} for one in _objects(given.get("errors"))
    ]
    for one in listed:
        name, code = str(one.get("name") or ""), str(one.get("error") or "")
        if _NAME.fullmatch(name) and _CODE.fullmatch(code):
            yield Invalid(name, code)


def _decoded(text: str) -> list[dict[str, Any]]:
    try:
        return list(_objects(msgspec.json.decode(text)))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return []


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def _named(contexts: Sequence[Any], *keys: str) -> tuple[str, ...]:
    found = (_strings(one.get(key)) for one in contexts if isinstance(one, dict) for key in keys)
    return tuple(dict.fromkeys(text for texts in found for text in texts))


def _strings(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(one for one in values if isinstance(one, str) and one)
