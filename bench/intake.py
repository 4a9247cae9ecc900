"""Durable accepts per second, against the same application answering without storing.

`python bench/intake.py [seconds] [rounds]`
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from common import middle, running_host, verdict, write_configuration

CONNECTIONS = 32
LOAD = Path(__file__).with_name("load.py")


def main() -> int:
    """Alternate both, and print the ratio of the medians."""
    seconds, rounds = [*map(int, sys.argv[1:]), *(5, 5)[len(sys.argv) - 1 :]]
    storing: list[float] = []
    answering: list[float] = []
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(rounds):
            for name, options, rates in (
                ("storing", [], storing),
                ("answering", ["--no-store"], answering),
            ):
                folder = Path(temporary) / f"{name}-{number}"
                write_configuration(folder)
                with running_host(folder, "--no-worker", *options) as host:
                    rates.append(rate(host.url, seconds))
            print(
                f"round {number + 1}: {storing[-1]:.0f} durable accepts/s, "
                f"{answering[-1]:.0f} answers/s without storing"
            )
    ratio = middle(storing) / middle(answering)
    return 0 if verdict("durable accepts, of answers", ratio, 0.4, least=True) else 1


def rate(url: str, seconds: int) -> float:
    """Return the messages per second that a host answers with 200."""
    command = [sys.executable, str(LOAD), url, str(CONNECTIONS), str(seconds)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    sys.exit(main())
