"""The bundled filters, dedupes and the mapping keep the contracts of their hooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from regbridge import Client, Event, Plugin, Registration, Target, normal_id
from regbridge.testing.building import build_plugin
from regbridge.testing.contract import (
    Changes,
    DedupeContract,
    FilterContract,
    MapContract,
    PluginContract,
    Recipe,
    Sieve,
    Translation,
)
from regbridge.testing.payloads import EVENT, SUMMIT, live, message, registrant
from regbridge.testing.registrations import registration_of, registrations_of
from regbridge_rules.dedupe import Latest, Once
from regbridge_rules.filter import OnlyEvents, RegistrationsOnly, SkipGuests, SkipTestRecords
from regbridge_rules.mapping import YamlMap

CLIENT = Client("contract", events={"conference": Event("conference", normal_id(EVENT))})
TESTS = {"emails": ["registration.test@example.org"], "names": ["Tess Tester"]}

KEPT = registrant(1)
FILTERS: Mapping[str, tuple[type[Plugin], Mapping[str, Any], Registration]] = {
    "skip-guests": (SkipGuests, {}, registration_of(registrant(1, guest=True))),
    "registrations-only": (
        RegistrationsOnly,
        {},
        registration_of(KEPT, "InviteeAbandonedRegistrationInAnEvent"),
    ),
    "only-events": (OnlyEvents, {}, registration_of(registrant(1, SUMMIT))),
    "skip-test-records": (
        SkipTestRecords,
        TESTS,
        registration_of(registrant(1, firstName="Tess", lastName="Tester")),
    ),
}


class BundledSieve(Sieve):
    """A bundled filter with somebody whom it drops."""

    def __init__(self, name: str) -> None:
        plugin, settings, self._dropped = FILTERS[name]
        self.plugin = build_plugin(plugin, settings, client=CLIENT)

    def kept(self) -> Registration:
        return registration_of(KEPT, client=CLIENT)

    def dropped(self) -> Registration:
        return self._dropped


@pytest.mark.parametrize("name", FILTERS)
class TestFilters(FilterContract):
    @pytest.fixture
    def sieve(self, name: str) -> Sieve:
        return BundledSieve(name)


class BundledChanges(Changes):
    """`latest` or `once`, with messages that stand for the same change or for others."""

    def __init__(self, plugin: type[Plugin]) -> None:
        self._class = plugin
        self.plugin = self.another_plugin()

    def another_plugin(self) -> Plugin:
        return build_plugin(self._class, client=CLIENT)

    def same(self) -> Sequence[Registration]:
        again = [*registrations_of(live("InviteeOrGuestAccepted", KEPT))] * 2
        if self._class is Once:
            again += registrations_of(live("InviteeOrGuestCancelled", KEPT))
        return again

    def different(self) -> Sequence[Registration]:
        if self._class is Once:
            return [registration_of(registrant(number)) for number in (1, 2, 3)]
        return [
            *registrations_of(live("InviteeOrGuestAccepted", KEPT)),
            *registrations_of(live("InviteeOrGuestCancelled", KEPT)),
            *registrations_of(message("AttendeeManualSynced", [KEPT, registrant(2), KEPT])),
        ]


@pytest.mark.parametrize("plugin", [Latest, Once])
class TestDedupes(DedupeContract):
    @pytest.fixture
    def changes(self, plugin: type[Plugin]) -> Changes:
        return BundledChanges(plugin)


class YamlTranslation(Translation):
    """A map with a required field, a lookup, a date and a reason to leave somebody out."""

    target = Target(
        "crm",
        map={
            "Number": {"from": "confirmationNumber", "required": True},
            "Name": "join(' ', [firstName || '', lastName || ''])",
            "Status": {"from": "inviteeStatus", "lookup": {"Accepted": 1}, "default": 0},
            "Day": {"from": "registrationDate", "format": "%Y-%m-%d"},
            "Company": {"from": "company", "drop_if_missing": "no company"},
        },
    )

    def __init__(self) -> None:
        self._client = replace(CLIENT, targets={"crm": self.target})
        self.plugin = build_plugin(YamlMap, client=self._client)

    def registration(self) -> Registration:
        return self._of()

    def fields(self) -> Mapping[str, Any]:
        return {
            "Number": "AB12",
            "Name": "Ann Lee",
            "Status": 1,
            "Day": "2026-09-02",
            "Company": "Lee & Co.",
        }

    def incomplete(self) -> tuple[Registration, str]:
        return self._of(confirmationNumber=""), "Number"

    def dropped(self) -> Registration:
        return self._of(company="")

    def _of(self, **fields: Any) -> Registration:
        record = registrant(
            1,
            **{
                "confirmationNumber": "AB12",
                "firstName": "Ann",
                "lastName": "Lee",
                "company": "Lee & Co.",
                "registrationDate": "2026-09-02",
                **fields,
            },
        )
        return registration_of(record, client=self._client)


class TestYamlMap(MapContract):
    @pytest.fixture
    def translation(self) -> Translation:
        return YamlTranslation()


WRONG: Mapping[type[Plugin], Sequence[Mapping[str, Any]]] = {
    OnlyEvents: [{"events": []}, {"events": ["no such event"]}],
    SkipTestRecords: [{"emails": ["no address"]}, {"names": [""]}],
}


@pytest.mark.parametrize(
    "plugin", [SkipGuests, RegistrationsOnly, OnlyEvents, SkipTestRecords, Latest, Once, YamlMap]
)
class TestRules(PluginContract):
    @pytest.fixture
    def recipe(self, plugin: type[Plugin], tmp_path: Path) -> Recipe:
        return Recipe(plugin, wrong=WRONG.get(plugin, ()), client=CLIENT, folder=tmp_path)
