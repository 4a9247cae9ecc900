"""The whole way of a message, shown on this machine: a host, Cvent's part, and the account."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path

from regbridge.errors import MalformedMessageError
from regbridge.host import Address, Host
from regbridge.message import read_envelope, read_revisions
from regbridge.models import Client, Registration
from regbridge.registrations import from_revision
from regbridge.sender import Sender
from regbridge.shipped import CONFIGS, shipped
from regbridge.store.report import Ending, count_deliveries, endings_of, unsettled
from regbridge.testing import payloads
from regbridge.testing.demo_service import GROUP, DemoService
from regbridge.testing.samples import Sample, read_samples, rounds

CLIENT = "example"
"""The client whose outcome the samples describe; the others get the same messages."""

_CONSOLE_PASSWORD = "REGBRIDGE_DEMO_CONSOLE_PASSWORD"  # noqa: S105 - the name of a variable
_TOKENS = ("EXAMPLE_CVENT_TOKEN", "APAP_CVENT_TOKEN", "DYNAMICS_CVENT_TOKEN")

Progress = Callable[[str, int, int], None]
"""Told what is going on, how much of it is done, and how much there is."""

_WAIT_SECONDS = 300.0
_NUMBER = re.compile(r"registration \d+")


@dataclass(slots=True)
class Account:
    """What was sent and what became of it.

    `ended` counts registrations by client, state and reason; `mistakes` say where that is not as
    it should be. `delivered` are the lines of each delivered file, `figures` what the simulators
    counted.
    """

    messages: int = 0
    malformed: int = 0
    sent: int = 0
    ended: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    delivered: dict[str, int] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Stage:
    """The host of the demo, and the vendors' simulators around it."""

    host: Host
    services: Sequence[DemoService]

    def learn(self, body: bytes) -> None:
        """Let the simulators know whom a message is about, as their vendors would."""
        registrations = _registrations(body, self.client(CLIENT))
        for service in self.services:
            service.learn(registrations)

    def client(self, name: str) -> Client:
        """Return a client of the host."""
        return self.host.clients.running[name].client

    def sender(self, name: str) -> Sender:
        """Return what sends to a client as Cvent does."""
        endpoint = next(iter(self.client(name).endpoints.values()))
        return Sender(self.host.url + endpoint.path, endpoint.tokens[0])


class SamplesToSend:
    """The sample messages, for the console of the demo."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._samples = {sample.name: sample for sample in read_samples()}
        self.clients: Sequence[str] = list(stage.host.clients.running)
        self.samples: Mapping[str, str] = {
            name: _becomes(sample) for name, sample in self._samples.items()
        }

    def send(self, client: str, sample: str) -> int:
        """Send a sample to a client through HTTP; return the status of the answer."""
        found = self._samples[sample]
        self._stage.learn(found.body)
        with self._stage.sender(client) as sender:
            return sender.send(_as_new(found.body), found.headers).status


def _becomes(sample: Sample) -> str:
    """Say what becomes of a sample at the example client."""
    states = Counter(ending.state for ending in sample.expected.registrations)
    found = ", ".join(f"{count} {state}" for state, count in states.items())
    return found or f"answered {sample.expected.status}"


def _as_new(body: bytes) -> bytes:
    """Return a message as a new one of now; what cannot be read stays as it is."""
    try:
        message = json.loads(body)
        message |= {
            "messageStub": str(uuid.uuid4()),
            "messageTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}",
        }
    except (ValueError, TypeError):
        return body
    return json.dumps(message).encode()


@contextmanager
def demo_stage(folder: Path) -> Iterator[Stage]:
    """Run a host with the shipped clients, its ledger and its files in `folder`, on a free port.

    Every installed simulator that takes part in the demo runs beside it.
    """
    shutil.copytree(shipped(CONFIGS), folder, dirs_exist_ok=True)
    _add_console(folder / "base.yaml")
    services: list[DemoService] = [entry.load()() for entry in entry_points(group=GROUP)]
    with ExitStack() as stack:
        variables = {name: secrets.token_urlsafe(24) for name in (*_TOKENS, _CONSOLE_PASSWORD)}
        for service in services:
            variables |= service.start()
            stack.callback(service.stop)
        stack.enter_context(_environment(variables))
        host = Host(folder, address=Address("127.0.0.1", 0))
        stack.callback(host.stop)
        stage = Stage(host, services)
        host.playground = SamplesToSend(stage)
        host.start()
        yield stage


def _add_console(base: Path) -> None:
    """Let the console in, which the shipped configuration leaves out."""
    text = base.read_text(encoding="utf-8")
    block = f"host:\n  console: {{password: {{env: {_CONSOLE_PASSWORD}}}}}\n"
    base.write_text(text.replace("host:\n", block, 1), encoding="utf-8")


def run_demo(stage: Stage, sync: int, progress: Progress) -> Account:
    """Send every sample and a sync to every client through HTTP, and account for it all."""
    account = Account()
    begun = time.monotonic()
    samples = read_samples()
    body = payloads.encode(payloads.sync(sync, event=payloads.SUMMIT))
    with ExitStack() as stack:
        senders = {
            name: stack.enter_context(stage.sender(name)) for name in stage.host.clients.running
        }
        for sender in senders.values():
            sender.validate()
        done = 0
        for batch in rounds(samples):
            _send_round(stage, senders, batch, account, progress)
            done += len(batch)
            progress("sample payloads", done, len(samples))
        stage.learn(body)
        progress("sync", 0, sync)
        receipts = {n: _send_sync(sender, body, sync, account) for n, sender in senders.items()}
        _settle(stage.host, account, receipts, progress)
    for service in stage.services:
        account.figures |= service.figures()
    account.seconds = time.monotonic() - begun
    _balance(stage.host, account)
    return account


def endings(host: Host, receipts: Sequence[int]) -> Sequence[Ending]:
    """Return how the registrations of receipts ended, in the order of their arrival."""
    return host.store.read(lambda connection: endings_of(connection, receipts))


def wait_settled(
    host: Host, receipts: Sequence[int], told: Callable[[int], None] = lambda _: None
) -> bool:
    """Wait until nothing of these receipts is pending; False if that takes too long.

    `told` hears how many registrations are still on their way.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    while left := host.store.read(lambda connection: unsettled(connection, receipts)):
        if time.monotonic() > deadline:
            return False
        told(left)
        time.sleep(0.05)
    return True


