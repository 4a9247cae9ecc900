"""The map contract passes a plugin that keeps it, and fails each way to break it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.contract.breaking import contract_tests, failing

from regbridge import (
    Client,
    Drop,
    Plugin,
    PluginContext,
    Record,
    Registration,
    RejectedError,
    Settings,
    Target,
    hookimpl,
)
from regbridge.testing.contract import MapContract, Translation
from regbridge.testing.payloads import registrant
from regbridge.testing.registrations import registration_of

BADGES = Target("badges")


class Badge(Plugin):
    """Maps registrants to badges: a name, a number, and what else is on it."""

    def __init__(self) -> None:
        super().__init__(Settings(), PluginContext("badge", Client("contract"), Path()))

    @hookimpl
    def map_registration(self, registration: Registration, target: Target) -> Record | Drop | None:
        """Return the badge of a registrant; guests get theirs at the desk."""
        if not self.is_ours(target):
            return None
        if registration.is_guest:
            return Drop(self.left_out(registration))
        name = registration.fields.get("lastName")
        if not isinstance(name, str) or not name:
            raise self.lacking(registration)
        return Record(self.fields(registration, name))

    def is_ours(self, target: Target) -> bool:
        """Say whether the target is that of badges."""
        return target.name == BADGES.name

    def left_out(self, registration: Registration) -> str:
        """Return why a guest has no badge."""
        return "guests get their badges at the desk"

    def lacking(self, registration: Registration) -> Exception:
        """Return the error of somebody without a name."""
        return RejectedError("Name is missing or no text", field="Name")

    def fields(self, registration: Registration, name: str) -> dict[str, Any]:
        """Return what stands on the badge."""
        return {"Name": name, "Number": registration.invitee_stub}


class Badges(Translation):
    """The plugin as the contract sees it."""

    target = BADGES

    def __init__(self, plugin: type[Badge] = Badge) -> None:
        self.plugin = plugin()

    def registration(self) -> Registration:
        return registration_of(registrant(1, lastName="O'Hara-Smith"))

    def fields(self) -> Mapping[str, Any]:
        return {"Name": "O'Hara-Smith", "Number": self.registration().invitee_stub}

    def incomplete(self) -> tuple[Registration, str]:
        return registration_of(registrant(1, lastName="")), "Name"

    def dropped(self) -> Registration:
        return registration_of(registrant(1, guest=True))


class TestBadge(MapContract):
    """A plugin that keeps the contract."""

    @pytest.fixture
    def translation(self) -> Translation:
        return Badges()


class TestBadgeThatNeedsNothing(MapContract):
    """A mapping that has nothing to refuse and nobody to leave out."""

    @pytest.fixture
    def translation(self) -> Translation:
        class Plain(Badge):
            @hookimpl
            def map_registration(self, registration: Registration, target: Target) -> Record | None:
                if not self.is_ours(target):
                    return None
                return Record({"Number": registration.invitee_stub})

        class PlainBadges(Translation):
            target = BADGES

            def __init__(self) -> None:
                self.plugin = Plain()

            def registration(self) -> Registration:
                return registration_of(registrant(1))

            def fields(self) -> Mapping[str, Any]:
                return {"Number": self.registration().invitee_stub}

        return PlainBadges()


class Misspelt(Badge):
    """Writes a name in other letters than it was given."""

    def fields(self, registration: Registration, name: str) -> dict[str, Any]:
        return {**super().fields(registration, name), "Name": name.upper()}


class Careless(Badge):
    """Makes badges without names."""

    def lacking(self, registration: Registration) -> Exception:
        return RejectedError("a value is missing")


class Mute(Badge):
    """Leaves out guests without a reason."""

    def left_out(self, registration: Registration) -> str:
        return ""


class Grabbing(Badge):
    """Maps to every target."""

    def is_ours(self, target: Target) -> bool:
        return True


class Fragile(Badge):
    """Takes it that everybody has a job, in words."""

    def fields(self, registration: Registration, name: str) -> dict[str, Any]:
        registration.fields["title"].strip()
        return super().fields(registration, name)


class Timely(Badge):
    """Puts a value on the badge that JSON has not, where there is one."""

    def fields(self, registration: Registration, name: str) -> dict[str, Any]:
        extra = {} if registration.message_time else {"Seen": (1, 2)}
        return {**super().fields(registration, name), **extra}


class Growing(Badge):
    """Counts the badges of odd people."""

    turns = itertools.count()

    def fields(self, registration: Registration, name: str) -> dict[str, Any]:
        extra = {"Turn": next(self.turns)} if registration.fields.get("title") == 0 else {}
        odd = {"Turn": next(self.turns)} if "title" not in registration.fields else {}
        return {**super().fields(registration, name), **extra, **odd}


class Emptying(Badge):
    """Takes the custom fields away, for everybody."""

    def fields(self, registration: Registration, name: str) -> dict[str, Any]:
        custom = registration.fields.get("customFields")
        if isinstance(custom, list):
            custom.clear()
        return super().fields(registration, name)


class Telling(Badge):
    """Says whose name is missing."""

    def lacking(self, registration: Registration) -> Exception:
        text = f"Name of {str(registration.fields.get('email'))[:200]} is missing"
        return RejectedError(text, field="Name")


BROKEN: dict[type[Badge], set[str]] = {
    Misspelt: {"test_a_registration_becomes_its_record"},
    Careless: {"test_a_missing_value_parks_the_registration_with_its_field"},
    Mute: {
        "test_what_is_nothing_for_the_target_has_a_reason",
        "test_why_there_is_no_record_names_nobody",
    },
    Grabbing: {"test_other_targets_are_left_to_others"},
    Fragile: {"test_whatever_comes_is_mapped_dropped_or_rejected"},
    Timely: {"test_a_record_is_values_of_json"},
    Growing: {"test_it_maps_to_the_same_again"},
    Emptying: {"test_it_changes_nothing"},
    Telling: {"test_why_there_is_no_record_names_nobody"},
}


@pytest.mark.parametrize("plugin", BROKEN, ids=lambda plugin: plugin.__name__)
def test_a_broken_mapping_fails_the_test_that_looks_for_it(plugin: type[Badge]) -> None:
    assert failing(MapContract, lambda: Badges(plugin)) == BROKEN[plugin]


def test_every_test_of_mappings_is_failed_by_some_broken_plugin() -> None:
    assert set(contract_tests(MapContract)) == set().union(*BROKEN.values())


def test_a_class_without_a_translation_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="override the fixture"):
        MapContract.translation.__wrapped__(MapContract())  # type: ignore[attr-defined]
