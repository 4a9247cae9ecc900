"""A running simulator, and a client with its token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.integration.dynamics.web_client import WebClient

from regbridge_dynamics.simulator import DataverseSimulator


@pytest.fixture
def simulator() -> Iterator[DataverseSimulator]:
    with DataverseSimulator() as running:
        yield running


@pytest.fixture
def client(simulator: DataverseSimulator) -> Iterator[WebClient]:
    found = WebClient(simulator)
    yield found
    found.session.close()
