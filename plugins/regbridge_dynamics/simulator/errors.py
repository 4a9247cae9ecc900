"""Refusals, as Dataverse words them: status, error code, message.

The codes are those of reference/dataverse-web-api.md, section 7; `code` is empty where Dataverse
leaves it empty. As with Dataverse, a message may quote the value that is refused: a client must
not show it to everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DETAILS = "@Microsoft.PowerApps.CDS"
_HELP = "http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a"


class ApiError(Exception):
    """A call that is refused. `operation_status` is what a plug-in says about trying again."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        operation_status: str = "0",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self._operation_status = operation_status

    def body(self, *, annotated: bool) -> dict[str, Any]:
        """Return the error document, with the details that `odata.include-annotations` adds."""
        error = {"code": self.code, "message": self.message}
        if annotated:
            error[f"{_DETAILS}.ErrorDetails.OperationStatus"] = self._operation_status
            error[f"{_DETAILS}.ErrorDetails.SubErrorCode"] = "-2146233088"
            error[f"{_DETAILS}.HelpLink"] = f"{_HELP}{self.code}&client=platform"
            error[f"{_DETAILS}.TraceText"] = ""
            error[f"{_DETAILS}.InnerError.Message"] = self.message
        return {"error": error}


def bad_request(message: str, code: str = "0x80060888") -> ApiError:
    """Return "the request does not follow OData"."""
    return ApiError(400, code, message)


def bad_payload(entity_set: str, inner: str) -> ApiError:
    """Return "the body does not fit the table": wrong JSON types, undeclared properties."""
    return bad_request(
        f"Error identified in Payload provided by the user for Entity :'{entity_set}'  ---->  "
        f"InnerException : {inner}",
        "0x80048d19",
    )


def bad_literal(entity_set: str, literal: object, edm_type: str) -> ApiError:
    """Return "this JSON value is none of the column's type"."""
    inner = f"Cannot convert the literal '{literal}' to the expected type '{edm_type}'."
    return bad_payload(entity_set, f"Microsoft.OData.ODataException: {inner}")


def undeclared(entity_set: str, name: str) -> ApiError:
    """Return "no navigation property has this name", the answer to a misspelt `@odata.bind`."""
    inner = (
        f"An undeclared property '{name}' which only has property annotations in the payload but "
        "no property value was found in the payload. In OData, only declared navigation "
        "properties and declared named streams can be represented as properties without values."
    )
    return bad_payload(entity_set, f"Microsoft.OData.ODataException: {inner}")


def unknown_property(entity_set: str, table: str, name: str) -> ApiError:
    """Return "the table has no such column", of a body."""
    inner = f"Invalid property '{name}' was found in entity 'Microsoft.Dynamics.CRM.{table}'."
    return bad_payload(entity_set, f"Microsoft.Crm.CrmException: {inner}")


def direct_reference() -> ApiError:
    """Return "a lookup is set by its navigation property, not by its column"."""
    return bad_request(
        "CRM do not support direct update of Entity Reference properties, "
        "Use Navigation properties instead."
    )


def no_such_property(type_name: str, name: str) -> ApiError:
    """Return "the type has no such property", of `$select`, `$filter` and `$orderby`."""
    return bad_request(
        f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{type_name}'."
    )


def no_such_segment(name: str) -> ApiError:
    """Return "no entity set, function or action has this name"."""
    return ApiError(404, "0x8006088a", f"Resource not found for the segment '{name}'.")


def no_such_operation(url: str) -> ApiError:
    """Return "this resource does not take this method"."""
    return ApiError(404, "", f"No HTTP resource was found that matches the request URI '{url}'.")


def not_allowed() -> ApiError:
    """Return "this method is not allowed here"."""
    return ApiError(405, "0x80060888", "The requested resource does not support this HTTP method.")


def unsupported(message: str, table: str) -> ApiError:
    """Return "the table does not take this message"; the text was seen, the code was not."""
    text = f"The '{message}' method does not support entities of type '{table}'."
    return bad_request(text, "0x80040800")


def not_simulated(what: str) -> ApiError:
    """Return "Dataverse may do this, the simulator does not"."""
    return ApiError(501, "", f"The simulator does not know {what}.")


def bad_key(table: str) -> ApiError:
    """Return "these columns are no key of the table"."""
    resource = f"'Microsoft.Dynamics.CRM.{table}'"
    return bad_request(
        f"The key in the request URI is not valid for resource {resource}. Ensure that the names "
        "and number of key properties match the declared or alternate key properties for the "
        f"resource {resource}."
    )


def bad_query_syntax() -> ApiError:
    """Return the answer to a key value with characters that Dataverse cannot take."""
    return bad_request("Error in query syntax.")


def no_record_with_id(table: str, record_id: str) -> ApiError:
    """Return "no record has this id"; also the answer to a bind to a missing record."""
    return ApiError(404, "0x80040217", f"{table} With Id = {record_id} Does Not Exist")


def no_record_with_key(table: str) -> ApiError:
    """Return "no record has this key"; also the answer to a bind to a missing record."""
    message = f"A record with the specified key values does not exist in {table} entity"
    return ApiError(404, "0x80060891", message)


def nothing_to_update(table: str, record_id: str) -> ApiError:
    """Return the answer to `If-Match: *` when there is no such record; it has no code."""
    return ApiError(404, "", f"{table} With Id = {record_id} Does Not Exist")


def already_there() -> ApiError:
    """Return the answer to `If-None-Match: *` when there is such a record; it has no code."""
    return ApiError(412, "", "A record with matching key values already exists.")


def version_differs() -> ApiError:
    """Return the answer to `If-Match` with another record's version; it has no code."""
    message = "The version of the existing record doesn't match the RowVersion property provided."
    return ApiError(412, "", message)


def key_violated(key: str, columns: str) -> ApiError:
    """Return "another record has these key values"."""
    return ApiError(
        412,
        "0x80060892",
        f"Entity Key {key} violated. A record with the same value for {columns} already exists. A "
        "duplicate record cannot be created. Select one or more unique values and try again.",
    )


def id_taken() -> ApiError:
    """Return "another record has this id"."""
    return ApiError(412, "0x80040237", "Operation failed due to a SQL integrity violation.")


def duplicates_found() -> ApiError:
    """Return what a duplicate rule says: permanent, although its status is 500 (section 7)."""
    message = "A record was not created or updated because a duplicate of the current record exists"
    return ApiError(500, "0x80040333", f"{message}.")


def missing_privilege(user: str, privilege: str) -> ApiError:
    """Return "the application user's roles do not allow this"."""
    return ApiError(
        403, "0x80040220", f"Principal user (Id={user}, type=8) is missing {privilege} privilege"
    )
