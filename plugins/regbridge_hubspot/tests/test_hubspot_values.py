"""Values become what the property takes, or are refused in words without the value."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regbridge_hubspot.definitions import Option, Property
from regbridge_hubspot.rows import comparable
from regbridge_hubspot.simulator import contacts
from regbridge_hubspot.simulator.rules import kept
from regbridge_hubspot.values import write_value

ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = Property("notes")
NUMBER = Property("age", type="number")
DATE = Property("born", type="date")
TIME = Property("registered_at", type="datetime")
FLAG = Property(
    "member",
    type="bool",
    field_type="booleancheckbox",
    options=(Option("true", "Yes"), Option("false", "No")),
)
STATUS = Property(
    "cvent_status",
    type="enumeration",
    field_type="select",
    options=(Option("accepted", "Accepted"), Option("no_response", "No Response")),
)
INTERESTS = Property(
    "interests",
    type="enumeration",
    field_type="checkbox",
    options=(Option("art", "Art"), Option("law", "Law"), Option("a;b", "Both")),
)
OWNER = Property("owner", type="enumeration", is_open=True)
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("of", "value", "sent"),
    [
        (TEXT, "Zoë", "Zoë"),
        (TEXT, True, "true"),
        (TEXT, 12, "12"),
        (TEXT, 1.5, "1.5"),
        (None, "of a property that nobody lists", "of a property that nobody lists"),
        (NUMBER, 12, "12"),
        (NUMBER, 1e21, "1000000000000000000000"),
        (NUMBER, " +1.50 ", "1.50"),
        (DATE, "2027-03-04", "2027-03-04"),
        (DATE, "2027-03-05T02:30:00Z", "2027-03-04"),
        (DATE, "2027-03-04T23:30:00-05:00", "2027-03-04"),
        (DATE, "1804118400000", "2027-03-04"),
        (TIME, "2027-03-04T09:30:00-05:00", "2027-03-04T14:30:00.000Z"),
        (TIME, "2027-03-04T09:30:00", "2027-03-04T14:30:00.000Z"),
        (TIME, "2027-03-04T09:30:00.250Z", "2027-03-04T09:30:00.250Z"),
        (TIME, "1804152600000", "2027-03-04T09:30:00.000Z"),
        (FLAG, True, "true"),
        (FLAG, "FALSE", "false"),
        (FLAG, "yes", "true"),
        (STATUS, "Accepted", "accepted"),
        (STATUS, "no_response", "no_response"),
        (INTERESTS, ["Law", "art", "Law"], "law;art"),
        (INTERESTS, "art; Law", "art;law"),
        (INTERESTS, "a;b", "a;b"),
        (OWNER, "4711", "4711"),
    ],
)
def test_a_value_is_sent_as_the_property_takes_it(
    of: Property | None, value: Any, sent: str
) -> None:
    assert write_value(of, value, NEW_YORK) == sent


@pytest.mark.parametrize("of", [TEXT, NUMBER, DATE, TIME, FLAG, STATUS, INTERESTS, None])
@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_clears_a_property(of: Property | None, nothing: Any) -> None:
    assert write_value(of, nothing) == ""


@pytest.mark.parametrize(
    ("of", "value", "why"),
    [
        (TEXT, "x" * 65_537, "65,537 characters, and HubSpot takes 65,536"),
        (TEXT, "a\x00b", "a NUL"),
        (TEXT, "half \ud83d", "half a character"),
        (TEXT, ["a"], "a list"),
        (TEXT, float("nan"), "not text"),
        (NUMBER, "secret", "not a number"),
        (NUMBER, True, "not a number"),
        (NUMBER, float("inf"), "not a number"),
        (DATE, "3-4-2027", "no date"),
        (DATE, "1804152600000", "midnight in UTC"),
        (TIME, "secret", "no date or time"),
        (TIME, "0001-01-01T00:00:00+14:00", "no date or time"),
        (FLAG, "secret", "neither true nor false"),
        (STATUS, "secret", "no such option"),
        (STATUS, ["accepted", "no_response"], "takes one option"),
        (INTERESTS, "art;secret", "no such option"),
    ],
)
def test_what_a_property_does_not_take_is_refused_without_the_value(
    of: Property, value: Any, why: str
) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        write_value(of, value, UTC)
    assert "secret" not in str(refused.value)


def test_a_time_without_a_zone_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="give the target a time_zone"):
        write_value(TIME, "2027-03-04T09:30:00")


YEARS = (datetime(1971, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001  # of no zone
SAMPLES: dict[str, st.SearchStrategy[Any]] = {
    "notes": st.text(max_size=200),
    "age": st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6).map(lambda n: round(n, 4)),
    "date_of_birth_known": st.dates(date(1900, 1, 1), date(2200, 1, 1)).map(date.isoformat),
    "registered_at": st.datetimes(*YEARS).map(datetime.isoformat),
    "member": st.booleans(),
    "cvent_status": st.sampled_from(["Accepted", "cancelled", "No Response"]),
    "interests": st.lists(st.sampled_from(["art", "Law", "tax"])),
}


@ANY_MACHINE
@given(data=st.data(), name=st.sampled_from(sorted(SAMPLES)))
def test_what_is_sent_and_what_is_kept_compare_equal(data: st.DataObject, name: str) -> None:
    """Else each record would be reported as changed by hand."""
    definition = contacts().by_name[name]
    of = Property(
        name,
        type=definition.type,
        field_type=definition.field_type,
        options=tuple(Option(one.value, one.label) for one in definition.options),
    )
    value = data.draw(SAMPLES[name])
    try:
        sent = write_value(of, value, NEW_YORK)
    except ValueError:
        assert name == "notes"
        return
    assert comparable(of, kept(definition, sent)) == comparable(of, sent)


def test_another_value_compares_as_another() -> None:
    assert comparable(NUMBER, "1.50") == comparable(NUMBER, "1.5") != comparable(NUMBER, "1.51")
    assert comparable(INTERESTS, "law;art") == comparable(INTERESTS, "art;law")
    assert comparable(INTERESTS, "law") != comparable(INTERESTS, "art;law")
    assert comparable(TIME, "2027-03-04T09:30:00Z") == comparable(TIME, "1804152600000")
    assert comparable(TEXT, "a\r\nb ") == comparable(TEXT, "a\nb")
    assert comparable(Property("email"), "Zoe@Example.org") == "zoe@example.org"
    assert comparable(NUMBER, "what nobody expects") == "what nobody expects"
    assert comparable(TEXT, None) is None
