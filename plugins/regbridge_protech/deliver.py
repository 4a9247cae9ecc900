"""The `protech` target: each record is one call of a client's own web service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from regbridge import (
    ConfigError,
    Finding,
    Outcome,
    OutcomeKind,
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
from regbridge_protech.answer import ANSWER_LIMIT
from regbridge_protech.check import check_service
from regbridge_protech.fields import field_findings
from regbridge_protech.meaning import outcome_of
from regbridge_protech.request import build_request
from regbridge_protech.settings import ServiceSettings


class ProtechSettings(ServiceSettings):
    """A service's operation, and how gently it is called."""

    on_ambiguous: Annotated[
        Literal["park", "retry"],
        Field(description="What follows when nobody can say whether the service did it."),
    ] = "park"
    concurrency: Annotated[int, Field(ge=1, le=16, description="Calls at the same time.")] = 1
    calls_per_second: Annotated[
        float | None,
        Field(gt=0, le=1000, description="The pace of all who share the ledger; any if left out."),
    ] = None
    timeout_seconds: Annotated[
        float, Field(gt=0, le=600, description="How long an answer may take.")
    ] = 60.0


class Protech(TargetPlugin):
    """Calls a client-specific web service (ASMX, WCF) for each record, by SOAP or as a form.

    Such a service creates a staging record in the CRM and answers with text, often a GUID: success
    is what the success rule says, never HTTP's status. Nobody knows whether it is idempotent, so a
    record whose answer was lost is parked, unless `on_ambiguous: retry` says that it is safe.
    """

    settings: ProtechSettings
    settings_model = ProtechSettings

    def __init__(
        self,
        settings: ProtechSettings,
        context: PluginContext,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(settings, context)
        if findings := list(field_findings(settings, context)):
            raise ConfigError(findings)
        self.concurrency = settings.concurrency
        self.idempotent = settings.on_ambiguous == "retry"
        self._clock = clock
        self._operation = settings.described_operation()
        self._fixed = settings.fixed_values()
        self._rule = settings.success.rule()
        self._pace = _pace(settings, context)
        # A connection that the service closes while it is idle would make a call ambiguous.
        self._outbound = Outbound(
            "the Protech service",
            settings.url,
            connections=settings.concurrency,
            answer_seconds=settings.timeout_seconds,
            longest_seconds=settings.timeout_seconds * 2,
            largest=ANSWER_LIMIT,
            keep_alive=False,
            shows_path=True,
        )

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Call the service once for each record."""
        return [self._deliver(record) for record in records]

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        """Compare the settings with the service's WSDL, without calling its operation."""
        if self.context.target is None or target.name != self.context.target.name:
            return None
        return check_service(self._outbound, self.settings)

    def close(self) -> None:
        """Close the connections."""
        self._outbound.close()

    def _deliver(self, record: Record) -> Outcome:
        values = {**record.fields, **self._fixed}
        binding = self.settings.binding
        try:
            request = build_request(self.settings.url, self._operation, binding, values)
            with self._pace():
                answer = self._outbound.send(
                    "POST", request.url, headers=request.headers, body=request.body
                )
            mask = masker(values.values())
            outcome = outcome_of(answer, self._operation, binding, self._rule, mask, self._clock())
        except RejectedError as error:
            return Outcome.rejected(str(error), error.field)
        if outcome.kind is OutcomeKind.CREATED and record.external_id:
            return Outcome.updated(outcome.external_id)
        return outcome


def _pace(
    settings: ProtechSettings, context: PluginContext
) -> Callable[[], AbstractContextManager[None]]:
    """Return what makes each call wait for its turn."""
    if settings.calls_per_second is None:
        return nullcontext
    service = urlsplit(settings.url)
    limiter = context.limiters.limiter(f"protech {service.hostname}{service.path}")
    limit = RateLimit(settings.calls_per_second, settings.concurrency)
    return lambda: limiter.call(limit)
