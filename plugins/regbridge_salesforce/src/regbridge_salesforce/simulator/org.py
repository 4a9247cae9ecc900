"""A Salesforce org on this machine, as strict as the real one about what it is sent."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import falcon

from regbridge.testing.server import LocalServer
from regbridge_salesforce.connection import DEFAULT_VERSION
from regbridge_salesforce.simulator.database import Database
from regbridge_salesforce.simulator.faults import Fault, Faults
from regbridge_salesforce.simulator.limits import Limits
from regbridge_salesforce.simulator.logins import App, Logins
from regbridge_salesforce.simulator.rest import RestApi, TokenResource
from regbridge_salesforce.simulator.schema import ObjectType, registration_schema
from regbridge_salesforce.simulator.values import kept, shown

_VERSIONS = ("63.0", DEFAULT_VERSION)
_BODY_LIMIT = 50_000_000


class SalesforceSimulator:
    """An org with one app. `limits`, `logins` and `faults` may be changed while it runs.

    `clock` gives the time in seconds since 1970, for the calls of 24 hours and for assertions.
    """

    def __init__(
        self,
        objects: Sequence[ObjectType] | None = None,
        app: App | None = None,
        *,
        body_limit: int = _BODY_LIMIT,
        page_size: int = 2000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.url = ""
        self.faults = Faults()
        self.limits = Limits(clock)
        self.logins = Logins(app or App(), clock)
        self._database = Database(registration_schema() if objects is None else objects)
        self._rest = RestApi(
            self._database, self.logins, self.limits, self.faults, _VERSIONS, body_limit
        )
        self.page_size = page_size
        self._server: LocalServer | None = None

    @property
    def app(self) -> App:
        """The app that may ask for tokens."""
        return self.logins.app

    @property
    def calls(self) -> Counter[str]:
        """How often each resource was asked for."""
        return self._rest.calls

    @property
    def page_size(self) -> int:
        """How many records a page of a query has at most."""
        return next(iter(self._rest.queries.values())).page_size

    @page_size.setter
    def page_size(self, size: int) -> None:
        for queries in self._rest.queries.values():
            queries.page_size = size

    def start(self, port: int = 0) -> str:
        """Listen on this machine and return the org's URL. Raises `OSError` for a taken port."""
        app = falcon.App()
        app.add_route("/services/oauth2/token", TokenResource(self.logins))
        app.add_sink(self._rest.on_request, prefix=r"/services/data(?:/|$)")
        self._server = LocalServer(app, port)
        self.url = self._server.start()
        return self.url

    def stop(self) -> None:
        """Answer what is under way and stop listening."""
        if self._server:
            self._server.stop()

    def __enter__(self) -> SalesforceSimulator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Return the settings of a target that upserts contacts here, but for the secret."""
        return {
            "url": self.url,
            "client_id": self.app.client_id,
            "object": "Contact",
            "external_id": "Cvent_Contact_Id__c",
            **changes,
        }

    def records(self, name: str) -> list[dict[str, Any]]:
        """Return a copy of all records of an object, as a query shows their values."""
        sobject = self._database.object(name)
        return [
            {"Id": row.id}
            | {
                one.name: shown(row.values[one.name])
                for one in sobject.fields
                if one.name in row.values
            }
            for row in self._database.rows[name]
        ]

    def add(self, name: str, values: Mapping[str, Any]) -> str:
        """Put a record in as a person would, and return its id. Raises `RecordError`."""
        sobject = self._database.object(name)
        found = {
            field.name: kept(field, value)
            for given, value in values.items()
            if (field := sobject.field(given))
        }
        return self._database.add(sobject, found).id

    def change(self, name: str, number: int, values: Mapping[str, Any]) -> None:
        """Change the `number`th record as a person would. Raises `RecordError`."""
        sobject = self._database.object(name)
        for given, value in values.items():
            if field := sobject.field(given):
                self._database.rows[name][number].values[field.name] = kept(field, value)

    def replace(self, sobject: ObjectType) -> None:
        """Let an object be another one, as an administrator does; its records stay."""
        self._database.objects = {**self._database.objects, sobject.name: sobject}

    def take_longer(self, seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Let each call last so long; `sleep` is what waits."""
        self._rest.latency, self._rest.sleep = seconds, sleep

    def fail_next(self, fault: Fault, times: int = 1) -> None:
        """Let a fault happen at its next opportunities."""
        self.faults.script(fault, times)

    def forget_pages(self) -> None:
        """Let the locators of all queries end."""
        for queries in self._rest.queries.values():
            queries.forget()
