"""Calls of Cvent's API for a sync, and the time they take at each tier's pace.

`python bench/enrich.py [registrations] [tiers]`, tiers such as `standard,premium`.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from common import verdict

from regbridge import Client, Event, Kind, PluginContext, Registration
from regbridge.limits import Limiters
from regbridge.store.engine import Store
from regbridge.store.limits import LedgerPlaces
from regbridge.store.upgrades import upgrade
from regbridge.testing import payloads
from regbridge_cvent.enrich import CventEnrich
from regbridge_cvent.settings import CventSettings

SAMPLE = 100
RATES = {"free": 2, "standard": 10, "premium": 25}
PARTS = {
    ("answers", "contact"): 55,
    ("answers", "contact", "guests", "orders"): 230,
}
UNHURRIED = "1000000/1000/1000"


def main() -> int:
    """Count calls without a limit, then time the tiers."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    tiers = sys.argv[2].split(",") if len(sys.argv) > 2 else list(RATES)
    holds = True
    for parts, most in PARTS.items():
        calls, _ = enrich(count, parts, UNHURRIED)
        each = one_call_each(parts) * count // SAMPLE
        print(f"{', '.join(parts)}: {calls} calls; one call each would be {each}")
        holds &= verdict("calls for each 10,000 registrations", calls * 10_000 / count, most)
    for tier in tiers:
        # The simulator makes its records when they are first read: that is not the tier's time.
        calls, seconds = enrich(count, tuple(PARTS)[1], tier, runs=1 if tier == "free" else 2)
        print(f"{tier}: {calls} calls in {seconds:.1f} s, {RATES[tier]} a second are allowed")
        holds &= verdict("time, of the tier's own", seconds / (calls / RATES[tier]), 1.15)
    return 0 if holds else 1


def enrich(count: int, parts: tuple[str, ...], tier: str, runs: int = 1) -> tuple[int, float]:
    """Enrich a sync of a whole event; return the calls and the seconds of the last run."""
    with simulator(count, tier) as url:
        for _ in range(runs):
            calls, seconds = run(url, parts, count)
    return calls, seconds


def run(url: str, parts: tuple[str, ...], count: int) -> tuple[int, float]:
    """Enrich a sync, a batch at a time."""
    with plugin(url, parts) as cvent:
        before = calls_of(url)["count"]
        registrations = [registration(number, count) for number in range(1, count + 1)]
        gc.freeze()  # a host has the sync in its ledger, not in memory
        begun = time.perf_counter()
        for start in range(0, count, cvent.batch_size):
            batch = registrations[start : start + cvent.batch_size]
            entries = cvent.enrich_registrations(batch)
            assert all(isinstance(entry, dict) for entry in entries), entries[:3]
        seconds = time.perf_counter() - begun
        summary = calls_of(url)
        assert not summary["was_refused"], "a call was throttled"
        return int(summary["count"] - before), seconds


def one_call_each(parts: tuple[str, ...]) -> int:
    """Return the calls for a hundred registrations that are asked for one by one."""
    with simulator(SAMPLE, UNHURRIED) as url:
        for number in range(1, SAMPLE + 1):
            with plugin(url, parts) as cvent:
                cvent.enrich_registrations([registration(number, 1)])
        summary = calls_of(url)
        by_operation = summary["operations"]
        shared = by_operation.get("GET /usage/tier", 0) + by_operation.get(
            "GET /event-questions", 0
        )
        return int(summary["count"] - shared)


@contextmanager
def simulator(count: int, tier: str, latency: float = 0.0) -> Iterator[str]:
    """Run Cvent's simulator in a process of its own; gives the base URL."""
    command = [sys.executable, "-c", "from regbridge.cli import main; main()", "simulate", "cvent"]
    options = ["--port", "0", "--tier", tier, "--registrants", str(count), "--items", "2"]
    options += ["--guests-every", "10", "--latency", str(latency)]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@contextmanager
def plugin(url: str, parts: tuple[str, ...]) -> Iterator[CventEnrich]:
    """Make the plugin as a host does, with the limiters of a ledger."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "id").write_text("simulator", encoding="utf-8")
        (folder / "secret").write_text("simulator-secret", encoding="utf-8")
        store = Store(f"sqlite:///{(folder / 'ledger.db').as_posix()}")
        upgrade(store)
        account = {"url": url, "client_id": {"file": "id"}, "client_secret": {"file": "secret"}}
        settings = CventSettings.model_validate(
            {"account": account, "include": parts}, context={"folder": folder}
        )
        limiters = Limiters(LedgerPlaces(store))
        context = PluginContext("cvent-enrich", Client("bench"), folder, limiters=limiters)
        cvent = CventEnrich(settings, context)
        try:
            yield cvent
        finally:
            cvent.close()
            store.close()


def registration(number: int, message_size: int) -> Registration:
    """Return a registration of a sync that arrived just before."""
    record = payloads.registrant(number)
    return Registration(
        id=number,
        client="bench",
        endpoint="CventReg",
        kind=Kind.REGISTRATION,
        event_type="AttendeeManualSynced",
        fields=record,
        event=Event("bench", payloads.EVENT.lower()),
        event_stub=payloads.EVENT.lower(),
        invitee_stub=record["inviteeStub"].lower(),
        received_at=datetime.now(UTC) - timedelta(seconds=1),
        message_size=message_size,
    )


def calls_of(url: str) -> dict[str, Any]:
    """Return the simulator's own account of the calls."""
    answer = requests.get(url.removesuffix("/ea") + "/simulator/calls", timeout=30)
    found: dict[str, Any] = answer.json()
    return found


if __name__ == "__main__":
    sys.exit(main())
