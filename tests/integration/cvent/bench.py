"""A simulator of Cvent's API with `cvent-enrich` on it, and registrations to try them with."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regbridge import (
    Client,
    Event,
    Kind,
    PluginContext,
    Product,
    Question,
    Registration,
    Target,
)
from regbridge.limits import Limiters, OwnPlaces
from regbridge.testing import payloads
from regbridge_cvent.enrich import CventEnrich
from regbridge_cvent.now import Now
from regbridge_cvent.settings import CventSettings
from regbridge_cvent.simulator import Behaviour, CventSimulator, Population, Tier

if TYPE_CHECKING:
    from tests.integration.cvent.conftest import Clock

EVENT = payloads.EVENT
RECEIVED = datetime(2026, 11, 24, 9, 59, tzinfo=UTC)
UNHURRIED = Tier("as fast as tests like", None, 100_000, 100_000)
Serve = Callable[[CventSimulator], str]


class Bench:
    """A simulator and the plugin under test, with one clock for both."""

    def __init__(self, serve: Serve, clock: Clock, folder: Path) -> None:
        self._serve = serve
        self.clock = clock
        self._folder = folder
        self.places = OwnPlaces()
        self.slept: list[float] = []
        self._turn = threading.Lock()
        self.plugins: list[CventEnrich] = []

    def simulate(self, population: Population | None = None, **behaviour: Any) -> CventSimulator:
        behaviour.setdefault("tier", UNHURRIED)
        self.simulator = CventSimulator(
            population or Population(5), Behaviour(**behaviour), clock=self.clock
        )
        self.url = self._serve(self.simulator)
        return self.simulator

    def sleep(self, seconds: float) -> None:
        # Time must not run away from a call that is really under way in another thread.
        threading.Event().wait(0.003)
        with self._turn:  # threads that sleep at once would turn the clock back
            self.slept.append(seconds)
            self.clock.sleep(seconds)

    def plugin(
        self, *include: str, event: Event | None = None, account: Any = None, **settings: Any
    ) -> CventEnrich:
        seconds = self.clock_seconds
        limiters = Limiters(self.places, seconds, self.sleep)
        named = event or the_event()
        client = Client(
            "apap", events={named.name: named}, targets={"one": Target("one"), "two": Target("two")}
        )
        context = PluginContext(
            "cvent-enrich", client, self._folder, None, ("plugins", 1), limiters
        )
        given = {
            "account": account or self.account(),
            "include": include or ("answers", "contact"),
            **settings,
        }
        model = CventSettings.model_validate(given, context={"folder": self._folder})
        self.plugins.append(CventEnrich(model, context, Now(seconds, self.sleep, lambda: 0.5)))
        return self.plugins[-1]

    def clock_seconds(self) -> float:
        return self.clock.now.timestamp()

    def account(self, **changes: Any) -> dict[str, Any]:
        (self._folder / "id").write_text("simulator", encoding="utf-8")
        (self._folder / "secret").write_text("simulator-secret", encoding="utf-8")
        return {
            "url": self.url,
            "client_id": {"file": "id"},
            "client_secret": {"file": "secret"},
        } | changes


def the_event(
    questions: Mapping[str, Question] | None = None, products: Mapping[str, Product] | None = None
) -> Event:
    return Event("conference", EVENT.lower(), "UTC", questions or {}, products or {})


def registration(number: int = 1, **about: Any) -> Registration:
    record = about.pop("fields", None) or payloads.registrant(number, EVENT)
    about = {
        "event": the_event(),
        "invitee_stub": record["inviteeStub"].lower(),
        "received_at": RECEIVED,
        **about,
    }
    return Registration(
        id=number,
        client="apap",
        endpoint="CventReg",
        kind=about.pop("kind", Kind.REGISTRATION),
        event_type="AttendeeManualSynced",
        fields=record,
        event_stub=about.pop("event_stub", EVENT.lower()),
        **about,
    )


def patches(plugin: CventEnrich, registrations: Sequence[Registration]) -> list[Any]:
    return list(plugin.enrich_registrations(registrations))


def operations(simulator: CventSimulator) -> Counter[str]:
    return simulator.calls.operations
