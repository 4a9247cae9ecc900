"""Durable accepts per second, against the same application answering without storing.

`python bench/intake.py [seconds] [rounds]`
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from common import middle, running_host, verdict, write_configuration

CONNECTIONS = 32
LOAD = Path(__file__).with_name("load.py")


def main() -> int:
    """Alternate both, and print the ratio of the medians."""
    seconds, rounds = [*map(int, sys.argv[1:]), *(5, 5)[len(sys.argv) - 1 :]]
    storing: list[Load] = []
    answering: list[Load] = []
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(rounds):
            for name, options, rates in (
                ("storing", [], storing),
                ("answering", ["--no-store"], answering),
            ):
                folder = Path(temporary) / f"{name}-{number}"
                write_configuration(folder)
                with running_host(folder, "--no-worker", *options) as host:
                    rates.append(load(host.url, seconds))
            print(f"round {number + 1}: {storing[-1]} durable, {answering[-1]} without storing")
    ratio = middle([one.rate for one in storing]) / middle([one.rate for one in answering])
    slower = middle([one.p99 for one in storing]) / middle([one.p99 for one in answering])
    print(f"99 % of the answers come within {slower:.2f} times the time of those without storing")
    return 0 if verdict("durable accepts, of answers", ratio, 0.4, least=True) else 1


@dataclass(frozen=True, slots=True)
class Load:
    """What a host answers: messages per second, and the 99th percentile of the time in ms."""

    rate: float
    p99: float

    def __str__(self) -> str:
        return f"{self.rate:.0f}/s (p99 {self.p99:.0f} ms)"


def load(url: str, seconds: int) -> Load:
    """Return what a host answers with 200 to all connections at once."""
    command = [sys.executable, str(LOAD), url, str(CONNECTIONS), str(seconds)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Load(*map(float, printed.split()))


if __name__ == "__main__":
    sys.exit(main())
