"""What the simulated API refuses, in HubSpot's form."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


class ApiError(Exception):
    """A refusal. `context` and `errors` are HubSpot's; each error has a correlation id."""

    def __init__(
        self,
        status: int,
        category: str,
        message: str,
        *,
        context: Mapping[str, Sequence[str]] | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        more: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self._document: dict[str, Any] = {
            "status": "error",
            "message": message,
            "category": category,
            **({"context": dict(context)} if context else {}),
            **({"errors": list(errors)} if errors else {}),
            **(more or {}),
        }

    @property
    def document(self) -> dict[str, Any]:
        """The body of an answer that is this error."""
        return {**self._document, "correlationId": str(uuid.uuid4())}

    def of_input(self, trace: str) -> dict[str, Any]:
        """Return the same as one of the errors of a batch."""
        context = {**self._document.get("context", {}), "objectWriteTraceId": [trace]}
        return {**self._document, "context": context}


def bad_request(message: str, **options: Any) -> ApiError:
    """Return "this is wrong", of a whole call or of one input."""
    return ApiError(400, "VALIDATION_ERROR", message, **options)


def invalid_values(problems: Sequence[tuple[str, str, str]], portal: int) -> ApiError:
    """Return the refusal of property values; each problem is name, code and message.

    HubSpot writes them as JSON within its message.
    """
    listed = [
        {
            "isValid": False,
            "message": message,
            "error": code,
            "name": name,
            "localizedErrorMessage": message,
            "portalId": portal,
        }
        for name, code, message in problems
    ]
    text = msgspec.json.encode(listed).decode()
    return bad_request(f"Property values were not valid: {text}")


def missing_scopes(scopes: Sequence[str]) -> ApiError:
    """Return "the credential may not do this"."""
    return ApiError(
        403,
        "MISSING_SCOPES",
        "This app hasn't been granted all required scopes to make this call.",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(scopes)},
            }
        ],
    )


def too_many(policy: str, message: str, headers: Mapping[str, str]) -> ApiError:
    """Return 429, which says by which limit."""
    more = {"errorType": "RATE_LIMIT", "policyName": policy}
    return ApiError(429, "RATE_LIMITS", message, more=more, headers=headers)
