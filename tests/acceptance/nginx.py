"""A real nginx with the site that `regbridge deploy systemd` wrote, and requests to it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from regbridge.cli import main

NAME = "hooks.example.org"
COMMAND = (sys.executable, "-c", "from regbridge.cli import main; main()")
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

_CONFIG = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/client;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {sites}
}}
"""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Door:
    """A port to knock at, with TLS if there is a context, from one of this machine's addresses."""

    port: int
    context: ssl.SSLContext | None = None

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        source: str = "127.0.0.1",
    ) -> Answer:
        connection = http.client.HTTPConnection(NAME, self.port, timeout=20)
        plain = socket.create_connection(("127.0.0.1", self.port), 20, (source, 0))
        wrapped = self.context and self.context.wrap_socket(plain, server_hostname=NAME)
        connection.sock = wrapped or plain
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()


def binary() -> str:
    """Return where nginx is; without one this skips, unless the build said that there is one."""
    named = os.environ.get("REGBRIDGE_TEST_NGINX")
    found = shutil.which(named or "nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if not found:
        if named:
            pytest.fail(f"REGBRIDGE_TEST_NGINX names {named}, and there is no such program")
        pytest.skip("there is no nginx; set REGBRIDGE_TEST_NGINX to one")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def certificates(folder: Path) -> ssl.SSLContext:
    """Write `server.pem` and `server.key` for the server's name, and return who trusts them."""
    authority = trustme.CA()
    issued = authority.issue_cert(NAME)
    issued.private_key_pem.write_to_path(folder / "server.key")
    for part in issued.cert_chain_pems:
        part.write_to_path(folder / "server.pem", append=True)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def regbridge(*arguments: str) -> None:
    """Run a command and require that it succeeds."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert not ended.value.code


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[None]:
    """Run a server until the block ends, from when it listens."""
    with subprocess.Popen(
        command, env={**ENVIRONMENT, **environment}, stdout=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(process, port)
            yield
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def serving(folder: Path, sites: list[Path], port: int) -> Iterator[None]:
    """Run nginx with sites, as a configuration of its own in a folder."""
    is_root = sys.platform != "win32" and os.geteuid() == 0
    config = folder / "nginx.conf"
    included = "\n".join(f'include "{site}";' for site in sites)
    user = "user root;" if is_root else ""
    config.write_text(_CONFIG.format(folder=folder, sites=included, user=user), encoding="utf-8")
    with running([binary(), "-p", str(folder), "-c", str(config)], port):
        yield


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            continue
        return
    raise AssertionError("the server does not listen")
