"""What it takes to prove that nobody is missing, and to bring in who is.

`python bench/reconcile.py [attendees] [rounds]`. The simulators answer as the vendors do when the
attendees are brought in: Cvent's Standard tier with 150 ms a call, Dataverse with 10 ms a call and
8 ms a record, 8 calls at once. All that Cvent is asked counts, apart from tokens: a command asks
for the tier, too.

The vendors' own limit for a backfill is the slower of two, as in `vendors.py`: Cvent's calls ÷ the
10 a second of the tier or, because each page names the next, one after the other; and the time that
Dataverse works ÷ 8. The pages come first, so no client that compares before it sends is faster than
their sum.

A pass's own work is measured with a Cvent that answers at once, beside a loop that asks for the
same pages by the same plugins and does nothing with them, each in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dynamics
import enrich
import vendors
from common import middle, running_host, verdict, write_configuration

from regbridge.testing.payloads import EVENT, registrant
from regbridge_cvent.simulator import Behaviour, CventSimulator, Population
from regbridge_cvent.simulator.tiers import read_tier

PARTS = ("answers", "contact")
CHANGED = 199
PAGE = 200
COMPARED = Path(__file__).with_name("compared.py")
RULES = {"every_minutes": None, "grace_minutes": 0}
RUN = "from regbridge.cli import main; main()"


def main() -> int:
    """Bring everybody in, compare in each way, and print what it took."""
    count, rounds = [*map(int, sys.argv[1:]), *(10_000, 3)[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as temporary, dynamics.simulator() as dataverse:
        folder = Path(temporary) / "bench"
        slow = Behaviour(read_tier(vendors.TIER), latency=vendors.LATENCY)
        cvent = simulator(count, slow)
        with cvent.serving() as url:
            configure(folder, url, dataverse.account)
            holds = judge_backfill(folder, cvent, count)
        cvent = simulator(count, Behaviour(read_tier(enrich.UNHURRIED)))
        with cvent.serving() as other:
            reconfigure(folder, url, other)
            holds &= judge_full_passes(folder, cvent, count, rounds)
            holds &= judge_incremental_passes(folder, cvent)
        dataverse.end()
    assert dataverse.records[vendors.TABLE] == count, dataverse.records
    return 0 if holds else 1


def judge_backfill(folder: Path, cvent: CventSimulator, count: int) -> bool:
    """Bring everybody in by hand."""
    calls, seconds, memory = bring_in(folder, cvent, count)
    work = count / 100 * dynamics.CALL + count * dynamics.RECORD
    pace = count / PAGE * vendors.LATENCY + work / dynamics.AT_ONCE
    tier = calls / enrich.RATES[vendors.TIER]
    print(f"backfill by hand: {calls} calls in {seconds:.1f} s, {tier:.1f} s at the tier's pace")
    holds = verdict("calls of a backfill, of attendees ÷ 200", calls * PAGE / count, 1.1)
    holds &= verdict("time of a backfill, of the vendors' own limit", seconds / pace, 1.75)
    holds &= verdict("peak memory of the host, MB", memory / 1e6, 250)
    return holds


def judge_full_passes(folder: Path, cvent: CventSimulator, count: int, rounds: int) -> bool:
    """Compare everybody, and ask for the same pages alone, in turn."""
    calls = compare(folder, cvent, "--full")
    holds = verdict("calls of a full pass, of attendees ÷ 200", calls * PAGE / count, 1.1)
    ours, bare, peaks = [], [], []
    for number in range(1, rounds + 1):
        took, peak = measure(folder)
        loop, _ = measure(folder, "--bare")
        print(f"round {number}: a full pass {took:.2f} s, its pages alone {loop:.2f} s")
        ours.append(took)
        bare.append(loop)
        peaks.append(peak)
    ratio = middle(ours) / middle(bare)
    holds &= verdict("time of a full pass, times its pages alone", ratio, 3)
    holds &= verdict("peak memory of a full pass, MB", max(peaks) / 1e6, 250)
    return holds


def judge_incremental_passes(folder: Path, cvent: CventSimulator) -> bool:
    """Compare what changed: nothing, and less than a page."""
    calls = compare(folder, cvent)
    holds = verdict("calls of an incremental pass without a change", calls, 3)
    with running_host(folder):
        change(cvent, 1)  # a host that has just started asks for tier and questions
        compare(folder, cvent, "--fix", "--yes")
        change(cvent, CHANGED)
        calls = compare(folder, cvent, "--fix", "--yes")
    holds &= verdict(f"calls of one with {CHANGED} changes", calls, 3)
    return holds


def simulator(count: int, behaviour: Behaviour) -> CventSimulator:
    """Return a simulator whose records are made, which is not Cvent's time."""
    cvent = CventSimulator(Population(count, guests_every=0, items=0), behaviour)
    cvent.world.attendees_at(EVENT)
    return cvent


def configure(folder: Path, url: str, account: Mapping[str, str]) -> None:
    """Write a configuration whose events are compared by hand."""
    client = vendors.client(folder, url, PARTS, account)
    write_configuration(folder, client={**client, "reconcile": RULES})


def reconfigure(folder: Path, before: str, url: str) -> None:
    """Name another Cvent in the configuration."""
    file = folder / "clients" / "bench.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(before, url), encoding="utf-8")


def bring_in(folder: Path, cvent: CventSimulator, count: int) -> tuple[int, float, int]:
    """Return calls, and seconds from the command to the last record, and the host's memory."""
    with running_host(folder) as host:
        begun = time.perf_counter()
        command = run(folder, "--full", "--fix", "--yes")
        vendors.wait_for_settled(folder / "regbridge.db", count)
        seconds = time.perf_counter() - begun
        out, _ = command.communicate(timeout=300)
        assert command.returncode == 0, out
    assert not cvent.calls.was_refused, "a call was throttled"
    return len(cvent.calls), seconds, host.peak_memory


def compare(folder: Path, cvent: CventSimulator, *options: str) -> int:
    """Return the calls of a comparison that leaves nothing open."""
    before = len(cvent.calls)
    command = run(folder, *options)
    out, _ = command.communicate(timeout=300)
    assert command.returncode == 0, out
    return len(cvent.calls) - before


def run(folder: Path, *options: str) -> subprocess.Popen[str]:
    """Run `regbridge reconcile` for the event."""
    command = [sys.executable, "-c", RUN, "reconcile", "--event", "conference", *options]
    return subprocess.Popen(
        [*command, "--configs", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def change(cvent: CventSimulator, count: int) -> None:
    """Change some contacts, and tell nobody."""
    for number in range(1, count + 1):
        contact = registrant(number)["contactStub"].lower()
        cvent.world.change_contact(contact, lastName=f"Changed {number} of {count}")


def measure(folder: Path, *options: str) -> tuple[float, int]:
    """Return the seconds and the peak memory of a full pass, or of reading its pages."""
    command: list[Any] = [sys.executable, COMPARED, folder, *options]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seconds, memory = done.stdout.split()
    return float(seconds), int(memory)


if __name__ == "__main__":
    sys.exit(main())
