"""Asks a running host for what its ledger holds, through its API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from regbridge.config.api import is_header_safe
from regbridge.errors import AmbiguousError, ConfigError, RetryableError
from regbridge.http import Answer, Outbound
from regbridge.loopback import is_here
from regbridge.story import Story
from regbridge.web.api.document import ROOT
from regbridge.web.api.schemas import Schema
from regbridge.web.api.shape import fits

_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 120.0
_LARGEST = 500_000_000
_STATUS: Schema = {"$ref": "#/components/schemas/Status"}
_TIMINGS: Schema = {"$ref": "#/components/schemas/Timings"}
_RECEIPT: Schema = {"$ref": "#/components/schemas/Receipt"}
_REGISTRANTS: Schema = {"type": "array", "items": {"$ref": "#/components/schemas/Registrant"}}
_WHERE_API = "host.api in its base.yaml names tokens, and a proxy before it has to pass on /api/v1"


class RemoteHost:
    """A host that runs somewhere; `url` is where its web server is reached.

    Raises `ConfigError` when the URL or the token cannot be right, and from every method when the
    host cannot be reached, or answers otherwise than its API would. No text holds the token.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = _checked(url.strip().rstrip("/"))
        if not is_header_safe(token):
            raise ConfigError.of(
                "the token is not made of visible ASCII characters, without spaces",
                "compare it with host.api.tokens in base.yaml",
            )
        self._headers = {"Authorization": f"Bearer {token}"}
        self._calls = Outbound(
            "the host",
            self._url,
            connections=1,
            connect_seconds=_CONNECT_SECONDS,
            answer_seconds=_ANSWER_SECONDS,
            largest=_LARGEST,
        )

    def __enter__(self) -> RemoteHost:
        return self

    def __exit__(self, *_: object) -> None:
        self._calls.close()

    def figures(self) -> dict[str, Any]:
        """Return what `regbridge.status.figures` returns there."""
        found: dict[str, Any] = self._ask("/status", _STATUS)
        return found

    def timings(self, days: int) -> list[dict[str, Any]]:
        """Return what `regbridge.timing_report.plain_times` returns there."""
        found: list[dict[str, Any]] = self._ask("/timings", _TIMINGS, days=str(days))["timings"]
        return found

    def registrant_stories(self, text: str, client: str, *, body: bool) -> list[Story]:
        """Return what `regbridge.story.registrant_stories` returns there."""
        query = {"text": text, **({"client": client} if client else {}), **_with_body(body)}
        found: list[Story] = self._ask("/registrations", _REGISTRANTS, **query)
        return found

    def receipt_story(self, number: int, *, body: bool) -> Story | None:
        """Return what `regbridge.story.receipt_story` returns there."""
        path = f"/receipts/{number}"
        found: Story | None = self._ask(path, _RECEIPT, missing="receipt", **_with_body(body))
        return found

    def _ask(self, path: str, schema: Schema, missing: str = "", **query: str) -> Any:
        """Return an answer of this shape; None for a 404 whose document names `missing`."""
        answer = self._send(path, query)
        found = _read_json(answer)
        if answer.status == HTTPStatus.OK and fits(found, schema):
            return found
        is_missing = missing and isinstance(found, dict) and missing in found
        if answer.status == HTTPStatus.NOT_FOUND and is_missing:
            return None
        raise self._error(answer, found)

    def _send(self, path: str, query: Mapping[str, str]) -> Answer:
        url = f"{self._url}{ROOT}{path}"
        try:
            return self._calls.send("GET", url, headers=self._headers, params=query)
        except (AmbiguousError, RetryableError) as error:
            remedy = "is `regbridge serve` running there, at this port?"
            raise ConfigError.of(str(error), remedy, self._url) from None

    def _error(self, answer: Answer, found: Any) -> ConfigError:
        """Return the error that says what an answer means for who typed the command."""
        detail = found.get("detail") if isinstance(found, dict) else None
        said = f" ({detail})" if isinstance(detail, str) and detail else ""
        match answer.status:
            case HTTPStatus.UNAUTHORIZED:
                text, remedy = "the host does not know this token", "compare it with host.api there"
            case HTTPStatus.NOT_FOUND:
                text, remedy = "this host has no API", _WHERE_API
            case HTTPStatus.OK:
                text = "the answer is not one of regbridge's API"
                remedy = "compare the URL, and the version of regbridge there with the one here"
            case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.BAD_REQUEST:
                text, remedy = f"the host answers {answer.status}{said}", ""
            case _:
                text = f"the host answers {answer.status}{said}"
                remedy = "compare the URL, and look into the log of the host"
        return ConfigError.of(text, remedy, self._url)


def _checked(url: str) -> str:
    """Return the URL of a host. Raises `ConfigError` for one that cannot be it."""
    try:
        parts = urlsplit(url)
        name, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigError.of(f"{url!r} is no URL", "such as https://hooks.example.org") from None
    if parts.username or parts.password:
        raise ConfigError.of(
            "the URL of a host holds no name and no password", "give the token by --token-env"
        )
    if parts.scheme not in ("http", "https") or not name or parts.query or parts.fragment:
        remedy = "write it as https://hooks.example.org or http://127.0.0.1:8080"
        raise ConfigError.of(f"{url!r} is not the URL of a host", remedy)
    if parts.scheme == "http" and not is_here(url):
        raise ConfigError.of(
            "a token and personal data are not sent without encryption",
            "begin the URL with https://; http:// is for this machine alone",
            url,
        )
    return url


def _with_body(body: bool) -> dict[str, str]:
    return {"body": "true"} if body else {}


def _read_json(answer: Answer) -> Any:
    """Return the JSON of an answer, None for none."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
