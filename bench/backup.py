"""How long senders wait while a backup is taken, against how long they wait without one.

`python bench/backup.py [registrations] [rounds]`
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import middle, running_host, verdict, write_configuration
from ledger import fill

LOAD = Path(__file__).with_name("load.py")
CONNECTIONS = 4
RUN = "from regbridge.cli import main; main()"


def main() -> int:
    """Alternate load alone and load beside one backup after the other."""
    held, rounds = [*map(int, sys.argv[1:]), *(200_000, 5)[len(sys.argv) - 1 :]]
    alone: list[float] = []
    beside: list[float] = []
    seconds: list[float] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "host"
        write_configuration(folder)
        ledger = folder / "regbridge.db"
        fill(ledger, held)
        print(f"the ledger: {ledger.stat().st_size / 1e6:.0f} MB")
        with running_host(folder) as host:
            for number in range(rounds):
                alone.append(longest_wait(host.url, 5))
                begun = time.perf_counter()
                file = str(folder / f"{number}.db")
                command = [sys.executable, "-c", RUN, "backup", file, "--configs", str(folder)]
                backup = subprocess.Popen(command, stdout=subprocess.DEVNULL)
                beside.append(longest_wait(host.url, 5))
                if backup.wait() != 0:
                    return 1
                seconds.append(time.perf_counter() - begun)
                print(f"round {number + 1}: {alone[-1]:.0f} ms, beside {beside[-1]:.0f} ms")
    print(f"a backup with its verification, or 5 s: {middle(seconds):.1f} s")
    ratio = middle(beside) / middle(alone)
    return 0 if verdict("the 99th percentile beside a backup", ratio, 4) else 1


def longest_wait(url: str, seconds: int) -> float:
    """Return within how many ms 99 % of the answers come."""
    command = [sys.executable, str(LOAD), url, str(CONNECTIONS), str(seconds)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(printed.split()[1])


if __name__ == "__main__":
    sys.exit(main())
