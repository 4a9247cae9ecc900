"""What must hold of any request that comes to an endpoint, from its bytes to its deliveries."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import func, select
from waitress.adjustments import Adjustments

from regbridge.admissions import Admissions
from regbridge.clients import start_clients
from regbridge.config.schema import WorkerConfig
from regbridge.store.bodies import read_bodies
from regbridge.store.engine import Store
from regbridge.store.intake import Intake
from regbridge.store.tables import State, receipts, registrations
from regbridge.store.upgrades import upgrade
from regbridge.web.app import create_app
from regbridge.web.channel import Task
from regbridge.web.fence import Fence
from regbridge.web.parser import Parser
from regbridge.worker.loop import Worker

PATH = "/cvent/fuzz"
INSIDE = "/cvent/inside"
"""An endpoint that some addresses alone may reach."""

PROXY = "192.0.2.1"
"""From where all connections come."""

TOKEN = "a-token-of-the-fuzzer"
BODY_LIMIT = 100_000
HEAD = (
    f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: {TOKEN}\r\n"
    "Content-Type: application/json\r\nContent-Length: "
)
"""Before the length, two line ends and the body: a request that is let in."""

_ANSWERS = {200, 400, 401, 404, 405, 413, 415, 429}
_STORED = {200, 400}
_MOST = 5_000
"""Receipts of one ledger; then a new one is begun, so that each request takes as long."""

_MAP = {
    "LastName": "lastName",
    "Email": {"from": "email", "required": True},
    "Status": {"from": "inviteeStatus", "lookup": {"Accepted": "yes"}, "default": "no"},
    "RegisteredOn": {"from": "registrationDate", "format": "%Y-%m-%d", "default": ""},
    "Orders": "length(orders || `[]`)",
    "Title": {"from": "title", "max_length": 20, "too_long": "cut"},
}


class Endpoint:
    """An endpoint with its ledger and its worker, in this process and without sockets."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="regbridge-fuzz-")
        folder = Path(self._folder.name)
        _write_configuration(folder)
        self._store = Store(f"sqlite:///{folder / 'regbridge.db'}")
        upgrade(self._store)
        clients = start_clients(folder)
        assert not clients.refused
        self._intake = Intake(self._store)
        self._app = create_app(clients, self._intake.accept, body_limit=BODY_LIMIT, health=dict)
        self._worker = Worker(self._store, clients, WorkerConfig())
        self._server = SimpleNamespace(
            adj=Adjustments(max_request_body_size=BODY_LIMIT + 1),
            effective_port=80,
            server_name="x",
            fence=Fence(clients, Admissions()),
            trusted=(ip_network(f"{PROXY}/32"),),
            vouch=None,
        )
        self._arrived = 0

    def judge(self, request: bytes) -> bool:
        """Take one request, and do what it asks for; say whether there is room for more.

        Raises what must not happen.
        """
        channel: Any = SimpleNamespace(
            server=self._server,
            peer=PROXY,
            addr=(PROXY, 1234),
            check_client_disconnected=lambda: False,
        )
        parser = Parser(self._server.adj, channel)
        while request and not parser.completed:
            request = request[parser.received(request) :]
        if parser.completed and not parser.error and not parser.empty:
            # What waitress hands to the application; its types call the request an Error.
            environment = Task(channel, cast("Any", parser)).get_environment()
            status, answer = self._ask(environment)
            assert status in _ANSWERS, (status, answer)
            self._require_stored(status, answer)
        parser.close()
        return self._arrived < _MOST

    def close(self) -> None:
        """Close and remove the ledger."""
        self._intake.close()
        self._store.close()
        self._folder.cleanup()

    def _ask(self, environment: dict[str, Any]) -> tuple[int, bytes]:
        said: list[str] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            assert all("\n" not in value and "\r" not in value for _, value in headers)
            said.append(status)

        chunks: Iterable[bytes] = self._app(environment, start_response)
        answer = b"".join(chunks)
        return int(said[0][:3]), answer

    def _require_stored(self, status: int, answer: bytes) -> None:
        """What is answered 200 is stored and split, what is malformed is kept, all else is not."""
        arrived = self._store.read(
            lambda c: c.scalar(select(func.coalesce(func.sum(receipts.c.arrivals), 0)))
        )
        said = json.loads(answer) if answer else {}
        kept = status in _STORED and "receipt" in said
        assert (arrived or 0) - self._arrived == kept, (status, answer)
        self._arrived = arrived or 0
        if kept:
            self._require_accounted_for(said["receipt"], said.get("registrations"))

    def _require_accounted_for(self, receipt: int, records: int | None) -> None:
        """Every record becomes a registration that comes to an end."""
        self._worker.run_once()
        [row] = self._store.read(
            lambda c: c.execute(select(receipts).where(receipts.c.id == receipt)).all()
        )
        assert self._store.read(lambda c: read_bodies(c, [receipt]))
        if records is None:
            assert row.state == State.PARKED
            assert row.reason
            return
        mine = select(registrations.c.state).where(registrations.c.receipt_id == receipt)
        states = self._store.read(lambda c: c.scalars(mine).all())
        assert row.state == State.SPLIT
        assert len(states) == records == row.record_count
        assert State.PENDING not in states


def _write_configuration(folder: Path) -> None:
    (folder / "clients").mkdir()
    (folder / "token").write_text(TOKEN, encoding="utf-8")
    client = {
        "client": "fuzz",
        "endpoints": {
            "CventReg": {"path": PATH, "tokens": [{"file": "token"}]},
            "inside": {
                "path": INSIDE,
                "tokens": [{"file": "token"}],
                "allow_from": ["198.51.100.0/24"],
            },
        },
        "plugins": ["cvent-token", "skip-guests"],
        "targets": {"crm": {"use": "files", "settings": {"path": "crm.jsonl"}, "map": _MAP}},
    }
    (folder / "base.yaml").write_text("{}", encoding="utf-8")
    (folder / "clients" / "fuzz.yaml").write_text(json.dumps(client), encoding="utf-8")
