"""What an account knows about an event is asked for once, and again when something new turns up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from regbridge import RetryableError
from regbridge_cvent.catalogue import Catalogue
from regbridge_cvent.client import CventClient
from regbridge_cvent.now import Now


class FakeClient:
    """Has rows, and counts how often it is asked."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.now = Now(lambda: self.seconds)
        self.ids = ["q1"]
        self.asked: list[str] = []
        self.fails = False

    def get(self, template: str, *ids: str) -> Any:
        self.asked.append(template.format(*ids))
        return {"id": ids[0]}

    def rows(self, method: str, template: str, *, where: str) -> Iterator[dict[str, Any]]:
        self.asked.append(f"{method} {template} {where}")
        threading.Event().wait(0.002)  # so that threads can meet
        if self.fails:
            raise RetryableError("no answer")
        yield from ({"id": id_.upper()} for id_ in self.ids)


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture
def catalogue(client: FakeClient) -> Catalogue:
    return Catalogue(cast("CventClient", client), 600.0)


def test_an_event_is_asked_for_once_in_its_time(client: FakeClient, catalogue: Catalogue) -> None:
    assert catalogue.event("e1") == catalogue.event("E1") == {"id": "e1"}
    client.seconds = 599
    catalogue.event("e1")
    assert client.asked == ["/events/e1"]

    client.seconds = 600
    catalogue.event("e1")
    catalogue.event("e2")
    assert client.asked == ["/events/e1", "/events/e1", "/events/e2"]


def test_a_question_that_is_new_is_asked_for_at_once(
    client: FakeClient, catalogue: Catalogue
) -> None:
    catalogue.questions("e1", {"q1"})
    client.ids.append("q2")

    assert set(catalogue.questions("e1", {"q1", "q2"})) == {"q1", "q2"}
    assert len(client.asked) == 2


def test_a_question_that_nobody_knows_is_looked_for_once_in_its_time(
    client: FakeClient, catalogue: Catalogue
) -> None:
    for unknown in ("x1", "x2", "x1", "x2"):
        catalogue.questions("e1", {unknown})
    assert len(client.asked) == 2  # with x1 at first, and again for x2

    client.seconds = 600
    client.ids.append("x1")
    assert "x1" in catalogue.questions("e1", {"x1"})
    assert len(client.asked) == 3


def test_looking_for_something_new_does_not_prolong_the_time(
    client: FakeClient, catalogue: Catalogue
) -> None:
    catalogue.sessions("e1")
    client.seconds = 500
    catalogue.sessions("e1", {"s1"})
    client.seconds = 600
    catalogue.sessions("e1", {"s1"})

    assert len(client.asked) == 3


def test_a_failure_is_not_kept(client: FakeClient, catalogue: Catalogue) -> None:
    client.fails = True
    with pytest.raises(RetryableError):
        catalogue.questions("e1")
    client.fails = False

    assert set(catalogue.questions("e1")) == {"q1"}


def test_many_threads_are_served_by_one_call(client: FakeClient, catalogue: Catalogue) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: catalogue.questions("e1"), range(16)))

    assert all(set(each) == {"q1"} for each in found)
    assert len(client.asked) == 1
