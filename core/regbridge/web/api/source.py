"""What the API's resources share: where facts come from, who may ask, what is noted."""

from __future__ import annotations

import functools
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

import falcon

from regbridge.store.audit import note
from regbridge.store.engine import Store
from regbridge.web.api.asked import Asked, read_query
from regbridge.web.errors import PROBLEM_TYPE, problem
from regbridge.web.gate import Gate

WHO = "api"
"""Who looked, in the audit: a token has no name."""

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_TEXTS = {
    HTTPStatus.SERVICE_UNAVAILABLE: "The ledger is not available; ask again later.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The service failed; its log has the reason.",
}


@dataclass(frozen=True)
class Source:
    """What one host answers from. `clock` gives ms since 1970."""

    store: Store
    gate: Gate
    clock: Callable[[], int]

    def note(self, request: falcon.Request, about: str) -> None:
        """Write down that somebody looked at personal data."""
        now, address = self.clock(), request.remote_addr
        self.store.write(lambda c: note(c, now, WHO, address, "looked at", about))


class Resource(ABC):
    """A fact that may be asked for; derive, name the parameters, and answer in `find`."""

    parameters: ClassVar[tuple[str, ...]] = ()

    def __init__(self, source: Source) -> None:
        self.source = source

    def on_get(self, req: falcon.Request, resp: falcon.Response, **places: str) -> None:
        """Answer whoever has a token."""
        answer_as_api(req)
        self.source.gate.admit(req)
        if any("\0" in place for place in places.values()):
            raise falcon.HTTPNotFound(description="Nothing has a NUL character in its name.")
        send(resp, self.find(req, read_query(req, self.parameters), **places))

    @abstractmethod
    def find(self, req: falcon.Request, asked: Asked, **places: str) -> Any:
        """Return the answer as plain values. `places` are the fields of the path.

        Raises `falcon.HTTPBadRequest` and what `missing` returns.
        """


def send(response: falcon.Response, value: Any) -> None:
    """Answer with JSON, in ASCII: what others wrote may hold halves of characters."""
    response.content_type = falcon.MEDIA_JSON
    response.data = json.dumps(value).encode()
    response.set_headers(_HEADERS)


def missing(request: falcon.Request, text: str, **members: Any) -> falcon.HTTPNotFound:
    """Return the error of something that is not there; `members` tell a script what."""
    request.context.members = members
    return falcon.HTTPNotFound(description=text)


def answer_as_api(request: falcon.Request) -> None:
    """Let errors of a request be answered in the API's words."""
    request.context.refuse = functools.partial(_refuse, request)


def _refuse(request: falcon.Request, response: falcon.Response, status: int, text: str) -> None:
    members: Mapping[str, Any] = request.context.get("members") or {}
    response.content_type = PROBLEM_TYPE
    response.data = problem(status, _TEXTS.get(HTTPStatus(status), text), **members)
    response.set_headers(_HEADERS)
