"""With keys, nobody reads in the database what people wrote, and all else is as without."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, select, update
from tests.integration.ledger.conftest import Ledger
from tests.integration.ledger.sealed_ledgers import (
    CANARY,
    clear,
    config,
    everything,
    fill,
    find,
    kept,
    key,
    sealed_by,
)
from tests.postgres import new_database as new_postgres

from regbridge.config.encryption import key_bytes
from regbridge.errors import ConfigError, StoreUnavailableError
from regbridge.store.bodies import read_bodies
from regbridge.store.differences import differences_of, records_to_send
from regbridge.store.engine import Store
from regbridge.store.forget import mentions
from regbridge.store.hosts import HostThere, leave, put_host
from regbridge.store.key_tables import encryption_keys
from regbridge.store.keys import take_up_keys
from regbridge.store.purge import Old, purge_registrations
from regbridge.store.report import deliveries_of, find_registrations
from regbridge.store.reseal import count, reseal
from regbridge.store.sealed import DAMAGED
from regbridge.store.sealing import KEYED, key_id
from regbridge.store.tables import (
    corrections,
    deliveries,
    receipt_parts,
    receipts,
    registration_payloads,
    registrations,
)
from regbridge.store.told import tell
from regbridge.store.upgrades import upgrade

Open = Callable[..., Ledger]


@pytest.fixture(scope="module")
def postgres_ledger() -> Iterator[str]:
    """A database with the tables, to which no host of another version is connected."""
    with new_postgres() as url:
        store = Store(url)
        upgrade(store)
        store.close()
        yield url


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def open_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens one ledger as hosts with some keys or others do, with a client of one target."""
    path, url = tmp_path / "regbridge.db", ""
    if request.param == "SQLite":
        shutil.copy(request.getfixturevalue("new_database"), path)
    else:
        url = request.getfixturevalue("postgres_ledger")
    opened: list[Ledger] = []

    def open_ledger(*keys: str, writes: bool = True, takes_up: bool = True) -> Ledger:
        ledger = Ledger(path, url, config(*keys, writes=writes))
        opened.append(ledger)
        ledger.add_client()
        if takes_up:
            take_up_keys(ledger.store)
        return ledger

    yield open_ledger
    if url:
        opened[0].store.write(clear)
    for ledger in opened:
        ledger.close()


def values(ledger: Ledger, statement: Any) -> list[Any]:
    """Return what a column holds."""
    return ledger.store.read(lambda c: list(c.scalars(statement)))


def ids(*names: str) -> set[str]:
    """Return the ids of the keys of some names."""
    return {key_id(key_bytes(SecretStr(key(name)))) for name in names}


def test_nothing_that_people_wrote_is_in_the_tables(open_ledger: Open) -> None:
    ledger = open_ledger("new")

    fill(ledger)

    assert CANARY not in everything(ledger)
    assert sealed_by(ledger) == ids("new")
    assert len(kept(ledger)) == 3 + 4 + 4 + 1 + 3


def test_without_keys_all_is_kept_as_it_came(open_ledger: Open) -> None:
    ledger = open_ledger()

    fill(ledger)

    assert sealed_by(ledger) == {"plain"}
    assert all(CANARY in value for value in kept(ledger))


def test_nothing_that_people_wrote_is_in_the_file_nor_in_its_log(
    tmp_path: Path, new_database: Path
) -> None:
    path = tmp_path / "regbridge.db"
    shutil.copy(new_database, path)
    ledger = Ledger(path, encryption=config("new"))
    ledger.add_client()
    take_up_keys(ledger.store)
    fill(ledger)
    there = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    ledger.close()

    assert {"regbridge.db", "regbridge.db-wal"} <= there.keys()
    assert [name for name, content in there.items() if CANARY.encode() in content] == []
    assert any(b"amara.achterberg.1@example.org" in content for content in there.values())


def test_all_is_delivered_and_shown_as_it_is_without(open_ledger: Open) -> None:
    ledger = open_ledger("new")

    fill(ledger)

    assert ledger.crm.companies[0] == f"{CANARY} 1"
    assert ledger.crm.companies[-1] == f"{CANARY} corrected"
    assert [CANARY.encode() in body for body in ledger.bodies()] == [True, True, True]
    [row] = ledger.store.read(lambda c: find_registrations(c, "amara.achterberg.1@example.org"))
    assert CANARY.encode() in row.payload
    [delivery] = ledger.store.read(lambda c: deliveries_of(c, [row.id]))
    assert f"{CANARY} corrected" in delivery.record
    told = ledger.store.read(lambda c: tell(c, row.id))
    assert told is not None
    assert [each.value for each in told.corrections] == [f'"{CANARY} corrected"']
    first, second = ledger.store.read(lambda c: differences_of(c, "apap", "event", 10))
    assert (first.changes, second.text) == (f'{{"a": ["{CANARY}", 1]}}', f"{CANARY} at Cvent")
    [sent] = ledger.store.read(lambda c: records_to_send(c, 1, 10, 1000))
    assert sent.record == f'{{"a": "{CANARY}"}}'.encode()


