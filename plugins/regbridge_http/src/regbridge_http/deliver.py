"""The `http` target: each record is one signed message to a URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from regbridge import (
    Finding,
    Outcome,
    PluginContext,
    RateLimit,
    Record,
    RejectedError,
    Target,
    TargetPlugin,
    hookimpl,
    masker,
)
from regbridge.http import Outbound
from regbridge_http.check import check_receiver
from regbridge_http.envelope import content_of, message_of
from regbridge_http.meaning import id_in, refusal_of
from regbridge_http.settings import HttpSettings
from regbridge_http.signing import signed_headers

_ANSWER_LIMIT = 10_000_000


class Http(TargetPlugin):
    """Posts each record as signed JSON to a URL, by the Standard Webhooks scheme.

    A message has the same id and the same body at each attempt, so that a receiver that keeps the
    scheme does its work once. Where it does not, `on_ambiguous: park` leaves to a person what
    became of a message whose answer was lost.
    """

    settings: HttpSettings
    settings_model = HttpSettings

    def __init__(
        self,
        settings: HttpSettings,
        context: PluginContext,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(settings, context)
        self.concurrency = settings.concurrency
        self.idempotent = settings.on_ambiguous == "retry"
        self._clock = clock
        self._keys = settings.keys()
        self._pace = _pace(settings, context)
        # Where a lost answer parks, no connection is used again: an idle one may be closed.
        self._outbound = Outbound(
            "the receiver",
            settings.url,
            connections=settings.concurrency,
            answer_seconds=settings.timeout_seconds,
            longest_seconds=settings.timeout_seconds,
            largest=_ANSWER_LIMIT,
            keep_alive=self.idempotent,
        )

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Post one message for each record."""
        return [self._deliver(record) for record in records]

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        """Connect to the receiver without sending it anything."""
        if self.context.target is None or target.name != self.context.target.name:
            return None
        return check_receiver(self._outbound, self.settings)

    def preview(self, record: Record) -> Mapping[str, Any]:
        """Return the body of the message."""
        message_of(record, self.context, self.settings.type)
        return content_of(record, self.context, self.settings.type)

    def close(self) -> None:
        """Close the connections."""
        self._outbound.close()

    def _deliver(self, record: Record) -> Outcome:
        try:
            message = message_of(record, self.context, self.settings.type)
        except RejectedError as error:
            return Outcome.rejected(str(error), error.field)
        with self._pace():
            now = self._clock()
            headers = signed_headers(self._keys, message.id, int(now.timestamp()), message.body)
            given = {**self.settings.headers, **headers, "Content-Type": "application/json"}
            answer = self._outbound.send(
                "POST", self.settings.url, headers=given, body=message.body
            )
        mask = masker([record.fields, *_private(self.settings)])
        refused = refusal_of(answer, self.settings.statuses, mask, self._clock())
        if refused:
            return refused
        path = self.settings.id_from
        external_id = id_in(answer, path) if path else message.id
        return Outcome.updated(external_id) if record.external_id else Outcome.created(external_id)


def _private(settings: HttpSettings) -> list[str]:
    """Return what a receiver may quote and nobody should read."""
    parts = urlsplit(settings.url)
    return [parts.path, parts.query, *settings.headers.values()]


def _pace(
    settings: HttpSettings, context: PluginContext
) -> Callable[[], AbstractContextManager[None]]:
    """Return what makes each call wait for its turn."""
    if settings.calls_per_second is None:
        return nullcontext
    target = context.target.name if context.target else ""
    limiter = context.limiters.limiter(f"http {context.client.name} {target}")
    limit = RateLimit(settings.calls_per_second, settings.concurrency)
    return lambda: limiter.call(limit)
