"""Whatever is delivered to Dataverse is listed as it was delivered, until a person changes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.integration.dynamics.delivery import make_plugin, staging

from regbridge import OutcomeKind, Target
from regbridge_dynamics.deliver import Dynamics
from regbridge_dynamics.simulator import DataverseSimulator

TEXT = st.text("aB \t\n\r'\"ß\u00e9e\u0301\U0001f600\u2028\u00a0<>&%,;", max_size=30)
NUMBERS = st.floats(0, 1e9).map(lambda one: round(one, 6))
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001  # a zone is added
OFFSETS = st.sampled_from(["", "Z", "+05:30", "-08:00"])
MOMENTS = st.builds(lambda time, offset: time.isoformat() + offset, TIMES, OFFSETS)
DATES = MOMENTS | st.dates(datetime(1900, 1, 1).date()).map(str)  # noqa: DTZ001
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "new_name": TEXT,
    "new_email": TEXT | st.integers(0, 9) | st.booleans() | NUMBERS,
    "new_answers": TEXT,
    "new_guests": st.sampled_from([0, 100, "7", "7.0", 3.0]),
    "new_sourceversion": st.integers(-(2**63), 2**63 - 1),
    "new_discount": NUMBERS | NUMBERS.map(str) | st.integers(-(10**9), 10**9),
    "new_score": NUMBERS,
    "new_amountpaid": NUMBERS,
    "new_ismember": st.sampled_from([True, 0, "no", "YES", ""]),
    "new_registeredon": DATES,
    "new_eventday": DATES,
    "new_doorsopen": DATES,
    "new_registrationstatus": st.sampled_from(["accepted", 100000001]),
    "new_interests": st.sampled_from([["Dinner", "Keynotes"], "Workshops", "717700002,717700000"]),
    "new_batchid": st.uuids().map(str) | st.uuids().map(lambda one: one.hex.upper()),
}
RECORDS = st.fixed_dictionaries({}, optional={n: one | st.none() for n, one in FIELDS.items()})
KEYS = st.text("aÁß' (é)", min_size=1, max_size=9).filter(lambda text: text == text.strip())


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dynamics]:
    folder: Path = tmp_path_factory.mktemp("listing")
    target = Target("staging", time_zone="America/New_York")
    with DataverseSimulator() as simulator:
        found = make_plugin(simulator, folder, target)
        yield found
        found.close()


@given(KEYS, RECORDS)
@settings(max_examples=60, deadline=None)
def test_every_record_is_listed_as_it_was_delivered(
    plugin: Dynamics, key: str, fields: dict[str, Any]
) -> None:
    record = staging(key, **fields)
    [outcome] = plugin.deliver_records([record])
    assert outcome.kind in (OutcomeKind.CREATED, OutcomeKind.UPDATED), outcome.reason

    wanted = plugin.as_delivered(record)
    [found] = [one for one in plugin.list_delivered("").records if one.key == wanted.key]
    assert wanted.fields.items() <= found.fields.items()
