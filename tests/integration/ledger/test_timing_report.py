"""What a ledger's timings say about where the time went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from regbridge.store.clock import to_ms
from regbridge.store.tables import timings as table
from regbridge.store.timings import add_timings
from regbridge.timing_report import StageTime, stage_times
from regbridge.timings import BOUNDS, Key, Stage, Timings

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

about: Any = pytest.approx
TODAY = datetime(2027, 3, 4, tzinfo=UTC)


def note(ledger: Ledger, key: Key, *seconds: float, registrations: int = 1, ago: int = 0) -> None:
    """Let a host write measurements down."""
    timings = Timings()
    for each in seconds:
        timings.add(key, each, registrations)
    now = to_ms(TODAY - timedelta(days=ago))
    ledger.store.write(lambda connection: add_timings(connection, timings.take(), now))


def times(ledger: Ledger, days: int = 1) -> list[StageTime]:
    return stage_times(ledger.store, days, TODAY.date())


def test_a_stage_is_shown_with_all_that_is_known_of_it(bare_ledger: Ledger) -> None:
    note(bare_ledger, Key("apap", Stage.DELIVER, "crm"), 0.003, 0.003, 0.003, 0.5, registrations=50)

    assert times(bare_ledger) == [
        StageTime(
            "apap",
            "deliver",
            "crm",
            measurements=4,
            registrations=200,
            median_ms=about(2 + 2 * 2 / 3),
            p95_ms=about(256 + 256 * 0.8),
            p99_ms=about(256 + 256 * 0.96),
            longest_ms=512,
            total_seconds=0.509,
            ms_per_registration=2.545,
            share=1.0,
        )
    ]


def test_stages_are_in_the_order_in_which_a_registration_comes_by(bare_ledger: Ledger) -> None:
    for stage in reversed(Stage):
        note(bare_ledger, Key("apap", stage), 0.001)

    assert [time.stage for time in times(bare_ledger)] == [stage.value for stage in Stage]


def test_the_shares_of_each_client_are_of_its_own_work(bare_ledger: Ledger) -> None:
    note(bare_ledger, Key("apap", Stage.MAP), 0.0001)
    note(bare_ledger, Key("apap", Stage.SETTLE, "crm"), 0.0003)
    note(bare_ledger, Key("other", Stage.MAP), 100)
    for waiting in (Stage.RECEIVE, Stage.TOTAL):
        note(bare_ledger, Key("apap", waiting), 100)

    shares = {(time.client, time.stage): time.share for time in times(bare_ledger)}
    assert shares == {
        ("apap", "receive"): None,
        ("apap", "map"): pytest.approx(0.25),
        ("apap", "settle"): pytest.approx(0.75),
        ("apap", "arrival to delivery"): None,
        ("other", "map"): 1.0,
    }


def test_work_that_took_no_time_has_no_share(bare_ledger: Ledger) -> None:
    note(bare_ledger, Key("apap", Stage.MAP), 0.0, registrations=0)

    [time] = times(bare_ledger)
    assert (time.share, time.ms_per_registration) == (None, None)


def test_only_the_days_that_are_asked_for_are_counted(bare_ledger: Ledger) -> None:
    for ago in (0, 1, 6, 7):
        note(bare_ledger, Key("apap", Stage.MAP), 0.001, ago=ago)

    counted = [times(bare_ledger, days)[0].measurements for days in (1, 2, 7, 8)]
    assert counted == [1, 2, 3, 4]


def test_what_a_newer_host_measures_is_shown_last(bare_ledger: Ledger) -> None:
    note(bare_ledger, Key("apap", Stage.MAP), 0.001)
    bare_ledger.store.write(
        lambda connection: connection.execute(update(table).values(stage="dream", bucket=99))
    )
    note(bare_ledger, Key("apap", Stage.TOTAL), 0.001)

    last = times(bare_ledger)[-1]
    assert (last.stage, last.measurements, last.longest_ms) == ("dream", 1, BOUNDS[-1])
