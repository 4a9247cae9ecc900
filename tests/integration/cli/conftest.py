"""A configuration folder of its own for every command."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from regbridge.cli import main
from regbridge.clients import start_clients
from regbridge.config.loader import load_host
from regbridge.host import Address, Host
from regbridge.sender import Sender
from regbridge.store.engine import Store
from regbridge.worker.loop import Worker

TOKEN = "hunter2hunter2"
PATH = "/cvent/acme/CventReg"


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Runs `regbridge` in a folder of its own, as if somebody typed it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACME_CVENT_TOKEN", TOKEN)
    monkeypatch.setenv("REGBRIDGE_TOKEN", TOKEN)
    monkeypatch.delenv("REGBRIDGE_CONFIGS", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return Ran(code or 0, out, err)

    return run


@pytest.fixture
def configs(run: Callable[..., Ran], tmp_path: Path) -> Path:
    """The configuration folder that `new-client acme` makes."""
    assert run("new-client", "acme").status == 0
    return tmp_path / "configs"


@pytest.fixture
def client(configs: Path) -> Path:
    """The client file that `new-client acme` makes."""
    return configs / "clients" / "acme.yaml"


@pytest.fixture
def receive(configs: Path) -> Callable[..., None]:
    """Receives bodies through HTTP."""
    return lambda *bodies: _receive(configs, bodies)


@pytest.fixture
def process(configs: Path) -> Callable[..., None]:
    """Receives bodies and does all that is due with the configuration of now."""

    def process(*bodies: bytes) -> None:
        _receive(configs, bodies)
        file, clients = load_host(configs), start_clients(configs)
        store = Store(file.database_url, encryption=file.config.encryption)
        try:
            Worker(store, clients, file.config.worker).run_once()
        finally:
            clients.close()
            store.close()

    return process


def _receive(configs: Path, bodies: Sequence[bytes]) -> None:
    host = Host(configs, worker=False, address=Address("127.0.0.1", 0))
    try:
        host.start()
        with Sender(host.url + PATH, TOKEN) as sender:
            for body in bodies:
                sender.send(body)
    finally:
        host.stop()
