"""What a plugin that maps must do, as tests that a plugin's author inherits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from regbridge.errors import RejectedError
from regbridge.models import Drop, Record, Registration, Target
from regbridge.testing.contract.asked import Asked
from regbridge.testing.contract.kept import assert_kept
from regbridge.testing.rules import mapping
from regbridge.testing.rules.calls import call
from regbridge.testing.rules.probes import Probe, probes


class Translation(Asked):
    """A plugin with a target, and with registrations that become records of it."""

    target: Target

    @abstractmethod
    def registration(self) -> Registration:
        """Return a registration that becomes a record."""

    @abstractmethod
    def fields(self) -> Mapping[str, Any]:
        """Return the fields of that record, all of them."""

    def incomplete(self) -> tuple[Registration, str] | None:
        """Return a registration that lacks a value, and the field that cannot be without it.

        None, and the test is skipped, for a mapping that needs nothing.
        """
        return None

    def dropped(self) -> Registration | None:
        """Return a registration that is nothing for this target.

        None, and the test is skipped, for a mapping that leaves out nobody.
        """
        return None


class MapContract:
    """The contract. Derive a class whose fixture `translation` returns a `Translation`."""

    @pytest.fixture
    def translation(self) -> Translation:
        """Return the plugin under test with its target."""
        raise NotImplementedError("override the fixture `translation`")

    def test_a_registration_becomes_its_record(self, translation: Translation) -> None:
        """Every field has the value that its author expects."""
        answer = mapped(translation, translation.registration())
        assert isinstance(answer, Record)
        assert dict(answer.fields) == dict(translation.fields())

    def test_a_missing_value_parks_the_registration_with_its_field(
        self, translation: Translation
    ) -> None:
        """Whoever mends it has to know where to look."""
        found = translation.incomplete()
        if found is None:
            pytest.skip("this mapping needs no value")
        registration, name = found
        try:
            answer = mapped(translation, registration)
        except RejectedError as error:
            assert error.field == name
            assert str(error).strip()
        else:
            raise AssertionError(f"it became {type(answer).__name__} without {name}")

    def test_what_is_nothing_for_the_target_has_a_reason(self, translation: Translation) -> None:
        """The reason is shown to planners."""
        registration = translation.dropped()
        if registration is None:
            pytest.skip("this mapping leaves out nobody")
        answer = mapped(translation, registration)
        assert isinstance(answer, Drop)
        assert answer.reason.strip()

    def test_other_targets_are_left_to_others(self, translation: Translation) -> None:
        """None says "not my target"."""
        assert_kept(mapping.other_targets_are_left_alone(translation.plugin, asked(translation)))

    def test_whatever_comes_is_mapped_dropped_or_rejected(self, translation: Translation) -> None:
        """Every kind, missing and odd fields, hostile texts: one record parks, or none."""
        assert_kept(
            mapping.a_mapping_raises_rejections_alone(
                translation.plugin, translation.target, asked(translation)
            )
        )

    def test_a_record_is_values_of_json(self, translation: Translation) -> None:
        """The ledger keeps it as JSON; what comes back is what was mapped."""
        assert_kept(
            mapping.records_are_json(translation.plugin, translation.target, asked(translation))
        )

    def test_it_maps_to_the_same_again(self, translation: Translation) -> None:
        """A record that changes by itself would be delivered again and again."""
        assert_kept(
            mapping.a_mapping_is_the_same_again(
                translation.plugin, translation.target, asked(translation)
            )
        )

    def test_it_changes_nothing(self, translation: Translation) -> None:
        """The next target is mapped from the same registration."""
        assert_kept(
            mapping.a_mapping_changes_nothing(
                translation.plugin, translation.target, asked(translation)
            )
        )

    def test_why_there_is_no_record_names_nobody(self, translation: Translation) -> None:
        """Reasons and errors are stored, and stay when the registration is purged."""
        assert_kept(
            mapping.refusals_name_nobody(translation.plugin, translation.target, asked(translation))
        )


def mapped(translation: Translation, registration: Registration) -> Any:
    """Return what the plugin makes of a registration. Raises as the plugin does."""
    return call(
        translation.plugin,
        "map_registration",
        registration=registration,
        target=translation.target,
    )


def asked(translation: Translation) -> list[Probe]:
    """Return everything that the plugin is asked about; the first one becomes a record."""
    whole = translation.registration()
    own = [Probe("the one it maps", whole)]
    if found := translation.incomplete():
        own.append(Probe("the incomplete one", found[0]))
    if left_out := translation.dropped():
        own.append(Probe("the one it drops", left_out))
    odd = [
        Probe(each.label, replace(each.registration, enriched=whole.enriched))
        for each in probes(translation.client)
    ]
    return [*own, *odd]