def test_an_address_in_somebody_elses_record_is_found(open_ledger: Open) -> None:
    ledger = open_ledger("new")
    ledger.register(1, "ask Eve@example.org")
    ledger.register(2, "nobody")
    ledger.run()

    found = ledger.store.read(lambda c: mentions(c, "eve@example.org"))

    assert found == {"registrations": [1], "receipts": []}


def test_what_came_before_the_keys_stays_readable_and_is_encrypted_in_place(
    open_ledger: Open,
) -> None:
    fill(open_ledger())
    ledger = open_ledger("new")
    ledger.register(9, f"{CANARY} 9")
    ledger.run()
    assert ledger.crm.companies == [f"{CANARY} 9"]
    assert sealed_by(ledger) == {"plain", *ids("new")}
    before = kept_open(ledger)

    done = reseal(ledger.store, ledger.clock.now)

    assert done.rows == 3 + 4 + 4 + 1 + 2
    assert sealed_by(ledger) == ids("new")
    assert CANARY not in everything(ledger)
    assert kept_open(ledger) == before
    assert reseal(ledger.store, ledger.clock.now).rows == 0


def kept_open(ledger: Ledger) -> list[Any]:
    """Return what is kept, as the code reads it."""
    rows = ledger.store.read(lambda c: deliveries_of(c, range(1, 20)))
    numbers = values(ledger, select(receipts.c.id))
    bodies = ledger.store.read(lambda c: read_bodies(c, numbers))
    return [bodies, sorted((row.id, row.record) for row in rows)]


def test_in_the_file_nothing_is_left_of_what_was_not_encrypted(
    tmp_path: Path, new_database: Path
) -> None:
    path = tmp_path / "regbridge.db"
    shutil.copy(new_database, path)
    plain = Ledger(path)
    plain.add_client()
    fill(plain)
    plain.close()
    assert CANARY.encode() in path.read_bytes()
    ledger = Ledger(path, encryption=config("new"))

    reseal(ledger.store, ledger.clock.now)

    content = [file.read_bytes() for file in tmp_path.iterdir()]
    ledger.close()
    assert [CANARY.encode() in each for each in content] == [False] * len(content)


def test_a_walk_that_was_killed_is_taken_up_by_the_next_one(open_ledger: Open) -> None:
    fill(open_ledger())
    ledger = open_ledger("new")

    def die(table: str, _rows: int) -> None:
        if table == "deliveries":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reseal(ledger.store, ledger.clock.now, die)
    assert sealed_by(ledger) == {"plain", *ids("new")}
    assert reseal(ledger.store, ledger.clock.now).rows == 1 + 2
    assert sealed_by(ledger) == ids("new")


def test_what_arrives_while_everything_is_encrypted_anew_is_delivered(open_ledger: Open) -> None:
    fill(open_ledger())
    ledger = open_ledger("new", "old")

    def arrive(table: str, _rows: int) -> None:
        if table == "registration_payloads" and not ledger.crm.calls:
            ledger.register(20, f"{CANARY} 20")
            ledger.run()

    reseal(ledger.store, ledger.clock.now, arrive)

    assert f"{CANARY} 20" in ledger.crm.companies
    assert sealed_by(ledger) == ids("new")


def test_an_old_key_can_go_once_nothing_is_encrypted_by_it(open_ledger: Open) -> None:
    fill(open_ledger("old"))
    ledger = open_ledger("new", "old")
    ledger.register(9, "Acme")
    with pytest.raises(ConfigError, match="the ledger has values that are encrypted by the key"):
        open_ledger("new")

    done = reseal(ledger.store, ledger.clock.now)

    assert done.counts.keys() == ids("new")
    newest = open_ledger("new")
    newest.register(1, f"{CANARY} again", minute=9)
    newest.run()
    assert newest.crm.companies == ["Acme", f"{CANARY} again"]


