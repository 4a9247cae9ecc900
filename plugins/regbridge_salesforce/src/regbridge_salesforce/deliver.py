"""The `salesforce` target: records become records of one object of an org."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
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
from regbridge_salesforce.check import check_target
from regbridge_salesforce.client import RestApi, limiter_key
from regbridge_salesforce.fields import field_findings
from regbridge_salesforce.fit import misfits, parent_of
from regbridge_salesforce.listing import MOST, list_rows
from regbridge_salesforce.metadata import Metadata
from regbridge_salesforce.records import Translator, Upsert
from regbridge_salesforce.rows import Rows
from regbridge_salesforce.schema import SObject
from regbridge_salesforce.sending import Sender, body_of
from regbridge_salesforce.settings import SalesforceSettings

Objects = tuple[SObject, Mapping[str, SObject]]


class Salesforce(TargetPlugin):
    """Upserts each record into an object of Salesforce, by an external id, 200 by one call.

    The same record sent twice leaves one record, so one whose answer was lost is sent again.
    `page_size` is how many records are listed by one call.
    """

    settings: SalesforceSettings
    settings_model = SalesforceSettings
    idempotent = True
    page_size = MOST

    def __init__(
        self,
        settings: SalesforceSettings,
        context: PluginContext,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(settings, context)
        if findings := list(field_findings(settings, context)):
            raise ConfigError(findings)
        self.batch_size = settings.chunk_size
        self.concurrency = settings.concurrency
        self._clock = clock
        self._zone = _zone_of(context.target)
        self._api = RestApi(
            settings,
            context.limiters.limiter(limiter_key(settings)),
            at_once=settings.concurrency,
            reserve=settings.reserve_calls,
            pause=timedelta(minutes=settings.quota_minutes),
            clock=clock,
        )
        self._metadata = Metadata(self._api)
        self._sender = Sender(
            self._api,
            settings.object,
            settings.external_id,
            save_duplicates=settings.save_duplicates,
        )

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Upsert records in as few calls as their keys and the chunk size allow."""
        translator = Translator(*self._objects(), self.settings, self._zone)
        size = self.batch_size
        return deliver_in_rounds(records, size, translator.upsert, self._send, self._clock)

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        """Compare the settings and the map with the org, without changing anything."""
        if self.context.target is None or target.name != self.context.target.name:
            return None
        return check_target(self._api, self.settings, self.context, self._zone)

    @hookimpl
    def list_delivered(self, page: str) -> DeliveredPage:
        """Read the records that have an external id, as many by one call as Salesforce gives."""
        return list_rows(self._api, self._rows(*self._objects()), page, self.page_size)

    def as_delivered(self, record: Record) -> Delivered:
        """Return the record that a record becomes, by what the org says now."""
        objects = self._objects()
        translator = Translator(*objects, self.settings, self._zone)
        return self._rows(*objects).of_upsert(translator.upsert(0, record))

    def preview(self, record: Record) -> Mapping[str, Any]:
        """Return the record as a call has it, by what the org says now."""
        upsert = Translator(*self._objects(), self.settings, self._zone).upsert(0, record)
        [sent] = msgspec.json.decode(body_of([upsert]))["records"]
        return dict(sent)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _objects(self) -> Objects:
        """Return the object and those that the lookups refer to, which fit the settings."""
        settings = self.settings
        sobject = self._metadata.object(settings.object)
        parents = {
            name: self._metadata.object(parent)
            for name, lookup in settings.lookups.items()
            if (parent := parent_of(sobject, name, lookup))
        }
        for misfit in misfits(sobject, parents, settings):
            # No record is at fault: the target is left alone until somebody has corrected it.
            self._metadata.forget()
            raise RetryableError(str(misfit))
        return sobject, parents

    def _rows(self, sobject: SObject, parents: Mapping[str, SObject]) -> Rows:
        mapped = self.context.target.map if self.context.target else {}
        return Rows(sobject, parents, self.settings, mapped)

    def _send(self, upserts: Sequence[Upsert]) -> Mapping[int, Outcome]:
        try:
            return self._sender.send(upserts)
        except RetryableError:
            self._metadata.forget()  # a field may be gone since the org was asked
            raise


def _zone_of(target: Target | None) -> ZoneInfo | None:
    return ZoneInfo(target.time_zone) if target and target.time_zone else None
