"""Hosts of one ledger wake each other."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from regbridge.config.schema import PostgresqlConfig
from regbridge.store.bell import Bell
from regbridge.store.engine import Store

if TYPE_CHECKING:
    from tests.integration.ledger.own_server import OwnServer

SECONDS = 30
Heard = queue.SimpleQueue[tuple[str, str]]
MISSED = ("", "")
"""What is heard when rings may have been missed."""


class Host:
    """One host's bell, and what it hears."""

    def __init__(self, url: str) -> None:
        self.heard: Heard = queue.SimpleQueue()
        self.bell = Bell(url, PostgresqlConfig(), lambda *ring: self.heard.put(ring))
        self.bell.start()
        assert self.heard.get(timeout=SECONDS) == MISSED  # it listens now

    def hears(self) -> tuple[str, str]:
        return self.heard.get(timeout=SECONDS)


@pytest.fixture
def hosts(postgres_url: str) -> Iterator[tuple[Host, Host]]:
    both = Host(postgres_url), Host(postgres_url)
    yield both
    for host in both:
        host.bell.close()


def test_a_ring_is_heard_at_the_other_hosts_and_not_at_ones_own(
    hosts: tuple[Host, Host],
) -> None:
    here, there = hosts

    here.bell.ring("deliver", "a client with spaces")
    assert there.hears() == ("deliver", "a client with spaces")

    there.bell.ring("split")
    assert here.hears() == ("split", "")


def test_many_rings_at_once_are_heard_as_few(hosts: tuple[Host, Host]) -> None:
    here, there = hosts

    for _ in range(1000):
        here.bell.ring("prepare", "apap")
    here.bell.ring("split")

    heard = [there.hears()]
    while heard[-1] != ("split", ""):
        heard.append(there.hears())
    assert set(heard) == {("prepare", "apap"), ("split", "")}
    assert len(heard) < 100


def test_a_bell_whose_server_restarts_rings_again_and_says_that_it_may_have_missed_some(
    own_server: OwnServer,
) -> None:
    here, there = Host(own_server.url), Host(own_server.url)
    own_server.stop()
    own_server.start()

    assert here.hears() == there.hears() == MISSED
    # The first ring after a loss may get lost with the connection; work is looked for anyway.
    while here.heard.empty():
        there.bell.ring("split")
        with_luck(here)
    assert here.hears() == ("split", "")

    for host in (here, there):
        host.bell.close()


def with_luck(host: Host) -> None:
    try:
        host.heard.put(host.heard.get(timeout=0.2))
    except queue.Empty:
        return


def test_a_bell_leaves_no_connection_behind(postgres_url: str) -> None:
    host = Host(postgres_url)
    host.bell.ring("split")
    host.bell.close()

    store = Store(postgres_url)
    query = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
    left = store.read(lambda c: c.scalar(query, {"name": host.bell.name}))
    assert left == 0
    store.close()


def test_a_bell_that_was_never_started_can_be_closed() -> None:
    """A host whose port is taken stops before it has started everything."""
    nowhere = "postgresql+psycopg://postgres@127.0.0.1:1/postgres"
    Bell(nowhere, PostgresqlConfig(), lambda *_: None).close()
