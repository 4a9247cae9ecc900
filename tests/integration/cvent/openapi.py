"""Holds every call that passes through an application against Cvent's OpenAPI specification."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse
from werkzeug.datastructures import MultiDict

from regbridge.testing.server import DROP

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

SPECIFICATION = Path(__file__).parents[2] / "reference" / "cvent-openapi.json"
HOST = "https://api-platform.cvent.com"
BASE_PATH = "/ea"

# Answers that the specification declares nowhere: Cvent's gateway gives them, not its API.
BEYOND_THE_SPECIFICATION = frozenset({405, 414, 431, 502, 503, 504})

# Where `expand` puts a whole object, the schema knows only the reference that stands there without.
RICHER_WHEN_EXPANDED = {
    "answers.question": re.compile(r"(/data/\d+)?/answers/\d+/question/.*"),
    "registrationType": re.compile(r"(/data/\d+)?/registrationType/.*"),
}


def read_specification() -> dict[str, Any]:
    """Return the specification, less what no answer of Cvent's own could fulfil."""
    specification: dict[str, Any] = json.loads(SPECIFICATION.read_text(encoding="utf-8"))
    schemas = specification["components"]["schemas"]
    # `event.id` is meant as a path, but says that there is a property with a dot in its name.
    for schema in (schemas["session"], *schemas["session"]["allOf"]):
        schema["required"] = [name for name in schema["required"] if name != "event.id"]
    # Every object fits all four kinds of `details`, and so never exactly one.
    details = schemas["existing-custom-field"]["allOf"][0]["properties"]["details"]
    details["anyOf"] = details.pop("oneOf")
    # Its description says that null stands for unlimited.
    schemas["public-usage-plan"]["allOf"][0]["properties"]["quota"]["nullable"] = True
    # Scopes have tests of their own, and openapi-core cannot check OAuth.
    for item in specification["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                operation.pop("security", None)
    return specification


class Recorder:
    """Wraps an application, and notes in `violations` what breaks Cvent's specification.

    Beyond the specification's own rules, nothing may be sent or answered that it does not name.
    `requests` are (method, path, query, body) of everything that was sent. With `checks_refused`
    off, only requests that the application accepts have to be right.
    """

    def __init__(self, specification: dict[str, Any]) -> None:
        self.violations: list[str] = []
        self.requests: list[tuple[str, str, str, bytes]] = []
        self.checks_refused = True
        self._specification = specification
        self._openapi = OpenAPI.from_dict(specification, config=_unchecked())

    def __call__(self, app: WSGIApplication) -> WSGIApplication:
        """Return the application with every call through it recorded."""

        def recording(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if not environ["PATH_INFO"].startswith(f"{BASE_PATH}/"):
                return app(environ, start_response)
            return self._record(app, environ, start_response)

        return recording

    def _record(
        self, app: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(sent)
        started: list[Any] = []
        dropped = _notice_drop(environ)

        def start(status: str, headers: Any, *_: Any) -> Callable[[bytes], object]:
            started[:] = status, headers
            return _no_write

        body = b"".join(app(environ, start))
        status, headers = started
        self.requests.append(
            (environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], sent)
        )
        code = 0 if dropped.is_set() else int(status[:3])
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        self._check(_request(environ, sent), MockResponse(body, code, content_type=kind))
        start_response(status, headers)
        return [body]

    def _check(self, request: MockRequest, response: MockResponse) -> None:
        status = response.status_code
        found: list[str] = []
        if self.checks_refused or 200 <= status < 300:
            found += self._wrong_in_request(request)
        if status and status not in BEYOND_THE_SPECIFICATION:
            found += self._wrong_in_response(request, response)
        self.violations += [f"{request.method} {request.path} ({status}): {each}" for each in found]

    def _wrong_in_request(self, request: MockRequest) -> Iterator[str]:
        operation = self._operation(request)
        if operation is None:
            yield "there is no such operation"
            return
        try:
            self._openapi.validate_request(request)
        except OpenAPIError as error:
            yield from _reasons(error)
            return
        known = {each["name"] for each in operation["parameters"] if each["in"] == "query"}
        for name in set(request.parameters.query) - known:
            yield f"the operation has no parameter {name}"
        content = operation.get("requestBody", {}).get("content", {})
        if request.body and "application/json" in content:
            schema = content["application/json"]["schema"]
            for place in self._undocumented(schema, json.loads(request.body), ""):
                yield f"{place} is not documented"

    def _wrong_in_response(self, request: MockRequest, response: MockResponse) -> Iterator[str]:
        operation = self._operation(request)
        if operation is None:
            if response.status_code != 404:
                yield "there is no such operation, and yet no 404"
            return
        try:
            self._openapi.validate_response(request, response)
        except OpenAPIError as error:
            yield from _reasons(error)
            return
        declared = self._resolved(operation["responses"][str(response.status_code)])
        schema = declared["content"]["application/json"]["schema"]
        query: Any = request.parameters.query
        names = query.getlist("expand")
        expanded = [place for name, place in RICHER_WHEN_EXPANDED.items() if name in names]
        for place in self._undocumented(schema, json.loads(response.data or b""), ""):
            if not any(each.fullmatch(place) for each in expanded):
                yield f"{place} is not documented"

    def _operation(self, request: MockRequest) -> dict[str, Any] | None:
        """Return the operation of a request, with the parameters of its path; None for no one."""
        path = request.path.removeprefix(BASE_PATH)
        # A path without variables goes first: /attendees/filter is no attendee.
        for template in sorted(self._specification["paths"], key=lambda each: each.count("{")):
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                item = self._specification["paths"][template]
                operation = item.get(request.method.lower())
                if operation is None:
                    return None
                parameters = (*item.get("parameters", ()), *operation.get("parameters", ()))
                return {**operation, "parameters": [self._resolved(each) for each in parameters]}
        return None

    def _undocumented(self, schema: Any, value: Any, place: str) -> Iterator[str]:
        """Yield the places of properties that the schema does not name, and would allow."""
        if isinstance(value, list):
            items = [each["items"] for each in self._parts(schema) if "items" in each]
            for number, element in enumerate(value):
                for each in items:
                    yield from self._undocumented(each, element, f"{place}/{number}")
        if isinstance(value, dict):
            known: dict[str, Any] = {}
            for each in self._parts(schema):
                known |= each.get("properties", {})
            for name, inner in value.items():
                where = f"{place}/{name}"
                if name in known:
                    yield from self._undocumented(known[name], inner, where)
                else:
                    yield where

    def _parts(self, schema: Any) -> Iterator[dict[str, Any]]:
        """Yield a schema and all that it is put together from."""
        schema = self._resolved(schema)
        yield schema
        for keyword in ("allOf", "anyOf", "oneOf"):
            for each in schema.get(keyword, ()):
                yield from self._parts(each)

    def _resolved(self, schema: Any) -> Any:
        while "$ref" in schema:
            found: Any = self._specification
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[int(step) if isinstance(found, list) else step]
            schema = found
        return schema


def _unchecked() -> Config:
    """Return the setting that takes a specification without its texts, some of which must be."""
    nothing: Any = None
    return Config(spec_validator_cls=nothing)


def _notice_drop(environ: WSGIEnvironment) -> threading.Event:
    """Return what is set when the application drops the connection."""
    dropped = threading.Event()
    drop = environ.get(DROP)

    def noticed() -> None:
        dropped.set()
        if drop:
            drop()

    environ[DROP] = noticed
    return dropped


def _no_write(_: bytes) -> None:
    raise AssertionError("nobody writes this way any more")


def _request(environ: WSGIEnvironment, body: bytes) -> MockRequest:
    names = {name[5:].replace("_", "-").title(): name for name in environ if name[:5] == "HTTP_"}
    return MockRequest(
        HOST,
        environ["REQUEST_METHOD"].lower(),
        environ["PATH_INFO"],
        args=MultiDict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)),
        headers={name: environ[key] for name, key in names.items()},
        data=body,
        content_type=environ.get("CONTENT_TYPE", ""),
    )


def _reasons(error: OpenAPIError) -> Iterator[str]:
    details = getattr(error.__cause__, "schema_errors", None)
    if not details:
        yield f"{error} {error.__cause__ or ''}"
        return
    for each in details:
        place = "/".join(map(str, each.absolute_path))
        yield f"{error.__class__.__name__} at {place}: {each.message}"
