"""Does anybody wait for somebody else's work: a single message for a sync, a client for an outage.

`python bench/fairness.py [records]`
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common import (
    FIELDS,
    TOKEN,
    middle,
    postgresql,
    running_host,
    verdict,
    write_configuration,
)

from regbridge.sender import Sender
from regbridge.testing import payloads

SINGLES = 15
"""So many single messages come while the sync is delivered."""

EVERY_SECONDS = 0.4

BATCHES = 3
"""So many calls with records of the sync alone may go before a single message's record."""

CALL_SECONDS = 0.1
"""How long the target takes for a call of 200 records."""

OUTAGE_RECORDS = 10_000
"""How large a sync is that another client's outage should not slow down."""

TURNS = 3

TROUBLES: Mapping[str, Mapping[str, Any]] = {
    "a target that is down": {"target": {"fails": True}},
    "a target that does not answer": {"target": {"fails": True, "seconds": 5.0}},
    "an enrichment that is down": {"plugins": [{"use": "paced:NoAnswers"}]},
    "an enrichment that does not answer": {
        "plugins": [{"use": "paced:NoAnswers", "settings": {"seconds": 5.0}}]
    },
}
"""What is wrong with the other client."""


def main() -> int:
    """Measure both on either database."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    holds = True
    with tempfile.TemporaryDirectory() as temporary, postgresql() as database:
        for name, url in (("SQLite", ""), ("PostgreSQL", database)):
            folder = Path(temporary) / name
            batches, seconds = singles_meanwhile(folder, url, records)
            print(f"{name}: calls before a single message, in order: {sorted(batches)}")
            print(f"{name}: {middle(seconds) * 1000:.0f} ms from its answer to its call (median),")
            print(f"{name}: {max(seconds) * 1000:.0f} ms at most")
            holds &= verdict(f"{name}: calls before a single message", max(batches), BATCHES)
        for name, trouble in TROUBLES.items():
            ratios = [
                ratio(Path(temporary) / f"{name} {turn}", trouble, OUTAGE_RECORDS)
                for turn in range(TURNS)
            ]
            holds &= verdict(f"{name} at another client, times", middle(ratios), 0.9, least=True)
    return 0 if holds else 1


def singles_meanwhile(folder: Path, database: str, records: int) -> tuple[list[int], list[float]]:
    """Send single messages during a sync.

    Return, for each, how many calls with the sync's records alone began after its answer and
    before the call that brought it, and the seconds from the answer to that call.
    """
    client = client_of("bench", {"seconds": CALL_SECONDS})
    write_configuration(folder, database, client)
    calls = folder / "bench.jsonl"
    with running_host(folder) as host, Sender(host.url + "/cvent/bench", TOKEN) as sender:
        answer = sender.send(payloads.encode(payloads.sync(records)))
        assert answer.status == 200, answer.text
        wait_for(calls, lambda found: bool(found))
        answered = []
        for number in range(SINGLES):
            body = single(records + 1 + number, str(number))
            assert sender.send(body).status == 200
            answered.append(time.time())
            time.sleep(EVERY_SECONDS)
        wait_for(calls, lambda found: sum(call["records"] for call in found) == records + SINGLES)
    found = read_calls(calls)
    return [waited(found, str(n), at) for n, at in enumerate(answered)], [
        next(call["begun"] for call in found if str(n) in call["singles"]) - at
        for n, at in enumerate(answered)
    ]


def ratio(folder: Path, trouble: Mapping[str, Any], records: int) -> float:
    """Return a client's records a second while another has trouble, against while it has none."""
    healthy = records_a_second(folder / "healthy", {}, records)
    ill = records_a_second(folder / "ill", trouble, records)
    print(f"{folder.name}: {ill:.0f} records a second, {healthy:.0f} without the outage")
    return ill / healthy


def records_a_second(folder: Path, trouble: Mapping[str, Any], records: int) -> float:
    """Return how fast one client's sync goes while another one, with the trouble, has its own."""
    write_configuration(folder, client=client_of("bench", {"seconds": 0.0}))
    other = client_of("other", {"seconds": 0.0, "threads": 4, **trouble.get("target", {})})
    other["plugins"] += trouble.get("plugins", [])
    (folder / "clients" / "other.yaml").write_text(json.dumps(other), encoding="utf-8")
    body = payloads.encode(payloads.sync(records))
    with (
        running_host(folder) as host,
        Sender(host.url + "/cvent/other", TOKEN) as first,
        Sender(host.url + "/cvent/bench", TOKEN) as second,
    ):
        assert first.send(body).status == 200
        begun = time.monotonic()
        assert second.send(body).status == 200
        wait_for(folder / "bench.jsonl", lambda found: sum(c["records"] for c in found) == records)
        return records / (time.monotonic() - begun)


def waited(calls: list[dict[str, Any]], single: str, answered: float) -> int:
    """Return how many calls with no single message began between an answer and the call for it."""
    brought = next(place for place, call in enumerate(calls) if single in call["singles"])
    return sum(call["begun"] > answered for call in calls[:brought])


def single(number: int, name: str) -> bytes:
    """Return what Cvent sends when one more registers."""
    record = payloads.registrant(number, company=name, title="single")
    return payloads.encode(payloads.live("InviteeOrGuestAccepted", record))


def client_of(name: str, target: Mapping[str, Any]) -> dict[str, Any]:
    """Return a client whose target is `Paced`."""
    settings = {"path": f"{name}.jsonl", **target}
    return {
        "client": name,
        "endpoints": {"CventReg": {"path": f"/cvent/{name}", "tokens": [{"env": "BENCH_TOKEN"}]}},
        "plugins": ["cvent-token", "skip-guests"],
        "targets": {"crm": {"use": "paced:Paced", "settings": settings, "map": FIELDS}},
    }


def read_calls(path: Path) -> list[dict[str, Any]]:
    """Return the calls that a target had, in order."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return sorted((json.loads(line) for line in lines), key=lambda call: call["begun"])


def wait_for(path: Path, done: Any, seconds: float = 600) -> None:
    """Wait until a target's calls are as they should be."""
    deadline = time.monotonic() + seconds
    while not done(read_calls(path)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not delivered in {seconds} s")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
