"""The time until `serve` is ready and `--help` has answered, against importing their libraries.

`python bench/startup.py [rounds]`

Ready is when `GET /health` answers 200. The libraries are imported by a Python of its own.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from common import TOKEN, middle, verdict, write_configuration

REGBRIDGE = (sys.executable, "-c", "from regbridge.cli import main; main()")
# What a command cannot do without: what its code names, and nothing else that it happens to load.
HELP = "typer.rich_utils"
RESTART = (
    "falcon, jmespath, msgspec.json, pluggy, pydantic.main, sqlalchemy.dialects.sqlite, sqlmodel, "
    "structlog, tenacity, typer, waitress.server, yaml"
)
# Only tables that are missing need alembic.
FIRST_START = f"{RESTART}, alembic.command"
LIMITS = {"--help": 2, "a first start": 3, "a restart": 3}


def main() -> int:
    """Alternate all of them, and print the ratios of the medians."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    took: dict[str, list[float]] = {name: [] for name in LIMITS}
    needed: dict[str, list[float]] = {name: [] for name in LIMITS}
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(rounds):
            folder = Path(temporary) / str(number)
            write_configuration(folder)
            took["--help"].append(time_to_end(*REGBRIDGE, "--help"))
            needed["--help"].append(time_to_import(HELP))
            took["a first start"].append(time_to_ready(folder))
            needed["a first start"].append(time_to_import(FIRST_START))
            took["a restart"].append(time_to_ready(folder))
            needed["a restart"].append(time_to_import(RESTART))
    holds = True
    for name, limit in LIMITS.items():
        ours, libraries = middle(took[name]), middle(needed[name])
        print(f"{name}: {ours * 1000:.0f} ms, its libraries {libraries * 1000:.0f} ms")
        holds &= verdict(f"{name}, times importing its libraries", ours / libraries, limit)
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
