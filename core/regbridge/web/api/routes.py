"""Puts the API into the application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import falcon

from regbridge.web.api import resources
from regbridge.web.api.document import DOCUMENT, ROOT
from regbridge.web.api.source import Resource, Source, answer_as_api, send

if TYPE_CHECKING:  # falcon 4.0 takes no type arguments when it runs
    App = falcon.App[falcon.Request, falcon.Response]

RESOURCES: Mapping[str, type[Resource]] = {
    "/status": resources.Status,
    "/timings": resources.Timings,
    "/registrations": resources.Registrations,
    "/registrations/{number}": resources.Registration,
    "/receipts/{number}": resources.Receipt,
    "/proofs": resources.Proofs,
    "/proofs/{client}/{event}/differences": resources.Differences,
}
"""What answers at each path below `ROOT`."""


def add_api(app: App, source: Source) -> None:
    """Add all paths below `/api/v1`."""
    for path, resource in RESOURCES.items():
        app.add_route(ROOT + path, resource(source))
    app.add_route(f"{ROOT}/openapi.json", Document())
    app.add_sink(_Unknown(source), prefix=ROOT + "(/|$)")


class Document:
    """The OpenAPI document, for which nobody needs a token."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with it."""
        send(resp, DOCUMENT)


class _Unknown:
    def __init__(self, source: Source) -> None:
        self._source = source

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:  # noqa: ARG002
        answer_as_api(req)
        self._source.gate.admit(req)
        raise falcon.HTTPNotFound(
            description=f"There is nothing at this path; {ROOT}/openapi.json lists what there is."
        )