def test_nothing_is_encrypted_by_a_key_that_a_running_host_may_not_have(open_ledger: Open) -> None:
    old = open_ledger("old")
    fill(old)
    ledger = open_ledger("new", "old", takes_up=False)
    started_at = {"before": 1, "after": ledger.clock.now}
    for name in started_at:
        put(ledger, name, started_at[name])

    for first_is_known in (False, True):
        with pytest.raises(ConfigError, match=r"may not have the first key.*before"):
            reseal(ledger.store, ledger.clock.now)
        assert sealed_by(ledger) == ids("old")
        if not first_is_known:
            take_up_keys(ledger.store)

    ledger.store.write(lambda c: leave(c, "before"))
    assert reseal(ledger.store, ledger.clock.now).behind == []
    assert sealed_by(ledger) == ids("new")


def test_no_key_is_given_up_when_a_host_with_other_keys_was_started_meanwhile(
    open_ledger: Open,
) -> None:
    fill(open_ledger("old"))
    ledger = open_ledger("new", "old")

    def start(_table: str, _rows: int) -> None:
        put(ledger, "late", 1)

    assert reseal(ledger.store, ledger.clock.now, start).behind == ["late"]

    with pytest.raises(ConfigError, match="encrypted by the key"):
        open_ledger("new")


def put(ledger: Ledger, name: str, started_at: int) -> None:
    """Let a host say that it is there."""
    there = HostThere(name, ("work",), started_at)
    ledger.store.write(lambda c: put_host(c, there, ledger.clock.now))


@pytest.mark.parametrize("keys", [(), ("wrong",)])
def test_without_the_right_key_nobody_starts(open_ledger: Open, keys: tuple[str, ...]) -> None:
    ledger = open_ledger("right")
    ledger.register(1, CANARY)
    before = everything(ledger)

    with pytest.raises(ConfigError) as caught:
        open_ledger(*keys)

    [finding] = caught.value.findings
    assert finding.where == "host.encryption.keys"
    assert ids("right").pop() in finding.message
    assert "add the key again" in finding.remedy
    assert everything(ledger) == before
    again = open_ledger("right")
    again.run()
    assert again.crm.companies == [CANARY]


def test_a_key_is_needed_from_the_first_value_on_that_a_command_writes(open_ledger: Open) -> None:
    command = open_ledger("new", takes_up=False)
    assert values(command, select(encryption_keys.c.id)) == []

    command.register(1, CANARY)

    assert set(values(command, select(encryption_keys.c.id))) == ids("new")


def test_a_host_that_lacks_a_newer_key_leaves_what_it_cannot_read_to_others(
    open_ledger: Open,
) -> None:
    old = open_ledger("old")
    new = open_ledger("new", "old")
    new.register(1, CANARY)

    with pytest.raises(StoreUnavailableError, match=f"key {ids('new').pop()}, which this process"):
        old.run()

    new.advance(120)
    new.run()
    assert new.crm.companies == [CANARY]


