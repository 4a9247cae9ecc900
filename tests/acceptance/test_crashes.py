"""However often `serve` is killed, what Cvent was told is stored arrives as it should."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from tests.chaos.trial import ESSENTIAL, MOMENT, Trial
from tests.postgres import new_schema

MOMENTS = 2
SEED = int(os.environ.get("REGBRIDGE_TEST_SEED", random.randrange(1_000_000)))
SIDES = {"SQLite": SEED % 2, "PostgreSQL": 1 - SEED % 2}
"""Which half of the points a database gets: each point is used once in all."""


@contextmanager
def ledger(database: str, folder: Path) -> Iterator[str]:
    """Give the URL of a ledger without tables."""
    if database == "SQLite":
        yield f"sqlite:///{folder / 'regbridge.db'}"
    else:
        with new_schema() as url:
            yield url


@pytest.mark.parametrize("database", SIDES)
def test_whenever_serve_is_killed_all_that_was_acknowledged_arrives_as_it_should(
    database: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("seed", SEED)
    structlog.get_logger().info("crashes", seed=SEED)  # shown when the test fails
    half = slice(SIDES[database], None, 2)
    with ledger(database, tmp_path) as url:
        report = Trial(tmp_path / "configs", url, SEED).run(part=half, moments=MOMENTS)

    assert report.points.keys() >= ESSENTIAL
    assert not report.vain
    assert report.kills[MOMENT] == MOMENTS
    assert report.kills.keys() >= set(sorted(report.points)[half])
    assert report.account["acknowledged messages"] > len(report.kills)
