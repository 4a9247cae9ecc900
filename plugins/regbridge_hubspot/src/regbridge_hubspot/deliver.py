"""The `hubspot` target: records become objects of one type in a HubSpot account."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from regbridge import (
    ConfigError,
    Delivered,
    DeliveredPage,
    Finding,
    Level,
    Outcome,
    PluginContext,
    Record,
    RetryableError,
    Target,
    TargetPlugin,
    hookimpl,
)
from regbridge.rounds import deliver_in_rounds
from regbridge_hubspot.answers import outcomes_of
from regbridge_hubspot.check import check_target
from regbridge_hubspot.client import Refusal, api_of
from regbridge_hubspot.definitions import Definitions
from regbridge_hubspot.faults import of_record
from regbridge_hubspot.fit import misfit
from regbridge_hubspot.inputs import Input, body_of
from regbridge_hubspot.listing import MOST, list_records
from regbridge_hubspot.rows import Rows
from regbridge_hubspot.settings import HubspotSettings
from regbridge_hubspot.writer import Writer


class Hubspot(TargetPlugin):
    """Upserts each record as an object of HubSpot's CRM, by a property with unique values.

    The same record sent twice leaves one object, so a record whose answer was lost is sent again.
    `page_size` is how many objects are listed by one call.
    """

    settings: HubspotSettings
    settings_model = HubspotSettings
    idempotent = True
    page_size = MOST

    def __init__(
        self,
        settings: HubspotSettings,
        context: PluginContext,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(settings, context)
        if finding := _unmapped(settings, context):
            raise ConfigError([finding])
        self.batch_size = settings.chunk_size
        self.concurrency = settings.concurrency
        self._clock = clock
        self._zone = _zone_of(context.target)
        self._api = api_of(
            settings, context.limiters.limiter, connections=settings.concurrency, clock=clock
        )
        self._definitions = Definitions(self._api, settings.object_type, clock)

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Upsert records in as few calls as their ids and what is wrong with them allow."""
        make = self._writer().input
        return deliver_in_rounds(records, self.batch_size, make, self._send, self._clock)

    @hookimpl
    def check_connection(self, target: Target) -> Sequence[Finding] | None:
        """Compare the settings and the map with the account, without changing anything."""
        if self.context.target is None or target.name != self.context.target.name:
            return None
        return check_target(self._api, self.settings, self.context, self._zone)

    @hookimpl
    def list_delivered(self, page: str) -> DeliveredPage:
        """Read the objects that have an id, a hundred by one call."""
        rows = self._rows(self._writer())
        return list_records(self._api, self.settings.object_type, rows, page, self.page_size)

    def as_delivered(self, record: Record) -> Delivered:
        """Return the object that a record becomes, by what the account says now."""
        writer = self._writer()
        return self._rows(writer).of_input(writer.input(0, record))

    def preview(self, record: Record) -> Mapping[str, Any]:
        """Return the properties as they are sent, by what the account says now."""
        return self._writer().input(0, record).properties

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _writer(self) -> Writer:
        """Return what turns records into inputs, by what the account says about its properties."""
        settings = self.settings
        properties = self._definitions.properties()
        self._api.account()  # so that its time zone is known when a day's calls are used up
        text, remedy = misfit(properties, settings.object_type, settings.id_property)
        if text:
            # No record is at fault: the target is left alone until somebody has corrected it.
            raise RetryableError(f"{text}; {remedy}")
        return Writer(settings.id_property, properties, self._zone)

    def _rows(self, writer: Writer) -> Rows:
        mapped = self.context.target.map if self.context.target else {}
        return Rows(writer.id_property, writer.properties, mapped)

    def _send(self, inputs: Sequence[Input]) -> dict[int, Outcome]:
        """Upsert one batch. Of several that are refused as a whole, nothing is said of any."""
        settings = self.settings
        path = self._api.paths.upsert(settings.object_type)
        found = self._api.send("POST", path, body=body_of(inputs, settings.id_property))
        if not isinstance(found, Refusal):
            return outcomes_of(inputs, found.json(), settings.id_property)
        if len(inputs) > 1:
            return {}
        return {one.place: of_record(found.fault, one) for one in inputs}


def _unmapped(settings: HubspotSettings, context: PluginContext) -> Finding | None:
    """Return that the map does not feed the property by which records are known."""
    mapped = context.target.map if context.target else {}
    if not mapped or settings.id_property in mapped:
        return None
    return Finding(
        Level.ERROR,
        f"the map gives {settings.id_property} no value, and records are known by it",
        remedy=f"add {settings.id_property} to the map",
        path=(*context.path, "map"),
    )


def _zone_of(target: Target | None) -> ZoneInfo | None:
    return ZoneInfo(target.time_zone) if target and target.time_zone else None
