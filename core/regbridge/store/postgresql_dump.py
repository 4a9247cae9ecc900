"""Copies a ledger in PostgreSQL by the server's own programs, pg_dump and pg_restore."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, make_url, text

from regbridge.errors import ConfigError, StoreUnavailableError
from regbridge.store.contents import Contents, contents_of
from regbridge.store.engine import Store
from regbridge.store.upgrades import found_revision

MAGIC = b"PGDMP"

_PLAIN = ("--no-owner", "--no-privileges")

_SERVER = text("SELECT current_setting('server_version_num')::int / 10000, current_schema()")
_SNAPSHOT = text("SELECT pg_export_snapshot()")
_SIZE = text(
    "SELECT coalesce(sum(pg_table_size(c.oid)), 0) FROM pg_class c"
    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'"
)
_COUNTED = {"receipts": "messages", "registrations": "registrations", "deliveries": "deliveries"}
_COPY = re.compile(rb"COPY (?:\S+\.)?\"?(\w+)\"? \(.*\) FROM stdin;")


@dataclass(frozen=True, slots=True)
class Archive:
    """What a dump says of itself: the server's major version, and the schema of the ledger."""

    major: int
    schema: str


def size_of(store: Store) -> int:
    """Return how many bytes the ledger's tables have, without indexes."""
    return int(store.read(lambda c: c.scalar(_SIZE)) or 0)


def dump_ledger(store: Store, to: Path) -> Contents | None:
    """Write all that a ledger holds at one moment into a file, and read it again to the end.

    Returns what that is; None, and writes nothing, where there is no ledger. Raises `ConfigError`
    when pg_dump is missing or too old, `StoreUnavailableError` when it fails.
    """

    def work(connection: Connection) -> Contents | None:
        _rest(connection)
        held = contents_of(connection)
        if held is not None:
            major, schema = connection.execute(_SERVER).one()
            _require_version("pg_dump", major)
            # Every connection that is given this snapshot sees what this one does.
            options = (f"--snapshot={connection.scalar(_SNAPSHOT)}", f"--schema={schema}")
            _run(store, "pg_dump", *options, "--lock-wait-timeout=30s", "-Fc", *_PLAIN, f"-f{to}")
        return held

    held = store.read(work)
    if held is None:
        return None
    counted = _count_rows(to)
    expected = {table: getattr(held, name) for table, name in _COUNTED.items()}
    if counted != expected:
        raise StoreUnavailableError(f"the copy has {counted} rows, the ledger {expected}")
    return held


def look_into(dump: Path) -> Archive:
    """Return what a dump says of itself. Raises `ConfigError` when it is none of a ledger's."""
    program = _program("pg_restore")
    ended = subprocess.run(  # noqa: S603
        [program, "--list", str(dump)], capture_output=True, text=True, errors="replace"
    )
    version = re.search(r"Dumped from database version: (\d+)", ended.stdout)
    table = re.search(r"^\d+; .* TABLE (\S+) alembic_version ", ended.stdout, re.MULTILINE)
    if ended.returncode or not version or not table:
        said = ended.stderr.partition("\n")[0] or "it has no tables of regbridge"
        raise ConfigError.of(
            f"{dump} holds no ledger: {said}", "name a file that `regbridge backup` wrote"
        )
    return Archive(int(version[1]), table[1])


def require_place(store: Store, archive: Archive) -> None:
    """Raise `ConfigError` unless the database is empty and takes what a dump has."""
    major, schema = store.read(lambda c: tuple(c.execute(_SERVER).one()))
    if store.read(found_revision) is not None:
        raise ConfigError.of(
            "the database has a ledger already, which is left as it is",
            "make an empty database, name that in host.database, and restore again",
        )
    if archive.major > major:
        message = f"the backup is of PostgreSQL {archive.major}, this server is {major}"
        raise ConfigError.of(message, f"use a server of version {archive.major} or newer")
    if archive.schema != schema:
        message = f"the backup is of the schema {archive.schema}, this database has {schema}"
        raise ConfigError.of(message, f"name a database whose schema is {archive.schema}")
    _require_version("pg_restore", major)


def restore_dump(store: Store, dump: Path, archive: Archive) -> None:
    """Bring a dump's tables into an empty database, all of them or none.

    Raises `StoreUnavailableError`.
    """
    options = (f"--schema={archive.schema}", "--single-transaction", "--exit-on-error", *_PLAIN)
    _run(store, "pg_restore", *options, str(dump))


def _rest(connection: Connection) -> None:
    """See one moment from here on, and stand idle for as long as a copy takes."""
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    for setting in ("idle_in_transaction_session_timeout", "statement_timeout"):
        connection.execute(text(f"SET LOCAL {setting} = 0"))


def _require_version(program: str, server: int) -> None:
    """Refuse a program that is older than the server: it would refuse too, less plainly."""
    said = subprocess.run(  # noqa: S603
        [_program(program), "--version"], capture_output=True, text=True
    ).stdout
    found = re.search(r"(\d+)", said)
    if not found or int(found[1]) < server:
        message = f"{program} is of version {found[1] if found else '?'}, the server is {server}"
        raise ConfigError.of(message, f"install PostgreSQL's client programs of version {server}")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        message = f"{name} is not installed, and a ledger in PostgreSQL is copied by it"
        raise ConfigError.of(message, "install PostgreSQL's client programs, and name them in PATH")
    return found


def _run(store: Store, program: str, *options: str) -> None:
    url, environment = _connection(store.url)
    ended = subprocess.run(  # noqa: S603
        [_program(program), f"--dbname={url}", *options],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if ended.returncode:
        # The first line alone: what comes after it may quote a row.
        raise StoreUnavailableError(ended.stderr.partition("\n")[0] or f"{program} failed")


def _connection(url: str) -> tuple[str, Mapping[str, str]]:
    """Return a URL without its password, which every user of the machine might see, and that."""
    parts = make_url(url)
    password = parts.password or parts.query.get("password")
    bare = URL.create(
        "postgresql",
        parts.username,
        host=parts.host,
        port=parts.port,
        database=parts.database,
        query=parts.difference_update_query(["password"]).query,
    )
    return bare.render_as_string(), {"PGPASSWORD": str(password)} if password else {}


def _count_rows(dump: Path) -> dict[str, int]:
    """Read a dump to its end, and count the rows of the tables that are compared."""
    counts = dict.fromkeys(_COUNTED, 0)
    command: Sequence[str] = [_program("pg_restore"), "--data-only", "--file=-", str(dump)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        assert process.stdout is not None
        table = ""
        for line in process.stdout:
            if table:
                if line.rstrip() == b"\\.":
                    table = ""
                else:
                    counts[table] += 1
            elif (found := _COPY.match(line)) and found[1].decode() in counts:
                table = found[1].decode()
    if process.returncode:
        raise StoreUnavailableError(f"the copy {dump} cannot be read again")
    return counts
