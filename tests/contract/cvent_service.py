"""A simulated Cvent behind a proxy that fails, as the contracts see it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from regbridge import Client, Event, PluginContext, Registration, Target, normal_id
from regbridge.testing.contract import USUAL, Connection, Failure, Listing, Source
from regbridge.testing.fault_proxy import Fault, FaultProxy, Reply
from regbridge.testing.payloads import EVENT, registrant
from regbridge.testing.registrations import registration_of
from regbridge_cvent.enrich import CventEnrich
from regbridge_cvent.now import Now
from regbridge_cvent.settings import CventSettings
from regbridge_cvent.simulator import Behaviour, CventSimulator, Population, Tier

SECRET = "simulator-secret"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
UNHURRIED = Tier("as fast as tests like", None, 100_000, 100_000)
REGISTRANTS = 200
FAILURES: Mapping[Failure, Fault | Reply] = {
    Failure.UNREACHABLE: Fault.REFUSED,
    Failure.BUSY: Reply(503, "come back later"),
    Failure.LOST_BEFORE: Fault.RESET_BEFORE,
    Failure.LOST_AFTER: Fault.RESET_AFTER,
    Failure.CREDENTIALS: Reply(403, json.dumps({"message": f"no {SECRET} for Zoë"})),
    Failure.QUOTA: Reply(429, json.dumps({"message": "Limit Exceeded"})),
}


class CventService(Source, Connection, Listing):
    """The plugin with a simulator; close it after each test."""

    plugin: CventEnrich
    secrets = (SECRET,)
    failures = USUAL | {Failure.QUOTA}
    event = Event("conference", normal_id(EVENT))
    target = Target("crm")

    def __init__(self, folder: Path) -> None:
        self.simulator = CventSimulator(
            Population(REGISTRANTS, guests_every=0),
            Behaviour(tier=UNHURRIED),
            client_secret=SECRET,
            clock=lambda: self._now,
        )
        self._now = NOON
        self.proxy = FaultProxy(self.simulator.start().removesuffix("/ea"))
        (folder / "secret").write_text(SECRET, encoding="utf-8")
        (folder / "id").write_text("simulator", encoding="utf-8")
        self._folder = folder
        self._numbers: dict[str, int] = {}
        self._made: list[CventEnrich] = []
        self.plugin = self.another_plugin()
        for number in range(1, REGISTRANTS + 1):
            self._numbers[self.registration(number).invitee_stub] = number

    def another_plugin(self) -> CventEnrich:
        account = {
            "url": f"{self.proxy.url}/ea",
            "client_id": {"file": "id"},
            "client_secret": {"file": "secret"},
        }
        settings = CventSettings.model_validate(
            {"account": account, "page_size": 90}, context={"folder": self._folder}
        )
        client = Client("contract", events={"conference": self.event}, targets={"crm": self.target})
        context = PluginContext("cvent-enrich", client, self._folder, path=("plugins", 0))
        now = Now(lambda: self._now.timestamp(), lambda _seconds: None, lambda: 0.5)
        self._made.append(CventEnrich(settings, context, now))
        return self._made[-1]

    def registration(self, number: int) -> Registration:
        return registration_of(registrant(number), client=self.client)

    def unknown(self, number: int) -> Registration:
        record = registrant(number + 5000, firstName="Zoë", lastName="O'Brien-Núñez")
        return registration_of(record, client=self.client)

    def number_in(self, patch: Mapping[str, Any]) -> int:
        invitee = normal_id(patch["attendee"]["id"])
        return self._numbers[invitee]

    def held(self) -> object:
        return self.simulator.world.attendees_at(EVENT)

    def present(self) -> Collection[str]:
        return list(self._numbers)

    def change(self) -> tuple[datetime, str]:
        self._now += timedelta(minutes=2)
        invitee = self.registration(7).invitee_stub
        self.simulator.world.change(invitee, company="Another one")
        return self._now - timedelta(minutes=1), invitee

    def fail(self, failure: Failure | None) -> None:
        if failure is Failure.QUOTA:  # the quota is that of calls, and a token is no call
            self.plugin.enrich_registrations([self.registration(1)])
        if failure:
            self.proxy.fail(FAILURES[failure])
        else:
            self.proxy.heal()

    def close(self) -> None:
        """Stop everything."""
        for plugin in self._made:
            plugin.close()
        self.proxy.close()
        self.simulator.stop()
