"""`regbridge backup` and `restore` on a ledger in a file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest

from regbridge.host import Address, Host
from regbridge.store import sqlite_copy
from regbridge.store.sqlite_copy import look_through
from regbridge.testing import payloads

Run = Callable[..., Any]
RORY = payloads.registrant(1, firstName="Rory", lastName="Wamle", email="rory@example.com")
ADA = payloads.registrant(2, firstName="Ada", lastName="Zorn", email="ada@example.com")


def registered(record: dict[str, Any], time: str = payloads.TIME) -> bytes:
    return payloads.encode(payloads.live("InviteeOrGuestAccepted", record, time))


def names(run: Run) -> list[str]:
    """Return whom the ledger has."""
    found = [run("show", each["email"], "--json") for each in (RORY, ADA)]
    return [ran.json[0]["name"] for ran in found if ran.status == 0]


def damage(file: Path) -> None:
    """Write rubbish over the middle of a file."""
    with file.open("r+b") as opened:
        opened.seek(8192)
        opened.write(b"\xff" * 50_000)


@contextmanager
def serving(configs: Path) -> Iterator[Host]:
    """Run a host."""
    host = Host(configs, address=Address("127.0.0.1", 0))
    host.start()
    try:
        yield host
    finally:
        host.stop()


def test_a_restored_ledger_has_what_the_backup_had_and_nothing_else(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(registered(RORY))
    made = run("backup", "--json")
    process(registered(ADA))

    ran = run("restore", made.json["file"], "--yes")

    assert (made.json["messages"], made.json["deliveries"]) == (1, 1)
    assert Path(made.json["file"]).resolve().parent == configs / "backups"
    assert ran.status == 0
    assert names(run) == ["Rory Wamle"]
    assert "regbridge reconcile --full --fix" in ran.out
    [replaced] = configs.glob("regbridge.replaced-*.db")
    assert str(replaced) in ran.out
    assert look_through(replaced).messages == 2


def test_a_ledger_that_was_destroyed_is_restored_and_goes_on(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(registered(RORY))
    run("backup", "safe.db")
    (configs / "regbridge.db").write_bytes(b"\xff" * 100_000)

    ran = run("restore", "safe.db", "--yes")
    process(registered(ADA))

    assert ran.status == 0
    assert "run `regbridge forget` for them again" in ran.out
    assert names(run) == ["Rory Wamle", "Ada Zorn"]


def test_what_a_killed_restore_left_is_in_nobodys_way(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(registered(RORY))
    run("backup", "safe.db")
    left = configs / ".regbridge.db.0a1b2c3d.partial"
    for name in ("", "-wal", "-shm"):
        left.with_name(left.name + name).write_bytes(b"half")

    assert run("restore", "safe.db", "--yes").status == 0
    assert not [path for path in configs.iterdir() if "partial" in path.name]


def test_a_ledger_that_is_gone_is_restored(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(registered(RORY))
    run("backup", "safe.db")
    for file in configs.glob("regbridge.db*"):
        file.unlink()

    assert run("restore", "safe.db", "--yes").status == 0
    assert names(run) == ["Rory Wamle"]
    assert not list(configs.glob("regbridge.replaced-*"))


def test_a_backup_is_one_file_that_its_owner_alone_may_read(
    run: Run, process: Callable[..., None], tmp_path: Path
) -> None:
    process(registered(RORY))
    run("backup", "new folder/safe.db")

    [file] = (tmp_path / "new folder").iterdir()
    assert file.name == "safe.db"
    if sys.platform != "win32":
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
    with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as opened:
        assert opened.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_folder_keeps_the_newest_backups(
    run: Run, process: Callable[..., None], tmp_path: Path
) -> None:
    process(registered(RORY))
    folder = tmp_path / "nightly"
    folder.mkdir()
    for day in (1, 2, 3):
        (folder / f"regbridge-2026010{day}T000000Z.db").touch()
    abandoned = folder / ".regbridge-20260101T000000Z.db.partial"
    abandoned.touch()
    os.utime(abandoned, (0, 0))
    (folder / "somebody's own.db").touch()

    ran = run("backup", "nightly", "--keep", "2", "--json")

    kept = {"regbridge-20260103T000000Z.db", Path(ran.json["file"]).name, "somebody's own.db"}
    assert {path.name for path in folder.iterdir()} == kept
    assert [Path(each).name[:18] for each in ran.json["removed"]] == [
        "regbridge-20260101",
        "regbridge-20260102",
    ]


def test_a_file_that_is_there_is_not_overwritten(
    run: Run, process: Callable[..., None], tmp_path: Path
) -> None:
    process(registered(RORY))
    (tmp_path / "mine.db").write_text("mine", encoding="utf-8")

    ran = run("backup", "mine.db")

    assert ran.status == 1
    assert "mine.db is there already" in ran.err
    assert (tmp_path / "mine.db").read_text(encoding="utf-8") == "mine"


def test_to_keep_some_a_folder_is_needed(run: Run, process: Callable[..., None]) -> None:
    process(registered(RORY))
    assert "counts the backups of a folder" in run("backup", "safe.db", "--keep", "3").err


def test_without_a_ledger_there_is_nothing_to_back_up(run: Run, configs: Path) -> None:
    ran = run("backup")
    assert ran.status == 1
    assert "no ledger" in ran.err
    assert not list(configs.glob("*.db"))


def test_a_disk_without_room_is_noticed_before_anything_is_written(
    run: Run,
    process: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    process(registered(RORY))
    run("backup", "safe.db")
    full = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)

    for command in (("backup", "nightly"), ("restore", "safe.db", "--yes")):
        ran = run(*command)
        assert ran.status == 1
        assert "MB free" in ran.err
    assert list((tmp_path / "nightly").iterdir()) == []


def test_a_backup_that_fails_leaves_no_file(
    run: Run, process: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    process(registered(RORY))

    def full(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(sqlite_copy, "_copy", full)
    ran = run("backup", "nightly")

    assert ran.status == 1
    assert "disk is full" in ran.err
    assert list((tmp_path / "nightly").iterdir()) == []


def test_a_damaged_ledger_makes_no_backup(
    run: Run, configs: Path, process: Callable[..., None], tmp_path: Path
) -> None:
    process(registered(RORY), payloads.encode(payloads.sync(200)))
    damage(configs / "regbridge.db")

    ran = run("backup", "nightly")

    assert ran.status == 1
    assert "regbridge.db" in ran.err
    assert "damaged" in ran.err
    assert list((tmp_path / "nightly").iterdir()) == []


def test_a_copy_comes_to_its_end_while_others_write_and_holds_one_moment(
    run: Run, configs: Path, process: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    process(payloads.encode(payloads.sync(300)))
    written = 0
    with closing(sqlite3.connect(configs / "regbridge.db", isolation_level=None)) as other:

        def write(*_: Any) -> None:
            nonlocal written
            written += 1
            assert written < 10_000, "the copy began anew again and again"
            other.execute("INSERT INTO alerts VALUES (?, 0, 0)", (f"cause {written}",))

        monkeypatch.setattr(sqlite_copy, "_PAGES", 5)
        monkeypatch.setattr(sqlite_copy, "_flushing", lambda _: write)
        ran = run("backup", "safe.db")

    assert ran.status == 0
    assert written > 20
    with closing(sqlite3.connect("safe.db")) as copy:
        assert copy.execute("SELECT count(*) FROM alerts").fetchone() == (0,)


def test_while_a_host_runs_a_backup_is_made_and_none_is_restored(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(registered(RORY))
    with serving(configs):
        assert run("backup", "safe.db").status == 0
        ran = run("restore", "safe.db", "--yes")

    assert ran.status == 1
    assert "another regbridge process" in ran.err
    assert not list(configs.glob("regbridge.replaced-*"))


def test_who_says_no_changes_nothing(
    run: Run, configs: Path, process: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    process(registered(RORY))
    run("backup", "safe.db")
    process(registered(ADA))
    monkeypatch.setattr("typer.confirm", lambda _: False)

    ran = run("restore", "safe.db")

    assert ran.status == 1
    assert "The backup holds 1 message, 1 registration, 1 delivery" in ran.out
    assert "The ledger holds 2 messages" in ran.out
    assert names(run) == ["Rory Wamle", "Ada Zorn"]
    assert not [path for path in configs.iterdir() if "partial" in path.name]


def test_a_file_that_is_no_backup_is_refused(run: Run, process: Callable[..., None]) -> None:
    process(registered(RORY))
    for content, says in (
        (b"host: {}", "is damaged, or no database"),
        (b"", "holds no ledger of regbridge"),
        (b"PGDMP and more", "is of a database in PostgreSQL, the ledger is a SQLite file"),
    ):
        Path("other").write_bytes(content)

        ran = run("restore", "other", "--yes")

        assert ran.status == 1
        assert says in ran.err
    assert names(run) == ["Rory Wamle"]


def test_a_damaged_backup_is_refused(run: Run, process: Callable[..., None]) -> None:
    process(payloads.encode(payloads.sync(200)))
    run("backup", "safe.db")
    damage(Path("safe.db"))

    assert "safe.db is damaged" in run("restore", "safe.db", "--yes").err


def test_a_backup_of_a_newer_version_is_refused(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(registered(RORY))
    run("backup", "safe.db")
    with closing(sqlite3.connect("safe.db")) as opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
        opened.execute("UPDATE compatibility SET oldest = '9999'")
        opened.commit()

    assert "newer version" in run("restore", "safe.db", "--yes").err
    assert names(run) == ["Rory Wamle"]


@pytest.fixture
def encrypted(configs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose ledger is encrypted."""
    monkeypatch.setenv("LEDGER_KEY", token_urlsafe(32))
    base = configs / "base.yaml"
    text = base.read_text(encoding="utf-8")
    keys = "host:\n  encryption: {keys: [{env: LEDGER_KEY}]}\n"
    base.write_text(text.replace("host:\n", keys, 1), encoding="utf-8")
    return configs


