"""What a pass asks the ledger takes work that grows with the event, and no faster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.ledger.conftest import Ledger
from tests.integration.ledger.reconcile_places import EVENT, Places

from regbridge.store.account import count_here, count_there
from regbridge.store.compared import drop_unseen
from regbridge.store.differences import Difference, Found, add_differences, known_subjects
from regbridge.store.proof_tables import passes
from regbridge.store.tables import deliveries, registrants
from regbridge.store.upgrades import upgrade

FEW, TIMES = 60, 4
ACCEPTED = ("accepted",)

Question = Callable[[Any, Any], object]

QUESTIONS: dict[str, Question] = {
    "who is here": lambda c, row: count_here(c, "apap", EVENT.id, ACCEPTED),
    "who is there": lambda c, row: count_there(c, row.id, "apap", EVENT.id, "crm", ACCEPTED),
    "who is gone": drop_unseen,
    "who was found before, page by page": lambda c, row: found_before(c, row),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_event_four_times_as_large_takes_about_four_times_the_work(
    question: str, tmp_path: Path
) -> None:
    few, many = (work(tmp_path / str(size), size, question) for size in (FEW, FEW * TIMES))

    assert many < few * TIMES * 1.5


def work(folder: Path, size: int, question: str) -> int:
    """Return how many hundreds of steps SQLite takes for an answer about so many attendees."""
    folder.mkdir()
    ledger = Ledger(folder / "regbridge.db")
    upgrade(ledger.store)
    try:
        places = Places(ledger)
        places.account.page_size = 200
        for number in range(1, size + 1):
            places.account.put(number, "A")
        places.wait(10)
        assert len(places.table.rows) == size
        row = ledger.store.read(lambda c: c.execute(select(passes)).one())
        ledger.store.write(lambda c: lose_all(c, row, ledger.clock.now))
        return ledger.store.write(lambda c: steps(c, lambda: QUESTIONS[question](c, row)))
    finally:
        ledger.close()


def lose_all(connection: Any, row: Any, now: int) -> None:
    """Note that the target has none of what was delivered."""
    ids = connection.scalars(select(deliveries.c.id)).all()
    lost = [Found(Difference.MISSING_THERE, target="crm", delivery=each) for each in ids]
    add_differences(connection, row.id, lost, now)


def found_before(connection: Any, row: Any) -> None:
    """Ask as a pass does that reads its pages a second time."""
    subjects = connection.scalars(select(registrants.c.subject)).all()
    for start in range(0, len(subjects), 20):
        page = subjects[start : start + 20]
        assert len(known_subjects(connection, row.id, page)) == len(page)


def steps(connection: Any, ask: Callable[[], object]) -> int:
    """Count what SQLite does meanwhile, in hundreds of instructions."""
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1

    raw = connection.connection.dbapi_connection
    raw.set_progress_handler(count, 100)
    try:
        ask()
    finally:
        raw.set_progress_handler(None, 100)
    return taken
