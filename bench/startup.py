"""The time until `serve` is ready and `--help` has answered, against importing their libraries.

`python bench/startup.py [rounds]`

Ready is when `GET /health` answers 200. A library counts that the command cannot do without: for
the help typer, with the modules that draw its help; for a host with one client whatever its code
names, besides alembic on a restart, when no table is missing.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from common import TOKEN, middle, verdict, write_configuration

REGBRIDGE = (sys.executable, "-c", "from regbridge.cli import main; main()")
HELP = "typer.rich_utils"
RESTART = (
    "falcon, jmespath, msgspec.json, pluggy, pydantic.main, sqlalchemy.dialects.sqlite, sqlmodel, "
    "structlog, tenacity, typer, waitress.server, yaml"
)
FIRST_START = f"{RESTART}, alembic.command"


def main() -> int:
    """Alternate all of them, and print the ratios of the medians."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(rounds):
            folder = Path(temporary) / str(number)
            write_configuration(folder)
            seconds["help"].append(time_to_end(*REGBRIDGE, "--help"))
            seconds["its libraries"].append(time_to_import(HELP))
            seconds["first start"].append(time_to_ready(folder))
            seconds["the libraries of a first start"].append(time_to_import(FIRST_START))
            seconds["restart"].append(time_to_ready(folder))
            seconds["the libraries of a restart"].append(time_to_import(RESTART))
    medians = {name: middle(values) for name, values in seconds.items()}
    for name, value in medians.items():
        print(f"{name}: {value * 1000:.0f} ms")
    took, needed = list(medians.values())[::2], list(medians.values())[1::2]
    ratios = [ours / libraries for ours, libraries in zip(took, needed, strict=True)]
    holds = verdict("--help, times importing its libraries", ratios[0], 2)
    holds &= verdict("a first start, times importing its libraries", ratios[1], 3)
    holds &= verdict("a restart, times importing its libraries", ratios[2], 3)
    return 0 if holds else 1


def time_to_import(modules: str) -> float:
    """Return the seconds of a Python that imports modules and does nothing else."""
    return time_to_end(sys.executable, "-c", f"import {modules}")


def time_to_end(*command: str) -> float:
    """Return the seconds of a command from its start to its end."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def time_to_ready(folder: Path) -> float:
    """Return the seconds from the start of `regbridge serve` until it says that it is well."""
    port = free_port()
    begun = time.perf_counter()
    process = subprocess.Popen(
        (*REGBRIDGE, "serve", "--configs", str(folder), "--port", str(port)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "BENCH_TOKEN": TOKEN},
    )
    try:
        while not is_healthy(port):
            if process.poll() is not None or time.perf_counter() > begun + 60:
                raise TimeoutError("the host does not get ready")
            time.sleep(0.002)
        return time.perf_counter() - begun
    finally:
        process.terminate()
        process.wait(60)


def is_healthy(port: int) -> bool:
    """Ask once, without a library, whether a host answers 200."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        return connection.recv(1024).startswith((b"HTTP/1.0 200", b"HTTP/1.1 200"))
    return False


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
