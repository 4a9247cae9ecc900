"""Durable accepts per second: of one host on SQLite, of one and of three on PostgreSQL.

SQLite is compared with the same application answering without storing.

`python bench/intake.py [seconds] [rounds]`
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from common import middle, postgresql, running_host, verdict, write_configuration

CONNECTIONS = 32
HOSTS = 3
CORES = HOSTS + 3
"""What each host, the database and the load keep busy."""
LOAD = Path(__file__).with_name("load.py")


@dataclass(frozen=True, slots=True)
class Load:
    """What hosts answer: messages per second, and the 99th percentile of the time in ms."""

    rate: float
    p99: float

    def __str__(self) -> str:
        return f"{self.rate:.0f}/s (p99 {self.p99:.0f} ms)"


def main() -> int:
    """Alternate all of them, and print the ratios of the medians."""
    seconds, rounds = [*map(int, sys.argv[1:]), *(5, 5)[len(sys.argv) - 1 :]]
    found: dict[str, list[Load]] = defaultdict(list)
    for number in range(rounds):
        for name, hosts in (
            ("answering", sqlite("--no-store")),
            ("SQLite", sqlite()),
            ("PostgreSQL", on_postgresql(1)),
            ("three hosts", on_postgresql(HOSTS)),
        ):
            with hosts as urls:
                found[name].append(load(urls, seconds))
        print(
            f"round {number + 1}:", ", ".join(f"{name} {each[-1]}" for name, each in found.items())
        )
    rate = {name: middle([one.rate for one in each]) for name, each in found.items()}
    p99 = {name: middle([one.p99 for one in each]) for name, each in found.items()}
    holds = verdict(
        "accepts on SQLite, of answers", rate["SQLite"] / rate["answering"], 0.55, least=True
    )
    holds &= verdict("p99 on SQLite, of answers", p99["SQLite"] / p99["answering"], 2.5)
    ratio = rate["PostgreSQL"] / rate["SQLite"]
    holds &= verdict("accepts on PostgreSQL, of SQLite", ratio, 0.9, least=True)
    return 0 if holds & judge_hosts(rate["three hosts"] / rate["PostgreSQL"]) else 1


def judge_hosts(ratio: float) -> bool:
    """Print what three hosts accept, of one; say so where too few cores set that."""
    name = f"accepts of {HOSTS} hosts, of one"
    cores = os.cpu_count() or 1
    if cores >= CORES:
        return verdict(name, ratio, 2, least=True)
    print(f"{name}: {ratio:.2f} (not judged: {cores} cores, and one host fills one; needs {CORES})")
    return True


@contextmanager
def sqlite(*options: str) -> Iterator[list[str]]:
    """Run a host on an empty SQLite ledger; gives its URL."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "host"
        write_configuration(folder)
        with running_host(folder, "--no-worker", *options) as host:
            yield [host.url]


@contextmanager
def on_postgresql(count: int) -> Iterator[list[str]]:
    """Run hosts that share an empty PostgreSQL ledger; gives their URLs."""
    with tempfile.TemporaryDirectory() as temporary, postgresql() as database, ExitStack() as all_:
        urls = []
        for number in range(count):
            folder = Path(temporary) / f"host-{number}"
            write_configuration(folder, database)
            urls.append(all_.enter_context(running_host(folder, "--no-worker")).url)
        yield urls


def load(urls: list[str], seconds: int) -> Load:
    """Return what hosts answer with 200 to all connections at once."""
    command = [sys.executable, str(LOAD), ",".join(urls), str(CONNECTIONS), str(seconds)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Load(*map(float, printed.split()))


if __name__ == "__main__":
    sys.exit(main())
