"""A host with a ledger and an API, and how to ask it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from regbridge.demo import wait_settled
from regbridge.host import Address, Host
from regbridge.sender import Sender
from regbridge.store.console_tables import audit
from regbridge.testing import payloads
from regbridge.web.api.document import DOCUMENT, ROOT

TOKEN = "a-token-of-the-monitoring-0001"
NEXT_TOKEN = "a-token-of-the-monitoring-0002"
CVENT_TOKEN = "a-token-of-cvent"
PATH = "/cvent/acme/CventReg"
TIMEOUT = 30

BASE = """
time_zone: UTC
plugins: [cvent-token]
host:
  database: sqlite:///ledger.db
  trusted_proxy: 127.0.0.1
"""
API = "  api: {tokens: [{env: API_TOKEN}, {env: API_TOKEN_NEXT}]}\n"
CLIENT = f"""
client: acme
endpoints:
  CventReg: {{path: {PATH}, tokens: [{{env: ACME_CVENT_TOKEN}}]}}
events:
  conference: {{id: {payloads.EVENT}}}
targets:
  crm:
    use: files
    settings: {{path: delivered.jsonl}}
    map: {{Email: email, Name: fullName, Title: {{from: jobTitle, required: true}}}}
"""


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def schema_of(operation: str, answer: Answer) -> Any:
    """Return the schema that the document has for an answer of an operation."""
    responses = DOCUMENT["paths"][operation]["get"]["responses"]
    response = responses[str(answer.status)]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"][str(answer.status)]
    kind = str(answer.headers["Content-Type"]).partition(";")[0]
    return response["content"][kind]["schema"]


def strict(schema: Any) -> Any:
    """Return a schema that takes no property that it does not name."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: strict(each) for name, each in schema.items()}
    if isinstance(schema.get("properties"), dict):
        found["additionalProperties"] = False
    return found


def require_valid(value: Any, schema: Any) -> None:
    """Fail unless a value is what a schema of the document says, and nothing more."""
    whole = {**strict(schema), "components": {"schemas": strict(DOCUMENT["components"]["schemas"])}}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


class Api:
    """A host's API, which holds every answer against the document."""

    def __init__(self, host: Host) -> None:
        self.host = host
        parts = urlsplit(host.url)
        self.address = (str(parts.hostname), int(parts.port or 0))

    def get(
        self,
        operation: str,
        *,
        token: str | None = TOKEN,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        at: Mapping[str, Any] | None = None,
        **query: Any,
    ) -> Answer:
        """Ask for a path of the document, with `at` in the places of its fields."""
        path = operation
        for name, value in (at or {}).items():
            path = path.replace(f"{{{name}}}", str(value))
        answer = self.ask(
            path + (f"?{urlencode(query)}" if query else ""), token, headers or {}, method
        )
        if method == "GET":
            require_valid(answer.json, schema_of(operation, answer))
        return answer

    def ask(
        self, path: str, token: str | None, headers: Mapping[str, str], method: str = "GET"
    ) -> Answer:
        """Send any request below the root of the API."""
        sent = dict(headers)
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection(*self.address, timeout=TIMEOUT)
        try:
            connection.request(method, ROOT + path, headers=sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def send(self, *messages: bytes) -> list[int]:
        """Send messages as Cvent does; return their receipts when all is settled."""
        with Sender(self.host.url + PATH, CVENT_TOKEN) as sender:
            answers = [sender.send(message) for message in messages]
        receipts = [answer.receipt for answer in answers if answer.receipt is not None]
        wait_settled(self.host, receipts)
        return receipts

    def noted(self) -> list[tuple[str, str, str]]:
        """Return what the audit has, in order: who, what, about."""
        rows = self.host.store.read(lambda c: c.execute(audit.select().order_by(audit.c.id)).all())
        return [(row.who, row.what, row.about) for row in rows]


@pytest.fixture
def configs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration of a host with an API."""
    monkeypatch.setenv("API_TOKEN", TOKEN)
    monkeypatch.setenv("API_TOKEN_NEXT", NEXT_TOKEN)
    monkeypatch.setenv("ACME_CVENT_TOKEN", CVENT_TOKEN)
    folder = tmp_path / "configs"
    (folder / "clients").mkdir(parents=True)
    (folder / "base.yaml").write_text(BASE + API, encoding="utf-8")
    (folder / "clients/acme.yaml").write_text(CLIENT, encoding="utf-8")
    return folder


@pytest.fixture
def host(configs: Path) -> Iterator[Host]:
    """The host, started."""
    host = Host(configs, address=Address("127.0.0.1", 0))
    host.start()
    yield host
    host.stop()


@pytest.fixture
def api(host: Host) -> Api:
    """Its API."""
    return Api(host)
