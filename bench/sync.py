"""A sync from the POST to the last delivered record, against the bare script.

`python bench/sync.py [records] [rounds]`
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import (
    DELIVERED,
    PATH,
    TOKEN,
    middle,
    running_host,
    verdict,
    wait_for_lines,
    write_configuration,
)

from regbridge.sender import Sender
from regbridge.testing import payloads

BARE = Path(__file__).with_name("bare.py")


def main() -> int:
    """Alternate ours and the bare script, and print the ratio of the medians."""
    records, rounds = [*map(int, sys.argv[1:]), *(10_000, 5)[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        body = folder / "sync.json"
        body.write_bytes(payloads.encode(payloads.sync(records)))
        ours, bare, memory = [], [], []
        for number in range(rounds):
            seconds, peak = time_ours(folder / f"ours-{number}", body, records)
            ours.append(seconds)
            memory.append(peak)
            bare.append(time_bare(folder / f"bare-{number}", body))
            print(f"round {number + 1}: ours {ours[-1]:.2f} s, bare {bare[-1]:.2f} s")
    holds = verdict("sync, times the bare script", middle(ours) / middle(bare), 2.5)
    holds &= verdict("peak memory of the host, MB", max(memory) / 1e6, 250)
    return 0 if holds else 1


def time_ours(
    folder: Path, body: Path, records: int, *, prepared: bool = False
) -> tuple[float, float]:
    """Return the seconds of one sync through a new host, and the host's peak memory.

    With `prepared`, the folder holds a configuration, and a ledger perhaps, already.
    """
    if not prepared:
        write_configuration(folder)
    with running_host(folder) as host, Sender(host.url + PATH, TOKEN) as sender:
        begun = time.perf_counter()
        answer = sender.send(body.read_bytes())
        assert answer.status == 200, answer.text
        wait_for_lines(folder / DELIVERED, records)
        seconds = time.perf_counter() - begun
    return seconds, host.peak_memory


def time_bare(folder: Path, body: Path) -> float:
    """Return the seconds of the bare script."""
    folder.mkdir()
    command = [sys.executable, str(BARE), str(folder), str(body)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    sys.exit(main())
