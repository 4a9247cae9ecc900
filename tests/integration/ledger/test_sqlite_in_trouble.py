"""A SQLite ledger whose disk is full, that another program holds, or whose file is damaged."""

from __future__ import annotations

import http.client
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest

from regbridge.errors import StoreUnavailableError
from regbridge.host import Host
from regbridge.testing.payloads import encode, live, registrant, sync

RUN = "from regbridge.cli import main; main()"
TOKEN = "a-token-for-this-test"
PATH = "/cvent/apap"
SECONDS = 60.0
MESSAGE = encode(live("InviteeOrGuestModified", registrant(1)))
LARGE = encode(sync(200, first=2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration folder with one client, whose ledger is a file in it."""
    (tmp_path / "clients").mkdir()
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    host = {"port": 0, "worker": {"poll_seconds": 0.05}}
    (tmp_path / "base.yaml").write_text(json.dumps({"host": host}), encoding="utf-8")
    files = {"use": "files", "settings": {"path": "out.jsonl"}, "map": {"Email": "email"}}
    client = {
        "client": "apap",
        "endpoints": {"CventReg": {"path": PATH, "tokens": [{"file": "token"}]}},
        "plugins": ["cvent-token"],
        "targets": {"crm": files},
    }
    (tmp_path / "clients" / "apap.yaml").write_text(json.dumps(client), encoding="utf-8")
    return tmp_path


@pytest.fixture
def host(folder: Path) -> Iterator[Host]:
    """A running host; what its connection for writing is told holds until its end."""
    host = Host(folder)
    host.start()
    yield host
    host.stop()


def post(host: Host, body: bytes) -> tuple[int, Mapping[str, str]]:
    """Send a message as Cvent does; return status and headers of the answer."""
    place = urlsplit(host.url)
    with closing(
        http.client.HTTPConnection(place.hostname or "", place.port, timeout=SECONDS)
    ) as connection:
        connection.request("POST", PATH, body, {"Authorization": TOKEN})
        answer = connection.getresponse()
        answer.read()
        return answer.status, dict(answer.getheaders())


def pragma(host: Host, text: str) -> Any:
    return host.store.write(lambda c: c.exec_driver_sql(f"PRAGMA {text}").scalar())


def counts(folder: Path) -> dict[str, int]:
    """Count by a connection that has nothing to do with the host's."""
    tables = ("receipts", "receipt_parts", "registrations", "deliveries")
    with closing(sqlite3.connect(folder / "regbridge.db")) as database:
        return {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in tables
        }


def delivered(folder: Path, count: int) -> Counter[str]:
    """Wait until so many lines are delivered; return how often each address is there."""
    file, waiting = folder / "out.jsonl", Event()
    lines: list[str] = []
    for _ in range(int(SECONDS / 0.05)):
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        if len(lines) >= count:
            break
        waiting.wait(0.05)
    return Counter(json.loads(line)["Email"] for line in lines)


def assert_refused(answer: tuple[int, Mapping[str, str]]) -> None:
    status, headers = answer
    assert status == 503
    assert int(headers["Retry-After"]) > 0


def test_while_the_disk_is_full_messages_are_refused_and_afterwards_all_goes_on(
    folder: Path, host: Host
) -> None:
    pages = pragma(host, "page_count")
    assert pragma(host, f"max_page_count={pages + 8}") == pages + 8

    assert_refused(post(host, LARGE))

    assert counts(folder) == dict.fromkeys(counts(folder), 0)
    pragma(host, "max_page_count=1000000")
    assert post(host, LARGE)[0] == 200
    assert post(host, MESSAGE)[0] == 200
    assert set(delivered(folder, 201).values()) == {1}
    assert counts(folder)["receipts"] == 2


def test_a_message_that_fits_is_taken_while_the_disk_has_no_room_for_a_large_one(
    folder: Path, host: Host
) -> None:
    pragma(host, f"max_page_count={pragma(host, 'page_count') + 20}")

    assert_refused(post(host, LARGE))
    assert post(host, MESSAGE)[0] == 200

    pragma(host, "max_page_count=1000000")
    assert delivered(folder, 1).total() == 1
    assert counts(folder)["registrations"] == 1


def test_while_another_program_holds_the_ledger_messages_are_refused_and_then_all_goes_on(
    folder: Path, host: Host
) -> None:
    pragma(host, "busy_timeout=20")
    with closing(sqlite3.connect(folder / "regbridge.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert_refused(post(host, MESSAGE))
        assert other.execute("SELECT count(*) FROM receipts").fetchone() == (0,)
        other.execute("ROLLBACK")

    assert post(host, MESSAGE)[0] == 200

    assert delivered(folder, 1).total() == 1
    assert counts(folder)["receipts"] == 1


def _letter(_good: bytes) -> bytes:
    return b"this is a letter to a friend" * 200


def _other_bytes(good: bytes) -> bytes:
    return bytes(number * 7919 % 251 for number in range(len(good)))


def _half(good: bytes) -> bytes:
    return good[: len(good) // 2]


def _no_head(good: bytes) -> bytes:
    return bytes(100) + good[100:]


def _spoilt(good: bytes) -> bytes:
    return good[:4096] + _other_bytes(good)[4096:]


@pytest.mark.parametrize("damage", [_letter, _other_bytes, _half, _no_head, _spoilt])
def test_a_damaged_file_is_named_with_its_remedy_and_not_touched(
    folder: Path, damage: Callable[[bytes], bytes]
) -> None:
    file = folder / "regbridge.db"
    first = Host(folder)
    first.start()
    first.stop()
    spoilt = damage(file.read_bytes())
    file.write_bytes(spoilt)

    host = Host(folder)
    with pytest.raises(StoreUnavailableError) as caught:
        host.start()
    host.stop()

    assert f"the ledger {file} is damaged" in str(caught.value)
    assert "regbridge restore" in str(caught.value)
    assert file.read_bytes() == spoilt


def test_serve_ends_with_1_and_plain_words_when_the_file_is_damaged(folder: Path) -> None:
    file = folder / "regbridge.db"
    file.write_bytes(_letter(b""))

    ran = subprocess.run(
        (sys.executable, "-c", RUN, "serve", "--configs", str(folder)),
        capture_output=True,
        text=True,
        env=os.environ,
        timeout=SECONDS,
    )

    assert ran.returncode == 1
    assert f"the ledger {file} is damaged" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert file.read_bytes() == _letter(b"")


def test_while_a_backup_reads_nobody_waits_for_the_log_to_be_emptied(
    host: Host, folder: Path
) -> None:
    post(host, MESSAGE)
    with closing(sqlite3.connect(folder / "regbridge.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM receipts").fetchone()
        post(host, LARGE)
        begun = time.monotonic()

        host.store.truncate_log()

        assert time.monotonic() - begun < 10
        assert post(host, MESSAGE)[0] == 200
