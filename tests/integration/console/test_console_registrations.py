"""The console's list of registrations: what it finds, in which order, page by page."""

from __future__ import annotations

import pytest
from tests.integration.console.console_registrations import (
    GALA,
    LOOK_PASSWORD,
    NOON,
    SECOND,
    Console,
    console,
)

__all__ = ["console"]


def test_the_newest_registration_comes_first_with_its_event_state_reason_and_time(
    console: Console,
) -> None:
    console.add("Ada Byron")
    number = console.add("Bo Li", NOON + SECOND, state="parked", field="email", reason="no address")

    view = console.get()

    assert view.page.rows[0] == [
        str(number),
        "Summit",
        "parked",
        "email: no address",
        "2027-01-15 12:00:01",
    ]
    assert view.names == ["Bo Li", "Ada Byron"]
    assert view.follow(str(number)) == f"/console/registrations/{number}"
    assert '<span class="state parked">' in view.text


def test_an_empty_ledger_says_that_nothing_has_arrived(console: Console) -> None:
    view = console.get()

    assert "No registration has arrived yet" in view.page.words
    assert view.page.rows == []


@pytest.mark.parametrize(
    "text", ["  ada   BYRON ", "ada@example.com", "ADA@Example.com", "qt7xn2mw4kd", "inv-7", "{id}"]
)
def test_somebody_is_found_by_name_address_confirmation_number_or_id(
    console: Console, text: str
) -> None:
    for number in range(3):
        console.add(f"Somebody {number}")
    found = console.add(
        "Ada Byron", email="ada@example.com", confirmation="QT7XN2MW4KD", invitee_stub="inv-7"
    )

    view = console.get(search=text.format(id=found))

    assert view.names == ["Ada Byron"]
    assert view.page.fields["search"] == text.format(id=found).strip()


def test_who_bears_an_address_as_a_name_is_found_while_nobody_has_that_address(
    console: Console,
) -> None:
    console.add("ada@example.com", email="")

    assert console.get(search="Ada@example.com").names == ["ada@example.com"]


def test_who_is_not_found_is_told_what_to_try(console: Console) -> None:
    console.add("Ada Byron")

    view = console.get(search="Ada")

    assert view.names == []
    assert "Give the whole confirmation number" in view.page.words


def test_filters_that_match_nothing_say_what_to_try(console: Console) -> None:
    console.add("Ada Byron")

    assert "Leave a field empty" in console.get(state="parked").page.words


def test_each_filter_shows_only_what_it_names(console: Console) -> None:
    console.add("here", state="parked", reason="the CRM refuses 100% of it")
    console.add("elsewhere", client="zeta", event_stub="", state="filtered", reason="a test record")
    console.add("gala", event_stub=GALA)

    assert console.get(client="zeta").names == ["elsewhere"]
    assert console.get(state="parked").names == ["here"]
    assert console.get(state="parked", client="acme").names == ["here"]
    assert console.get(state="parked", client="zeta").names == []
    assert console.get(event="Gala").names == ["gala"]
    assert console.get(reason="crm REFUSES").names == ["here"]
    assert console.get(reason="100%").names == ["here"]
    assert console.get(reason="_CRM").names == []
    assert console.get(search="gala", event="Summit").names == []
    assert console.get(search="gala", client="acme", event="Gala").names == ["gala"]


def test_with_a_target_states_and_reasons_are_those_of_the_deliveries_there(
    console: Console,
) -> None:
    parked = {"target": "crm", "state": "parked", "reason": "no such country"}
    console.add("one", there=parked, state="delivered")
    console.add("two", there={"target": "crm", "state": "delivered"})
    console.add("three", there={"target": "old", "state": "parked"})

    view = console.get(target="crm", state="parked", reason="country")

    assert view.names == ["one"]
    assert [row[1:4] for row in view.page.rows] == [["Summit", "parked", "no such country"]]
    assert console.get(target="crm").names == ["two", "one"]
    assert console.get(target="old").names == ["three"], "a target of before can be chosen too"
    assert console.get(target="crm", search="one").names == ["one"]
    assert "as they stand at crm" in view.page.words


def test_a_time_means_what_was_received_then_whenever_it_was_read(console: Console) -> None:
    console.add("before", NOON - 1)
    console.add("noon", NOON)
    console.add("at the end of the minute", NOON + 59 * SECOND + 999)
    console.add("later", NOON + 60 * SECOND)
    console.add("replayed", NOON + SECOND)  # read last, received before others

    minute = console.get(from_="2027-01-15T12:00", to="2027-01-15T12:00")
    day = console.get(to="2027-01-15")

    assert set(minute.names) == {"noon", "replayed", "at the end of the minute"}
    assert len(day.names) == 5
    assert console.get(from_="2027-01-16").names == []
    assert minute.page.fields["from"] == "2027-01-15T12:00"
    assert day.page.fields["to"] == "2027-01-15T23:59"


