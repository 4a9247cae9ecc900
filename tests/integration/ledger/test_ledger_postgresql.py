"""PostgreSQL goes away, comes back, runs much at once: nothing is lost, nothing doubled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import Connection, text

from regbridge.config.schema import PostgresqlConfig
from regbridge.errors import ConfigError, StoreUnavailableError
from regbridge.store.deliver import claim_deliveries
from regbridge.store.engine import Store
from regbridge.testing.payloads import live, registrant, sync

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger
    from tests.integration.ledger.own_server import OwnServer

SECONDS = 60


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    """A database with a table `counters` that has two rows, a and b."""
    store = Store(postgres_url, PostgresqlConfig(statement_timeout_seconds=20))
    store.write(lambda c: c.exec_driver_sql("CREATE TABLE counters (name text, n int)"))
    store.write(lambda c: c.exec_driver_sql("INSERT INTO counters VALUES ('a', 0), ('b', 0)"))
    yield store
    store.close()


def count(connection: Connection, name: str = "a") -> None:
    connection.execute(text("UPDATE counters SET n = n + 1 WHERE name = :name"), {"name": name})


def counted(store: Store, name: str = "a") -> int:
    found: int = store.read(
        lambda c: c.scalar(text("SELECT n FROM counters WHERE name = :name"), {"name": name})
    )
    return found


def ask(store: Store, what: str) -> Any:
    return store.read(lambda c: c.exec_driver_sql(what).scalar())


class LosingCommits:
    """Loses the connection at the first commit, before or after the server has done it."""

    def __init__(self, store: Store, *, done: bool) -> None:
        self._commit: Callable[[Any], None] = store.engine.dialect.do_commit
        self._done = done
        self.lost = 0

    def __call__(self, connection: Any) -> None:
        if not self.lost:
            self.lost += 1
            if self._done:
                self._commit(connection)
            connection.dbapi_connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        self._commit(connection)


@pytest.mark.parametrize("done", [True, False])
def test_a_commit_whose_answer_is_lost_is_done_once(
    store: Store, done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(store, "SELECT 1")
    losing = LosingCommits(store, done=done)
    monkeypatch.setattr(store.engine.dialect, "do_commit", losing)

    store.write(count)

    assert losing.lost == 1
    assert counted(store) == 1


def test_a_connection_that_is_lost_before_the_commit_costs_another_try(store: Store) -> None:
    tries = []

    def work(connection: Connection) -> None:
        tries.append(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
        count(connection)
        if len(tries) == 1:
            end(store, tries[0])
            count(connection)

    store.write(work)

    assert len(set(tries)) == 2
    assert counted(store) == 1


def end(store: Store, backend: int) -> None:
    """End a connection as an administrator does."""
    with store.engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})


def test_deadlocks_are_resolved_and_both_transactions_are_done(store: Store) -> None:
    both = threading.Barrier(2)
    tries = []

    def work(first: str, second: str) -> None:
        mine: list[int] = []

        def update(connection: Connection) -> None:
            mine.append(1)
            count(connection, first)
            if len(mine) == 1:
                both.wait(SECONDS)
            count(connection, second)

        store.write(update)
        tries.append(len(mine))

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work, "a", "b"), pool.submit(work, "b", "a")]:
            done.result(SECONDS)

    assert sorted(tries) == [1, 2]
    assert (counted(store, "a"), counted(store, "b")) == (2, 2)


def test_serialization_failures_are_tried_again(store: Store) -> None:
    both = threading.Barrier(2)

    def work() -> None:
        tries: list[int] = []

        def update(connection: Connection) -> None:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            found = connection.exec_driver_sql("SELECT sum(n) FROM counters").scalar_one()
            tries.append(found)
            if len(tries) == 1:
                both.wait(SECONDS)
            connection.execute(
                text("UPDATE counters SET n = :n + 1 WHERE name = 'a'"), {"n": found}
            )

        store.write(update)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work), pool.submit(work)]:
            done.result(SECONDS)

    assert counted(store) == 2


def test_a_server_that_takes_no_writes_any_more_is_left_for_the_one_that_took_over(
    store: Store,
) -> None:
    """What was the primary goes on answering, and so do the connections to it."""
    with store.engine.connect() as connection:
        connection.exec_driver_sql("SET default_transaction_read_only = on")
        connection.commit()

    store.write(count)

    assert counted(store) == 1


def test_a_server_that_takes_no_writes_is_no_reason_to_give_an_answer_up(
    postgres_url: str,
) -> None:
    read_only = Store(
        postgres_url + "%20-cdefault_transaction_read_only%3Don", PostgresqlConfig(retry_seconds=0)
    )

    with pytest.raises(StoreUnavailableError) as refused:
        read_only.write(lambda c: c.exec_driver_sql("CREATE TABLE forbidden (n int)"))

    assert not refused.value.lasts
    read_only.close()


def test_a_server_that_is_not_there_is_waited_for_as_long_as_the_settings_say(
    own_server: OwnServer,
) -> None:
    patient = Store(own_server.url, PostgresqlConfig(retry_seconds=60))
    hasty = Store(own_server.url, PostgresqlConfig(retry_seconds=0))
    own_server.stop()

    with pytest.raises(StoreUnavailableError):
        hasty.read(lambda c: c.exec_driver_sql("SELECT 1"))
    with pytest.raises(StoreUnavailableError):
        patient.ping()
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(ask, patient, "SELECT 1")
        own_server.start()
        assert found.result(SECONDS) == 1
    patient.close()
    hasty.close()


def test_messages_that_arrive_while_the_server_crashes_are_stored_once_each(
    crashing_ledger: Ledger, own_server: OwnServer
) -> None:
    """Eight senders, three restarts: what was acknowledged is there, and nothing twice."""
    stop = threading.Event()
    accepted: list[int] = []
    refused: list[Exception] = []

    def send(sender: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            record = registrant(sender * 100_000 + number)
            try:
                accepted.append(crashing_ledger.receive(live("InviteeOrGuestAccepted", record)))
            except StoreUnavailableError as error:
                refused.append(error)

    with ThreadPoolExecutor(8) as pool:
        senders = [pool.submit(send, sender) for sender in range(8)]
        for mode in ("immediate", "fast", "immediate"):
            before = len(accepted)
            wait_for(lambda before=before: len(accepted) > before + 50)  # type: ignore[misc]
            own_server.stop(mode)
            own_server.start()
        before = len(accepted)
        wait_for(lambda: len(accepted) > before + 50)
        stop.set()
        for sender in senders:
            sender.result(SECONDS)

    assert refused == []
    assert sorted(accepted) == sorted(row.id for row in crashing_ledger.receipts())


def test_a_target_that_must_not_be_called_twice_is_not_while_the_server_restarts(
    crashing_ledger: Ledger, own_server: OwnServer
) -> None:
    crm = crashing_ledger.crm
    crm.idempotent = False
    crm.batch_size = 1
    restart_at = {5: "immediate", 15: "fast", 25: "immediate"}

    def restart(record: Any) -> Any:
        # The record is sent; before its answer is in the ledger, the server goes.
        if mode := restart_at.get(len(crm.calls)):
            own_server.stop(mode)
            threading.Timer(0.5, own_server.start).start()
        return answer(record)

    answer, crm.answer = crm.answer, restart
    crashing_ledger.receive(sync(30))

    crashing_ledger.run()

    assert crashing_ledger.counts() == {"delivered": 30}
    assert len(crm.calls) == 30


def test_an_admission_waits_for_a_claim_about_the_same_registrant(shared_ledger: Ledger) -> None:
    """Otherwise a newer revision could go out beside the older one that is just being claimed."""
    ledger = shared_ledger
    ledger.register(1, "old")
    ledger.lane("split", "")()
    ledger.lane("prepare")()
    lease = ledger.worker.context.leasing.new()
    with ledger.store.engine.connect() as connection, ThreadPoolExecutor(1) as pool:
        claimed = claim_deliveries(connection, "apap", "crm", 10, lease)
        ledger.register(1, "new", minute=1)
        newer = pool.submit(ledger.run)
        wait_for(lambda: ask(ledger.store, WAITING) > 0)
        assert ledger.crm.calls == []
        connection.commit()
        newer.result(SECONDS)

    # The older one is in flight, so the newer one waits.
    assert [row.registration_id for row in claimed] == [ledger.registrations()[0].id]
    assert ledger.crm.calls == []
    ledger.advance(61)
    ledger.run()
    assert ledger.crm.companies == ["new"]
    assert ledger.states() == ["superseded", "delivered"]


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


def test_two_hosts_never_claim_deliveries_of_one_registrant_at_the_same_moment(
    shared_ledger: Ledger,
) -> None:
    ledger = shared_ledger
    ledger.register(1, "A")
    ledger.lane("split", "")()
    ledger.lane("prepare")()
    with ledger.store.engine.connect() as first, ledger.store.engine.connect() as second:
        locked = first.exec_driver_sql("SELECT id FROM registrants FOR NO KEY UPDATE").all()
        lease = ledger.worker.context.leasing.new()

        assert len(locked) == 1
        assert claim_deliveries(second, "apap", "crm", 10, lease) == []


def test_settings_reach_the_server(postgres_url: str) -> None:
    settings = PostgresqlConfig(statement_timeout_seconds=7, lock_timeout_seconds=3, pool_size=2)
    store = Store(postgres_url, settings)

    assert ask(store, "SHOW statement_timeout") == "7s"
    assert ask(store, "SHOW lock_timeout") == "3s"
    assert str(ask(store, "SHOW application_name")).startswith("regbridge 0")
    store.close()


def test_more_steps_than_connections_wait_for_each_other(postgres_url: str) -> None:
    store = Store(postgres_url, PostgresqlConfig(pool_size=2))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: ask(store, f"SELECT {n}"), range(50)))

    assert found == list(range(50))
    assert store.engine.pool.checkedin() == 2  # type: ignore[attr-defined]
    store.close()


def test_a_statement_that_takes_too_long_is_ended_by_the_server(postgres_url: str) -> None:
    store = Store(postgres_url, PostgresqlConfig(statement_timeout_seconds=0.05))

    with pytest.raises(StoreUnavailableError, match="statement timeout"):
        ask(store, "SELECT pg_sleep(30)")
    store.close()


def test_a_commit_waits_for_the_servers_disk_whatever_the_role_is_set_to(postgres_url: str) -> None:
    off = postgres_url + "%20-csynchronous_commit%3Doff"
    store = Store(off)

    assert ask(store, "SHOW synchronous_commit") == "on"
    store.close()


def test_only_what_nobody_misses_is_committed_without_waiting_for_the_servers_disk(
    store: Store,
) -> None:
    def show(connection: Connection) -> Any:
        return connection.exec_driver_sql("SHOW synchronous_commit").scalar()

    assert store.write_hastily(show) == "off"
    assert store.write(show) == "on"


@pytest.mark.parametrize("url", ["postgresql://h/d", "mysql://h/d", "postgresql+psycopg2://h/d"])
def test_another_database_is_refused_with_the_remedy(url: str) -> None:
    with pytest.raises(ConfigError, match=r"postgresql\+psycopg://"):
        Store(url)


def wait_for(condition: Callable[[], bool]) -> None:
    """Look again and again until something is so."""
    waiting = threading.Event()
    for _ in range(SECONDS * 50):
        if condition():
            return
        waiting.wait(0.02)
    pytest.fail("it takes too long")
