"""One operation of a web service, as settings or a WSDL tell it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Binding(StrEnum):
    """How a call is written (reference/protech-service.md, section 1.3)."""

    SOAP11 = "soap11"
    SOAP12 = "soap12"
    FORM = "form"


class XsdType(StrEnum):
    """The types of XML Schema that a parameter may have, without their prefix."""

    STRING = "string"
    INT = "int"
    LONG = "long"
    SHORT = "short"
    DECIMAL = "decimal"
    DOUBLE = "double"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    DATE_TIME = "dateTime"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `required` is minOccurs="1", `nillable` allows xsi:nil."""

    name: str
    type: XsdType = XsdType.STRING
    required: bool = False
    nillable: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """A document/literal wrapped operation; the order of its parameters is that of the schema.

    `action` is the SOAP action and `result` the name of the answer's result element; "" means what
    an ASMX service uses, namespace/name and nameResult.
    """

    namespace: str
    name: str
    parameters: tuple[Parameter, ...]
    action: str = ""
    result: str = ""

    @property
    def soap_action(self) -> str:
        """The SOAP action, without quotes."""
        return self.action or f"{self.namespace.removesuffix('/')}/{self.name}"

    @property
    def response_name(self) -> str:
        """The name of the element that wraps a SOAP answer."""
        return f"{self.name}Response"

    @property
    def result_name(self) -> str:
        """The name of the element that holds a SOAP answer's result."""
        return self.result or f"{self.name}Result"
