"""A long crash trial on SQLite and on PostgreSQL: `serve` is killed hundreds of times.

`python bench/chaos.py [kills] [seed] [database]`, 500 kills on each database unless told. The seed
decides the messages and where each process dies; the same seed again replays them. What was
acknowledged must be in the ledger, at the idempotent target and at the other one exactly as it
should: `tests/chaos/account.py` says how. A failure leaves the folder behind, and ends with 1.
PostgreSQL is the tests' (`REGBRIDGE_TEST_POSTGRES`).
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.trial import Report

DATABASES = ("SQLite", "PostgreSQL")


def main() -> int:
    """Run a trial on each database, or on the one that is named."""
    sys.path.insert(0, str(Path(__file__).parents[1]))  # the trials belong to the tests
    given = sys.argv[1:]
    kills = int(given[0]) if given else 500
    seed = int(given[1]) if given[1:] else random.randrange(1_000_000)
    held = [run(name, kills, seed) for name in given[2:] or DATABASES]
    return 0 if all(held) else 1


def run(database: str, kills: int, seed: int) -> bool:
    """Print what a trial did; return whether everything was accounted for."""
    from tests.chaos.trial import Trial

    folder = Path(tempfile.mkdtemp(prefix="regbridge-chaos-"))
    begun = time.perf_counter()
    with ledger(database, folder) as url:
        trial = Trial(folder / "configs", url, seed)
        try:
            trial.run(kills)
            holds = True
        except (Exception, KeyboardInterrupt):
            traceback.print_exc()
            holds = False
    seconds = time.perf_counter() - begun
    print(f"{database}: {trial.report.kills.total()} kills in {seconds:.0f} s, seed {seed}")
    describe(trial.report)
    if holds:
        shutil.rmtree(folder)
    else:
        print(f"{database}: FAILED with seed {seed}; see {folder}")
    return holds


def describe(report: Report) -> None:
    """Print where the kills came, and what was accounted for."""
    for point, count in sorted(report.kills.items()):
        print(f"{count:6} {point}")
    for point, count in sorted(report.vain.items()):
        print(f"{count:6} in vain at {point}")
    for what, count in report.account.items():
        print(f"{count:8} {what}")
    sys.stdout.flush()


@contextmanager
def ledger(database: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty ledger."""
    if database == "SQLite":
        yield f"sqlite:///{folder / 'configs' / 'regbridge.db'}"
    else:
        from tests.postgres import new_schema

        with new_schema() as url:
            yield url


if __name__ == "__main__":
    sys.exit(main())
