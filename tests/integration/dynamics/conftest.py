"""A running simulator, a client with its token, and plugins that deliver to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.dynamics.delivery import make_plugin
from tests.integration.dynamics.reading import Make
from tests.integration.dynamics.web_client import WebClient

from regbridge_dynamics.deliver import Dynamics
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


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Build plugins that are closed after the test."""
    made: list[Dynamics] = []

    def build(simulator: DataverseSimulator, **changes: Any) -> Dynamics:
        made.append(make_plugin(simulator, tmp_path, **changes))
        return made[-1]

    yield build
    for plugin in made:
        plugin.close()
