"""The bundled filters: what each drops, and in which words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from regbridge import Client, Drop, Event, Finding, Kind, Registration
from regbridge_rules.filter import OnlyEvents, RegistrationsOnly, SkipGuests, SkipTestRecords

Build = Callable[..., Registration]
Make = Callable[..., Any]


def test_a_guest_is_dropped_and_a_primary_registrant_is_kept(
    plugin: Make, registration: Build
) -> None:
    skip_guests = plugin(SkipGuests)
    assert skip_guests.filter_registration(registration(is_guest=True)) == Drop(
        "a guest; this client takes primary registrants only"
    )
    assert skip_guests.filter_registration(registration()) is None


def test_a_registration_passes_registrations_only(plugin: Make, registration: Build) -> None:
    assert plugin(RegistrationsOnly).filter_registration(registration()) is None


def test_a_session_message_is_dropped_with_its_event_type(
    plugin: Make, registration: Build
) -> None:
    session = registration(kind=Kind.SESSION, event_type="SessionUpdated")
    assert plugin(RegistrationsOnly).filter_registration(session) == Drop(
        "a session message (SessionUpdated); this client takes registrations only"
    )


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.REGISTRATION])
def test_every_other_kind_is_dropped_in_words_of_its_own(
    plugin: Make, registration: Build, kind: Kind
) -> None:
    drop = plugin(RegistrationsOnly).filter_registration(registration(kind=kind))
    assert drop.reason.startswith(("a ", "an "))
    assert drop.reason.endswith("; this client takes registrations only")


def test_only_events_keeps_the_events_it_names(plugin: Make, registration: Build) -> None:
    only = plugin(OnlyEvents, {"events": ["conference-2027"]})
    assert only.filter_registration(registration()) is None


def test_only_events_drops_another_event_and_shows_its_id(
    plugin: Make, registration: Build, events: dict[str, Event]
) -> None:
    summit = events["summit-2027"]
    drop = plugin(OnlyEvents, {"events": ["conference-2027"]}).filter_registration(
        registration(event=summit, event_stub=summit.id)
    )
    assert summit.id in drop.reason
    assert "summit-2027" in drop.reason


def test_only_events_without_settings_takes_all_events_of_the_client(
    plugin: Make, registration: Build, events: dict[str, Event]
) -> None:
    only = plugin(OnlyEvents)
    for event in events.values():
        assert only.filter_registration(registration(event=event, event_stub=event.id)) is None
    unknown = only.filter_registration(registration(event=None, event_stub="2d4c4410"))
    assert unknown == Drop("event 2d4c4410 is not in this client's configuration")


def test_only_events_keeps_a_message_about_no_event(plugin: Make, registration: Build) -> None:
    contact = registration(kind=Kind.CONTACT, event=None, event_stub="")
    assert plugin(OnlyEvents).filter_registration(contact) is None


def test_a_misspelt_event_is_refused_with_its_place_and_the_nearest_name(
    findings: Callable[..., list[Finding]],
) -> None:
    names = ["summit-2027", "conferense-2027", "xyz"]
    near, far = findings(OnlyEvents, {"events": names})
    assert near.path == ("plugins", 0, "settings", "events", 1)
    assert near.remedy == "did you mean 'conference-2027'?"
    assert far.path == ("plugins", 0, "settings", "events", 2)
    assert far.remedy == "valid names are conference-2027, summit-2027"


def test_only_events_of_a_client_without_events_is_refused(
    findings: Callable[..., list[Finding]],
) -> None:
    (finding,) = findings(OnlyEvents, client=Client("apap"))
    assert "would drop everything" in finding.message


def test_an_empty_list_of_events_is_refused(plugin: Make) -> None:
    with pytest.raises(ValidationError):
        plugin(OnlyEvents, {"events": []})


@pytest.mark.parametrize(
    "settings",
    [
        {"emails": ["RWamle@Example.com"]},
        {"domains": ["EXAMPLE.com"]},
        {"names": ["rory  WAMLE"]},
    ],
)
def test_a_configured_test_person_is_dropped_whatever_the_case(
    plugin: Make, registration: Build, settings: dict[str, list[str]]
) -> None:
    drop = plugin(SkipTestRecords, settings).filter_registration(registration())
    assert drop.reason.startswith("a test record: ")
    assert "rwamle" not in drop.reason.lower()


@pytest.mark.parametrize(
    "settings",
    [{}, {"domains": ["ample.com"]}, {"emails": ["r@example.com"]}, {"names": ["Rory", "Wamle"]}],
)
def test_everybody_else_is_kept(
    plugin: Make, registration: Build, settings: dict[str, list[str]]
) -> None:
    assert plugin(SkipTestRecords, settings).filter_registration(registration()) is None


def test_a_record_without_a_name_is_not_taken_for_a_test(plugin: Make, registration: Build) -> None:
    skip = plugin(SkipTestRecords, {"names": ["None None"], "domains": ["none"]})
    assert skip.filter_registration(registration(fields={})) is None


@pytest.mark.parametrize(
    "settings", [{"domains": ["@example.com"]}, {"emails": ["example.com"]}, {"names": [""]}]
)
def test_a_setting_that_can_never_match_is_refused(
    plugin: Make, settings: dict[str, list[str]]
) -> None:
    with pytest.raises(ValidationError):
        plugin(SkipTestRecords, settings)


def test_a_record_that_cvent_marks_as_test_is_dropped_when_it_is_mapped(
    plugin: Make, registration: Build
) -> None:
    skip = plugin(SkipTestRecords)
    marked = registration(enriched={"cvent-enrich": {"testRecord": True}})
    assert skip.filter_registration(marked) is None
    assert skip.map_registration(marked).reason.startswith("a test record: ")


@pytest.mark.parametrize("patch", [{}, {"testRecord": False}, {"testRecord": None}])
def test_a_record_without_cvents_mark_is_left_to_the_mapping(
    plugin: Make, registration: Build, patch: dict[str, Any]
) -> None:
    assert plugin(SkipTestRecords).map_registration(registration(enriched={"x": patch})) is None


ANYTHING = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())


@given(
    fields=st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("email", "firstName", "lastName"), ANYTHING)
    )
)
def test_no_field_of_any_shape_breaks_a_filter(
    plugin: Make, registration: Build, fields: dict[str, Any]
) -> None:
    skip = plugin(SkipTestRecords, {"emails": ["a@b"], "domains": ["b"], "names": ["a b"]})
    assert isinstance(skip.filter_registration(registration(fields=fields)), Drop | None)
