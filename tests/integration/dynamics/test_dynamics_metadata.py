"""What an environment says about its tables, asked for rarely and by one call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.dynamics.delivery import Clock, make_plugin, read_settings, settings_for

from regbridge import RateLimiter, RetryableError
from regbridge.limits import OwnPlaces
from regbridge_dynamics.client import WebApi
from regbridge_dynamics.metadata import SECONDS, Metadata
from regbridge_dynamics.schema import Behavior, Option, Type
from regbridge_dynamics.simulator import DataverseSimulator, Fault


@pytest.fixture
def web(simulator: DataverseSimulator, tmp_path: Path) -> Iterator[WebApi]:
    settings = read_settings(settings_for(simulator, tmp_path))
    found = WebApi(settings, RateLimiter("dynamics", OwnPlaces()))
    yield found
    found.close()


def test_a_table_is_read_by_one_call(simulator: DataverseSimulator, web: WebApi) -> None:
    table = Metadata(web).table("new_registrationstaging")
    columns = table.columns
    assert simulator.calls.by_operation == {"$batch": 1}
    assert (table.entity_set, table.primary_id) == (
        "new_registrationstagings",
        "new_registrationstagingid",
    )
    assert columns["new_answers"].max_length == 10_000
    assert (columns["new_guests"].minimum, columns["new_guests"].maximum) == (0, 100)
    assert columns["new_score"].places == 5
    assert columns["new_eventday"].behavior is Behavior.DATE_ONLY
    assert columns["new_registrationstatus"].options[0] == Option(100000000, ("Accepted",))
    assert columns["new_interests"].type is Type.CHOICES
    assert columns["new_contact"].targets == ("contact",)
    assert columns["statuscode"].options[-1].state == 1
    assert table.navigation == {("new_contact", "contact"): "new_Contact"}
    assert [(key.name, key.is_active) for key in table.keys] == [("new_inviteeevent", True)]
    assert table.privileges["AppendTo"] == "prvAppendTonew_RegistrationStaging"
    assert all(column.type is not Type.OTHER for column in columns.values())


def test_bulk_operations_are_found_out_and_not_assumed(web: WebApi) -> None:
    metadata = Metadata(web)
    assert metadata.table("new_registrationstaging").takes_bulk
    assert not metadata.table("contact").takes_bulk


def test_a_table_is_remembered_for_a_while(simulator: DataverseSimulator, web: WebApi) -> None:
    now = 0.0
    metadata = Metadata(web, clock=lambda: now)
    first = metadata.table("contact")
    now = SECONDS - 1
    assert metadata.table("contact") is first
    now = SECONDS + 1
    assert metadata.table("contact") is not first
    assert simulator.calls.by_operation == {"$batch": 2}


def test_a_check_asks_for_what_was_changed_just_now(
    simulator: DataverseSimulator, web: WebApi
) -> None:
    Metadata(web).table("contact")
    assert simulator.calls.options["consistency=Strong"] == 0
    Metadata(web, is_fresh=True).table("contact")
    assert simulator.calls.options["consistency=Strong"] > 0


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("contacts", "did you mean 'contact'?"),
        ("new_registrationstagings", "did you mean 'new_registrationstaging'?"),
        ("acount", "did you mean 'account'?"),
    ],
)
def test_a_table_that_is_not_there_has_a_suggestion(web: WebApi, name: str, remedy: str) -> None:
    metadata = Metadata(web)
    assert metadata.find(name) is None
    assert metadata.suggestion(name) == remedy
    with pytest.raises(RetryableError, match=f"no table {name}"):
        metadata.table(name)


@pytest.mark.parametrize("name", ["Contact", "x')/Attributes", ""])
def test_what_is_no_name_is_not_asked_for(
    simulator: DataverseSimulator, web: WebApi, name: str
) -> None:
    assert Metadata(web).find(name) is None
    assert simulator.calls.total == 0


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.DROPPED_BEFORE, Fault.THROTTLED_PART])
def test_a_question_without_an_answer_is_asked_again(
    simulator: DataverseSimulator, web: WebApi, fault: Fault
) -> None:
    metadata = Metadata(web)
    simulator.fail_next(fault)
    with pytest.raises(RetryableError):
        metadata.table("contact")
    assert metadata.table("contact").entity_set == "contacts"


def test_a_plugin_asks_again_once_a_table_has_been_made(tmp_path: Path) -> None:
    """What is not there is not remembered."""
    with DataverseSimulator() as simulator:
        plugin = make_plugin(simulator, tmp_path, table="new_gone", clock=Clock())
        for _ in range(2):
            with pytest.raises(RetryableError, match="no table new_gone"):
                plugin.deliver_records([])
        assert simulator.calls.by_operation == {"$batch": 2}
        plugin.close()


def test_whoever_may_not_read_it_lacks_credentials(
    simulator: DataverseSimulator, web: WebApi
) -> None:
    simulator.denied.add("prvActOnBehalfOfAnotherUser")
    web.options["CallerObjectId"] = "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert Metadata(web).table("contact")  # impersonation is for records alone