def compare(sample: Sample, ended: Sequence[Ending]) -> list[str]:
    """Return where a sample ended otherwise than it should."""
    expected = sample.expected.registrations
    if len(expected) != len(ended):
        return [f"{sample.name}: {len(ended)} registrations instead of {len(expected)}"]
    return [
        f"{sample.name}: {was.state} ({was.reason or 'no reason'}) instead of {should.state}"
        for should, was in zip(expected, ended, strict=True)
        if should.state != was.state or should.reason not in was.reason
    ]


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _registrations(body: bytes, client: Client) -> list[Registration]:
    """Return what a message holds, nothing for one that cannot be read."""
    try:
        envelope = read_envelope(body)
    except MalformedMessageError:
        return []
    revisions = read_revisions(envelope, client.kinds)
    return [from_revision(revision, envelope, client) for revision in revisions]


def _send_round(
    stage: Stage,
    senders: Mapping[str, Sender],
    batch: Sequence[Sample],
    account: Account,
    progress: Progress,
) -> None:
    """Send some samples to every client and wait until all of them are settled."""
    receipts: dict[str, list[int]] = {name: [] for name in senders}
    of_samples: list[tuple[Sample, list[int]]] = []
    for sample in batch:
        stage.learn(sample.body)
        for name, sender in senders.items():
            found = _send_sample(sender, sample, account)
            receipts[name] += found
            if name == CLIENT:
                of_samples.append((sample, found))
    _settle(stage.host, account, receipts, progress)
    for sample, found in of_samples:
        account.mistakes += compare(sample, endings(stage.host, found))


def _send_sample(sender: Sender, sample: Sample, account: Account) -> list[int]:
    receipts = []
    for _ in range(sample.expected.send):
        answer = sender.send(sample.body, sample.headers)
        account.messages += 1
        account.malformed += answer.status == 400
        if answer.status != sample.expected.status:
            account.mistakes.append(f"{sample.name}: answered {answer.status}: {answer.text}")
        elif answer.status == 200 and answer.receipt is not None:
            receipts.append(answer.receipt)
    account.sent += len(sample.expected.registrations)
    return receipts


def _send_sync(sender: Sender, body: bytes, sync: int, account: Account) -> list[int]:
    answer = sender.send(body)
    account.messages += 1
    account.sent += sync
    if answer.status != 200 or answer.receipt is None:
        account.mistakes.append(f"the sync was answered {answer.status}: {answer.text}")
        return []
    return [answer.receipt]


def _settle(
    host: Host, account: Account, receipts: Mapping[str, Sequence[int]], progress: Progress
) -> None:
    of_all = [receipt for found in receipts.values() for receipt in found]
    total = len(of_all)

    def told(left: int) -> None:
        nonlocal total
        total = max(total, left)
        progress("registrations", total - left, total)

    if not wait_settled(host, of_all, told):
        account.mistakes.append("some registrations were still pending when the time was up")
    progress("registrations", total, total)
    for name, found in receipts.items():
        for ending in endings(host, found):
            reason = _NUMBER.sub("another registration", ending.reason)
            account.ended[name, ending.state, reason] += 1


def _balance(host: Host, account: Account) -> None:
    """Compare what was sent with how it ended, and deliveries with the lines of their files."""
    ended = account.ended.total()
    if ended != account.sent:
        account.mistakes.append(f"{account.sent} registrations were sent and {ended} accounted for")
    rows = host.store.read(count_deliveries)
    delivered = {(row.client, row.target): row.count for row in rows if row.state == "delivered"}
    for name, pipeline in host.clients.running.items():
        for target in pipeline.client.targets:
            for file in sorted((host.file.folder / "delivered").glob(f"{name}-{target}.*")):
                lines = account.delivered[str(file)] = _lines(file)
                if lines != (expected := delivered.get((name, target), 0)):
                    text = f"{file.name} has {lines} lines, and {expected} records were delivered"
                    account.mistakes.append(text)


def _lines(file: Path) -> int:
    header = file.suffix == ".csv"
    with file.open(encoding="utf-8") as lines:
        return sum(1 for _ in lines) - header
