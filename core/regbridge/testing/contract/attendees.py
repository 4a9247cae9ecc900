"""What a plugin that lists attendees must do, as tests that a plugin's author inherits."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime

import pytest

from regbridge.errors import (
    CredentialsError,
    QuotaExceededError,
    RegbridgeError,
    RejectedError,
    RetryableError,
)
from regbridge.message import normal_id
from regbridge.models import Attendee, AttendeePage, Event
from regbridge.pipeline import NamedInstance, Pipeline
from regbridge.plugin import Plugin
from regbridge.testing.contract.outside import Failure, Outside, assert_discreet, break_
from regbridge.testing.rules.calls import call

_MOST_PAGES = 100


class Listing(Outside):
    """A plugin with a service that knows who is at an event.

    Let its pages be so small that `present` are several. `other_event` is one that is not the
    plugin's; None where every event is.
    """

    event: Event
    other_event: Event | None = None

    @abstractmethod
    def present(self) -> Collection[str]:
        """Return the invitee stubs of all who are at the event."""

    @abstractmethod
    def change(self) -> tuple[datetime, str]:
        """Change one who is at the event; return a moment just before, and their invitee stub."""

    def another_plugin(self) -> Plugin:
        """Return an instance with the same settings, as another process has one.

        The same one, unless you say otherwise: pages are then asked of two.
        """
        return self.plugin


class AttendeesContract:
    """The contract. Derive a class whose fixture `listing` returns a `Listing`."""

    @pytest.fixture
    def listing(self) -> Listing:
        """Return the plugin under test with its service."""
        raise NotImplementedError("override the fixture `listing`")

    def test_everybody_is_listed_once(self, listing: Listing) -> None:
        """The pages end, and whoever is on none of them would be reported as gone."""
        pages = listed(listing)
        found = [each.invitee_stub for page in pages for each in page.attendees]
        assert len(pages) > 1, "let the pages be so small that there are several"
        assert sorted(found) == sorted(map(normal_id, listing.present()))

    def test_ids_are_those_of_the_ledger(self, listing: Listing) -> None:
        """They are compared as text: a GUID is in lower case, an all-zero one is none."""
        for each in everybody(listing):
            assert each.invitee_stub == normal_id(each.invitee_stub) != ""
            assert each.contact_stub == normal_id(each.contact_stub)

    def test_times_have_a_zone(self, listing: Listing) -> None:
        """Whoever changed within the last minutes may still be on the way."""
        times = [each.modified_at for each in everybody(listing)]
        assert all(time is None or time.tzinfo for time in times)

    def test_an_attendee_is_a_record_of_a_message(self, listing: Listing) -> None:
        """The host makes a receipt of it for those who are missing."""
        for each in everybody(listing):
            fields = dict(each.fields)
            assert json.loads(json.dumps(fields)) == fields
            assert normal_id(fields.get("inviteeStub")) == each.invitee_stub
            assert normal_id(fields.get("eventStub")) == listing.event.id

    def test_a_total_is_right(self, listing: Listing) -> None:
        """None while nobody knows."""
        totals = {page.total for page in listed(listing)} - {None}
        assert totals <= {len(listing.present())}

    def test_only_those_are_listed_who_changed_since(self, listing: Listing) -> None:
        """All others would be compared for nothing, each time."""
        moment, invitee = listing.change()
        found = [each.invitee_stub for each in everybody(listing, moment)]
        assert found == [normal_id(invitee)]

    def test_a_page_that_nobody_knows_is_rejected(self, listing: Listing) -> None:
        """The host begins again; an empty page would be taken for the end."""
        for page in ("no such page", "0", "-1", "\u00df", "x" * 10_000):
            try:
                found = pipeline_of(listing.plugin).attendees(listing.event, None, page)
            except RejectedError as error:
                assert str(error).strip()
                assert_discreet(listing, [str(error), error.detail])
            else:
                raise AssertionError(f"it was answered with {len(found.attendees)} attendees")

    def test_an_event_that_is_not_its_own_is_left_to_others(self, listing: Listing) -> None:
        """None says "not my event"."""
        if listing.other_event is None:
            pytest.skip("every event is this plugin's")
        other = listing.other_event
        assert call(listing.plugin, "list_attendees", event=other, since=None, page="") is None

    def test_a_page_holds_no_secret(self, listing: Listing) -> None:
        """What names the next page is kept in the ledger as it is."""
        assert_discreet(listing, [page.next_page for page in listed(listing)])

    @pytest.mark.parametrize(
        ("failure", "result"),
        [
            (Failure.UNREACHABLE, RetryableError),
            (Failure.BUSY, RetryableError),
            (Failure.LOST_BEFORE, RetryableError),
            (Failure.LOST_AFTER, RetryableError),
            (Failure.CREDENTIALS, CredentialsError),
            (Failure.QUOTA, QuotaExceededError),
        ],
    )
    def test_a_failure_says_why_nobody_is_listed(
        self, listing: Listing, failure: Failure, result: type[RegbridgeError]
    ) -> None:
        """Listing goes on another time; a page that is short would be taken for all there are."""
        break_(listing, failure)
        try:
            listed(listing)
        except RegbridgeError as error:
            assert isinstance(error, result), error.detail
            assert str(error).strip()
            assert_discreet(listing, [str(error), error.detail])
        else:
            raise AssertionError("a service that fails has listed somebody")


def pipeline_of(plugin: Plugin) -> Pipeline:
    """Return what the host has of a plugin."""
    return Pipeline(plugin.context.client, [NamedInstance("contract", plugin)])


def listed(listing: Listing, since: datetime | None = None) -> list[AttendeePage]:
    """Return all pages, asked of two instances in turn. Raises as the plugin does."""
    asked = [pipeline_of(listing.plugin), pipeline_of(listing.another_plugin())]
    pages = [asked[0].attendees(listing.event, since, "")]
    seen = {""}
    while (page := pages[-1].next_page) and len(pages) <= _MOST_PAGES:
        assert page not in seen, "the pages go round in a circle"
        seen.add(page)
        pages.append(asked[len(pages) % 2].attendees(listing.event, since, page))
    assert not pages[-1].next_page, "the pages do not end"
    return pages


def everybody(listing: Listing, since: datetime | None = None) -> list[Attendee]:
    """Return the attendees on all pages."""
    return [each for page in listed(listing, since) for each in page.attendees]
