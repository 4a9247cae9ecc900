"""Whoever is named by a text is found, and nobody else, in a ledger of many segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from regbridge.store import search
from regbridge.store.purge import Old, purge_registrations
from regbridge.store.report import find_registrations
from regbridge.store.search import candidates, is_named, newest_named
from regbridge.store.tables import registrations, search_terms
from regbridge.testing.payloads import message, registrant, sync

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger


@pytest.fixture
def segmented(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A ledger with forty registrations in segments of seven; three people share a name."""
    monkeypatch.setattr(search, "SEGMENT", 7)
    monkeypatch.setattr(search, "_FIRST_READ", 2)
    body: dict[str, Any] = sync(40)
    for position in (3, 17, 39):
        body["message"][position] |= {"firstName": "Ada", "lastName": "Byron"}
    ledger.receive(body)
    ledger.run()
    return ledger


def named(ledger: Ledger, text: str, client: str = "", limit: int = 50) -> list[int]:
    return ledger.store.read(lambda c: newest_named(c, text, client, limit))


def test_people_of_one_name_are_found_in_all_segments_the_newest_first(segmented: Ledger) -> None:
    ids = [row.id for row in segmented.registrations()]
    found = [ids[39], ids[17], ids[3]]

    assert named(segmented, " ada  BYRON ") == found
    assert named(segmented, "Ada Byron", limit=2) == found[:2]
    assert named(segmented, "Ada Byron", client="apap") == found
    assert named(segmented, "Ada Byron", client="other") == []


@pytest.mark.parametrize("up", [False, True])
def test_a_search_goes_on_behind_any_registration(segmented: Ledger, up: bool) -> None:
    ids = [row.id for row in segmented.registrations()]
    meant = {ids[3], ids[17], ids[39]}

    for after in range(ids[0] - 1, ids[-1] + 2):
        found = segmented.store.read(
            lambda c, after=after: list(candidates(c, "ada byron", after, up=up))  # type: ignore[misc]
        )
        beyond = sorted(each for each in meant if (each > after if up else each < after))
        assert found == (beyond if up else beyond[::-1])


def test_a_registration_whose_number_and_confirmation_are_the_same_is_found_once(
    ledger: Ledger,
) -> None:
    ledger.register(1, "A")
    ledger.run()
    [row] = ledger.registrations()
    other = registrant(2) | {"confirmationNumber": str(row.id)}
    ledger.receive(message("InviteeOrGuestModified", [other]))
    ledger.run()

    found = named(ledger, str(row.id))

    assert sorted(found) == [each.id for each in ledger.registrations()]


def test_others_with_the_same_number_of_a_term_are_not_named(
    segmented: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = segmented.store.read(
        lambda c: c.execute(
            select(search_terms.c.term).where(search_terms.c.registration_id == 1)
        ).first()
    )
    assert everybody is not None
    monkeypatch.setattr(search, "_term", lambda _text: everybody.term)

    maybe = segmented.store.read(lambda c: list(candidates(c, "nobody")))

    assert maybe == [1]
    assert named(segmented, "nobody") == []


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    place=st.integers(0, 39),
    field=st.sampled_from(["confirmationNumber", "email", "inviteeStub", "name", "number"]),
    change=st.sampled_from([str, str.upper, str.lower, lambda text: f" {text}\t"]),
)
def test_what_names_a_registration_leads_to_it(
    segmented: Ledger, place: int, field: str, change: Any
) -> None:
    row = segmented.registrations()[place]
    record = registrant(place + 1)
    given_names = {"name": row.name, "number": str(row.id)} | record

    found = named(segmented, change(given_names[field]))

    named_rows = select(registrations.c.id).where(is_named(change(given_names[field])))
    assert row.id in found
    assert sorted(found) == segmented.store.read(lambda c: sorted(c.scalars(named_rows)))


def test_a_purged_registration_is_found_by_the_invitees_id_alone(ledger: Ledger) -> None:
    ledger.register(1, "A")
    ledger.run()
    record = registrant(1)
    old = Old(before=ledger.clock.now + 1)

    assert ledger.store.write(lambda c: purge_registrations(c, old, 0, ledger.clock.now))

    assert named(ledger, record["inviteeStub"])
    assert not named(ledger, record["email"])
    assert (
        ledger.store.read(lambda c: c.scalar(select(func.count()).select_from(search_terms))) == 1
    )
    assert len(ledger.store.read(lambda c: find_registrations(c, record["inviteeStub"]))) == 1
