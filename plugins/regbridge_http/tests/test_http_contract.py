"""The `http` target keeps the contracts, whatever follows from a lost answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest

from regbridge import Plugin, Record, Target
from regbridge.testing.building import build_plugin
from regbridge.testing.contract import (
    PERSON,
    Connection,
    ConnectionContract,
    DeliveryContract,
    Destination,
    Failure,
    PluginContract,
    Recipe,
)
from regbridge.testing.server import LocalServer
from regbridge_http.deliver import Http
from regbridge_http.signing import new_secret
from regbridge_http.simulator import FLAVOURS, Receiver, Reply
from regbridge_http.simulator.reply import DROP_AFTER, DROP_BEFORE

SECRET = new_secret()
TOKEN = "receiver-token-2718"
FAILURES: Mapping[Failure, Reply] = {
    Failure.BUSY: Reply(503, f"Later, {PERSON}, {TOKEN}"),
    Failure.LOST_BEFORE: DROP_BEFORE,
    Failure.LOST_AFTER: DROP_AFTER,
    Failure.CREDENTIALS: Reply(401, {"error": f"not {TOKEN}"}),
}


def refused(content: Mapping[str, Any]) -> str:
    """Say why a bad record is refused, as a receiver that quotes what it was sent."""
    return f"{PERSON} by {TOKEN}" if content["data"]["bad"] else ""


def preview(plugin: Plugin) -> object:
    """Use a plugin as far as that goes without a network."""
    assert isinstance(plugin, Http)
    return plugin.preview(Record({"text": PERSON}, delivery=1))


class HttpDestination(Destination):
    """The simulated receiver, over HTTP."""

    secrets = (SECRET, SECRET.removeprefix("whsec_"), TOKEN)

    def __init__(self, on_ambiguous: str) -> None:
        self.receiver = Receiver(FLAVOURS["standard"], [SECRET], refuses=refused)
        self.server = LocalServer(self.receiver)
        url = self.server.start() + self.receiver.address
        self.target = Target("hook")
        self.plugin = build_plugin(
            Http,
            {"on_ambiguous": on_ambiguous, "secrets": [{"env": "HOOK_SECRET"}]},
            target=self.target,
            secrets={"url": url, "headers.X-Token": TOKEN},
        )

    def record(self, number: int, text: str = PERSON) -> Record:
        return Record({"number": number, "text": text, "bad": False}, delivery=number)

    def bad_record(self, number: int) -> Record:
        return Record({"number": number, "text": PERSON, "bad": True}, delivery=number)

    def held(self) -> Sequence[tuple[int, str]]:
        contents = [message.content["data"] for message in self.receiver.messages]
        return [(data["number"], data["text"]) for data in contents]

    def fail(self, failure: Failure | None) -> None:
        if failure is Failure.UNREACHABLE:
            self.server.stop()
        elif failure:
            self.receiver.treat_all(FAILURES[failure])
        else:
            self.receiver.treat_all(None)
            port = int(self.server.url.rpartition(":")[2])
            self.server.stop()
            self.server = LocalServer(self.receiver, port)
            self.server.start()


@pytest.mark.parametrize("on_ambiguous", ["retry", "park"])
class TestHttp(DeliveryContract):
    @pytest.fixture
    def destination(
        self, on_ambiguous: str, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Destination]:
        monkeypatch.setenv("HOOK_SECRET", SECRET)
        destination = HttpDestination(on_ambiguous)
        yield destination
        destination.plugin.close()
        destination.server.stop()


class Reached(HttpDestination):
    """The receiver as a check sees it, which posts nothing: all it can tell is who answers."""

    failures: ClassVar[frozenset[Failure]] = frozenset({Failure.UNREACHABLE})


class TestHttpConnection(ConnectionContract):
    @pytest.fixture
    def connection(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
        monkeypatch.setenv("HOOK_SECRET", SECRET)
        connection = Reached("retry")
        yield connection
        connection.plugin.close()
        connection.server.stop()


class TestHttpPlugin(PluginContract):
    @pytest.fixture
    def recipe(self) -> Recipe:
        return Recipe(
            Http,
            {"calls_per_second": 5},
            wrong=(
                {"secrets": [SECRET]},
                {"headers": {"Authorization": f"Bearer {TOKEN}"}},
                {"headers": {"webhook-id": "1"}},
                {"type": "no type"},
                {"statuses": {400: "sometimes"}},
            ),
            secrets={"url": f"https://hooks.example.org/{TOKEN}?sig=2718281828"},
            use=preview,
        )
