"""What happens in the stories of test_ledger_any_order.py: who, what, when, and meanwhile."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from tests.integration.ledger.any_order_targets import POINTS

from regbridge.testing.payloads import EVENT, SUMMIT, registrant

PEOPLE = {1: (1, EVENT), 2: (2, EVENT), 3: (1, SUMMIT)}
"""Registrants: the number of a person, and the event."""

SUBSTITUTE = 10
"""What is added to a person's number for the one who takes over the registration."""

# What a registrant's company is decides what the rules make of the record.
COMPANIES = [*"AAAAAABBB", "FILTERED", "REFUSED", "BUG", "FILTER BUG", "NOT FOR ERP"]
LANES = ["split", "split syncs", "prepare", "prepare syncs", "deliver to crm", "deliver to erp"]
IN_FLIGHT = [("it calls", 0), ("it is answered", 0), ("it is answered", 1)]
"""Points of a delivery between its claim and its settling."""

Content = tuple[int, int, str, str]
"""Registrant, contact (0 or 1), company, inviteeStatus."""

Plan = dict[tuple[str, int], tuple[Any, ...]]
"""What else happens at which point of a step, and at its how-manieth passage."""

lanes = st.sampled_from(LANES)
seconds = st.sampled_from([1, 29, 31, 61, 301, 4000])
people = st.sampled_from([1, 1, 1, 2, 3])
contacts = st.sampled_from([0, 0, 0, 1])
ages = st.sampled_from([1, 1, 1, 0, 0, -1, -2])
"""How many minutes a message is younger than the youngest before."""
companies = st.sampled_from(COMPANIES)
contents = st.tuples(people, contacts, companies, st.just("Accepted"))
meanwhile = st.one_of(
    st.tuples(st.just("die")),
    st.tuples(st.just("step"), lanes),
    st.tuples(st.just("work")),
    st.tuples(st.just("wait"), st.sampled_from([5, 45])),
    st.tuples(st.just("retry and work")),
    st.tuples(st.just("hear"), contents, ages),
    st.tuples(st.just("hear and work"), contents, ages),
    st.tuples(st.just("hear the same and work")),
)
points = st.sampled_from(IN_FLIGHT) | st.tuples(
    st.sampled_from(POINTS), st.sampled_from([0, 0, 0, 1, 1, 2, 5, 9])
)
interruptions = st.dictionaries(points, meanwhile, min_size=1, max_size=2)
plans: st.SearchStrategy[Plan] = st.just({}) | interruptions | interruptions
later = st.none() | plans
"""Nothing is done yet, or at once and perhaps with interruptions."""


def record_of(number: int, contact: int, company: str, status: str) -> dict[str, Any]:
    """Return what a manual sync says about a registrant of `PEOPLE`."""
    person, event_stub = PEOPLE[number]
    who = registrant(person, event_stub)
    if contact:
        who["contactStub"] = registrant(person + SUBSTITUTE)["contactStub"]
    return who | {"company": company, "inviteeStatus": status}


def time_of(minute: int) -> str:
    return f"2026-11-24T{10 + minute // 60}:{minute % 60:02}:00.000Z"
