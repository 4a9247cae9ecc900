"""Pages, windows of time, order and the other parameters of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from regbridge.testing.payloads import registrant
from regbridge_cvent.simulator import Behaviour, EmptyLastPage, Population, Tier

if TYPE_CHECKING:
    from tests.integration.cvent.conftest import Caller, Clock, Simulate

EVENT = "0b4c4410-1d46-43cd-a903-e8cf9de6ade5"
OTHERS = ("1c4c4410-1d46-43cd-a903-e8cf9de6ade5", "2d4c4410-1d46-43cd-a903-e8cf9de6ade5")
FAST = Tier("fast", None, 100_000, 100_000)


def paging(caller: Caller, path: str = "/attendees", **query: Any) -> Any:
    answer = caller.get(path, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()["paging"]


def pages(caller: Caller, path: str = "/attendees", **query: Any) -> list[int]:
    """Return how many records each page has."""
    sizes = []
    while True:
        page = caller.get(path, **query).json()
        sizes.append(len(page["data"]))
        if not (token := page["paging"].get("nextToken")):
            return sizes
        query = {"token": token}


def start(simulate: Simulate, registrants: int, **behaviour: Any) -> Caller:
    return simulate(Population(registrants, guests_every=0), Behaviour(FAST, **behaviour))


def test_a_page_has_a_hundred_records_unless_another_limit_is_given(simulate: Simulate) -> None:
    caller = start(simulate, 250)
    assert pages(caller) == [100, 100, 50]
    assert pages(caller, limit=200) == [200, 50]
    assert pages(caller, limit=250 // 3 + 1) == [84, 84, 82]
    assert paging(caller, limit=200)["limit"] == 200


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1.5", "", "many", "\u0661"])
def test_a_limit_that_is_not_from_1_to_200_is_refused(simulate: Simulate, limit: str) -> None:
    caller = start(simulate, 1)
    assert "from 1 to 200" in caller.refusal("/attendees", limit=limit)


def test_every_record_is_on_exactly_one_page(simulate: Simulate) -> None:
    caller = start(simulate, 23)
    rows = caller.rows("/attendees", limit=5)
    assert len({row["id"] for row in rows}) == len(rows) == 23


def test_a_token_leads_forward_and_back(simulate: Simulate) -> None:
    caller = start(simulate, 25)
    first = caller.get("/attendees", limit=10).json()
    assert "previousToken" not in first["paging"]
    second = caller.get("/attendees", token=first["paging"]["nextToken"]).json()
    assert caller.get("/attendees", token=second["paging"]["previousToken"]).json() == first
    assert caller.get("/attendees", token=second["paging"]["currentToken"]).json() == second
    links = second["paging"]["_links"]
    assert caller.session.get(links["self"]["href"], timeout=30).json() == second
    assert caller.session.get(links["prev"]["href"], timeout=30).json() == first
    assert len(caller.session.get(links["next"]["href"], timeout=30).json()["data"]) == 5


def test_a_token_overrides_the_other_parameters_but_expand(simulate: Simulate) -> None:
    caller = start(simulate, 25)
    token = paging(caller, limit=10, filter=f"event.id eq '{EVENT}'")["nextToken"]
    page = caller.get("/attendees", token=token, limit=1, filter="id eq 'x'", sort="checkIn:ASC")
    assert len(page.json()["data"]) == 10
    assert "code" not in str(page.json()["data"][0]["answers"])
    expanded = caller.get("/attendees", token=token, expand="answers.question").json()["data"]
    assert {"code", "text", "type"} <= expanded[0]["answers"][0]["question"].keys()


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_a_token_that_nobody_was_given_is_refused(simulate: Simulate, token: str) -> None:
    caller = start(simulate, 1)
    assert "no page of this operation" in caller.refusal("/attendees", token=token)


def test_a_token_of_another_operation_is_refused(simulate: Simulate) -> None:
    caller = start(simulate, 25)
    token = paging(caller, limit=10)["nextToken"]
    assert "no page of this operation" in caller.refusal("/contacts", token=token)
    answer = caller.post("/attendees/filter", {}, token=token)
    assert answer.status_code == 400


def test_the_oldest_tokens_are_forgotten(
    simulate: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regbridge_cvent.simulator.api.pages._MOST_TOKENS", 4)
    caller = start(simulate, 25)
    first, _, third = (paging(caller, limit=10)["nextToken"] for _ in range(3))
    assert "no page of this operation" in caller.refusal("/attendees", token=first)
    assert len(caller.rows("/attendees", token=third)) == 15


def test_what_changes_while_somebody_pages_loses_and_doubles_nobody(simulate: Simulate) -> None:
    caller = start(simulate, 25)
    world = caller.simulator.world
    first = caller.get("/attendees", limit=10).json()
    before = caller.ids("/attendees")
    world.remove(first["data"][0]["id"])
    world.add(registrant(900))
    rest = caller.rows("/attendees", token=first["paging"]["nextToken"])
    assert {row["id"] for row in (*first["data"], *rest)} == before


def test_results_that_fill_their_last_page_may_be_followed_by_an_empty_one(
    simulate: Simulate,
) -> None:
    always = start(simulate, 20, empty_last_page=EmptyLastPage.ALWAYS)
    assert pages(always, limit=10) == [10, 10, 0]
    assert pages(always, limit=7) == [7, 7, 6]
    assert pages(always, filter="id eq 'x'") == [0]
    never = start(simulate, 20, empty_last_page=EmptyLastPage.NEVER)
    assert pages(never, limit=10) == [10, 10]


def test_sometimes_there_is_an_empty_last_page_and_for_one_question_always_the_same(
    simulate: Simulate,
) -> None:
    caller = start(simulate, 20)
    questions = [f"id ne '{number}'" for number in range(12)]
    found = [pages(caller, filter=text, limit=20) for text in questions]
    assert [20] in found
    assert [20, 0] in found
    assert [pages(caller, filter=text, limit=20) for text in questions] == found


def test_the_total_may_be_left_blank(simulate: Simulate) -> None:
    assert paging(start(simulate, 3))["totalCount"] == 3
    assert "totalCount" not in paging(start(simulate, 3, has_total=False))


def test_the_order_of_records_is_nobodys_business(simulate: Simulate) -> None:
    caller = start(simulate, 20)
    numbers = [row["contact"]["sourceId"] for row in caller.rows("/attendees")]
    assert numbers != sorted(numbers)


def test_attendees_can_be_sorted(simulate: Simulate) -> None:
    caller = start(simulate, 30)
    rows = caller.rows("/attendees", sort="contact.title:DESC,registeredAt:ASC", limit=7)
    keys = [(row["contact"].get("title", ""), row["registeredAt"]) for row in rows]
    assert keys == sorted(sorted(keys), key=lambda key: key[0], reverse=True)
    assert len(set(keys)) == 30


def test_sessions_and_events_can_be_sorted(simulate: Simulate) -> None:
    caller = simulate(Population(1, events=(EVENT, *OTHERS)))
    rows = caller.rows("/sessions", sort="includedSession:DESC,order:DESC,category.name:ASC")
    assert [row["includedSession"] for row in rows] == [True] * 3 + [False] * 9
    assert [row["order"] for row in rows] == [1] * 3 + [4] * 3 + [3] * 3 + [2] * 3
    assert len(caller.rows("/events", sort="start:ASC")) == 3


@pytest.mark.parametrize(
    ("path", "sort"),
    [
        ("/attendees", "contact.email:ASC"),
        ("/attendees", "registeredAt"),
        ("/attendees", "registeredAt:asc"),
        ("/attendees", "registeredAt:ASC,"),
        ("/attendees", ""),
        ("/events", "title:ASC"),
        ("/sessions", "id:ASC"),
    ],
)
def test_a_sort_that_is_not_documented_is_refused(simulate: Simulate, path: str, sort: str) -> None:
    caller = start(simulate, 1)
    assert "FIELD:ASC or FIELD:DESC" in caller.refusal(path, sort=sort)


@pytest.mark.parametrize(
    ("path", "query", "why"),
    [
        ("/attendees", {"pageSize": "5"}, "no such parameter"),
        ("/attendees", {"expands": "registrationType"}, "did you mean 'expand'?"),
        ("/attendees/x", {"limit": "5"}, "no such parameter"),
        ("/contacts/x", {"limit": "5"}, "the operation has no parameters"),
        ("/attendees", {"limit": ["5", "6"]}, "may be sent once"),
        ("/attendees", {"expand": "answers.question,registrationType"}, "what can be expanded"),
        ("/attendees", {"expand": "contact"}, "what can be expanded"),
        ("/attendees", {"includeDeletedGuests": "yes"}, "true or false"),
        ("/attendees", {"after": "2026-11-24"}, "a date-time such as"),
        ("/attendees", {"after": "2026-11-24T10:00:00"}, "a date-time such as"),
        ("/attendees", {"before": "2026-13-24T10:00:00Z"}, "a date-time such as"),
        ("/attendees", {f"a{number}": "1" for number in range(60)}, "is too long"),
        (f"/events/{EVENT}/registration-types", {"filter": "id eq 'x'"}, "no such parameter"),
        (f"/events/{EVENT}/registration-types", {"after": "x"}, "no such parameter"),
    ],
)
def test_a_parameter_that_is_not_documented_is_refused(
    simulate: Simulate, path: str, query: dict[str, Any], why: str
) -> None:
    caller = start(simulate, 1)
    assert why in caller.refusal(path, **query)


def test_a_query_that_is_not_utf_8_is_refused(simulate: Simulate) -> None:
    caller = start(simulate, 1)
    answer = caller.session.get(f"{caller.base}/attendees?filter=%FF", timeout=30)
    assert answer.status_code == 400


def test_the_window_goes_by_last_modified_and_leaves_out_its_ends(
    simulate: Simulate, clock: Clock
) -> None:
    caller = start(simulate, 10)
    world = caller.simulator.world
    early, late = sorted(caller.ids("/attendees"))[:2]
    world.change(early, note="1")
    clock.sleep(10)
    world.change_contact(world.attendee(late)["contact"]["id"], title="2")
    assert caller.ids("/attendees", after="2026-11-24T10:00:00Z") == {late}
    assert caller.ids("/attendees", after="2026-11-24T09:59:59.999Z") == {early, late}
    assert caller.ids("/attendees", after="2026-11-24T10:00:10.000Z") == set()
    window = {"after": "2026-11-24T10:59:00+01:00", "before": "2026-11-24T11:00:10+01:00"}
    assert caller.ids("/attendees", **window) == {early}
    assert caller.ids("/attendees", before="2026-11-24T10:00:00Z") == caller.ids("/attendees") - {
        early,
        late,
    }


def test_the_window_of_enrollments_takes_in_its_ends(simulate: Simulate) -> None:
    caller = start(simulate, 30)
    row = caller.rows("/sessions/enrollment")[0]
    moment = row["lastModified"]
    assert row["id"] in caller.ids("/sessions/enrollment", after=moment, before=moment)
    assert row["id"] not in caller.ids("/sessions/enrollment", before="2026-09-01T00:00:00Z")


@pytest.mark.parametrize(
    "path",
    [
        f"/events/{EVENT}/orders",
        f"/events/{EVENT}/orders/items",
        "/contacts",
        "/events",
        "/event-questions",
        "/sessions",
    ],
)
def test_other_lists_have_a_window_too(simulate: Simulate, path: str) -> None:
    caller = start(simulate, 3)
    assert caller.rows(path, after="2026-05-01T00:00:00Z")
    assert caller.rows(path, before="2026-05-01T00:00:00Z") == []


def test_what_belongs_to_an_unknown_event_or_question_is_not_found(simulate: Simulate) -> None:
    caller = start(simulate, 3)
    for path in (
        "/events/nobody/orders",
        "/events/nobody/orders/items",
        "/events/nobody/registration-types",
        "/events/nobody/registration-paths",
        "/event-questions/nobody/choices",
    ):
        assert caller.get(path).status_code == 404


def test_what_is_no_operation_is_not_found_or_not_allowed(simulate: Simulate) -> None:
    caller = start(simulate, 3)
    for path in ("/attendee", "/attendees/", "/webhooks"):
        answer = caller.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, 404)
    for path in ("/attendees", "/attendees/x"):
        answer = caller.post(path, {})
        assert (answer.status_code, answer.json()["code"]) == (405, 405)
    outside = caller.session.get(caller.base.removesuffix("/ea") + "/elsewhere", timeout=30)
    assert outside.status_code == 404
