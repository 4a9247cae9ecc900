"""The contract of lists passes a plugin that keeps it, and fails each way to break it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from tests.contract.breaking import contract_tests, failing
from tests.contract.desk import NOON, SECRET, Desk, DeskListing

from regbridge import (
    Attendee,
    AttendeePage,
    CredentialsError,
    Event,
    RetryableError,
    hookimpl,
)
from regbridge.testing.contract import AttendeesContract, Listing


class TestDesk(AttendeesContract):
    """A plugin that keeps the contract."""

    @pytest.fixture
    def listing(self) -> Listing:
        return DeskListing()


class Overlooking(Desk):
    """Leaves out the last one of a page."""

    @hookimpl
    def list_attendees(
        self, event: Event, since: datetime | None, page: str
    ) -> AttendeePage | None:
        found = super().list_attendees(event, since, page)
        few = found is None or len(found.attendees) < self.page_size
        return found if few or found is None else replace(found, attendees=found.attendees[:-1])


class Circling(Desk):
    """Begins again after the last page."""

    def after(self, start: int, count: int) -> str:
        return super().after(start, count) or ("from 0" if count > self.page_size else "")


class Endless(Desk):
    """Has always another page."""

    def after(self, start: int, count: int) -> str:
        return f"from {start + self.page_size}" if count > self.page_size else ""


class Loud(Desk):
    """Lists ids in capitals."""

    def attendee(self, stub: str) -> Attendee:
        return replace(super().attendee(stub), contact_stub=stub.upper())


class Zoneless(Desk):
    """Says times without a zone."""

    def attendee(self, stub: str) -> Attendee:
        return replace(super().attendee(stub), modified_at=NOON.replace(tzinfo=None))


class Terse(Desk):
    """Gives no record."""

    def attendee(self, stub: str) -> Attendee:
        return replace(super().attendee(stub), fields={})


class Guessing(Desk):
    """Guesses how many there are."""

    def total(self, count: int, since: datetime | None) -> int | None:
        return count + 1


class Thorough(Desk):
    """Lists everybody, whoever changed."""

    def time_of(self, stub: str) -> datetime:
        return NOON.replace(year=2030)


class Patient(Desk):
    """Takes any page for the end."""

    def start(self, page: str, count: int) -> int:
        return super().start(page, count) if page[:5] in ("", "from ") else count


class Nosy(Desk):
    """Lists every event."""

    @hookimpl
    def list_attendees(
        self, event: Event, since: datetime | None, page: str
    ) -> AttendeePage | None:
        return super().list_attendees(event, since, page) or AttendeePage(())


class Carrying(Desk):
    """Takes its key along from page to page."""

    def after(self, start: int, count: int) -> str:
        page = super().after(start, count)
        return page and f"{page} {SECRET}"

    def start(self, page: str, count: int) -> int:
        return super().start(page.removesuffix(f" {SECRET}"), count)


class Hiding(Desk):
    """Lists nobody when it cannot ask."""

    @hookimpl
    def list_attendees(
        self, event: Event, since: datetime | None, page: str
    ) -> AttendeePage | None:
        try:
            return super().list_attendees(event, since, page)
        except (RetryableError, CredentialsError):
            return AttendeePage(())


class Confusing(Desk):
    """Takes refused credentials for an outage."""

    def knock(self) -> None:
        try:
            super().knock()
        except CredentialsError:
            raise RetryableError("nobody answers") from None


class Disclosing(Desk):
    """Shows its key when it is refused."""

    def knock(self) -> None:
        try:
            super().knock()
        except CredentialsError:
            raise CredentialsError(f"the key {SECRET} does not fit") from None


ONCE = "test_everybody_is_listed_once"
FAILURE = "test_a_failure_says_why_nobody_is_listed"

BROKEN: dict[type[Desk], str] = {
    Overlooking: ONCE,
    Circling: ONCE,
    Endless: ONCE,
    Loud: "test_ids_are_those_of_the_ledger",
    Zoneless: "test_times_have_a_zone",
    Terse: "test_an_attendee_is_a_record_of_a_message",
    Guessing: "test_a_total_is_right",
    Thorough: "test_only_those_are_listed_who_changed_since",
    Patient: "test_a_page_that_nobody_knows_is_rejected",
    Nosy: "test_an_event_that_is_not_its_own_is_left_to_others",
    Carrying: "test_a_page_holds_no_secret",
    Hiding: FAILURE,
    Confusing: FAILURE,
    Disclosing: FAILURE,
}
SEVERAL = {Circling, Endless}
"""Whoever asks for everybody comes to no end."""


@pytest.mark.parametrize("plugin", BROKEN, ids=lambda plugin: plugin.__name__)
def test_a_broken_list_fails_the_test_that_looks_for_it(plugin: type[Desk]) -> None:
    found = failing(AttendeesContract, lambda: DeskListing(plugin))
    assert BROKEN[plugin] in found
    assert plugin in SEVERAL or found == {BROKEN[plugin]}


def test_every_test_of_lists_is_failed_by_some_broken_plugin() -> None:
    assert set(contract_tests(AttendeesContract)) == set(BROKEN.values())


def test_a_class_without_a_listing_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="override the fixture"):
        AttendeesContract.listing.__wrapped__(AttendeesContract())  # type: ignore[attr-defined]
