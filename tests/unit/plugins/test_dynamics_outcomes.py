"""What an answer means for one record."""

from __future__ import annotations

from typing import Any

import pytest

from regbridge import Outcome, OutcomeKind, Record
from regbridge_dynamics.errors import Refusal, Trouble
from regbridge_dynamics.keys import Address
from regbridge_dynamics.outcomes import delivered, refused
from regbridge_dynamics.records import Upsert
from regbridge_dynamics.settings import LookupSettings

FIELDS = {"new_name": "Zoë O'Brien", "new_memo": "x", "new_tags": ["Vienna", {"a": "Graz"}]}


def upsert(external_id: str | None = None, **lookups: str) -> Upsert:
    parents = {
        name: LookupSettings(table=name.removeprefix("new_"), missing=missing)  # type: ignore[arg-type]
        for name, missing in lookups.items()
    }
    record = Record(FIELDS, external_id=external_id)
    address = Address("new_stagings(new_id='A-1')", "", "")
    return Upsert(0, record, address, {"new_name": "Zoë O'Brien"}, parents)


def refusal(trouble: Trouble, words: str = "", message: str = "", **more: Any) -> Refusal:
    return Refusal(trouble, 400, "0x80040265", words, message=message, **more)


def test_what_was_delivered_before_is_updated_and_keeps_its_id() -> None:
    assert delivered(upsert("guid")) == Outcome.updated("guid")


def test_what_is_new_is_known_by_its_key_from_then_on() -> None:
    assert delivered(upsert()) == Outcome.created("new_stagings(new_id='A-1')")


def test_a_refused_record_is_rejected_with_its_field_and_without_its_values() -> None:
    message = "The 'new_name' ZOË o'brien of Vienna and Graz (ada@example.org) is a member of A-1."
    found = refused(refusal(Trouble.RECORD, "a plug-in refuses it", message), upsert())
    assert found.kind is OutcomeKind.REJECTED
    assert found.field == "new_name"
    assert found.reason.startswith("a plug-in refuses it (0x80040265): ")
    assert found.reason.endswith(" is a member of A-1.")
    assert all(word not in found.reason for word in ("ZOË", "brien", "Vienna", "Graz", "ada@"))


def test_a_long_message_is_not_all_shown() -> None:
    found = refused(refusal(Trouble.RECORD, message="words " * 10_000), upsert())
    assert len(found.reason) < 400


def test_a_message_that_names_two_columns_blames_none() -> None:
    message = "'new_name' and \"new_memo\" do not fit"
    assert refused(refusal(Trouble.RECORD, message=message), upsert()).field is None


@pytest.mark.parametrize(
    "trouble", [Trouble.LATER, Trouble.REQUESTS, Trouble.EXECUTION_TIME, Trouble.CONCURRENCY]
)
def test_what_may_succeed_later_is_tried_again(trouble: Trouble) -> None:
    found = refused(refusal(trouble, retry_after=7.0), upsert())
    assert (found.kind, found.after) == (OutcomeKind.RETRY, 7.0)


@pytest.mark.parametrize("trouble", [Trouble.RACE, Trouble.TOO_LARGE, Trouble.RIGHTS])
def test_what_stays_wrong_is_rejected(trouble: Trouble) -> None:
    assert refused(refusal(trouble), upsert()).kind is OutcomeKind.REJECTED


MISSING = "A record with the specified key values does not exist in contact entity"


def test_a_missing_parent_is_the_lookups_fault() -> None:
    found = refused(
        refusal(Trouble.PARENT, message=MISSING), upsert(new_contact="park", new_account="retry")
    )
    assert found == Outcome.rejected(
        "new_contact: there is no such record in the table contact (0x80040265)", "new_contact"
    )


def test_a_parent_that_comes_later_is_waited_for_where_the_settings_say_so() -> None:
    found = refused(
        refusal(Trouble.PARENT, message=MISSING), upsert(new_contact="retry", new_account="park")
    )
    assert found.kind is OutcomeKind.RETRY


def test_the_only_lookup_is_meant_whatever_the_message_says() -> None:
    found = refused(refusal(Trouble.PARENT, message="?"), upsert(new_contact="park"))
    assert found.field == "new_contact"


def test_when_nobody_can_say_which_parent_is_missing_no_field_is_blamed() -> None:
    two = upsert(new_contact="park", new_account="park")
    assert refused(refusal(Trouble.PARENT, message="?"), two) == Outcome.rejected(
        f"{Trouble.PARENT.value} (0x80040265)"
    )
    waiting = upsert(new_contact="park", new_account="retry")
    assert refused(refusal(Trouble.PARENT, message="?"), waiting).kind is OutcomeKind.RETRY
    assert refused(refusal(Trouble.PARENT), upsert()).kind is OutcomeKind.REJECTED
