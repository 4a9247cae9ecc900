"""Refusals as the simulated org answers them: of a whole call, or of one record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A call is refused: a status, and a list with one error."""

    def __init__(self, status: int, code: str, message: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.document = [{"message": message, "errorCode": code}]
        if fields:
            self.document[0]["fields"] = list(fields)  # type: ignore[assignment]


class RecordError(Exception):
    """A record of a call is refused, and the others are not."""

    def __init__(self, code: str, message: str, *fields: str) -> None:
        super().__init__(f"{code}: {message}")
        self.document: Mapping[str, Any] = {
            "statusCode": code,
            "message": message,
            "fields": list(fields),
        }


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """Return what a path gets that leads nowhere."""
    return ApiError(404, "NOT_FOUND", message)


def unreadable(message: str) -> ApiError:
    """Return what a body gets that cannot be read; it spoils the call for all records."""
    return ApiError(400, "JSON_PARSER_ERROR", message)


def no_such_column(field: str, sobject: str) -> ApiError:
    """Return what a field gets that the object does not have."""
    return ApiError(400, "INVALID_FIELD", f"No such column '{field}' on sobject of type {sobject}")
