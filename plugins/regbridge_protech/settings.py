"""What the YAML says about a service: its address, its operation, its success rule."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from regbridge import Secret, Settings, Text
from regbridge_protech.lexical import to_lexical
from regbridge_protech.operation import Binding, Operation, Parameter, XsdType
from regbridge_protech.success import Rule, guid_rule, json_rule, regex_rule

_NAME = r"[A-Za-z_][A-Za-z0-9_.-]{0,99}"
_NAME_RULE = "a name has letters (a-z), digits and _ . - and starts with a letter or _"
_URI = r"[!#-;=?-\[\]^_`a-z|~]{1,300}"
_URI_RULE = "a namespace or an action is a URI, without spaces and quotes"
_RULES = "a success rule is the word guid, or {regex: ...}, or {json: ...}"


def _follows(pattern: str, rule: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(rule)
        return text

    return check


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address such as https://crm.example.org/service.asmx was expected")
    if parts.username is not None or parts.query or parts.fragment or re.search(r"\s", url):
        raise ValueError("the address may hold no user, no space, no ? and no #")
    return url


XmlName = Annotated[
    str,
    AfterValidator(_follows(_NAME, _NAME_RULE)),
    WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"}),
]
Uri = Annotated[
    str,
    AfterValidator(_follows(_URI, _URI_RULE)),
    WithJsonSchema({"type": "string", "pattern": f"^{_URI}$"}),
]
Scalar = StrictStr | StrictBool | StrictInt | StrictFloat | None


class ParameterSettings(Settings):
    """One parameter of the operation, in the order of the service's schema."""

    name: Annotated[XmlName, Field(description="Its name in the schema, and in the map.")]
    type: Annotated[XsdType, Field(description="Its type in XML Schema.")] = XsdType.STRING
    required: Annotated[bool, Field(description='minOccurs="1" in the schema.')] = False
    nillable: Annotated[bool, Field(description='nillable="true" in the schema.')] = False
    value: Annotated[Scalar, Field(description="A constant, which no mapping changes.")] = None
    secret: Annotated[
        Secret | None, Field(description="A secret that the service wants in the body.")
    ] = None

    @model_validator(mode="after")
    def _check_constant(self) -> Self:
        if "value" in self.model_fields_set and self.secret is not None:
            raise ValueError(f"{self.name} has a value and a secret; leave one out")
        try:
            to_lexical(self.type, self.fixed)
        except ValueError as error:
            raise ValueError(f"{self.name} is an xs:{self.type}: {error}") from None
        return self

    @property
    def is_fixed(self) -> bool:
        """Whether the settings say what is sent, so that no mapping does."""
        return "value" in self.model_fields_set or self.secret is not None

    @property
    def fixed(self) -> Any:
        """The constant, or the secret itself."""
        return self.secret.get_secret_value() if self.secret else self.value


class SuccessSettings(Settings):
    """How a result proves success: a GUID, a regular expression, or a value in JSON."""

    guid: Annotated[bool, Field(description="A GUID is the whole answer; written `guid`.")] = False
    regex: Annotated[str, Field(description="A regular expression that the answer matches.")] = ""
    json_path: Annotated[
        str, Field(alias="json", description="Where in an answer of JSON the success is told.")
    ] = ""
    equals: Annotated[Scalar, Field(description="What stands there if all went well.")] = True
    id: Annotated[str, Field(description="Where the new record's id stands.")] = ""
    reason: Annotated[str, Field(description="Where a refusal's reason stands.")] = ""

    @model_validator(mode="before")
    @classmethod
    def _read_word(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and "guid" not in value:
            return value
        if value != "guid":
            raise ValueError(_RULES)
        return {"guid": True}

    @model_validator(mode="after")
    def _check_rule(self) -> Self:
        if [self.guid, bool(self.regex), bool(self.json_path)].count(True) != 1:
            raise ValueError(_RULES)
        if not self.json_path and self.model_fields_set & {"equals", "id", "reason"}:
            raise ValueError("equals, id and reason belong to a json rule")
        self.rule()
        return self

    def rule(self) -> Rule:
        """Return the rule as a function."""
        if self.regex:
            return regex_rule(self.regex)
        if self.json_path:
            return json_rule(self.json_path, self.equals, self.id, self.reason)
        return guid_rule


_TEXT = {"type": "string", "minLength": 1}
_SUCCESS_SCHEMA = {
    "description": "How a result proves success; HTTP 200 proves nothing.",
    "anyOf": [
        {"const": "guid"},
        {
            "type": "object",
            "properties": {"regex": _TEXT},
            "required": ["regex"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"json": _TEXT, "equals": {}, "id": _TEXT, "reason": _TEXT},
            "required": ["json"],
            "additionalProperties": False,
        },
    ],
}


class ServiceSettings(Settings):
    """A service's operation as its WSDL tells it; `regbridge protech describe` prints them."""

    allow_http: Annotated[bool, Field(description="Send personal data without encryption.")] = False
    url: Annotated[
        Text, AfterValidator(_address), Field(description="The service's address, without ?WSDL.")
    ]
    binding: Annotated[Binding, Field(description="How a call is written.")] = Binding.SOAP11
    namespace: Annotated[Uri, Field(description="The namespace of the operation.")]
    operation: Annotated[XmlName, Field(description="The operation that is called.")]
    action: Annotated[
        Uri | None, Field(description="The SOAP action; namespace/operation if left out.")
    ] = None
    parameters: Annotated[
        tuple[ParameterSettings, ...],
        Field(min_length=1, description="The operation's parameters in the order of the WSDL."),
    ]
    result: Annotated[
        XmlName | None, Field(description="The result element; operationResult if left out.")
    ] = None
    success: Annotated[
        SuccessSettings,
        WithJsonSchema(_SUCCESS_SCHEMA),
        Field(description="How an answer proves success."),
    ]

    @field_validator("url")
    @classmethod
    def _refuse_plain_http(cls, url: str, context: ValidationInfo) -> str:
        if urlsplit(url).scheme == "http" and not context.data.get("allow_http"):
            raise ValueError(
                "plain http shows personal data to everybody on the way; use https, or say "
                "allow_http: true where the way is safe"
            )
        return url

    @field_validator("parameters")
    @classmethod
    def _refuse_twins(
        cls, parameters: tuple[ParameterSettings, ...]
    ) -> tuple[ParameterSettings, ...]:
        counts = Counter(parameter.name for parameter in parameters)
        if twins := [name for name, count in counts.items() if count > 1]:
            raise ValueError(f"the parameter {twins[0]} is there more than once")
        return parameters

    def described_operation(self) -> Operation:
        """Return the operation that the settings describe."""
        return Operation(
            namespace=self.namespace,
            name=self.operation,
            parameters=tuple(
                Parameter(each.name, each.type, each.required, each.nillable)
                for each in self.parameters
            ),
            action=self.action or "",
            result=self.result or "",
        )

    def fixed_values(self) -> dict[str, Any]:
        """Return constants and secrets by the names of their parameters."""
        return {each.name: each.fixed for each in self.parameters if each.is_fixed}
