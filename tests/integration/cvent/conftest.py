"""Cvent's simulator on real HTTP, with every call recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.integration.cvent.bench import UNHURRIED, Bench, Serve
from tests.integration.cvent.openapi import BASE_PATH, Recorder, read_specification

from regbridge.testing.server import LocalServer
from regbridge_cvent.simulator import Behaviour, CventSimulator, Population

TIMEOUT = 30


@pytest.fixture(scope="session")
def specification() -> dict[str, Any]:
    """Cvent's OpenAPI specification, as far as it can be fulfilled."""
    return read_specification()


@pytest.fixture
def recorded(specification: dict[str, Any]) -> Iterator[Recorder]:
    """What an application is wrapped in, so that a call that breaks the specification fails."""
    recorder = Recorder(specification)
    yield recorder
    if recorder.violations:
        pytest.fail("\n".join(recorder.violations[:10]), pytrace=False)


class Clock:
    """A time that passes when a test says so, or when somebody sleeps."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    """A clock that tests move."""
    return Clock()


class Caller:
    """Calls a simulator as anybody could; `base` is the base URL."""

    def __init__(self, simulator: CventSimulator, base: str) -> None:
        self.simulator = simulator
        self.base = base
        self.session = requests.Session()
        self.log_in()

    def log_in(self, scope: str | None = None) -> None:
        """Use a new token from now on."""
        token = self.ask_token({} if scope is None else {"scope": scope}).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def ask_token(
        self, fields: Mapping[str, str], auth: tuple[str, str] | None = None
    ) -> requests.Response:
        own = self.simulator.credentials
        form = {"grant_type": "client_credentials", "client_id": own.client_id, **fields}
        return requests.post(
            f"{self.base}/oauth2/token",
            data=form,
            auth=auth or (own.client_id, own.client_secret),
            timeout=TIMEOUT,
        )

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(f"{self.base}{path}", params=query, timeout=TIMEOUT)

    def post(self, path: str, body: Any = None, **query: Any) -> requests.Response:
        return self.session.post(f"{self.base}{path}", json=body, params=query, timeout=TIMEOUT)

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Return the data of all pages."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self.get(path, **query)
            assert answer.status_code == 200, answer.text
            found += answer.json()["data"]
            if not (token := answer.json()["paging"].get("nextToken")):
                return found
            query["token"] = token

    def ids(self, path: str, **query: Any) -> set[str]:
        """Return the ids on all pages."""
        return {row["id"] for row in self.rows(path, **query)}

    def refusal(self, path: str, **query: Any) -> str:
        """Return the message of a 400."""
        answer = self.get(path, **query)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["message"])


@pytest.fixture
def serve(recorded: Recorder) -> Iterator[Callable[[CventSimulator], str]]:
    """Serve a simulator with every call recorded; gives the base URL."""
    with ExitStack() as stack:

        def start(simulator: CventSimulator) -> str:
            server = stack.enter_context(LocalServer(recorded(simulator.app), threads=4))
            return f"{server.url}{BASE_PATH}"

        yield start


Simulate = Callable[..., Caller]


@pytest.fixture
def simulate(
    recorded: Recorder, serve: Callable[[CventSimulator], str], clock: Clock
) -> Iterator[Simulate]:
    """Serve a simulator with a population, as fast as tests like unless a tier is given.

    Tests of the simulator call it wrongly on purpose, so that only what it accepts has to be right.
    """
    recorded.checks_refused = False
    with ExitStack() as stack:

        def start(
            population: Population | None = None,
            behaviour: Behaviour | None = None,
            **settings: Any,
        ) -> Caller:
            simulator = CventSimulator(
                population or Population(20),
                behaviour or Behaviour(UNHURRIED),
                clock=clock,
                sleep=clock.sleep,
                **settings,
            )
            caller = Caller(simulator, serve(simulator))
            stack.callback(caller.session.close)
            return caller

        yield start


@pytest.fixture
def bench(serve: Serve, clock: Clock, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(serve, clock, tmp_path)
    yield bench
    for plugin in bench.plugins:
        plugin.close()
