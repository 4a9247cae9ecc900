"""The simulator: a HubSpot account on one port of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import falcon

from regbridge.testing.server import LocalServer
from regbridge_hubspot.simulator.access import Access, Credentials
from regbridge_hubspot.simulator.api import Api, Calls, Surroundings
from regbridge_hubspot.simulator.faults import Fault, Faults
from regbridge_hubspot.simulator.limits import Limits, Meter
from regbridge_hubspot.simulator.records import Records, numbers
from regbridge_hubspot.simulator.schema import ObjectType, contacts, registrations
from regbridge_hubspot.simulator.upsert import Upserts

PORTAL = 47_110_815
ZONE = "US/Eastern"


class HubspotSimulator:
    """A strict HubSpot account. Use it as a context manager, or between `start` and `stop`.

    `multi_status` is what HubSpot does for a batch whose inputs all have trace ids: each input
    succeeds or fails by itself. Without it, one that is wrong spoils all. `clock` is in seconds
    since the epoch. `seed` is that of the order of results.
    """

    def __init__(
        self,
        types: Sequence[ObjectType] | None = None,
        *,
        credentials: Credentials | None = None,
        limits: Limits | None = None,
        multi_status: bool = True,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.credentials = credentials or Credentials()
        self.calls = Calls()
        self.url = ""
        self._faults = Faults()
        self._access = Access(self.credentials, clock)
        ids = numbers()
        self._types = [
            Records(type_, ids, PORTAL, clock) for type_ in types or (contacts(), registrations())
        ]
        self._meter = Meter(limits or Limits(), ZONE)
        around = Surroundings(
            portal=PORTAL,
            zone=ZONE,
            access=self._access,
            meter=self._meter,
            faults=self._faults,
            upserts=Upserts(self._faults, multi_status=multi_status, seed=seed),
            calls=self.calls,
            clock=clock,
            types=self._types,
        )
        self._lock = around.lock
        self.app: falcon.App[falcon.Request, falcon.Response] = falcon.App()
        self.app.add_sink(Api(around).on_request, prefix="/")
        self._server: LocalServer | None = None

    @property
    def denied(self) -> set[str]:
        """The scopes that no credential has, to be changed: `crm.objects.contacts.write`."""
        return self._access.denied

    @property
    def tokens_issued(self) -> int:
        """How many access tokens a refresh token was exchanged for."""
        return self._access.issued

    @property
    def object_types(self) -> Sequence[ObjectType]:
        """The types of object that the account has."""
        return [records.type for records in self._types]

    def start(self, port: int = 0) -> str:
        """Listen on this machine and return the URL. Raises `OSError` when the port is taken."""
        self._server = LocalServer(self.app, port)
        self.url = self._server.start()
        return self.url

    def stop(self) -> None:
        """Answer what is under way and stop listening."""
        if self._server:
            self._server.stop()

    def __enter__(self) -> HubspotSimulator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def records(self, object_type: str = "contacts") -> list[dict[str, str]]:
        """Return a copy of all records of a type, in the order in which they were made."""
        with self._lock:
            return [dict(one.values) for one in self._of(object_type)]

    def add(self, object_type: str, name: str, value: str, **values: str) -> str:
        """Put a record in, or change it, as a person would; return its id. Raises `ApiError`."""
        with self._lock:
            stored, _ = self._of(object_type).upsert(name, value, values)
            return stored.id

    def remove(self, object_type: str, id_: str) -> None:
        """Move a record to the bin, as a person would."""
        with self._lock:
            self._of(object_type).remove(id_)

    def fail(self, fault: Fault, times: int | None = 1) -> None:
        """Let a fault happen at its next opportunities; None for all of them."""
        self._faults.script(fault, times)

    def heal(self) -> None:
        """Let nothing go wrong any more, and give back all scopes."""
        self._faults.heal()
        self.denied.clear()

    def spend(self, calls: int) -> None:
        """Count calls of the day that other apps of the account made."""
        with self._lock:
            self._meter.today += calls

    def expire_tokens(self) -> None:
        """Let every access token that was issued end now."""
        self._access.expire()

    def revoke_tokens(self) -> None:
        """Let every access token that was issued be unknown."""
        self._access.revoke()

    def _of(self, object_type: str) -> Records:
        return next(one for one in self._types if object_type in one.type.names)
