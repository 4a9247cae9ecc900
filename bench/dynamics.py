"""Requests and time for a sync into Dataverse, beside one PATCH for each record.

`python bench/dynamics.py [records]`. The simulator answers as the published samples do: 10 ms a
call and 8 ms a record, 8 calls at once.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from common import verdict

from regbridge import Client, Outcome, OutcomeKind, PluginContext, Record, Target
from regbridge_dynamics.deliver import Dynamics
from regbridge_dynamics.settings import DynamicsSettings

EVENT = "0b4c4410-1d46-43cd-a903-e8cf9de6ade5"
AT_ONCE = 8
CALL, RECORD = 0.010, 0.008
BAD_EVERY = 100


@dataclass
class Simulator:
    """A simulated environment in a process of its own.

    `requests` by operation and `records` by table are known once it has ended.
    """

    process: subprocess.Popen[str]
    account: dict[str, str]
    requests: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)

    def end(self) -> None:
        """Stop it and read what it was asked."""
        self.process.terminate()
        out, _ = self.process.communicate(timeout=60)
        for line in out.splitlines():
            name, colon, count = line.strip().rpartition(": ")
            if colon and line.startswith("  ") and count.isdigit():
                self.requests[name] = int(count)
            count, held, table = line.partition(" records in ")
            if held:
                self.records[table] = int(count)


def main() -> int:
    """Count and time a sync, one with bad records, and one PATCH each."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    records = [record(number) for number in range(count)]
    plain, seconds, outcomes = deliver(records, chunk=100)
    assert all(outcome.kind is OutcomeKind.CREATED for outcome in outcomes)
    holds = verdict("requests for each 10,000 records", plain * 10_000 / count, 110)

    bad = [record(n, bad=n % BAD_EVERY == BAD_EVERY - 1) for n in range(count)]
    requests, _, outcomes = deliver(bad, chunk=100)
    rejected = {n for n, outcome in enumerate(outcomes) if outcome.kind is OutcomeKind.REJECTED}
    assert rejected == set(range(BAD_EVERY - 1, count, BAD_EVERY)), "others than the bad ones"
    holds &= verdict("with 1 % bad records", requests * 10_000 / count, 220)

    _, single, _ = deliver(records[: count // 10], chunk=1)
    print(f"{count} records in {seconds:.1f} s; one PATCH each would take {single * 10:.0f} s")
    ideal = (count / 100 * CALL + count * RECORD) / AT_ONCE
    holds &= verdict("time, of what latency and parallelism set", seconds / ideal, 1.25)
    return 0 if holds else 1


def record(number: int, *, bad: bool = False) -> Record:
    """Return a record of the staging table; a bad one refers to a contact that is not there.

    Only Dataverse itself can find that out, so it spoils its call.
    """
    fields = {
        "new_inviteeid": f"invitee-{number}",
        "new_eventid": EVENT,
        "new_firstname": f"Ada {number}",
        "new_guests": number % 3,
    }
    return Record(fields | ({"new_contact": "nobody"} if bad else {}), delivery=number)


def deliver(records: Sequence[Record], chunk: int) -> tuple[int, float, list[Outcome]]:
    """Deliver records, 8 calls at once; return requests, seconds and outcomes."""
    with simulator() as running, plugin(running.account, chunk) as dynamics:
        dynamics.deliver_records(records[:1])  # learns what the table is like
        chunks = [records[at : at + chunk] for at in range(0, len(records), chunk)]
        begun = time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = pool.map(lambda each: dynamics.deliver_records(each), chunks)
            outcomes = [outcome for each in found for outcome in each]
        seconds = time.perf_counter() - begun
        running.end()
    writes = {name: n for name, n in running.requests.items() if not name.startswith("GET")}
    return sum(writes.values()) - 1, seconds, outcomes


@contextmanager
def simulator() -> Iterator[Simulator]:
    """Run `regbridge simulate dynamics` and read where it is and how to get in."""
    command = [sys.executable, "-c", "from regbridge.cli import main; main()", "simulate"]
    process = subprocess.Popen([*command, "dynamics"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    account = {}
    while not (line := process.stdout.readline()).startswith("Ctrl+C"):
        name, _, value = line.partition(":")
        account[name] = value.strip().partition(" (")[0]
    running = Simulator(process, account)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(30)


@contextmanager
def plugin(account: dict[str, str], chunk: int) -> Iterator[Dynamics]:
    """Make the plugin for the staging table."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "secret").write_text(account["client secret"], encoding="utf-8")
        settings = DynamicsSettings.model_validate(
            {
                "url": account["environment"],
                "authority": account["environment"],
                "tenant": account["tenant"],
                "client_id": account["client id"],
                "client_secret": {"file": "secret"},
                "table": "new_registrationstaging",
                "key": ["new_inviteeid", "new_eventid"],
                "lookups": {"new_contact": {"table": "contact", "key": "new_cventcontactid"}},
                "chunk_size": chunk,
                "concurrency": AT_ONCE,
            },
            context={"folder": folder},
        )
        target = Target("staging")
        context = PluginContext("dynamics", Client("bench"), folder, target)
        dynamics = Dynamics(settings, context)
        try:
            yield dynamics
        finally:
            dynamics.close()


if __name__ == "__main__":
    sys.exit(main())
