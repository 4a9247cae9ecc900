"""How a listing goes on: links that are followed, and answers that are none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import pytest
from tests.unit.plugins.dynamics_tables import STAGING, settings

from regbridge import DeliveredPage, RegbridgeError, RejectedError, RetryableError
from regbridge.http import Answer
from regbridge_dynamics.client import WebApi
from regbridge_dynamics.errors import Refusal, Trouble
from regbridge_dynamics.listing import list_rows
from regbridge_dynamics.rows import Rows

URL = "https://contoso.crm.dynamics.com"
SET = f"{URL}/api/data/v9.2/new_stagings"
ROWS = Rows(STAGING, settings(), {"new_memo": "a", "new_count": "b"})
QUERY = "$select=new_invitee,new_event,new_memo,new_count&$skiptoken=%3Ccookie%20page=%222%22/%3E"


class Environment:
    """Answers every call alike, and remembers what was asked."""

    url = URL

    def __init__(self, document: Any) -> None:
        self.document = document
        self.asked: list[tuple[str, Mapping[str, str] | None, str]] = []

    def get(
        self, path: str, params: Mapping[str, str] | None, *, prefer: str, annotations: str
    ) -> Answer | Refusal:
        assert annotations == "", "names and labels of every value would come as well"
        self.asked.append((path, params, prefer))
        if isinstance(self.document, Refusal):
            return self.document
        return Answer(200, {}, json.dumps(self.document).encode())


def page_of(document: Any, page: str = "") -> DeliveredPage:
    return list_rows(cast(WebApi, Environment(document)), ROWS, page)


def linked(link: Any) -> DeliveredPage:
    return page_of({"value": [], "@odata.nextLink": link})


def test_the_first_page_is_asked_with_the_columns_and_the_filter() -> None:
    environment = Environment({"value": []})
    list_rows(cast(WebApi, environment), ROWS, "")
    params = {
        "$select": "new_invitee,new_event,new_memo,new_count",
        "$filter": "new_invitee ne null and new_event ne null",
    }
    assert environment.asked == [("new_stagings", params, "odata.maxpagesize=4776")]


@pytest.mark.parametrize("host", ["contoso.crm.dynamics.com", "CONTOSO.crm.dynamics.com:443"])
def test_the_next_page_is_named_by_path_and_query_below_the_base(host: str) -> None:
    found = linked(f"https://{host}/api/data/v9.2/new_stagings?{QUERY}")
    assert found.next_page == f"new_stagings?{QUERY}"


def test_a_page_is_asked_as_its_link_was_written() -> None:
    environment = Environment({"value": []})
    page = f"new_stagings?{QUERY}"
    list_rows(cast(WebApi, environment), ROWS, page)
    assert environment.asked == [(page, None, "odata.maxpagesize=4776")]


@pytest.mark.parametrize(
    "link",
    [
        f"https://evil.example/api/data/v9.2/new_stagings?{QUERY}",
        f"https://contoso.crm.dynamics.com.evil.example/api/data/v9.2/new_stagings?{QUERY}",
        f"https://contoso.crm.dynamics.com@evil.example/api/data/v9.2/new_stagings?{QUERY}",
        f"http://contoso.crm.dynamics.com/api/data/v9.2/new_stagings?{QUERY}",
        f"https://contoso.crm.dynamics.com:8443/api/data/v9.2/new_stagings?{QUERY}",
        f"//evil.example/api/data/v9.2/new_stagings?{QUERY}",
        f"new_stagings?{QUERY}",
        f"{URL}/api/data/v9.2/contacts?{QUERY}",
        f"{URL}/api/data/v9.1/new_stagings?{QUERY}",
        f"{URL}/api/data/v9.2/../../new_stagings?{QUERY}",
        "https://[contoso",
        "https://contoso.crm.dynamics.com:x/",
        7,
        True,
    ],
)
def test_a_link_to_another_address_is_not_followed(link: Any) -> None:
    with pytest.raises(RetryableError, match="nothing is sent there") as caught:
        linked(link)
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize("link", [None, ""])
def test_a_page_without_a_link_is_the_last(link: str | None) -> None:
    assert linked(link).next_page == ""


def test_a_page_that_leads_to_itself_is_not_read_for_ever() -> None:
    page = f"new_stagings?{QUERY}"
    with pytest.raises(RetryableError, match="same page"):
        page_of({"value": [], "@odata.nextLink": f"{SET}?{QUERY}"}, page)


@pytest.mark.parametrize("document", [None, [], {}, {"value": None}, {"value": [1]}, "x"])
def test_an_answer_that_is_no_list_of_rows_is_tried_again(document: Any) -> None:
    with pytest.raises(RetryableError, match="no list"):
        page_of(document)


BAD = Refusal(Trouble.RECORD, 400, "0x80060888", "")
LATER = Refusal(Trouble.LATER, 500, "0x80044150", "", retry_after=7.0)


@pytest.mark.parametrize(
    ("refusal", "page", "expected"),
    [
        (BAD, "", RetryableError),
        (BAD, f"new_stagings?{QUERY}", RejectedError),
        (LATER, "", RetryableError),
        (LATER, f"new_stagings?{QUERY}", RetryableError),
    ],
)
def test_only_a_page_that_is_wrong_by_itself_is_begun_again(
    refusal: Refusal, page: str, expected: type[RegbridgeError]
) -> None:
    with pytest.raises(expected, match="does not list the table new_staging") as caught:
        page_of(refusal, page)
    assert getattr(caught.value, "retry_after", None) == refusal.retry_after


@pytest.mark.parametrize("missing", [{}, {"new_event": None}, {"new_event": ""}])
def test_a_row_that_lacks_a_part_of_its_key_is_passed_over(missing: Mapping[str, Any]) -> None:
    whole = {"new_invitee": "A", "new_event": "E", "new_memo": "x", "new_count": 1}
    found = page_of({"value": [{"new_invitee": "A", **missing}, whole]})
    assert [one.key for one in found.records] == ["new_staging(new_invitee='a',new_event='e')"]


def test_a_page_has_fewer_rows_where_texts_may_be_long() -> None:
    assert ROWS.in_a_page(5000) == 4776
    assert ROWS.in_a_page(3) == 3
    assert Rows(STAGING, settings(), {"new_count": "b"}).in_a_page(5000) == 5000
