"""A sync from the POST to the last record in Dataverse, against the pace of the vendors themselves.

`python bench/vendors.py [records] [rounds]`. The simulators answer as the vendors do: Cvent's
Standard tier with 150 ms a call, Dataverse with 10 ms a call and 8 ms a record, 8 calls at once.

The host has delivered one registration before, as any host that runs: it has both tokens, knows
the tier, the questions and the table. What the same sync takes in a host that has just started is
printed beside it.

The vendors' own limit is the slower of two: the calls of Cvent's API that the sync takes ÷ the 10
a second that the tier allows, and the time that Dataverse works on its calls and records ÷ 8, which
cannot begin before Cvent has given a first page, and a token to a host that has just started. No
client can be faster with these calls, and one that does both side by side need not be slower.

The other side makes one enrichment call and one delivery call for each registration in turn, by
the same plugins and without a ledger. 200 registrations are measured, and scaled.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dynamics
import enrich
from common import PATH, TOKEN, middle, running_host, verdict, write_configuration

from regbridge import OutcomeKind, Record, Registration
from regbridge.host import Host
from regbridge.preview import registrations_of
from regbridge.sender import Sender
from regbridge.testing import payloads

TIER, LATENCY = "standard", 0.150
SAMPLE = 200
TABLE = "new_registrationstaging"
PARTS = (("answers", "contact"), ("answers", "contact", "guests", "orders"))

EVENT = {
    "id": payloads.EVENT,
    "questions": {
        "member_id": {"code": "MEMBERID"},
        "volunteer": {"code": "VOLUNTEER"},
        "visits": {"code": "VISITS"},
        "arrival": {"code": "ARRIVAL"},
        "remarks": {"code": "REMARKS"},
    },
}
FIELDS: dict[str, Any] = {
    "new_inviteeid": "registration.inviteeStub",
    "new_eventid": "event.id",
    "new_name": {"from": "fullName", "max_length": 100, "too_long": "cut"},
    "new_firstname": "firstName",
    "new_lastname": "lastName",
    "new_email": "email",
    "new_registeredon": {"from": "registrationDate", "format": "%Y-%m-%dT%H:%M:%S%z"},
    "new_registrationstatus": {
        "from": "inviteeStatus",
        "lookup": {"Accepted": "Accepted", "Cancelled": "Cancelled"},
        "default": None,
    },
    "new_batchid": "contact.id",
    "new_ismember": {"from": "answers.member_id", "then": True, "else": False},
    "new_interests": {
        "from": "answers.volunteer",
        "lookup": {"Yes": "Workshops", "No": "Keynotes"},
        "default": None,
    },
    "new_score": "answers.visits",
    "new_eventday": "answers.arrival",
    "new_answers": "answers.remarks",
    "new_discount": {"value": "12.50"},
}


@dataclass(frozen=True, slots=True)
class Sync:
    """The seconds of one sync, and what the vendors' own pace makes of its calls."""

    seconds: float
    cvent: float
    dataverse: float

    @property
    def ratio(self) -> float:
        """The time, of the vendors' own limit."""
        return self.seconds / max(self.cvent, self.dataverse)

    def __str__(self) -> str:
        return (
            f"{self.seconds:.1f} s; Cvent's pace is {self.cvent:.1f} s, Dataverse's "
            f"{self.dataverse:.1f} s"
        )


def main() -> int:
    """Alternate both sides, and print the ratios of the medians."""
    count, rounds = [*map(int, sys.argv[1:]), *(10_000, 3)[len(sys.argv) - 1 :]]
    plain, more = PARTS
    holds = True
    with enrich.simulator(count, TIER, LATENCY) as url, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        body = payloads.encode(payloads.sync(count))
        # The simulator makes its records when they are first read: that is not Cvent's time.
        enrich.run(url, more, count)
        ours: list[Sync] = []
        slow: list[float] = []
        for number in range(1, rounds + 1):
            ours.append(time_sync(folder / f"ours-{number}", url, plain, body, count))
            slow.append(time_one_by_one(folder / f"slow-{number}", url, plain) * count / SAMPLE)
            print(f"round {number}: {ours[-1]}")
            print(f"  one by one {slow[-1]:.0f} s, scaled from {SAMPLE} registrations")
        seconds = middle([sync.seconds for sync in ours])
        name = "time of a sync, of the vendors' own limit"
        holds &= verdict(name, middle([sync.ratio for sync in ours]), 1.2)
        holds &= verdict("times as fast as one by one", middle(slow) / seconds, 50, least=True)
        sync = time_sync(folder / "more", url, more, body, count)
        print(f"with guests and orders: {sync}; {sync.ratio:.2f} times the limit")
        sync = time_sync(folder / "cold", url, plain, body, count, warm=False)
        print(f"just started: {sync}; {sync.ratio:.2f} times the limit")
    return 0 if holds else 1


