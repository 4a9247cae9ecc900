"""Rules 1, 2, 7 and 9: what arrives is on disk, whole, before anybody is told so."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, create_engine, event, select, text

from regbridge import Kind
from regbridge.errors import ConfigError, StoreUnavailableError
from regbridge.store import intake as intake_module
from regbridge.store.bodies import PART_BYTES
from regbridge.store.engine import Store
from regbridge.store.intake import store_receipts
from regbridge.store.report import find_registrations
from regbridge.store.tables import registration_payloads
from regbridge.testing.payloads import encode, live, message, registrant, sync

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger


def read_rows(ledger: Ledger, query: str) -> list[tuple[object, ...]]:
    """Read the database by a connection that has nothing to do with the ledger's."""
    engine = create_engine(ledger.store.url)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return rows


in_a_file = pytest.mark.parametrize("bare_ledger", ["SQLite"], indirect=True)


def test_a_message_is_on_disk_when_its_receipt_is_returned(ledger: Ledger) -> None:
    body = encode(sync(2))

    receipt = ledger.receive(body)

    rows = read_rows(ledger, "SELECT id, body, record_count, state FROM receipts, receipt_parts")
    assert rows == [(receipt, body, 2, "pending")]


def test_each_of_many_messages_at_once_gets_a_receipt_of_its_own(ledger: Ledger) -> None:
    bodies = [encode(sync(1, first=number)) for number in range(1, 41)]

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(ledger.receive, bodies))

    stored = read_rows(ledger, "SELECT receipt_id, body FROM receipt_parts")
    assert dict(stored) == dict(zip(ids, bodies, strict=True))  # type: ignore[arg-type]


@in_a_file
def test_a_commit_waits_for_the_disk(ledger: Ledger) -> None:
    def ask(name: str) -> object:
        return ledger.store.write(lambda c: c.exec_driver_sql(f"PRAGMA {name}").scalar())

    assert ask("journal_mode") == "wal"
    assert ask("synchronous") == 2


@in_a_file
def test_only_what_nobody_misses_is_committed_without_waiting_for_the_disk(ledger: Ledger) -> None:
    def ask(connection: Connection) -> object:
        return connection.exec_driver_sql("PRAGMA synchronous").scalar()

    def fail(connection: Connection) -> None:
        connection.exec_driver_sql("no SQL")

    assert ledger.store.write_hastily(ask) == 1
    assert ledger.store.write(ask) == 2
    with pytest.raises(StoreUnavailableError):
        ledger.store.write_hastily(fail)
    assert ledger.store.write(ask) == 2


def test_a_message_that_cannot_be_committed_is_refused_and_nothing_of_it_is_stored(
    ledger: Ledger,
) -> None:
    ledger.store.write(lambda c: c.exec_driver_sql("ALTER TABLE receipts RENAME TO gone"))

    with pytest.raises(StoreUnavailableError):
        ledger.receive(sync(1))

    assert read_rows(ledger, "SELECT * FROM gone") == []
    ledger.store.write(lambda c: c.exec_driver_sql("ALTER TABLE gone RENAME TO receipts"))


def test_intake_works_again_after_the_database_came_back(ledger: Ledger) -> None:
    ledger.store.write(lambda c: c.exec_driver_sql("ALTER TABLE receipts RENAME TO gone"))
    with pytest.raises(StoreUnavailableError):
        ledger.receive(sync(1))
    ledger.store.write(lambda c: c.exec_driver_sql("ALTER TABLE gone RENAME TO receipts"))

    ledger.receive(sync(1))
    ledger.run()

    assert ledger.states() == ["delivered"]


