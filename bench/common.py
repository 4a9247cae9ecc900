"""A host in a process of its own, with a client whose mapping has fifteen fields."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import IO, Any

from sqlalchemy import create_engine, text

from regbridge.store.engine import Store
from regbridge.store.upgrades import upgrade

FIELDS = {
    "FirstName": "firstName",
    "LastName": "lastName",
    "Email": "email",
    "ConfirmationNumber": "confirmationNumber",
    "Status": "inviteeStatus",
    "Address1": "workAddress1",
    "City": "workCity",
    "State": "workState",
    "PostalCode": "workZipcode",
    "Country": "workCountry",
    "Phone": "mobilePhone || workPhone",
    "Company": "company",
    "Title": "title",
    "RegisteredOn": "registrationDate",
    "MemberNumber": "customFields[0].value",
}
TOKEN = "bench-token"
PATH = "/cvent/bench/CventReg"
DELIVERED = "delivered.jsonl"

POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"

_CLIENT = {
    "client": "bench",
    "endpoints": {"CventReg": {"path": PATH, "tokens": [{"env": "BENCH_TOKEN"}]}},
    "plugins": ["cvent-token", "skip-guests"],
    "targets": {"crm": {"use": "files", "settings": {"path": DELIVERED}, "map": FIELDS}},
}
_HOST = Path(__file__).with_name("host.py")


def write_configuration(
    folder: Path,
    database: str = "",
    client: Mapping[str, Any] | None = None,
    *,
    key: str = "",
    writes: bool = True,
) -> None:
    """Write base.yaml and the client's file; JSON is YAML. The ledger is SQLite's by default.

    With a `key` it is encrypted, or only decrypted if `writes` is false.
    """
    (folder / "clients").mkdir(parents=True)
    host: dict[str, Any] = {"database": database} if database else {}
    if key:
        (folder / "key").write_text(key, encoding="utf-8")
        host["encryption"] = {"keys": [{"file": "key"}], "writes": writes}
    (folder / "base.yaml").write_text(json.dumps({"host": host}), encoding="utf-8")
    (folder / "clients" / "bench.yaml").write_text(json.dumps(client or _CLIENT), encoding="utf-8")


@contextmanager
def postgresql() -> Iterator[str]:
    """Make an empty ledger in a schema of its own, at the server that the environment names."""
    server = os.environ.get("REGBRIDGE_BENCH_POSTGRES", POSTGRES)
    schema = f"regbridge_bench_{uuid.uuid4().hex}"
    admin = create_engine(server)
    with admin.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    url = f"{server}?options=-csearch_path%3D{schema}"
    store = Store(url)
    upgrade(store)
    store.close()
    try:
        yield url
    finally:
        with admin.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        admin.dispose()


class RunningHost:
    """A host in another process.

    `peak_memory` in bytes and `cpu_seconds` are known once it has stopped.
    """

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self._process = process
        self.url = url
        self.peak_memory = 0
        self.cpu_seconds = 0.0

    def stop(self) -> None:
        """Ask it to stop and wait for its last word."""
        out, _ = self._process.communicate("stop\n", timeout=120)
        peak, seconds = out.strip().splitlines()[-1].split()
        self.peak_memory, self.cpu_seconds = int(peak), float(seconds)


@contextmanager
def running_host(folder: Path, *options: str) -> Iterator[RunningHost]:
    """Start a host on the configuration of a folder; see host.py for the options."""
    process = subprocess.Popen(
        [sys.executable, str(_HOST), str(folder), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "BENCH_TOKEN": TOKEN},
    )
    stdout: IO[str] = process.stdout  # type: ignore[assignment]
    host = RunningHost(process, stdout.readline().strip())
    try:
        yield host
    finally:
        if process.poll() is None:
            host.stop()


def wait_for_lines(path: Path, count: int, seconds: float = 600) -> None:
    """Wait until a file has so many lines."""
    deadline = time.perf_counter() + seconds
    lines = 0
    offset = 0
    while lines < count:
        if time.perf_counter() > deadline:
            raise TimeoutError(f"{lines} of {count} records were delivered in {seconds} s")
        time.sleep(0.01)
        if path.exists():
            with path.open("rb") as file:
                file.seek(offset)
                added = file.read()
            lines += added.count(b"\n")
            offset += len(added)


def verdict(name: str, value: float, limit: float, *, least: bool = False) -> bool:
    """Print one figure with its limit; return whether it holds."""
    holds = value >= limit if least else value <= limit
    sign = "at least" if least else "at most"
    print(f"{name}: {value:.2f} ({sign} {limit:g}) {'ok' if holds else 'MISSED'}")
    return holds


def middle(values: list[float]) -> float:
    """Return the median."""
    return float(median(values))
