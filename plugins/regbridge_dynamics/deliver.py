"""The `dynamics` target: records become rows of one table of a Dataverse environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from regbridge import (
    ConfigError,
    Delivered,
    DeliveredPage,
    Finding,
    Outcome,
    PluginContext,
    Record,
    RetryableError,
    Target,
    TargetPlugin,
    hookimpl,
)
from regbridge.rounds import deliver_in_rounds
from regbridge_dynamics.check import check_target
from regbridge_dynamics.client import WebApi, limiter_key
from regbridge_dynamics.errors import Trouble
from regbridge_dynamics.fields import field_findings
from regbridge_dynamics.fit import misfits
from regbridge_dynamics.listing import MOST, list_rows
from regbridge_dynamics.metadata import Metadata
from regbridge_dynamics.pace import Pace
from regbridge_dynamics.records import Translator, Upsert
from regbridge_dynamics.rows import Rows
from regbridge_dynamics.schema import Table
from regbridge_dynamics.sending import send
from regbridge_dynamics.settings import DynamicsSettings

_FEWEST = 10
"""To so few records a call shrinks when Dataverse says that it worked too long."""


_THREADS = 2
"""For each call at once so many threads: while one waits for Dataverse, another settles."""


class Dynamics(TargetPlugin):
    """Upserts each record into a table of Dataverse (Dynamics 365), by an alternate key.

    The same record sent twice leaves one row, so a record whose answer was lost is sent again.
    `batch_size` follows what Dataverse can take: it falls by half when the execution time is used
    up, and rises slowly to the settings' `chunk_size`. `page_size` is how many rows are listed by
    one call.
    """

    settings: DynamicsSettings
    settings_model = DynamicsSettings
    idempotent = True
    page_size = MOST

    def __init__(
        self,
        settings: DynamicsSettings,
        context: PluginContext,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(settings, context)
        if findings := list(field_findings(settings, context)):
            raise ConfigError(findings)
        self.concurrency = settings.concurrency * _THREADS
        self._clock = clock
        self._zone = _zone_of(context.target)
        self._chunk = Pace(settings.chunk_size, _FEWEST)
        self.batch_size = settings.chunk_size
        self._web = WebApi(
            settings,
            context.limiters.limiter(limiter_key(settings)),
            connections=settings.concurrency,
            options=settings.headers.names(),
            tag=settings.headers.tag,
            throttled=self._throttled,
            clock=clock,
        )
        self._metadata = Metadata(self._web)

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Upsert records in as few calls as their keys and the chunk size allow."""
        translator = self._translator()
        return deliver_in_rounds(
            records,
            self.batch_size,
            translator.upsert,
            lambda group: self._send(translator.table, group),
            self._clock,
        )

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        """Compare the settings and the map with the environment, without changing anything."""
        if self.context.target is None or target.name != self.context.target.name:
            return None
        return check_target(self._web, self.settings, self.context, self._zone)

    @hookimpl
    def list_delivered(self, page: str) -> DeliveredPage:
        """Read the rows that have a key, as many by one call as Dataverse gives."""
        return list_rows(self._web, self._rows(self._translator()), page, self.page_size)

    def as_delivered(self, record: Record) -> Delivered:
        """Return the row that a record becomes, by what the environment says now."""
        translator = self._translator()
        return self._rows(translator).of_upsert(translator.upsert(0, record))

    def preview(self, record: Record) -> Mapping[str, Any]:
        """Return the address and the body of an upsert, by what the environment says now."""
        upsert = self._translator().upsert(0, record)
        return {"@odata.id": upsert.address.plain, **msgspec.to_builtins(upsert.body)}

    def close(self) -> None:
        """Close the connections."""
        self._web.close()

    def _translator(self) -> Translator:
        """Return what turns records into upserts, by what the environment says about its tables."""
        settings = self.settings
        table = self._metadata.table(settings.table)
        parents: Mapping[str, Table] = {
            lookup.table: self._metadata.table(lookup.table) for lookup in settings.lookups.values()
        }
        for misfit in misfits(table, parents, settings):
            # No record is at fault: the target is left alone until somebody has corrected it.
            raise RetryableError(f"{misfit.text}; {misfit.remedy}".removesuffix("; "))
        return Translator(table, parents, settings, self._zone)

    def _rows(self, translator: Translator) -> Rows:
        mapped = self.context.target.map if self.context.target else {}
        return Rows(translator.table, self.settings, mapped)

    def _send(self, table: Table, upserts: Sequence[Upsert]) -> dict[int, Outcome]:
        outcomes = send(self._web, table, upserts)
        self._chunk.went_well()
        self.batch_size = self._chunk.value
        return outcomes

    def _throttled(self, kind: Trouble) -> None:
        if kind is Trouble.EXECUTION_TIME:
            self._chunk.ease()
            self.batch_size = self._chunk.value


def _zone_of(target: Target | None) -> ZoneInfo | None:
    return ZoneInfo(target.time_zone) if target and target.time_zone else None
