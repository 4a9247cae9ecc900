"""The simulator: a Dataverse environment and its Entra tenant on one port of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import falcon

from regbridge.testing.server import LocalServer
from regbridge_dynamics.simulator.address import Address
from regbridge_dynamics.simulator.calls import Calls
from regbridge_dynamics.simulator.columns import Stored
from regbridge_dynamics.simulator.database import Database, Row
from regbridge_dynamics.simulator.entra import Entra
from regbridge_dynamics.simulator.faults import Fault, FaultInjector, Faults
from regbridge_dynamics.simulator.gate import Gate
from regbridge_dynamics.simulator.operations import Operations
from regbridge_dynamics.simulator.patterns import registration_schema
from regbridge_dynamics.simulator.payload import PayloadReader
from regbridge_dynamics.simulator.request import Call
from regbridge_dynamics.simulator.rights import Rights
from regbridge_dynamics.simulator.schema import Schema, Table
from regbridge_dynamics.simulator.site import BASE_PATH, Site
from regbridge_dynamics.simulator.throttle import Limits
from regbridge_dynamics.simulator.tokens import Application, Tokens
from regbridge_dynamics.simulator.web_api import Latency, Surroundings, WebApi
from regbridge_dynamics.simulator.writer import Writer

TENANT = "3c1d6a52-0b3f-4f0a-8a4e-7b9d2c5e6f10"

_THREADS = 64  # more than the 52 that may be under way at once


class DataverseSimulator:
    """A strict Dataverse Web API, with its token endpoint on the same server.

    Use it as a context manager, or between `start` and `stop`; `url` is the environment's URL.
    `url` is given when clients reach it by another one, such as that of a TLS terminator in
    front. `clock` is in seconds since the epoch; `sleep` waits for the latency. `denied` holds
    the privileges that the application user lacks, such as `prvCreateContact`.
    """

    def __init__(
        self,
        schema: Schema | None = None,
        *,
        applications: Sequence[Application] = (Application(),),
        tenant: str = TENANT,
        url: str = "",
        limits: Limits | None = None,
        latency: Latency | None = None,
        faults: Faults | None = None,
        token_seconds: float = 3599,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.schema = schema or registration_schema()
        self.calls = Calls()
        self._site = Site(url, tenant)
        self._is_url_given = bool(url)
        self._clock = clock
        self._tokens = Tokens(self._site, clock, token_seconds)
        self._faults = FaultInjector(faults or Faults())
        self._rights = Rights(self.schema)
        self._database = Database(self.schema)
        limits = limits or Limits()
        around = Surroundings(
            site=self._site,
            tokens=self._tokens,
            gate=Gate(limits, self.calls, clock),
            faults=self._faults,
            calls=self.calls,
            limits=limits,
            latency=latency or Latency(),
            clock=clock,
            sleep=sleep,
        )
        operations = Operations(
            self.schema, self._database, self._rights, self._faults, self._site, clock
        )
        entra = Entra(self._site, applications, self._tokens, self.calls, clock)
        self.app = _app(WebApi(self._database, operations, around), entra)
        self._server: LocalServer | None = None

    @property
    def url(self) -> str:
        """Return the environment's URL, without a slash at the end; "" before the start."""
        return self._site.url

    @property
    def authority(self) -> str:
        """Return the tenant's URL for msal, which takes https only; see `plain_session`."""
        return self._site.authority

    @property
    def denied(self) -> set[str]:
        """Return the privileges that the application user does not have, to be changed."""
        return self._rights.denied

    @property
    def tables(self) -> dict[str, list[dict[str, Stored]]]:
        """Return a copy of all records by table, columns by logical name, in order of creation."""
        return {
            table.name: [dict(row.values) for row in self._database.all(table)]
            for table in self.schema
        }

    def start(self, port: int = 0, threads: int = _THREADS) -> str:
        """Listen on this machine and return the environment's URL.

        Raises `OSError` when the port is taken.
        """
        self._server = LocalServer(self.app, port, threads)
        served = self._server.start()
        if not self._is_url_given:
            self._site.url = served
        return served

    def stop(self) -> None:
        """Answer what is under way and stop listening."""
        if self._server:
            self._server.stop()

    def __enter__(self) -> DataverseSimulator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def add(self, table: str, values: Mapping[str, Any]) -> str:
        """Put a record in as a POST would, and return its id. Raises `ApiError`."""
        found = self.schema.table(table)
        with self._database.transaction():
            return self._person().create(found, self._read(found, values)).id

    def change(self, table: str, row_id: str, values: Mapping[str, Any]) -> None:
        """Change a record as a person would in the CRM. Raises `ApiError`."""
        found = self.schema.table(table)
        with self._database.transaction():
            row = self._row(found, row_id)
            self._person().update(found, row, self._read(found, values))

    def remove(self, table: str, row_id: str) -> None:
        """Delete a record as a person would in the CRM. Raises `ApiError`."""
        found = self.schema.table(table)
        with self._database.transaction():
            self._person().delete(found, self._row(found, row_id))

    def fail_next(self, fault: Fault, times: int = 1) -> None:
        """Let a fault happen at its next opportunities."""
        self._faults.script(fault, times)

    def expire_tokens(self) -> None:
        """Let every token that was issued end now."""
        self._tokens.expire_all()

    def _person(self) -> Writer:
        """Return a writer whose rights are those of a person who may do everything."""
        return Writer(
            self._database, Rights(self.schema), self._clock, Call("", "", {}, {}, b"", "")
        )

    def _read(self, table: Table, values: Mapping[str, Any]) -> dict[str, Stored]:
        return PayloadReader(self._database, self._site.base_url).values(table, values)

    def _row(self, table: Table, row_id: str) -> Row:
        return Address(table, row_id=row_id).require(self._database)


def _app(web_api: WebApi, entra: Entra) -> falcon.App[falcon.Request, falcon.Response]:
    app = falcon.App()
    app.add_route("/{tenant}/oauth2/v2.0/token", entra, suffix="token")
    discovery = "/{tenant}/v2.0/.well-known/openid-configuration"
    app.add_route(discovery, entra, suffix="discovery")
    app.add_sink(web_api.on_request, prefix=BASE_PATH.replace(".", r"\.") + "(?:/|$)")
    return app
