"""What one entry of a `map:` block may say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
)
from pydantic_core import ErrorDetails

from regbridge import Finding, Level, did_you_mean
from regbridge_rules.dates import format_problems
from regbridge_rules.expressions import Expression

Keys = tuple[str | int, ...]
Named = Mapping[str, Collection[str]]

_NAMED = {"answers": ("question", "questions"), "products": ("product", "products")}

_NEEDS: Mapping[str, tuple[str, str]] = {
    "keep": ("lookup", "keep says nothing without lookup"),
    "then": ("else", "then needs an else"),
    "else": ("then", "else needs a then"),
    "max_length": ("too_long", "max_length needs too_long: refuse, or too_long: cut"),
    "too_long": ("max_length", "too_long says nothing without max_length"),
    "time_zone": ("format", "time_zone says nothing without format"),
}


def _said(key: str) -> dict[str, Any]:
    """Return the JSON Schema of an entry in which a key is true."""
    return {"properties": {key: {"const": True}}, "required": [key]}


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ValueError(f"no time zone {name!r}; use a name such as America/New_York") from None
    return name


class Entry(BaseModel):
    """A field of a record at a target: where its value comes from, and what is made of it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "oneOf": [{"required": ["from"]}, {"required": ["value"]}],
            "dependentRequired": {key: [other] for key, (other, _) in _NEEDS.items()},
            "if": {"required": ["lookup"]},
            "then": {"anyOf": [{"required": ["default"]}, _said("keep")]},
            "not": {**_said("required"), "required": ["required", "drop_if_missing"]},
        },
    )

    from_: Annotated[str, Field(alias="from", description="A JMESPath expression.")] = ""
    value: Annotated[Any, Field(description="A constant, instead of `from`.")] = None
    lookup: Annotated[
        dict[str, Any],
        Field(min_length=1, description="What was found → what is sent; any other: `default`."),
    ] = {}
    keep: Annotated[
        StrictBool, Field(description="Whether what is not in the lookup is sent as it is.")
    ] = False
    then: Annotated[Any, Field(description="What is sent when something was found.")] = None
    else_: Annotated[
        Any,
        Field(alias="else", description='What is sent for false, null, "", [] and {}.'),
    ] = None
    default: Annotated[Any, Field(description="What is sent when the value is missing.")] = None
    format: Annotated[str, Field(description="How a date is written, such as %Y-%m-%d.")] = ""
    time_zone: Annotated[
        str,
        AfterValidator(_known_time_zone),
        Field(description="The zone of a formatted time; the target's or the event's if left out."),
    ] = ""
    type: Annotated[
        Literal["string", "integer", "number", "boolean"] | None,
        Field(description="What the value must be or become."),
    ] = None
    max_length: Annotated[
        int, Field(ge=1, strict=True, description="The most characters; makes the value text.")
    ] = 0
    too_long: Annotated[
        Literal["refuse", "cut"], Field(description="What becomes of a longer text.")
    ] = "refuse"
    required: Annotated[
        StrictBool, Field(description="Whether a record without this value is parked.")
    ] = False
    drop_if_missing: Annotated[
        str, Field(min_length=1, description="Why a record without this value is left out.")
    ] = ""


KEYS = frozenset(field.alias or name for name, field in Entry.model_fields.items())


def entry_schema() -> Mapping[str, Any]:
    """Return the JSON Schema of an entry in its short form or its long form."""
    expression = {"type": "string", "minLength": 1, "description": "A JMESPath expression."}
    return {"anyOf": [expression, Entry.model_json_schema()]}


def read_entry(raw: Any) -> Entry:
    """Return an entry without findings as a value."""
    return Entry.model_validate({"from": raw} if isinstance(raw, str) else raw)


def entry_findings(raw: Any, path: Keys, named: Named) -> Iterator[Finding]:
    """Yield everything that is wrong with an entry as it stands at `path`.

    `named` gives the names that the client's events use under `answers` and `products`.
    """
    if isinstance(raw, str):
        yield from _expression_findings(raw, path, named)
    elif isinstance(raw, Mapping):
        yield from _model_findings(raw, path)
        yield from _rule_findings(raw, path)
        if isinstance(expression := raw.get("from"), str):
            yield from _expression_findings(expression, (*path, "from"), named)
    else:
        yield _error(
            path, "this is no entry", "write an expression, or {value: ...} for a constant"
        )


def _model_findings(raw: Mapping[Any, Any], path: Keys) -> Iterator[Finding]:
    try:
        Entry.model_validate(dict(raw))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            yield _model_finding(detail, path)


def _model_finding(detail: ErrorDetails, path: Keys) -> Finding:
    place = (*path, *detail["loc"])
    if detail["type"] == "extra_forbidden":
        key = str(detail["loc"][-1])
        return _error(place, f"unknown key {key!r}", did_you_mean(key, KEYS))
    return _error(place, detail["msg"].removeprefix("Value error, "))


def _rule_findings(raw: Mapping[Any, Any], path: Keys) -> Iterator[Finding]:
    if ("from" in raw) == ("value" in raw):
        yield _error(path, "an entry has either from, an expression, or value, a constant")
    if "lookup" in raw and not ("default" in raw or raw.get("keep")):
        yield _error(
            (*path, "lookup"),
            "a lookup needs a default for values that are not in it (null is one), or keep: true",
        )
    if raw.get("required") and raw.get("drop_if_missing"):
        yield _error((*path, "drop_if_missing"), "a record is either parked (required) or left out")
    for key, (other, message) in _NEEDS.items():
        if key in raw and other not in raw:
            yield _error((*path, key), message)
    if "max_length" in raw and raw.get("type", "string") != "string":
        yield _error((*path, "max_length"), "max_length is for text, so type can only be string")
    if isinstance(pattern := raw.get("format"), str):
        for problem in format_problems(pattern):
            yield _error((*path, "format"), problem)


def _expression_findings(text: str, path: Keys, named: Named) -> Iterator[Finding]:
    try:
        expression = Expression(text)
    except ValueError as error:
        yield _error(path, str(error))
        return
    for problem in expression.problems():
        yield _error(path, problem)
    for field, (what, block) in _NAMED.items():
        for name in dict.fromkeys(expression.names_under(field)):
            if name not in named[field]:
                remedy = did_you_mean(name, named[field])
                remedy = remedy or f"name it in {block}: of the client's events"
                yield _error(path, f"no event has a {what} {name!r}", remedy)


def _error(path: Keys, message: str, remedy: str = "") -> Finding:
    return Finding(Level.ERROR, message, remedy=remedy, path=path)
