"""What pytest finds of the kit without being asked: fixtures, and the cases of client files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from regbridge.testing.fault_proxy import FaultProxy
    from regbridge.testing.ledger import MemoryStore
    from regbridge.testing.scripted import ScriptedServer
    from regbridge.testing.trial import Trial


@pytest.fixture
def scripted_server() -> Iterator[ScriptedServer]:
    """A server that answers by a script, and fails the test when it was asked otherwise."""
    from regbridge.testing.scripted import ScriptedServer

    with ScriptedServer() as server:
        yield server


@pytest.fixture
def fault_proxy() -> Iterator[FaultProxy]:
    """A proxy that fails as networks do; set its `upstream` to a server's URL."""
    from regbridge.testing.fault_proxy import FaultProxy

    with FaultProxy() as proxy:
        yield proxy


@pytest.fixture
def memory_ledger() -> Iterator[MemoryStore]:
    """An empty ledger in memory."""
    from regbridge.testing.ledger import memory_ledger

    with memory_ledger() as ledger:
        yield ledger


@pytest.fixture
def trial() -> Iterator[Callable[..., Trial]]:
    """Makes trials, with the arguments of `regbridge.testing.trial.Trial`; closes them after."""
    from contextlib import ExitStack

    from regbridge.testing.trial import Trial

    with ExitStack() as stack:

        def start(*args: Any, **options: Any) -> Trial:
            return stack.enter_context(Trial(*args, **options))

        yield start
