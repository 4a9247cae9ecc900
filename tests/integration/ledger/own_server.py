"""A PostgreSQL server of a test's own, to be stopped, crashed and started again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 60
restart_after_crash = on
"""


class OwnServer:
    """A server in a folder; `url` is where its database is."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._data = folder / "data"
        self._log = folder / "log"
        self._user: dict[str, Any] = {}
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # a server never runs as root
            shutil.chown(folder, "postgres")
            self._user = {"user": "postgres", "cwd": folder}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres"
        self._run("initdb", "--username=postgres", "--auth=trust", "--no-sync", "-D", self._data)
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"{_CONFIGURATION}port = {self._port}\n")

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", self._log)

    def stop(self, mode: str = "fast") -> None:
        """Stop; "immediate" is a crash."""
        self._run("pg_ctl", "stop", "-w", "-m", mode, "-D", self._data)

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [self._programs / program, *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(command, check=True, timeout=60, **quiet, **self._user)  # type: ignore[call-overload]


def programs() -> Path | None:
    """Return the folder of the server's programs, if they are on this machine."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    folders = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in folders), default=None)


@contextmanager
def own_server(where: Path) -> Iterator[OwnServer]:
    """Run a server."""
    with tempfile.TemporaryDirectory(prefix="regbridge-postgresql-") as folder:
        server = OwnServer(where, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
