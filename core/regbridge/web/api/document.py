"""The OpenAPI document of the API: its paths, parameters, answers and errors, as data."""

from __future__ import annotations

from typing import Any

from regbridge.store.timings import KEPT_DAYS
from regbridge.web.api.examples import EXAMPLES
from regbridge.web.api.schemas import SCHEMAS, Schema

ROOT = "/api/v1"
DIFFERENCES = 1_000
MOST_DIFFERENCES = 100_000

_NO_NUL = r"^[^\u0000]*$"
_SOME_TEXT = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"

_PROBLEM = {
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "How many seconds to wait.",
        "schema": {"type": "integer"},
    }
}
ERRORS: dict[str, dict[str, Any]] = {
    "400": {"description": "A parameter is missing, unknown or makes no sense."},
    "401": {
        "description": "No token, or a wrong one.",
        "headers": {"WWW-Authenticate": {"schema": {"type": "string"}}},
    },
    "403": {"description": "The address that asks is not let in."},
    "404": {"description": "It is not in the ledger."},
    "429": {
        "description": "Too many wrong tokens came from this address.",
        "headers": _RETRY_AFTER,
    },
    "500": {"description": "The service failed; its log says why."},
    "503": {"description": "The ledger is not available.", "headers": _RETRY_AFTER},
}


def _answer(name: str, schema: Schema) -> dict[str, Any]:
    content = {"schema": schema, "example": EXAMPLES[name]}
    return {"description": "The answer.", "content": {"application/json": content}}


def _get(name: str, summary: str, answer: dict[str, Any], *parameters: Schema) -> dict[str, Any]:
    """Return a path with its only method; what it names in its path may be missing."""
    named = any(each["in"] == "path" for each in parameters)
    errors = [status for status in ERRORS if named or status != "404"]
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": list(parameters),
            "responses": {
                "200": answer,
                **{status: {"$ref": f"#/components/responses/{status}"} for status in errors},
            },
        }
    }


def _one(name: str) -> dict[str, Any]:
    return _answer(name, {"$ref": f"#/components/schemas/{name}"})


def _query(name: str, description: str, example: Any = None, **schema: Any) -> Schema:
    """Return a parameter, a text without NUL characters unless `schema` says otherwise."""
    shown = {} if example is None else {"example": example}
    plain = {} if "type" in schema else {"pattern": _NO_NUL}
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string", **plain, **schema},
        **shown,
    }


def _path(name: str, description: str, example: Any, **schema: Any) -> Schema:
    return {**_query(name, description, example, **schema), "in": "path", "required": True}


_CLIENT = _query("client", "Of this client only.", "apap")
_BODY = _query("body", "Also what Cvent sent.", type="boolean", default=False)
_NUMBER = {"type": "integer", "minimum": 1}

PATHS: dict[str, dict[str, Any]] = {
    "/status": _get(
        "status",
        "How much was received and delivered, by client, endpoint, target and state; what is "
        "parked and what to do about it. Nothing personal.",
        _one("Status"),
    ),
    "/timings": _get(
        "timings",
        "How long each stage took.",
        _one("Timings"),
        _query(
            "days",
            "Timings of so many days (GMT), today's included.",
            type="integer",
            minimum=1,
            maximum=KEPT_DAYS,
            default=1,
        ),
    ),
    "/registrations": _get(
        "registrations",
        "All that happened to the registrants whom a text names; an empty list for nobody. "
        "Personal: who asked is kept in the audit.",
        _answer(
            "Registrants", {"type": "array", "items": {"$ref": "#/components/schemas/Registrant"}}
        ),
        {
            **_query(
                "text",
                "A confirmation number, e-mail address, full name or id, the whole of it.",
                "LDNXB94RW6Z",
                minLength=1,
                pattern=_SOME_TEXT,
            ),
            "required": True,
        },
        _CLIENT,
        _BODY,
    ),
    "/registrations/{number}": _get(
        "registration",
        "All that happened to the registrant whom one registration is about. Personal: who asked "
        "is kept in the audit.",
        _one("Registrant"),
        _path("number", "The registration's number.", 6, **_NUMBER),
        _BODY,
    ),
    "/receipts/{number}": _get(
        "receipt",
        "What became of a message. Who asked is kept in the audit.",
        _one("Receipt"),
        _path("number", "The receipt's number.", 5, **_NUMBER),
        _BODY,
    ),
    "/proofs": _get(
        "proofs",
        "The last comparison of each event with Cvent and the targets, and those under way. "
        "Nothing personal.",
        _one("Proofs"),
        _CLIENT,
    ),
    "/proofs/{client}/{event}/differences": _get(
        "differences",
        "What the comparisons of an event found, by name. Personal: who asked is kept in the "
        "audit.",
        _one("Differences"),
        _path("client", "The client.", "apap"),
        _path("event", "The event's name in the client's file, or its id.", "conference-2027"),
        _query(
            "limit",
            "At most so many; `has_more` says whether there are others.",
            type="integer",
            minimum=1,
            maximum=MOST_DIFFERENCES,
            default=DIFFERENCES,
        ),
    ),
    "/openapi.json": {
        "get": {
            "operationId": "document",
            "summary": "This document.",
            "security": [],
            "responses": {
                "200": {
                    "description": "The document.",
                    "content": {"application/json": {"schema": {"type": "object"}}},
                }
            },
        }
    },
}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "regbridge",
        "version": "1",
        "summary": "The facts of the console, for monitors and scripts.",
        "description": "Objects may get more properties; those that are here stay.",
    },
    "servers": [{"url": ROOT}],
    "security": [{"token": []}],
    "paths": PATHS,
    "components": {
        "securitySchemes": {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "A token that host.api in base.yaml names.",
            }
        },
        "responses": {status: {**error, "content": _PROBLEM} for status, error in ERRORS.items()},
        "schemas": SCHEMAS,
    },
}
