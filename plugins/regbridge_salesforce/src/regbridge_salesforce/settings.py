"""What the YAML says about one object of an org, and about how records get there."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, WithJsonSchema, model_validator

from regbridge import Settings
from regbridge_salesforce.connection import ConnectionSettings

MOST_IN_A_CALL = 200
"""The most records in one call of sObject Collections."""

_NAME = r"[A-Za-z][A-Za-z0-9_]{0,79}"


def _name(text: str) -> str:
    if not re.fullmatch(_NAME, text, re.ASCII):
        raise ValueError("an API name has letters (a-z), digits and _, such as Member_Id__c")
    return text


Name = Annotated[
    str,
    AfterValidator(_name),
    WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"}),
]


class LookupSettings(Settings):
    """The record that a relationship refers to, by an external id of its object."""

    key: Annotated[Name, Field(description="The external id field of the other object.")]
    object: Annotated[
        Name | None,
        Field(description="The other object, where the relationship may refer to several."),
    ] = None
    missing: Annotated[
        Literal["park", "retry"],
        Field(description="What becomes of a record when the other one is not there."),
    ] = "park"


class SalesforceSettings(ConnectionSettings):
    """One object of an org, and how records get there."""

    object: Annotated[Name, Field(description="The object's API name, such as Contact.")]
    external_id: Annotated[
        Name, Field(description="The external id field by which its records are known.")
    ]
    lookups: Annotated[
        dict[Name, LookupSettings],
        Field(
            default_factory=dict,
            description="Relationships by name (Account, Contact__r), and what they refer to.",
        ),
    ]
    save_duplicates: Annotated[
        StrictBool, Field(description="Save what a duplicate rule would only warn of.")
    ] = False
    chunk_size: Annotated[
        int, Field(ge=1, le=MOST_IN_A_CALL, description="The most records in one call.")
    ] = MOST_IN_A_CALL
    concurrency: Annotated[
        int, Field(ge=1, le=20, description="The most calls at the same time to the org.")
    ] = 2
    reserve_calls: Annotated[
        int,
        Field(ge=0, le=1_000_000, description="Calls of the org's day that are left to others."),
    ] = 1000
    quota_minutes: Annotated[
        float,
        Field(ge=1, le=1440, description="How long nothing is sent once the calls are used up."),
    ] = 60.0

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        if self.external_id.lower() == "id":
            raise ValueError("Salesforce takes no record ids here; name an external id field")
        if self.external_id in self.lookups:
            raise ValueError(f"{self.external_id} is the external id, so it is no relationship")
        return self
