"""Which endpoint a request is for, as its path says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import falcon

from regbridge.errors import ConfigError
from regbridge.models import Endpoint

if TYPE_CHECKING:
    from regbridge.clients import Clients
    from regbridge.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Destination:
    """The endpoint at a path; `suffix` is (eventType, messageStub) as Cvent appends them, or ()."""

    pipeline: Pipeline
    endpoint: Endpoint
    suffix: tuple[str, ...]

    @property
    def client(self) -> str:
        """The name of the client."""
        return self.pipeline.client.name


def find_destination(clients: Clients, uri: str) -> Destination | None:
    """Find the endpoint of a URI, which may have the two segments of a message behind it.

    Raises `ConfigError` only when neither reading of the path is an endpoint that runs.
    """
    refused: ConfigError | None = None
    segments = _segments(uri)
    for length in (len(segments), max(len(segments) - 2, 0)):
        try:
            found = clients.find("/".join(segments[:length]))
        except ConfigError as error:
            refused = error
        else:
            if found:
                pipeline, endpoint = found
                return Destination(pipeline, endpoint, tuple(segments[length:]))
    if refused:
        raise refused
    return None


@contextmanager
def borrow_destination(clients: Clients, uri: str) -> Iterator[Destination | None]:
    """Find as `find_destination` does; the plugins of the endpoint stay open in the block."""
    while found := find_destination(clients, uri):
        with found.pipeline.in_use() as is_open:
            if is_open:
                yield found
                return
    yield None


def uri_of(request: falcon.Request) -> str:
    """Return a request's URI as it was sent."""
    uri: str = request.env.get("REQUEST_URI", request.path)
    return uri


def no_endpoint() -> falcon.HTTPNotFound:
    """Return the 404 of a path that no endpoint has."""
    return falcon.HTTPNotFound(
        description="No endpoint has this path; compare the URL in Cvent's integration "
        "settings with the `path` of the client's endpoints."
    )


def _segments(uri: str) -> list[str]:
    """Return a path's segments, each decoded by itself, so that an encoded slash divides none."""
    path = uri.partition("?")[0] if uri.startswith("/") else urlsplit(uri).path
    return ["", *(unquote(segment) for segment in path.strip("/").split("/"))]
