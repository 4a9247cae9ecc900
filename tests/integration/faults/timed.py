"""The vendors' plugins with the time of the test: that of the limiters that they are given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from regbridge import Outcome, PluginContext, Record, Registration, hookimpl
from regbridge.http import Outbound
from regbridge_cvent.enrich import CventEnrich
from regbridge_cvent.now import Now
from regbridge_cvent.settings import CventSettings
from regbridge_dynamics.deliver import Dynamics
from regbridge_dynamics.settings import DynamicsSettings
from regbridge_protech.deliver import Protech, ProtechSettings


class TimedDynamics(Dynamics):
    """Notes how many records each call was for."""

    def __init__(self, settings: DynamicsSettings, context: PluginContext) -> None:
        super().__init__(settings, context, moment_of(context))
        self.sizes: list[int] = []

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        self.sizes.append(len(records))
        return super().deliver_records(records)

    def outbounds(self) -> list[Outbound]:
        return [self._web._outbound, self._web._tokens._http._outbound]


class TimedProtech(Protech):
    def __init__(self, settings: ProtechSettings, context: PluginContext) -> None:
        super().__init__(settings, context, moment_of(context))

    def outbounds(self) -> list[Outbound]:
        return [self._outbound]


class TimedCvent(CventEnrich):
    """Notes how many registrations each call was for."""

    def __init__(self, settings: CventSettings, context: PluginContext) -> None:
        limiters = context.limiters
        now = Now(limiters._clock, limiters._sleep, lambda: 0.0)
        super().__init__(settings, context, now)
        self.sizes: list[int] = []

    @hookimpl
    def enrich_registrations(self, registrations: Sequence[Registration]) -> Sequence[Any]:
        self.sizes.append(len(registrations))
        return super().enrich_registrations(registrations)

    def outbounds(self) -> list[Outbound]:
        return [self._client._outbound]


def moment_of(context: PluginContext) -> Any:
    return lambda: datetime.fromtimestamp(context.limiters._clock(), UTC)
