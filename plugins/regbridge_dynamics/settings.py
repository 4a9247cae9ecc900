"""What the YAML says about one table, and about how records get there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, WithJsonSchema

from regbridge import Settings
from regbridge_dynamics.connection import GUID, ConnectionSettings, follows
from regbridge_dynamics.source import Source

MOST_IN_A_CALL = 1000
"""The most records in one call: what is advised for bulk, and the limit of a batch."""

_NAME = r"[a-z_][a-z0-9_]{0,127}"
_NAME_RULE = "a logical name has only a to z, digits and _ (the set's name is another one)"
_TAG = r"[A-Za-z0-9_.-]{1,100}"

Name = Annotated[
    str,
    AfterValidator(follows(_NAME, _NAME_RULE)),
    WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"}),
]
Guid = Annotated[
    str,
    AfterValidator(follows(GUID, "this is no GUID")),
    WithJsonSchema({"type": "string", "pattern": f"^{GUID}$"}),
]
Tag = Annotated[
    str,
    AfterValidator(follows(_TAG, "a tag has letters (a-z), digits and _ . -")),
    WithJsonSchema({"type": "string", "pattern": f"^{_TAG}$"}),
]
FieldName = Annotated[str, Field(min_length=1, max_length=200)]


class HashSettings(Settings):
    """A hash of some of the record's fields, for values that Dataverse cannot take in a key."""

    hash: Annotated[
        tuple[FieldName, ...],
        Field(min_length=1, max_length=16, description="The fields, in this order."),
    ]


Feeds = dict[Name, HashSettings | FieldName]
"""What feeds each column of a key."""

_COLUMN = {"type": "string", "pattern": f"^{_NAME}$"}
_HASH = {
    "type": "object",
    "properties": {"hash": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
    "required": ["hash"],
    "additionalProperties": False,
}
_FEEDS = {
    "type": "object",
    "propertyNames": {"pattern": f"^{_NAME}$"},
    "additionalProperties": {"anyOf": [{"type": "string", "minLength": 1}, _HASH]},
    "minProperties": 1,
    "maxProperties": 16,
}
_COLUMNS = {"type": "array", "items": _COLUMN, "minItems": 1, "maxItems": 16}


def _own_fields(value: Any) -> Any:
    """Return a column or a list of columns as `{column: field}`, each fed by its own field."""
    columns = [value] if isinstance(value, str) else value
    if not isinstance(columns, list):
        return value
    if len(set(map(str, columns))) != len(columns):
        raise ValueError("a column of the key is there twice")
    return {column: column for column in map(str, columns)}


def _sources(feeds: Mapping[str, HashSettings | str]) -> tuple[Source, ...]:
    return tuple(
        Source(column, given.hash, is_hash=True)
        if isinstance(given, HashSettings)
        else Source(column, (given,))
        for column, given in feeds.items()
    )


class LookupSettings(Settings):
    """The record that a lookup refers to: by an alternate key of its table, or by its id."""

    table: Annotated[Name, Field(description="The logical name of the table that it refers to.")]
    key: Annotated[
        Name | Feeds | None,
        Field(description="The key's column, fed by the lookup's field, or what feeds each one."),
        WithJsonSchema({"anyOf": [_COLUMN, _FEEDS, {"type": "null"}]}),
    ] = None
    missing: Annotated[
        Literal["park", "retry"],
        Field(description="What becomes of a record when the other one is not there."),
    ] = "park"

    def sources(self, field: str) -> tuple[Source, ...]:
        """Return where the key's values come from; () when `field` gives the id itself."""
        if isinstance(self.key, str):
            return (Source(self.key, (field,)),)
        return _sources(self.key or {})


class HeaderSettings(Settings):
    """What changes how Dataverse treats a record; each is dangerous where it is not needed."""

    bypass_logic: Annotated[
        tuple[Literal["sync", "async"], ...],
        Field(max_length=2, description="Custom logic, of every vendor, that does not run."),
    ] = ()
    bypass_steps: Annotated[
        tuple[Guid, ...], Field(max_length=10, description="Plug-in steps that do not run.")
    ] = ()
    detect_duplicates: Annotated[
        StrictBool, Field(description="Whether duplicate rules refuse records.")
    ] = False
    caller_object_id: Annotated[
        Guid | None, Field(description="The Entra object id of the user to act for.")
    ] = None
    tag: Annotated[
        Tag | None, Field(description="A word by which plug-ins know the writes of regbridge.")
    ] = None

    def names(self) -> dict[str, str]:
        """Return the headers (reference/dataverse-web-api.md, section 2)."""
        logic = ",".join(f"Custom{kind.capitalize()}" for kind in dict.fromkeys(self.bypass_logic))
        found = {
            "MSCRM.BypassBusinessLogicExecution": logic,
            "MSCRM.BypassBusinessLogicExecutionStepIds": ",".join(self.bypass_steps),
            "MSCRM.SuppressDuplicateDetection": "false" if self.detect_duplicates else "",
            "CallerObjectId": self.caller_object_id or "",
        }
        return {name: value for name, value in found.items() if value}


class DynamicsSettings(ConnectionSettings):
    """One table of an environment, and how records get there."""

    table: Annotated[Name, Field(description="The logical name of the table.")]
    key: Annotated[
        Feeds,
        BeforeValidator(_own_fields),
        Field(min_length=1, max_length=16, description="The alternate key, and what feeds it."),
        WithJsonSchema({"anyOf": [_COLUMN, _COLUMNS, _FEEDS]}),
    ]
    lookups: Annotated[
        dict[Name, LookupSettings],
        Field(default_factory=dict, description="The lookups, and what they refer to."),
    ]
    chunk_size: Annotated[
        int, Field(ge=1, le=MOST_IN_A_CALL, description="The most records in one call.")
    ] = 100
    concurrency: Annotated[
        int, Field(ge=1, le=52, description="The most calls of this target at the same time.")
    ] = 4
    headers: Annotated[
        HeaderSettings, Field(description="Optional headers; read their dangers first.")
    ] = HeaderSettings()

    def sources(self) -> tuple[Source, ...]:
        """Return where the values of the table's key come from."""
        return _sources(self.key)