@pytest.mark.parametrize(
    ("before", "after"),
    [((), ("a",)), (("a",), ("b", "a")), (("a",), ())],
    ids=["turned on", "rotated", "turned off"],
)
def test_an_equal_record_is_not_sent_again_whatever_the_keys_were(
    open_ledger: Open, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    first = open_ledger(*before)
    first.register(1, CANARY)
    first.run()
    ledger = open_ledger(*(after or before), writes=bool(after))

    ledger.register(1, CANARY, minute=1)
    ledger.run()
    reseal(ledger.store, ledger.clock.now)
    last = open_ledger(*after[:1])
    last.register(1, CANARY, minute=2)
    last.run()

    assert last.states() == ["delivered", "unchanged", "unchanged"]
    assert ledger.crm.calls == last.crm.calls == []


def test_digests_of_records_and_messages_say_nothing_about_them(open_ledger: Open) -> None:
    plain = open_ledger()
    fill(plain)
    guessed = set(values(plain, select(deliveries.c.digest)))
    purge(plain)
    ledger = open_ledger("new")
    ledger.register(9, f"{CANARY} 9")
    ledger.receive(f'{{"broken": "{CANARY}'.encode())
    ledger.run()

    reseal(ledger.store, ledger.clock.now)

    there = values(ledger, select(deliveries.c.digest)) + values(
        ledger, select(receipts.c.digest).where(receipts.c.digest.is_not(None))
    )
    assert len(there) == len(set(there)) == 5 + 2
    assert all(each.startswith(KEYED) for each in there)
    assert guessed.isdisjoint(there)


def purge(ledger: Ledger) -> None:
    ledger.advance(100)
    old = Old(ledger.clock.now)
    ledger.store.write(lambda c: purge_registrations(c, old, 0, ledger.clock.now))


def test_the_same_bytes_again_only_raise_the_counter(open_ledger: Open) -> None:
    ledger = open_ledger("new")

    numbers = {ledger.receive(b'{"broken') for _ in range(3)}

    assert len(numbers) == 1
    assert [row.arrivals for row in ledger.receipts()] == [3]


@pytest.mark.parametrize(
    ("statement", "step"),
    [
        (lambda c: _swap(c, registration_payloads, registration_payloads.c.payload), "prepare"),
        (lambda c: _swap(c, receipt_parts, receipt_parts.c.body), "split"),
    ],
    ids=["payloads", "messages"],
)
def test_values_that_changed_their_places_are_parked(
    open_ledger: Open, statement: Callable[[Connection], None], step: str
) -> None:
    ledger = open_ledger("new")
    for number in (1, 2, 3):
        ledger.register(number, f"{CANARY} {number}")
    if step == "prepare":
        ledger.lane("split", "")()

    ledger.store.write(statement)
    ledger.run()

    rows = ledger.registrations() if step == "prepare" else ledger.receipts()
    assert [row.reason for row in rows if row.state == "parked"] == [DAMAGED, DAMAGED]
    assert ledger.crm.companies == [f"{CANARY} 3"]


def _swap(connection: Connection, table: Any, column: Any) -> None:
    """Give the first two rows each other's value."""
    first, second = connection.execute(select(table).order_by(table.c.receipt_id).limit(2)).all()
    for row, value in ((first, second[-1]), (second, first[-1])):
        mine = update(table).where(table.c.receipt_id == row.receipt_id)
        connection.execute(mine.values({column: value}))


def test_a_record_that_was_changed_is_parked_and_the_others_are_delivered(
    open_ledger: Open,
) -> None:
    ledger = open_ledger("new")
    for number in (1, 2, 3):
        ledger.register(number, f"{CANARY} {number}")
    ledger.lane("split", "")()
    ledger.lane("prepare")()
    [record] = values(ledger, select(deliveries.c.record).where(deliveries.c.id == 2))

    damaged = record[:-8] + ("AAAA" if record[-8:-4] != "AAAA" else "BBBB") + record[-4:]
    mine = update(deliveries).where(deliveries.c.id == 2)
    ledger.store.write(lambda c: c.execute(mine.values(record=damaged)))
    ledger.run()

    assert ledger.states() == ["delivered", "parked", "delivered"]
    assert ledger.reasons()[1] == DAMAGED
    assert ledger.crm.companies == [f"{CANARY} 1", f"{CANARY} 3"]
    ledger.retry()
    ledger.run()
    assert ledger.states() == ["delivered"] * 3


def test_a_correction_that_was_changed_is_to_be_made_again(open_ledger: Open) -> None:
    ledger = open_ledger("new")
    fill(ledger)
    moved = update(corrections).values(field="title")
    ledger.store.write(lambda c: c.execute(moved))

    ledger.store.write(lambda c: c.execute(update(registrations).values(state="parked")))
    ledger.retry(ids=(1,))
    ledger.run()

    [row] = [row for row in ledger.registrations() if row.id == 1]
    assert row.reason == (
        "the corrected value of title cannot be decrypted any more; correct it again"
    )


def test_what_is_damaged_is_counted_and_keeps_no_key_in_use(open_ledger: Open) -> None:
    old = open_ledger("old")
    for number in (1, 2):
        old.register(number, CANARY)
    old.run()
    old.store.write(lambda c: _swap(c, receipt_parts, receipt_parts.c.body))
    ledger = open_ledger("new", "old")

    done = reseal(ledger.store, ledger.clock.now)

    assert done.damaged == dict.fromkeys(ids("old"), 2)
    open_ledger("new")


def test_a_message_that_only_looks_encrypted_is_kept_as_it_came(open_ledger: Open) -> None:
    body = b"\xffsealed:0123456789abcdef:nothing of the kind"
    plain = open_ledger()
    number = plain.receive(body)
    ledger = open_ledger("new")

    reseal(ledger.store, ledger.clock.now)

    assert ledger.store.read(lambda c: read_bodies(c, [number])) == {number: body}
    assert count(ledger.store, ledger.clock.now)[""] == 1
    open_ledger("new")


def test_turned_off_everything_is_as_it_came_and_needs_no_key(open_ledger: Open) -> None:
    fill(open_ledger("old"))
    ledger = open_ledger("old", writes=False)
    ledger.register(9, f"{CANARY} 9")
    ledger.run()

    reseal(ledger.store, ledger.clock.now)

    assert sealed_by(ledger) == {"plain"}
    last = open_ledger()
    find(last)
    last.run()
    assert [CANARY.encode() in body for body in last.bodies()] == [True] * 4