def time_sync(
    folder: Path,
    url: str,
    parts: tuple[str, ...],
    body: bytes,
    count: int,
    *,
    warm: bool = True,
) -> Sync:
    """Return how long a sync takes in a new host, from the POST to its last record."""
    first = payloads.encode(payloads.live("InviteeOrGuestAccepted", payloads.registrant(count)))
    ledger = folder / "regbridge.db"
    with dynamics.simulator() as dataverse:
        write_configuration(folder, client=client(folder, url, parts, dataverse.account))
        with running_host(folder) as host, Sender(host.url + PATH, TOKEN) as sender:
            if warm:
                assert sender.send(first).status == 200
                wait_for_settled(ledger, 1)
            before = enrich.calls_of(url)
            begun = time.perf_counter()
            answer = sender.send(body)
            assert answer.status == 200, answer.text
            wait_for_settled(ledger, count + warm)
            seconds = time.perf_counter() - begun
        after = enrich.calls_of(url)
        dataverse.end()
    assert dataverse.records[TABLE] == count, dataverse.records
    assert not after["was_refused"], "a call of Cvent's API was throttled"
    assert set(after["statuses"]) == {"200"}, after["statuses"]
    calls = sum(dataverse.requests.values())
    work = calls * dynamics.CALL + count * dynamics.RECORD
    return Sync(
        seconds,
        (after["count"] - before["count"]) / enrich.RATES[TIER],
        (1 if warm else 2) * LATENCY + work / dynamics.AT_ONCE,
    )


def time_one_by_one(folder: Path, url: str, parts: tuple[str, ...]) -> float:
    """Return the seconds of one enrichment call and one delivery call for each of a sample."""
    with dynamics.simulator() as dataverse:
        write_configuration(folder, client=client(folder, url, parts, dataverse.account))
        host = Host(folder, web=False, worker=False)
        host.start()
        pipeline = host.clients.running["bench"]
        [target] = pipeline.client.targets.values()
        body = payloads.encode(payloads.sync(SAMPLE + 1))
        found = [one for one in registrations_of(body, pipeline) if isinstance(one, Registration)]
        begun = 0.0
        for number, registration in enumerate(found):
            if number == 1:  # the first one asks for token, tier, questions and table
                begun = time.perf_counter()
            [enriched] = pipeline.enrich([registration]).entries
            assert isinstance(enriched, Registration), enriched
            record = pipeline.map(enriched, target)
            assert isinstance(record, Record), record
            [outcome] = pipeline.deliver([record], target)
            assert outcome.kind is OutcomeKind.CREATED, outcome
        seconds = time.perf_counter() - begun
        host.stop()
    return seconds


def client(
    folder: Path, url: str, parts: tuple[str, ...], account: Mapping[str, str]
) -> Mapping[str, Any]:
    """Return a client's file, with its secrets beside it."""
    secrets = {
        "token": TOKEN,
        "cvent-id": "simulator",
        "cvent-secret": "simulator-secret",
        "dataverse-secret": account["client secret"],
    }
    folder.mkdir()
    for name, secret in secrets.items():
        (folder / name).write_text(secret, encoding="utf-8")
    cvent = {"url": url, "client_id": {"file": "cvent-id"}}
    cvent["client_secret"] = {"file": "cvent-secret"}
    return {
        "client": "bench",
        "endpoints": {"CventReg": {"path": PATH, "tokens": [{"file": "token"}]}},
        "events": {"conference": EVENT},
        "plugins": [
            "cvent-token",
            {"use": "cvent-enrich", "settings": {"account": cvent, "include": parts}},
        ],
        "targets": {
            "staging": {
                "use": "dynamics",
                "settings": {
                    "url": account["environment"],
                    "authority": account["environment"],
                    "tenant": account["tenant"],
                    "client_id": account["client id"],
                    "client_secret": {"file": "dataverse-secret"},
                    "table": TABLE,
                    "key": ["new_inviteeid", "new_eventid"],
                    "chunk_size": 100,
                    "concurrency": dynamics.AT_ONCE,
                },
                "map": FIELDS,
            }
        },
    }


def wait_for_settled(ledger: Path, count: int, seconds: float = 600) -> None:
    """Wait until so many deliveries are settled: delivered at the first attempt, or unchanged."""
    deadline = time.perf_counter() + seconds
    settled = 0
    with closing(sqlite3.connect(f"file:{ledger.as_posix()}?mode=ro", uri=True)) as db:
        while settled < count:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{settled} of {count} records were settled in {seconds} s")
            time.sleep(0.05)
            [[settled]] = db.execute("SELECT count(*) FROM deliveries WHERE state!='pending'")
        found = set(db.execute("SELECT DISTINCT state, attempts FROM deliveries"))
        assert found <= {("delivered", 1), ("unchanged", 0)}, found


if __name__ == "__main__":
    sys.exit(main())