@in_a_file
def test_a_database_that_takes_no_writes_refuses_messages(ledger: Ledger) -> None:
    def forbid_writes(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA query_only=ON")

    ledger.store.close()
    event.listen(ledger.store.writer, "connect", forbid_writes)

    with pytest.raises(StoreUnavailableError, match="readonly"):
        ledger.receive(sync(1))

    assert read_rows(ledger, "SELECT id FROM receipts") == []


@in_a_file
def test_a_file_that_is_no_database_refuses_messages(ledger: Ledger) -> None:
    ledger.store.close()
    for path in ledger.path.parent.glob("regbridge.db*"):
        path.write_bytes(b"this is a letter to a friend" * 200)

    with pytest.raises(StoreUnavailableError):
        ledger.receive(sync(1))


def test_a_message_that_waited_too_long_is_refused_and_not_stored_later(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, go_on = threading.Event(), threading.Event()
    write = ledger.store.write

    def slow(work: Any) -> Any:
        writing.set()
        assert go_on.wait(30)
        return write(work)

    monkeypatch.setattr(ledger.store, "write", slow)
    monkeypatch.setattr(intake_module, "_WAIT_SECONDS", 0.05)
    first: list[int] = []
    sender = threading.Thread(target=lambda: first.append(ledger.register(1, "A")))
    sender.start()
    assert writing.wait(30)

    with pytest.raises(StoreUnavailableError, match="takes too long"):
        ledger.register(2, "B")
    go_on.set()
    sender.join(30)

    assert first == [1]  # it was being written, so its sender waited
    assert ledger.register(3, "C") == 2
    assert len(ledger.receipts()) == 2


def test_a_closed_intake_refuses_messages_at_once(ledger: Ledger) -> None:
    ledger.intake.close()

    with pytest.raises(StoreUnavailableError, match="closed"):
        ledger.receive(sync(1))


def test_a_message_that_the_database_refuses_does_not_take_others_along(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse, allow = (
        (
            "CREATE TRIGGER refuse BEFORE INSERT ON receipts WHEN NEW.client = 'refused' "
            "BEGIN SELECT RAISE(ABORT, 'refused'); END",
            "DROP TRIGGER refuse",
        )
        if ledger.store.embedded
        else (
            "ALTER TABLE receipts ADD CONSTRAINT refuse CHECK (client <> 'refused')",
            "ALTER TABLE receipts DROP CONSTRAINT refuse",
        )
    )
    ledger.store.write(lambda c: c.exec_driver_sql(refuse))
    under_way, go_on = threading.Event(), threading.Event()
    write = ledger.store.write

    def slow_write(work: Callable[[Connection], Any]) -> Any:
        under_way.set()
        assert go_on.wait(30)
        return write(work)

    monkeypatch.setattr(ledger.store, "write", slow_write)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(ledger.receive, sync(1))
        assert under_way.wait(30)
        # These wait together while the first is being written.
        bad = pool.submit(ledger.receive, sync(2), "refused")
        good = [pool.submit(ledger.receive, sync(number)) for number in (3, 4)]
        go_on.set()
    ledger.store.write(lambda c: c.exec_driver_sql(allow))

    assert [future.exception() for future in (first, *good)] == [None] * 3
    assert isinstance(bad.exception(), StoreUnavailableError)
    assert sorted(row.record_count for row in ledger.receipts()) == [1, 3, 4]


@pytest.mark.parametrize("body", [b"", b"<xml/>", b'{"eventType": 1}', b"\xff\xfe{}", b"[" * 9999])
def test_a_malformed_message_is_kept_as_a_parked_receipt(ledger: Ledger, body: bytes) -> None:
    ledger.receive(body)

    row = ledger.receipts()[0]
    assert (row.state, ledger.bodies(), row.arrivals) == ("parked", [body], 1)
    assert row.reason


def test_the_same_malformed_bytes_again_only_raise_a_counter(ledger: Ledger) -> None:
    first = ledger.receive(b"not JSON")
    again = ledger.receive(b"not JSON")
    both = [ledger.arrival(b"not JSON")] * 2
    ledger.store.write(lambda c: store_receipts(c, both))
    other = ledger.receive(b"not JSON either")

    assert first == again != other
    assert [row.arrivals for row in ledger.receipts()] == [4, 1]


def test_the_same_malformed_bytes_of_another_client_are_another_receipt(ledger: Ledger) -> None:
    assert ledger.receive(b"not JSON", "apap") != ledger.receive(b"not JSON", "other")


def test_a_retried_receipt_that_is_still_malformed_is_parked_again(ledger: Ledger) -> None:
    ledger.receive(b"not JSON")
    assert ledger.retry_receipts() == 1
    assert ledger.receipts()[0].state == "pending"

    ledger.run()

    assert ledger.receipts()[0].state == "parked"
    assert "JSON" in ledger.receipts()[0].reason
    assert ledger.happenings() == ["retried", "parked"]


def test_a_retried_receipt_that_can_be_read_by_now_is_like_any_other(ledger: Ledger) -> None:
    body = live("InviteeOrGuestAccepted", registrant(1, company="A"))
    arrival = ledger.arrival(encode(body))
    malformed = type(arrival)(
        "apap", "CventReg", arrival.body, arrival.received_at, problem="an older parser says so"
    )
    ledger.intake.accept(malformed)
    ledger.retry_receipts()
    ledger.receive(body)

    ledger.run()

    row = ledger.receipts()[0]
    assert (row.state, row.reason, row.record_count, row.split_count) == ("split", "", 1, 1)
    assert (row.event_type, row.message_time_text) == (arrival.event_type, body["messageTime"])
    assert ledger.states() == ["delivered", "duplicate"]


def test_an_empty_message_is_split_into_nothing(ledger: Ledger) -> None:
    ledger.receive(message("AttendeeManualSynced", []))

    ledger.run()

    assert ledger.receipts()[0].state == "split"
    assert ledger.states() == []


def test_an_unknown_event_type_is_shown_as_filtered_with_the_reason(ledger: Ledger) -> None:
    ledger.receive(message("LeadScanned", [{"leadStub": "1", "novel": {"field": [1]}}]))

    ledger.run()

    assert ledger.states() == ["filtered"]
    assert "unknown type" in ledger.reasons()[0]


def test_an_unknown_event_type_that_holds_registrations_is_taken_as_one(ledger: Ledger) -> None:
    ledger.receive(live("InviteeOrGuestTeleported", registrant(1, company="A")))

    ledger.run()

    assert ledger.states() == ["delivered"]


def test_a_client_says_what_an_event_type_is_about(bare_ledger: Ledger) -> None:
    bare_ledger.add_client(kinds={"InviteeOrGuestTeleported": Kind.EMAIL})
    bare_ledger.receive(live("InviteeOrGuestTeleported", registrant(1)))

    bare_ledger.run()

    assert bare_ledger.states() == ["filtered"]
    assert bare_ledger.registrations()[0].kind == "email"


def test_unknown_fields_of_record_and_envelope_are_accepted(ledger: Ledger) -> None:
    record = registrant(1, company="A", brandNew={"deep": [None]})
    ledger.receive(live("InviteeOrGuestAccepted", record) | {"apiVersion": 9})

    ledger.run()

    assert ledger.states() == ["delivered"]
    kept = ledger.store.read(lambda c: c.scalars(select(registration_payloads.c.payload)).all())
    assert b"brandNew" in bytes(kept[0])


@pytest.mark.parametrize(
    ("time", "milliseconds"),
    [
        ("2026-11-24T10:00:00.617Z", 1_795_514_400_617),
        ("2026-11-24T05:00:00.617-05:00", 1_795_514_400_617),
        ("2026-11-24 10:00:00.617", 1_795_514_400_617),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_are_stored_in_utc_and_the_text_is_kept(
    ledger: Ledger, time: str, milliseconds: int | None
) -> None:
    ledger.receive(message("AttendeeManualSynced", [registrant(1)], time=time))

    row = ledger.receipts()[0]
    assert (row.message_time, row.message_time_text) == (milliseconds, time)
    assert row.received_at == ledger.clock.now


def test_texts_with_a_nul_can_be_stored_by_every_database(ledger: Ledger) -> None:
    record = registrant(1, lastName="Nul\0", email="a\0b@example.org", inviteeStub="x\0y")
    ledger.receive(message("InviteeOrGuest\0Modified", [record], time="now\0"))

    ledger.run()

    receipt, registration = ledger.receipts()[0], ledger.registrations()[0]
    texts = [*receipt, *registration]
    assert not [found for found in texts if isinstance(found, str) and "\0" in found]


@in_a_file
def test_a_search_looks_once_into_each_segment_and_reads_what_it_finds(ledger: Ledger) -> None:
    plans: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "search_terms" in statement or "search_name" in statement:
            rows = connection.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[-1] for row in rows)

    event.listen(ledger.store.engine, "before_cursor_execute", explain)
    ledger.store.read(lambda c: find_registrations(c, "Amara Achterberg", "apap"))

    assert plans[:1] == [
        "SEARCH search_terms USING PRIMARY KEY (segment=? AND term=?)",
    ]


@pytest.mark.parametrize("size", [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 9_000_000])
def test_a_message_of_any_size_is_kept_byte_by_byte(ledger: Ledger, size: int) -> None:
    body = (bytes(range(256)) * (size // 256 + 1))[:size]

    first = ledger.receive(body)
    again = ledger.receive(body)
    ledger.receive(b"another")

    assert first == again
    assert ledger.bodies() == [body, b"another"]


def test_a_message_is_let_go_once_it_is_stored(ledger: Ledger) -> None:
    body = encode(sync(3))
    before = sys.getrefcount(body)

    ledger.receive(body)

    waiting = threading.Event()
    for _ in range(500):
        if sys.getrefcount(body) == before:
            break
        waiting.wait(0.01)
    assert sys.getrefcount(body) == before


def test_a_python_whose_sqlite_lacks_json_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    class Old(sqlite3.Connection):
        def execute(self, *_: Any) -> sqlite3.Cursor:
            raise sqlite3.OperationalError("no such table: json_each")

    monkeypatch.setattr(sqlite3, "connect", lambda name: connect(name, factory=Old))

    with pytest.raises(ConfigError, match=r"no JSON functions; use a Python whose SQLite is 3\.38"):
        Store(f"sqlite:///{tmp_path / 'ledger.db'}")
