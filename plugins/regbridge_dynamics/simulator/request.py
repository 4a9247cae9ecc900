"""One call of the Web API and its answer, alone or as a part of a batch."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from regbridge_dynamics.simulator.errors import ApiError, bad_payload, bad_request

JSON_TYPE = "application/json; odata.metadata=minimal"

_PREFERENCE = re.compile(
    r"return=(?P<return>representation|minimal)"
    r"|odata\.include-annotations=(?P<annotations>\"[^\"]*\"|[^\",;\s]+)"
    r"|odata\.maxpagesize=(?P<page>[1-9][0-9]{0,8})"
    r"|(?P<continue>odata\.continue-on-error)(=(true|false))?"
)
_SPLIT = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')


@dataclass(slots=True)
class Tally:
    """What a request has done: records worked on (also in vain), written, parts of a batch."""

    worked: int = 0
    written: int = 0
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the `Prefer` header asks for."""

    representation: bool = False
    annotations: str = ""
    page_size: int | None = None
    continue_on_error: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A request below the base URL.

    `path` has no leading slash and is as sent, still percent-encoded; `query` is decoded; header
    names are in lower case; `user_id` is the application user. `references` are the addresses of
    a change set's records, by `$` and their Content-ID.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    user_id: str
    tally: Tally = field(default_factory=Tally)
    references: Mapping[str, str] = field(default_factory=dict)

    @property
    def preferences(self) -> Preferences:
        """Return what the call prefers. Raises `ApiError` for what nobody documents."""
        return read_preferences(self.headers.get("prefer", ""))

    @property
    def finds_duplicates(self) -> bool:
        """Return whether duplicate rules hold for it; as a rule they do not (section 2)."""
        return self.headers.get("mscrm.suppressduplicatedetection", "").lower() == "false"

    def document(self, entity_set: str) -> dict[str, Any]:
        """Return the body, which must be one JSON object. Raises `ApiError`."""
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise ApiError(
                415,
                "0x80060888",
                f"The request entity's media type '{media_type}' is not supported for this "
                "resource.",
            )
        return read_object(self.body, entity_set)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; `body` is a JSON document, or bytes with a Content-Type in `headers`.

    `record` is the address by id of the record that was written, for references to it.
    """

    status: int
    body: dict[str, Any] | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    record: str = ""


def read_preferences(header: str) -> Preferences:
    """Return what a `Prefer` header asks for. Raises `ApiError` for any other preference."""
    found: dict[str, str] = {}
    for text in _SPLIT.split(header) if header.strip() else ():
        match = _PREFERENCE.fullmatch(text.strip())
        if not match:
            raise bad_request(f"The Prefer header value '{text.strip()}' is not valid.", "0x0")
        found |= {name: value for name, value in match.groupdict().items() if value}
    return Preferences(
        representation=found.get("return") == "representation",
        annotations=found.get("annotations", "").strip('"'),
        page_size=int(found["page"]) if "page" in found else None,
        continue_on_error="continue" in found,
    )


def read_object(body: bytes, entity_set: str) -> dict[str, Any]:
    """Return a JSON object; numbers with a point are `Decimal`. Raises `ApiError`."""
    try:
        found = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise bad_payload(entity_set, f"Newtonsoft.Json.JsonReaderException: {error}") from None
    if not isinstance(found, dict):
        inner = "Microsoft.OData.ODataException: A 'StartObject' node was expected."
        raise bad_payload(entity_set, inner)
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the same property is there more than once")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
