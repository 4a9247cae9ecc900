"""The contract of enrichment passes a plugin that keeps it, and fails each way to break it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tests.contract.breaking import contract_tests, failing
from tests.contract.desk import SECRET, Desk, DeskSource

from regbridge import (
    AmbiguousError,
    CredentialsError,
    QuotaExceededError,
    Registration,
    RegistrationError,
    RejectedError,
    RetryableError,
    hookimpl,
)
from regbridge.testing.contract import EnrichContract, Source

Entries = Sequence[Mapping[str, Any] | RegistrationError | None]


class TestDesk(EnrichContract):
    """A plugin that keeps the contract."""

    @pytest.fixture
    def source(self) -> Source:
        return DeskSource()


class TestDeskThatMayHaveAsked(EnrichContract):
    """A plugin that says that its question may have arrived."""

    @pytest.fixture
    def source(self) -> Source:
        class Doubtful(Desk):
            def knock(self) -> None:
                try:
                    super().knock()
                except RetryableError:
                    if "LOST" in str(self.failure and self.failure.name):
                        raise AmbiguousError("nobody knows whether it arrived") from None
                    raise

        return DeskSource(Doubtful)


class Muddling(Desk):
    """Gives each the patch of the one before."""

    def patch(self, number: int) -> Mapping[str, Any]:
        return super().patch(max(1, number - 1) + 1000)


class Sorting(Desk):
    """Answers in an order of its own."""

    @hookimpl
    def enrich_registrations(self, registrations: Sequence[Registration]) -> Entries:
        return super().enrich_registrations(sorted(registrations, key=lambda r: r.invitee_stub))


class Modern(Desk):
    """Adds what JSON has not."""

    def patch(self, number: int) -> Mapping[str, Any]:
        return {**super().patch(number), "days": (1, 2)}


class Strict(Desk):
    """Refuses everybody because of one whom nobody knows."""

    @hookimpl
    def enrich_registrations(self, registrations: Sequence[Registration]) -> Entries:
        found = super().enrich_registrations(registrations)
        for each in found:
            if isinstance(each, RejectedError) and len(found) < self.batch_size:
                raise each
        return found


class Delicate(Desk):
    """Fails over a record that has no job, or an odd one."""

    @hookimpl
    def enrich_registrations(self, registrations: Sequence[Registration]) -> Entries:
        assert all(isinstance(each.fields.get("title"), str) for each in registrations)
        return super().enrich_registrations(registrations)


class Altering(Desk):
    """Writes into the record of whom it asks about."""

    def entry(self, registration: Registration) -> Mapping[str, Any] | RegistrationError | None:
        custom = registration.fields.get("customFields")
        if isinstance(custom, list):
            custom.append("asked")
        return super().entry(registration)


class Rejecting(Desk):
    """Rejects registrations because of an outage."""

    def knock(self) -> None:
        try:
            super().knock()
        except RetryableError as error:
            if "LOST" not in str(self.failure and self.failure.name):
                raise RejectedError(str(error)) from None
            raise


class Despairing(Desk):
    """Rejects registrations because an answer was lost."""

    def knock(self) -> None:
        try:
            super().knock()
        except RetryableError as error:
            if "LOST" in str(self.failure and self.failure.name):
                raise RejectedError(str(error)) from None
            raise


class Blaming(Desk):
    """Takes its own credentials for a fault of the registrations."""

    def knock(self) -> None:
        try:
            super().knock()
        except CredentialsError as error:
            raise RejectedError(str(error)) from None


class Pressing(Desk):
    """Tries again at once although its quota is used up."""

    def knock(self) -> None:
        try:
            super().knock()
        except QuotaExceededError as error:
            raise RetryableError(str(error)) from None


class Leaking(Desk):
    """Shows its key when it is refused."""

    def knock(self) -> None:
        try:
            super().knock()
        except CredentialsError:
            raise CredentialsError(f"the key {SECRET} does not fit") from None


class Naming(Desk):
    """Names whom nobody knows."""

    def entry(self, registration: Registration) -> Mapping[str, Any] | RegistrationError | None:
        found = super().entry(registration)
        if isinstance(found, RejectedError):
            return RejectedError(f"nobody knows {str(registration.fields.get('lastName'))[:99]}")
        return found


class Shared(Desk):
    """Keeps whom it asks about where all threads see it."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting = threading.Barrier(2)

    def entry(self, registration: Registration) -> Mapping[str, Any] | RegistrationError | None:
        self.current = registration
        if threading.current_thread() is not threading.main_thread():
            try:
                self.meeting.wait(0.05)
            except threading.BrokenBarrierError:
                self.meeting.reset()
        return super().entry(self.current)


PATCH = "test_a_registration_gets_its_patch"
ORDER = "test_a_full_batch_has_one_entry_each_in_order"
NOW = "test_a_service_that_cannot_answer_now_is_asked_again"
ALONE = "test_one_of_whom_nothing_is_known_harms_no_other"
ODD = "test_whatever_comes_harms_no_other"
LOST = "test_a_lost_answer_is_asked_for_again"
AT_ONCE = "test_calls_at_once_do_not_mix_up_their_patches"

BROKEN: dict[type[Desk], set[str]] = {
    Muddling: {PATCH, ORDER, NOW, LOST, ALONE, ODD, AT_ONCE},
    Sorting: {ORDER},
    Modern: {"test_a_patch_is_values_of_json"},
    Strict: {ALONE},
    Delicate: {ODD},
    Altering: {"test_registrations_stay_as_they_are"},
    Rejecting: {NOW},
    Despairing: {LOST},
    Blaming: {"test_credentials_that_are_refused_pause_it"},
    Pressing: {"test_a_quota_that_is_used_up_pauses_it"},
    Leaking: {"test_a_failure_says_what_happened_and_nothing_secret"},
    Naming: {"test_what_is_said_of_one_names_nobody"},
    Shared: {AT_ONCE},
}


@pytest.mark.parametrize("plugin", BROKEN, ids=lambda plugin: plugin.__name__)
def test_a_broken_enrichment_fails_the_tests_that_look_for_it(plugin: type[Desk]) -> None:
    found = failing(EnrichContract, lambda: DeskSource(plugin))
    assert BROKEN[plugin] <= found
    if plugin is not Sorting:
        assert found == BROKEN[plugin]


def test_every_test_of_enrichment_is_failed_by_some_broken_plugin() -> None:
    assert set(contract_tests(EnrichContract)) == set().union(*BROKEN.values())


def test_a_class_without_a_source_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="override the fixture"):
        EnrichContract.source.__wrapped__(EnrichContract())  # type: ignore[attr-defined]
