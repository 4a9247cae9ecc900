"""Columns of a table: what each type takes, refuses and says about itself in the metadata."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from regbridge_dynamics.simulator.errors import ApiError, bad_literal, bad_payload, bad_request

if TYPE_CHECKING:
    from regbridge_dynamics.simulator.schema import Table

Stored = str | int | float | bool | None
"""A value as the table holds it and as the Web API returns it."""

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)

_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CONFLICT = (
    "Microsoft.OData.ODataException: Cannot convert a value to target type '{type}' because of "
    "conflict between input format string/number and parameter 'IEEE754Compatible' false/true."
)


class Required(StrEnum):
    """A column's requirement. Only `SYSTEM` is enforced by the Web API; forms enforce the rest."""

    NONE = "None"
    RECOMMENDED = "Recommended"
    APPLICATION = "ApplicationRequired"
    SYSTEM = "SystemRequired"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column by its logical name. `create` and `update` say where a body may hold it.

    `read` says whether queries and answers know it at all. Of a `secured` one the application user
    may not see the value: it is answered as null.
    """

    name: str
    display: str = ""
    required: Required = Required.NONE
    create: bool = True
    update: bool = True
    read: bool = True
    secured: bool = False

    attribute_type: ClassVar[str]
    type_name: ClassVar[str]
    edm: ClassVar[str]
    metadata_type: ClassVar[str]
    may_be_key: ClassVar[bool] = False

    @property
    def edm_type(self) -> str:
        """Return the type that OData has for it."""
        return self.edm

    @property
    def property_name(self) -> str:
        """Return the name that answers and queries use."""
        return self.name

    @property
    def schema_name(self) -> str:
        """Return the name with its capital, as the maker would have written it."""
        prefix, mark, rest = self.name.partition("_")
        return f"{prefix}_{rest[:1].upper()}{rest[1:]}" if mark else self.name.title()

    def value(self, given: object, table: Table) -> Stored:
        """Return a JSON value as it is stored. Raises `ApiError` for what the type refuses."""
        raise NotImplementedError

    def literal(self, text: str, *, quoted: bool) -> Stored:
        """Return the value that a key or a filter gives. Raises `ApiError` for another type's."""
        raise NotImplementedError

    def details(self) -> dict[str, Any]:
        """Return the metadata that only this type has."""
        return {}

    def formatted(self, value: Stored) -> str | None:
        """Return the text of the FormattedValue annotation, None where there is none."""
        return None if value is None else str(value)

    def _refuse(self, given: object, table: Table) -> ApiError:
        literal = str(given).lower() if isinstance(given, bool) else given
        return bad_literal(table.entity_set, literal, self.edm_type)

    def _refuse_literal(self) -> ApiError:
        return bad_request(
            "A binary operator with incompatible types was detected: the value given for "
            f"'{self.property_name}' is no {self.edm_type}."
        )

    def _outside(self, code: str, table: Table, more: str = "") -> ApiError:
        message = (
            f"A validation error occurred.  The value of '{self.name}' on record of type "
            f"'{table.name}' is outside the valid range.{more}"
        )
        return ApiError(400, code, message)


@dataclass(frozen=True, kw_only=True)
class StringColumn(Column):
    """A line of text, at most `max_length` UTF-16 units; an empty one is stored as null."""

    max_length: int = 100

    attribute_type = "String"
    type_name = "StringType"
    edm = "Edm.String"
    metadata_type = "StringAttributeMetadata"
    may_be_key = True

    def value(self, given: object, table: Table) -> Stored:
        """Return the text. Raises `ApiError` for too long a text or a control character."""
        if not isinstance(given, str):
            raise self._refuse(given, table)
        try:
            length = len(given.encode("utf-16-le")) // 2
        except UnicodeEncodeError:
            raise self._refuse("\\ud800", table) from None
        if _NO_TEXT.search(given):
            message = f"The field '{self.name}' contained one or more invalid characters."
            raise ApiError(400, "0x80040278", message)
        if length > self.max_length:
            raise ApiError(
                400,
                "0x80044331",
                f"A validation error occurred.  The length of the '{self.name}' attribute of the "
                f"'{table.name}' entity exceeded the maximum allowed length of "
                f"'{self.max_length}'.",
            )
        return given or None

    def literal(self, text: str, *, quoted: bool) -> Stored:
        """Return the text, which must stand in single quotes."""
        if not quoted:
            raise self._refuse_literal()
        return text

    def details(self) -> dict[str, Any]:
        """Return the length and the format."""
        return {"MaxLength": self.max_length, "FormatName": {"Value": "Text"}}

    def formatted(self, value: Stored) -> str | None:  # noqa: ARG002
        """Return None: a text is its own format."""
        return None


@dataclass(frozen=True, kw_only=True)
class MemoColumn(StringColumn):
    """Several lines of text."""

    max_length: int = 2000

    attribute_type = "Memo"
    type_name = "MemoType"
    metadata_type = "MemoAttributeMetadata"
    may_be_key = False


