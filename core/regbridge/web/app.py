"""The web application, put together from its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import falcon

from regbridge.admissions import Admissions
from regbridge.store.intake import Arrival
from regbridge.timings import Timings
from regbridge.web import errors
from regbridge.web.answers import Answers
from regbridge.web.door import Door
from regbridge.web.health import Health, Live, Ready
from regbridge.web.refusal_log import RefusalLog
from regbridge.web.requests import Requests
from regbridge.web.webhook import Webhook

if TYPE_CHECKING:
    from regbridge.clients import Clients
    from regbridge.web.api.source import Source
    from regbridge.web.console.desk import Desk
    from regbridge.web.metrics.page import MetricsPage


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(
    clients: Clients,
    accept: Callable[[Arrival], int],
    *,
    body_limit: int,
    health: Callable[[], Mapping[str, Any]],
    ready: Callable[[], Mapping[str, Any]] | None = None,
    clock: Callable[[], datetime] = _now,
    timings: Timings | None = None,
    door: Door | None = None,
    refusals: RefusalLog | None = None,
    answers: Answers | None = None,
    desk: Desk | None = None,
    source: Source | None = None,
    metrics: MetricsPage | None = None,
) -> falcon.App[falcon.Request, falcon.Response]:
    """Return the WSGI application.

    `accept` stores a message durably and returns the receipt's id; `health` returns what
    `GET /health` shows, without personal data; both raise `StoreUnavailableError`. `ready` returns
    what `GET /health/ready` shows, whose `status` decides whether that is 503. `body_limit` is in
    bytes and holds for a body as sent and as inflated. `timings` measure how long senders wait, and
    `answers` count. `door` counts whose token was right and whose was not, `refusals` logs who is
    refused. `desk` is the console's, `source` the API's and `metrics` the metrics', if
    there is one.
    """
    answers = answers or Answers()
    app = falcon.App(middleware=Requests(answers))
    app.req_options.strip_url_path_trailing_slash = True
    errors.add_handlers(app, refusals or RefusalLog())
    app.add_route("/health", Health(health))
    app.add_route("/health/live", Live())
    app.add_route("/health/ready", Ready(ready or health))
    # Clients choose the paths of their endpoints, so every other path comes to the webhook.
    door = door or Door(Admissions())
    timings = timings or Timings()
    app.add_sink(Webhook(clients, accept, body_limit, clock, timings, door, answers))
    if desk is not None:
        from regbridge.web.console.routes import add_console

        add_console(app, desk)
    if source is not None:
        from regbridge.web.api.routes import add_api

        add_api(app, source)
    if metrics is not None:
        app.add_route("/metrics", metrics)
    return app
