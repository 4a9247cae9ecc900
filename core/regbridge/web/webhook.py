"""A request at a client's endpoint: authenticated, read, stored, answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import falcon
import structlog

from regbridge.errors import ConfigError, MalformedMessageError
from regbridge.message import Envelope, normal_id, read_envelope
from regbridge.models import Endpoint, Request
from regbridge.store.intake import Arrival
from regbridge.timings import Key, Stage, Timings
from regbridge.web.answers import Answers
from regbridge.web.body import Encoding, encoding, inflate, read
from regbridge.web.requests import milliseconds

if TYPE_CHECKING:
    from regbridge.clients import Clients
    from regbridge.pipeline import Pipeline

_log = structlog.get_logger(__name__)

_SHOWN = 80
"""So many characters of what Cvent calls a message go into the log."""


@dataclass(frozen=True, slots=True)
class _Destination:
    """The endpoint at a path; `suffix` is (eventType, messageStub) as Cvent appends them, or ()."""

    pipeline: Pipeline
    endpoint: Endpoint
    suffix: tuple[str, ...]


class Webhook:
    """Answers Cvent: its validation GET and its messages.

    Nothing but authentication, a look at the envelope and the durable commit happens meanwhile.
    """

    def __init__(
        self,
        clients: Clients,
        accept: Callable[[Arrival], int],
        body_limit: int,
        clock: Callable[[], datetime],
        timings: Timings,
        answers: Answers,
    ) -> None:
        self._clients = clients
        self._accept = accept
        self._body_limit = body_limit
        self._clock = clock
        self._timings = timings
        self._answers = answers

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_groups: str | None) -> None:
        """Answer a request at any path; unknown paths 404, methods that make no sense there 405."""
        destination = self._find(_segments(req))
        req.context.client = destination.pipeline.client.name
        req.context.endpoint = destination.endpoint.name
        match req.method:
            case "POST":
                _authenticate(req, destination)
                with self._timings.measure(Key(req.context.client, Stage.RECEIVE), 0) as message:
                    resp.media = self._receive(req, destination)
                    message.registrations = resp.media["registrations"]
            case "GET" | "HEAD" if not destination.suffix:
                resp.media = _validate(req, destination)
            case _:
                raise falcon.HTTPMethodNotAllowed(
                    ["POST"] if destination.suffix else ["GET", "HEAD", "POST"],
                    description=f"{req.method} means nothing here; Cvent posts messages.",
                )

    def _find(self, segments: list[str]) -> _Destination:
        """Find the endpoint of a path, which may have the two segments of a message behind it.

        Raises `ConfigError` only when neither reading of the path is an endpoint that runs.
        """
        refused: ConfigError | None = None
        for length in (len(segments), max(len(segments) - 2, 0)):
            try:
                found = self._clients.find("/".join(segments[:length]))
            except ConfigError as error:
                refused = error
            else:
                if found:
                    pipeline, endpoint = found
                    return _Destination(pipeline, endpoint, tuple(segments[length:]))
        if refused:
            raise refused
        raise falcon.HTTPNotFound(
            description="No endpoint has this path; compare the URL in Cvent's integration "
            "settings with the `path` of the client's endpoints."
        )

    def _receive(self, req: falcon.Request, destination: _Destination) -> dict[str, int]:
        """Store a message and return what its sender is told.

        A malformed one is stored too, as a parked receipt, before its error goes on.
        """
        received_at = self._clock()
        coding = encoding(req.get_header("Content-Encoding"))
        body = read(req, self._body_limit)
        client, endpoint = destination.pipeline.client.name, destination.endpoint.name
        try:
            if coding is Encoding.GZIP:
                body = inflate(body, self._body_limit)
            envelope = read_envelope(body)
        except MalformedMessageError as error:
            parked = Arrival(client, endpoint, body, received_at, problem=str(error))
            req.context.receipt = self._accept(parked)
            raise
        _compare(envelope, destination)
        receipt = self._accept(
            Arrival(
                client=client,
                endpoint=endpoint,
                body=body,
                received_at=received_at,
                event_type=envelope.event_type,
                message_stub=envelope.message_stub,
                message_time=envelope.message_time,
                message_time_text=envelope.message_time_text,
                record_count=len(envelope.records),
            )
        )
        self._answers.accept(client, endpoint, len(envelope.records))
        _log.info(
            "message stored",
            client=client,
            endpoint=endpoint,
            receipt=receipt,
            registrations=len(envelope.records),
            event_type=envelope.event_type[:_SHOWN],
            message=envelope.message_stub[:_SHOWN],
            ms=milliseconds(req),
        )
        return {"receipt": receipt, "registrations": len(envelope.records)}


def _segments(req: falcon.Request) -> list[str]:
    """Return a path's segments, each decoded by itself, so that an encoded slash divides none."""
    uri: str = req.env.get("REQUEST_URI", req.path)
    path = uri.partition("?")[0] if uri.startswith("/") else urlsplit(uri).path
    return ["", *(unquote(segment) for segment in path.strip("/").split("/"))]


def _authenticate(req: falcon.Request, destination: _Destination) -> str:
    """Return who sent the request, judged by its head alone; raises `AuthenticationError`."""
    head = Request(
        method=req.method,
        path=req.path,
        headers=req.headers_lower,
        remote_address=req.remote_addr,
    )
    return destination.pipeline.authenticate(head, destination.endpoint).name


def _validate(req: falcon.Request, destination: _Destination) -> dict[str, Any]:
    """Return the answer to the GET by which Cvent looks whether an endpoint works."""
    identity = _authenticate(req, destination)
    facts = {
        "client": destination.pipeline.client.name,
        "endpoint": destination.endpoint.name,
    }
    _log.info("endpoint validated", **facts, identity=identity, remote_address=req.remote_addr)
    return facts


def _compare(envelope: Envelope, destination: _Destination) -> None:
    """Log it when the path names another message than the body; the body is right."""
    if not destination.suffix:
        return
    event_type, stub = destination.suffix
    if (event_type, normal_id(stub)) != (envelope.event_type, envelope.message_stub):
        _log.info(
            "path and body differ",
            client=destination.pipeline.client.name,
            endpoint=destination.endpoint.name,
            path=[event_type, stub],
            body=[envelope.event_type, envelope.message_stub],
        )
