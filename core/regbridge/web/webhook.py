"""A request at a client's endpoint: authenticated, read, stored, answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import falcon
import structlog

from regbridge.errors import MalformedMessageError
from regbridge.message import Envelope, normal_id, read_envelope
from regbridge.store.intake import Arrival
from regbridge.timings import Key, Stage, Timings
from regbridge.web.answers import Answers
from regbridge.web.body import Encoding, encoding, inflate, read
from regbridge.web.destination import Destination, borrow_destination, no_endpoint, uri_of
from regbridge.web.door import Door, head_of
from regbridge.web.requests import milliseconds

if TYPE_CHECKING:
    from regbridge.clients import Clients

_log = structlog.get_logger(__name__)

_SHOWN = 80
"""So many characters of what Cvent calls a message go into the log."""


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
        door: Door,
        answers: Answers,
    ) -> None:
        self._clients = clients
        self._accept = accept
        self._body_limit = body_limit
        self._clock = clock
        self._timings = timings
        self._door = door
        self._answers = answers

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_groups: str | None) -> None:
        """Answer a request at any path; unknown paths 404, methods that make no sense there 405."""
        with borrow_destination(self._clients, uri_of(req)) as destination:
            if destination is None:
                raise no_endpoint()
            req.context.client = destination.client
            req.context.endpoint = destination.endpoint.name
            self._answer(req, resp, destination)

    def _answer(self, req: falcon.Request, resp: falcon.Response, destination: Destination) -> None:
        match req.method:
            case "POST":
                self._authenticate(req, destination)
                with self._timings.measure(Key(req.context.client, Stage.RECEIVE), 0) as message:
                    resp.media = self._receive(req, destination)
                    message.registrations = resp.media["registrations"]
            case "GET" | "HEAD" if not destination.suffix:
                resp.media = self._validate(req, destination)
            case _:
                raise falcon.HTTPMethodNotAllowed(
                    ["POST"] if destination.suffix else ["GET", "HEAD", "POST"],
                    description=f"{req.method} means nothing here; Cvent posts messages.",
                )

    def _authenticate(self, req: falcon.Request, destination: Destination) -> str:
        """Return who sent the request, judged by its head alone; raises `AuthenticationError`."""
        head = head_of(req)
        identity = self._door.authenticate(head, destination)
        self._door.let_in(head, destination)
        req.context.identity = identity.name
        return identity.name

    def _validate(self, req: falcon.Request, destination: Destination) -> dict[str, Any]:
        """Return the answer to the GET by which Cvent looks whether an endpoint works."""
        identity = self._authenticate(req, destination)
        facts = {"client": destination.client, "endpoint": destination.endpoint.name}
        _log.info("endpoint validated", **facts, identity=identity, remote_address=req.remote_addr)
        return facts

    def _receive(self, req: falcon.Request, destination: Destination) -> dict[str, int]:
        """Store a message and return what its sender is told.

        A malformed one is stored too, as a parked receipt, before its error goes on.
        """
        received_at = self._clock()
        coding = encoding(req.get_header("Content-Encoding"))
        body = read(req, self._body_limit)
        client, endpoint = destination.client, destination.endpoint.name
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


def _compare(envelope: Envelope, destination: Destination) -> None:
    """Log it when the path names another message than the body; the body is right."""
    if not destination.suffix:
        return
    event_type, stub = destination.suffix
    if (event_type, normal_id(stub)) != (envelope.event_type, envelope.message_stub):
        _log.info(
            "path and body differ",
            client=destination.client,
            endpoint=destination.endpoint.name,
            path=[event_type, stub],
            body=[envelope.event_type, envelope.message_stub],
        )