def test_an_encrypted_ledger_is_restored_with_its_key_and_forgets_whom_it_should(
    run: Run, encrypted: Path, process: Callable[..., None]
) -> None:
    process(payloads.encode(payloads.message("AttendeeManualSynced", [RORY, ADA])))
    run("backup", "safe.db")
    assert b"Quarry Road" in payloads.encode(ADA)
    assert b"Quarry Road" not in Path("safe.db").read_bytes()
    run("forget", "rory@example.com", "--because", "letter")

    assert run("restore", "safe.db", "--yes").status == 0
    assert names(run) == ["Ada Zorn"]


def test_a_backup_whose_key_is_not_configured_is_refused(
    run: Run, encrypted: Path, process: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    process(registered(RORY))
    run("backup", "safe.db")
    before = (encrypted / "regbridge.db").read_bytes()
    monkeypatch.setenv("LEDGER_KEY", token_urlsafe(32))

    ran = run("restore", "safe.db", "--yes")

    assert ran.status == 1
    assert "host.encryption.keys" in ran.err
    assert (encrypted / "regbridge.db").read_bytes() == before


def test_pauses_that_the_backup_has_are_named(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(registered(RORY))
    run("pause", "acme", "registrations", "--because", "upgrade")
    run("backup", "safe.db")
    run("resume", "acme", "registrations")

    assert "Paused in it: registrations of acme" in run("restore", "safe.db", "--yes").out


def test_who_was_forgotten_after_the_backup_is_not_here_again(
    run: Run, process: Callable[..., None]
) -> None:
    process(registered(RORY), registered(ADA))
    run("backup", "safe.db")
    run("forget", "rory@example.com", "--because", "letter")

    ran = run("restore", "safe.db", "--yes")

    assert names(run) == ["Ada Zorn"]
    assert "again" not in ran.out.partition("What to do now")[2].rpartition("ignore")[2]
