"""Runs a host until a line comes in; prints its URL first and what it needed last.

That is its peak memory in bytes, and the seconds that it computed. Options: `--no-store` answers
without storing, `--no-worker` leaves the receipts alone.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import structlog

from regbridge.host import Address, Host, settle_in
from regbridge.store.intake import Arrival, Intake


def forget(self: Intake, arrival: Arrival) -> int:  # noqa: ARG001
    """Answer at once, storing nothing."""
    return len(arrival.body)


def peak_memory() -> int:
    """Return the most memory that this process had, in bytes; 0 where that cannot be asked.

    What `getrusage` says begins with the memory of the process that started this one.
    """
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def main() -> None:
    """Start, wait, stop."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if "--no-store" in sys.argv:
        Intake.accept = forget  # type: ignore[method-assign]
    host = Host(
        Path(sys.argv[1]),
        worker="--no-worker" not in sys.argv,
        address=Address("127.0.0.1", 0),
    )
    host.start()
    settle_in()
    print(host.url, flush=True)
    sys.stdin.readline()
    host.stop()
    print(peak_memory(), time.process_time(), flush=True)


if __name__ == "__main__":
    main()
