"""`cvent-enrich` lists whom a strict simulator has at an event, over HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.cvent.bench import EVENT, UNHURRIED, Bench, Serve, operations, the_event

from regbridge import (
    Attendee,
    AttendeePage,
    CredentialsError,
    QuotaExceededError,
    RejectedError,
    RetryableError,
)
from regbridge.testing import payloads
from regbridge.testing.server import LocalServer
from regbridge_cvent.enrich import CventEnrich
from regbridge_cvent.simulator import (
    Behaviour,
    CventSimulator,
    EmptyLastPage,
    Population,
    Tier,
)

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

LIST = "POST /attendees/filter"


def pages(plugin: CventEnrich, since: datetime | None = None) -> Iterator[AttendeePage]:
    page = ""
    while True:
        found = plugin.list_attendees(the_event(), since, page)
        yield found
        if not (page := found.next_page):
            return


def everybody(plugin: CventEnrich, since: datetime | None = None) -> dict[str, Attendee]:
    listed = [attendee for page in pages(plugin, since) for attendee in page.attendees]
    found = {attendee.invitee_stub: attendee for attendee in listed}
    assert len(found) == len(listed)
    return found


def invitee(number: int, **fields: Any) -> str:
    return str(payloads.registrant(number, EVENT, **fields)["inviteeStub"].lower())


def test_whom_cvent_has_at_an_event_is_listed_with_their_states(bench: Bench) -> None:
    simulator = bench.simulate(Population(450, guests_every=5))
    for number in (7, 70, 300):
        simulator.world.cancel(invitee(number))
    simulator.world.remove(invitee(8))

    found = everybody(bench.plugin())

    there = simulator.world.attendees_at(EVENT)
    assert set(found) == {attendee["id"] for attendee in there}
    assert Counter(each.status for each in found.values()) == Counter(
        attendee["status"] for attendee in there
    )
    assert {id_ for id_, each in found.items() if each.status == "Cancelled"} == {
        invitee(number) for number in (7, 70, 300)
    }


def test_ten_thousand_attendees_take_fifty_calls_also_when_an_empty_page_follows(
    bench: Bench,
) -> None:
    simulator = CventSimulator(
        Population(10_000, guests_every=0, items=0),
        Behaviour(UNHURRIED, empty_last_page=EmptyLastPage.ALWAYS),
        clock=bench.clock,
    )
    with simulator.serving() as bench.url:
        found = list(pages(bench.plugin()))

    assert len({each.invitee_stub for page in found for each in page.attendees}) == 10_000
    assert {page.total for page in found} == {10_000}
    assert operations(simulator)[LIST] == 50


def test_each_page_is_one_call(bench: Bench) -> None:
    simulator = bench.simulate(Population(7, guests_every=0))
    plugin = bench.plugin(page_size=3)

    calls = [(operations(simulator)[LIST], len(page.attendees)) for page in pages(plugin)]

    assert calls == [(1, 3), (2, 3), (3, 1)]


@pytest.mark.parametrize(
    ("has_total", "empty", "calls"),
    [
        (True, EmptyLastPage.NEVER, 3),
        (True, EmptyLastPage.ALWAYS, 3),
        (False, EmptyLastPage.NEVER, 3),
        (False, EmptyLastPage.ALWAYS, 4),
    ],
)
def test_a_full_last_page_takes_another_call_only_when_nobody_knows_the_total(
    bench: Bench, has_total: bool, empty: EmptyLastPage, calls: int
) -> None:
    simulator = bench.simulate(
        Population(9, guests_every=0), has_total=has_total, empty_last_page=empty
    )

    found = list(pages(bench.plugin(page_size=3)))

    assert len({each.invitee_stub for page in found for each in page.attendees}) == 9
    assert found[-1].total == 9
    assert operations(simulator)[LIST] == calls


def test_a_listing_goes_on_in_another_process(bench: Bench) -> None:
    bench.simulate(Population(9, guests_every=0))

    first = bench.plugin(page_size=5).list_attendees(the_event(), None, "")
    second = bench.plugin(page_size=5).list_attendees(the_event(), None, first.next_page)

    ids = {each.invitee_stub for page in (first, second) for each in page.attendees}
    assert (len(ids), second.next_page) == (9, "")


def test_an_event_without_attendees_has_an_empty_page(bench: Bench) -> None:
    bench.simulate(Population(0))

    assert bench.plugin().list_attendees(the_event(), None, "") == AttendeePage([], "", 0)


def test_with_a_moment_only_those_are_listed_who_changed_after_it(bench: Bench) -> None:
    simulator = bench.simulate(Population(10, guests_every=0))
    since = bench.clock.now
    simulator.world.change(invitee(1), note="at that very moment")
    bench.clock.sleep(0.001)
    simulator.world.cancel(invitee(2))
    bench.clock.sleep(60)
    simulator.world.change_contact(
        payloads.registrant(3)["contactStub"].lower(), company="New Company"
    )

    found = everybody(bench.plugin(), since)

    assert set(found) == {invitee(2), invitee(3)}
    assert found[invitee(2)].status == found[invitee(2)].fields["inviteeStatus"] == "Cancelled"
    assert found[invitee(2)].modified_at == since + timedelta(milliseconds=1)
    assert found[invitee(3)].fields["company"] == "New Company"
    assert found[invitee(3)].fields["updatedDate"] == "2026-11-24"


def test_pages_after_a_moment_hold_nobody_else(bench: Bench) -> None:
    simulator = bench.simulate(Population(20, guests_every=0))
    since = bench.clock.now
    bench.clock.sleep(1)
    changed = {invitee(number) for number in range(1, 9)}
    for each in changed:
        simulator.world.change(each, note="changed")

    assert set(everybody(bench.plugin(page_size=3), since)) == changed


def test_a_substitution_is_listed_with_the_new_contact(bench: Bench) -> None:
    simulator = bench.simulate(Population(3, guests_every=0))
    newcomer = payloads.registrant(900)
    simulator.world.substitute(invitee(1), newcomer)

    attendee = everybody(bench.plugin())[invitee(1)]

    assert attendee.contact_stub == newcomer["contactStub"].lower()
    assert attendee.fields["contactStub"] == newcomer["contactStub"]
    assert attendee.fields["email"] == newcomer["email"]


def test_a_deleted_guest_is_listed_as_one(bench: Bench) -> None:
    simulator = bench.simulate(Population(2, guests_every=0))
    guest = simulator.world.add(payloads.registrant(900, EVENT, guest=True), guest_of=invitee(1))
    before = everybody(bench.plugin())[guest]
    since = bench.clock.now
    bench.clock.sleep(1)
    simulator.world.remove(guest)

    [after] = everybody(bench.plugin(), since).values()

    assert (before.is_guest, before.is_deleted) == (True, False)
    assert (after.invitee_stub, after.is_guest, after.is_deleted) == (guest, True, True)
    assert (before.fields["inviteeStatus"], after.fields["inviteeStatus"]) == (
        "Accepted",
        "Cancelled",
    )


def test_the_fields_are_those_of_the_manual_sync_of_the_same_people(bench: Bench) -> None:
    bench.simulate(Population(60, guests_every=0))

    found = everybody(bench.plugin())

    for number in range(1, 61):
        record = payloads.registrant(number)
        attendee = found[invitee(number)]
        row = attendee.fields["attendee"]
        told = {name: record[name] for name in attendee.fields if name != "attendee"}
        assert attendee.fields == told | {"attendee": row}
        assert row["id"] == attendee.invitee_stub == record["inviteeStub"].lower()


def test_a_page_that_cvent_has_forgotten_is_rejected_so_that_the_host_begins_again(
    bench: Bench,
) -> None:
    bench.simulate(Population(9))
    page = bench.plugin(page_size=5).list_attendees(the_event(), None, "").next_page
    simulator = bench.simulate(Population(9))  # the same account, which knows no token of before

    with pytest.raises(RejectedError, match="Cvent answers 400"):
        bench.plugin().list_attendees(the_event(), None, page)

    assert operations(simulator)[LIST] == 1


def test_a_page_that_is_not_found_is_rejected_too(bench: Bench) -> None:
    simulator = bench.simulate(Population(9))

    def without_old_pages(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if "token=" not in environ["QUERY_STRING"]:
            return simulator.app(environ, start)
        start("404 Not Found", [("Content-Type", "application/json")])
        return [b'{"code": 404, "message": "Not Found"}']

    with LocalServer(without_old_pages) as server:
        bench.url = f"{server.url}/ea"
        plugin = bench.plugin(page_size=5)
        page = plugin.list_attendees(the_event(), None, "").next_page

        with pytest.raises(RejectedError, match="Cvent answers 404"):
            plugin.list_attendees(the_event(), None, page)


def test_a_scope_that_is_missing_for_listing_is_named(bench: Bench, serve: Serve) -> None:
    bench.simulate()
    bench.simulator = CventSimulator(
        Population(2), Behaviour(UNHURRIED), clock=bench.clock, scopes=("event/events:read",)
    )
    bench.url = serve(bench.simulator)

    with pytest.raises(CredentialsError, match="the scope event/attendees:read"):
        bench.plugin().list_attendees(the_event(), None, "")


def test_a_quota_that_ends_in_the_middle_of_a_listing_lets_it_go_on_the_next_day(
    bench: Bench,
) -> None:
    bench.simulate(Population(9, guests_every=0), tier=Tier("tiny", 2, 100, 100))
    plugin = bench.plugin(page_size=5)
    first = plugin.list_attendees(the_event(), None, "")

    with pytest.raises(QuotaExceededError) as caught:
        plugin.list_attendees(the_event(), None, first.next_page)

    assert caught.value.until is not None
    bench.clock.now = caught.value.until + timedelta(seconds=1)
    assert len(plugin.list_attendees(the_event(), None, first.next_page).attendees) == 4


def test_an_outage_while_listing_is_for_the_host_to_retry(bench: Bench) -> None:
    bench.simulate(Population(1), fault_rate=1.0)
    plugin = bench.plugin(account=bench.account(calls_per_second=9, burst=9))

    with pytest.raises(RetryableError):
        plugin.list_attendees(the_event(), None, "")