def test_the_form_keeps_what_was_asked_for_and_so_do_the_links(console: Console) -> None:
    for number in range(60):
        console.add(f"number {number}", state="parked", reason='"quoted" & more')
    asked = {"client": "acme", "event": "Summit", "state": "parked", "reason": '"quoted" & more'}

    view = console.get(**asked)
    next_page = console.get(view.follow("Older"))

    assert {name: view.page.fields[name] for name in asked} == asked
    assert next_page.page.fields == view.page.fields
    assert len(next_page.names) == 10


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"client": "acme"},
        {"state": "parked"},
        {"target": "crm"},
        {"target": "crm", "state": "parked", "client": "acme"},
        {"search": "Ada Byron"},
        {"event": "Summit"},
        {"from": "2027-01-15", "to": "2027-01-16"},
    ],
    ids=str,
)
def test_older_and_newer_lead_through_all_of_them_once(
    console: Console, query: dict[str, str]
) -> None:
    there = {"target": "crm", "state": "parked"}
    rows = [{"name": "Ada Byron", "state": "parked", "there": there} for _ in range(70)]
    for number, row in enumerate(rows):
        row["endpoint"] = f"endpoint {number % 3}"
        row["reason"] = str(number)
    console.add_records(rows, NOON, first=1)
    console.add_records([dict(row) for row in rows], NOON + SECOND, first=1000)
    console.add_records([{"name": "elsewhere", "client": "zeta", "event_stub": ""}], NOON, 5000)

    first = console.get(**query)
    second = console.get(first.follow("Older"))
    third = console.get(second.follow("Older"))
    back = console.get(third.follow("Newer"))

    seen = [row[0] for view in (first, second, third) for row in view.page.rows]
    assert len(seen) == len(set(seen))
    # Whoever is elsewhere is in the lists that do not exclude them.
    assert len(seen) in ({141} if not query or "from" in query else {140})
    assert back.page.rows == second.page.rows
    assert console.get(back.follow("Newer")).page.rows == first.page.rows
    assert "Newer" not in first.page.links
    assert "Older" not in third.page.links


@pytest.mark.parametrize(
    "query",
    [{}, {"search": "Ada Byron"}, {"state": "parked"}, {"target": "crm"}, {"from": "2027-01-15"}],
    ids=str,
)
def test_with_the_oldest_first_all_is_the_other_way_round(
    console: Console, query: dict[str, str]
) -> None:
    there = {"target": "crm", "state": "parked"}
    for part in range(2):
        rows = [{"name": "Ada Byron", "state": "parked", "there": there} for _ in range(60)]
        console.add_records(rows, NOON + part * SECOND, first=1 + part * 1000)

    newest = [console.get(**query)]
    while "Older" in newest[-1].page.links:
        newest.append(console.get(newest[-1].follow("Older")))
    oldest = [console.get(**query, order="oldest")]
    while "Newer" in oldest[-1].page.links:
        oldest.append(console.get(oldest[-1].follow("Newer")))

    assert [len(view.page.rows) for view in oldest] == [50, 50, 20]
    seen = [row for view in oldest for row in view.page.rows]
    assert seen == [row for view in newest for row in view.page.rows][::-1]
    back = console.get(oldest[2].follow("Older"))
    assert back.page.rows == oldest[1].page.rows
    assert console.get(back.follow("Older")).page.rows == oldest[0].page.rows
    assert console.get(oldest[2].follow("Oldest")).page.rows == oldest[0].page.rows


def test_the_pages_of_a_list_stay_as_they_are_while_more_arrives(console: Console) -> None:
    for number in range(60):
        console.add(f"number {number}")
    older = console.get().follow("Older")
    before = console.get(older).names

    console.add("just now")

    assert console.get(older).names == before
    newer = console.get(console.get(older).follow("Newer"))
    assert newer.names[0] == "number 59"
    assert console.get(newer.follow("Newer")).names[0] == "just now"


def test_who_may_only_look_may_search(console: Console) -> None:
    console.add("Ada Byron")
    console.log_in(LOOK_PASSWORD)

    assert console.get(search="ada byron").names == ["Ada Byron"]


@pytest.mark.parametrize("path", ["/console/registrations", "/console/registrations.csv"])
def test_a_stranger_is_sent_to_the_login(console: Console, path: str) -> None:
    console.add("Ada Byron")

    view = console.anonymous(f"{path}?search=ada")

    assert view.status == 302
    assert view.headers["Location"].startswith("/console/login?to=")
    assert b"Ada" not in view.body


def test_the_page_is_among_those_that_every_page_leads_to(console: Console) -> None:
    assert console.get("/console").follow("Registrations") == "/console/registrations"
    assert 'href="/console/registrations" aria-current="page"' in console.get().text


def test_every_field_has_a_label(console: Console) -> None:
    view = console.get()

    for name in view.page.fields.keys() - {"token"}:
        assert f'<label for="{name}">' in view.text
        assert f'id="{name}"' in view.text