@dataclass(frozen=True, kw_only=True)
class IntegerColumn(Column):
    """A whole number; JSON must give it as one, neither as text nor with a point."""

    minimum: int = -(2**31)
    maximum: int = 2**31 - 1

    attribute_type = "Integer"
    type_name = "IntegerType"
    edm = "Edm.Int32"
    metadata_type = "IntegerAttributeMetadata"
    may_be_key = True
    _bits: ClassVar[int] = 32

    def value(self, given: object, table: Table) -> Stored:
        """Return the number. Raises `ApiError`."""
        if isinstance(given, bool) or not isinstance(given, int):
            raise self._refuse(given, table)
        if not -(2 ** (self._bits - 1)) <= given < 2 ** (self._bits - 1):
            raise self._refuse(given, table)
        if not self.minimum <= given <= self.maximum:
            raise self._outside("0x8004432f", table)
        return given

    def literal(self, text: str, *, quoted: bool) -> Stored:
        """Return the number, without quotes."""
        if quoted or not _WHOLE.fullmatch(text):
            raise self._refuse_literal()
        return int(text)

    def details(self) -> dict[str, Any]:
        """Return the range."""
        return {"MinValue": self.minimum, "MaxValue": self.maximum, "Format": "None"}

    def formatted(self, value: Stored) -> str | None:
        """Return the number with separators."""
        return None if value is None else f"{value:,}"


@dataclass(frozen=True, kw_only=True)
class BigIntColumn(IntegerColumn):
    """A whole number of 64 bits."""

    minimum: int = -(2**63)
    maximum: int = 2**63 - 1

    attribute_type = "BigInt"
    type_name = "BigIntType"
    edm = "Edm.Int64"
    metadata_type = "BigIntAttributeMetadata"
    may_be_key = False
    _bits = 64

    def details(self) -> dict[str, Any]:
        """Return the range."""
        return {"MinValue": self.minimum, "MaxValue": self.maximum}


@dataclass(frozen=True, kw_only=True)
class DecimalColumn(Column):
    """A number that is rounded to `precision` places; a text is refused."""

    precision: int = 2
    minimum: Decimal = Decimal(-100_000_000_000)
    maximum: Decimal = Decimal(100_000_000_000)

    attribute_type = "Decimal"
    type_name = "DecimalType"
    edm = "Edm.Decimal"
    metadata_type = "DecimalAttributeMetadata"
    may_be_key = True

    def value(self, given: object, table: Table) -> Stored:
        """Return the rounded number. Raises `ApiError`."""
        if isinstance(given, str):
            raise bad_payload(table.entity_set, _CONFLICT.format(type=self.edm_type))
        if isinstance(given, bool) or not isinstance(given, int | Decimal):
            raise self._refuse(given, table)
        number = Decimal(given)
        if not self.minimum <= number <= self.maximum:
            raise self._outside("0x80044330", table)
        return self._rounded(number)

    def literal(self, text: str, *, quoted: bool) -> Stored:
        """Return the number, without quotes."""
        if quoted or not _NUMBER.fullmatch(text):
            raise self._refuse_literal()
        try:
            return self._rounded(Decimal(text))
        except InvalidOperation:
            raise self._refuse_literal() from None

    def details(self) -> dict[str, Any]:
        """Return the range and the precision."""
        return {
            "MinValue": float(self.minimum),
            "MaxValue": float(self.maximum),
            "Precision": self.precision,
        }

    def formatted(self, value: Stored) -> str | None:
        """Return the number with separators."""
        return None if value is None else f"{value:,.{self.precision}f}"

    def _rounded(self, number: Decimal) -> float:
        return float(number.quantize(Decimal(1).scaleb(-self.precision), ROUND_HALF_UP))


@dataclass(frozen=True, kw_only=True)
class DoubleColumn(DecimalColumn):
    """A floating-point number."""

    attribute_type = "Double"
    type_name = "DoubleType"
    edm = "Edm.Double"
    metadata_type = "DoubleAttributeMetadata"
    may_be_key = False


@dataclass(frozen=True, kw_only=True)
class MoneyColumn(DecimalColumn):
    """An amount in the currency of the environment."""

    minimum: Decimal = Decimal(-922_337_203_685_477)
    maximum: Decimal = Decimal(922_337_203_685_477)

    attribute_type = "Money"
    type_name = "MoneyType"
    metadata_type = "MoneyAttributeMetadata"
    may_be_key = False

    def details(self) -> dict[str, Any]:
        """Return the range and the precision."""
        return {**super().details(), "PrecisionSource": 0}

    def formatted(self, value: Stored) -> str | None:
        """Return the amount with the currency's sign."""
        return None if value is None else f"${value:,.{self.precision}f}"


@dataclass(frozen=True, kw_only=True)
class GuidColumn(Column):
    """An identifier, in lower case with hyphens."""

    attribute_type = "Uniqueidentifier"
    type_name = "UniqueidentifierType"
    edm = "Edm.Guid"
    metadata_type = "UniqueIdentifierAttributeMetadata"

    def value(self, given: object, table: Table) -> Stored:
        """Return the identifier. Raises `ApiError`."""
        if not isinstance(given, str) or not GUID.fullmatch(given):
            raise self._refuse(given, table)
        return given.lower()

    def literal(self, text: str, *, quoted: bool) -> Stored:
        """Return the identifier, without quotes."""
        if quoted or not GUID.fullmatch(text):
            raise self._refuse_literal()
        return text.lower()

    def formatted(self, value: Stored) -> str | None:  # noqa: ARG002
        """Return None: an identifier has no other form."""
        return None
