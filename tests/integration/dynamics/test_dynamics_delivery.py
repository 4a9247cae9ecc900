"""Records go to a simulated environment in few calls, and each bad one is named."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.integration.dynamics.delivery import (
    EVENT,
    changed_schema,
    kinds,
    make_plugin,
    names,
    staging,
)

from regbridge import (
    AmbiguousError,
    CredentialsError,
    Outcome,
    QuotaExceededError,
    Record,
    RetryableError,
)
from regbridge_dynamics.deliver import Dynamics
from regbridge_dynamics.simulator import DataverseSimulator, Fault, Key, KeyStatus, Limits

Make = Callable[..., Dynamics]
STAGING = "new_registrationstaging"


def refuse_bad(values: Mapping[str, object]) -> str | None:
    """Refuse as a plug-in of the environment does."""
    name = str(values["new_firstname"])
    return f"Nobody is called {name}" if name.startswith("Bad") else None


@pytest.fixture(params=[True, False], ids=["bulk", "batch"])
def bulk(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def judging(bulk: bool) -> Iterator[DataverseSimulator]:
    """An environment with a plug-in, with bulk operations and without."""
    schema = changed_schema(STAGING, plug_in=refuse_bad, bulk=bulk)
    with DataverseSimulator(schema) as running:
        yield running


@pytest.fixture
def plugins() -> Iterator[list[Dynamics]]:
    made: list[Dynamics] = []
    yield made
    for plugin in made:
        plugin.close()


@pytest.fixture
def make(plugins: list[Dynamics], tmp_path: Path) -> Make:
    def build(simulator: DataverseSimulator, **options: Any) -> Dynamics:
        plugins.append(make_plugin(simulator, tmp_path, **options))
        return plugins[-1]

    return build


def test_a_hundred_records_are_one_call(simulator: DataverseSimulator, make: Make) -> None:
    outcomes = make(simulator).deliver_records([staging(n) for n in range(100)])
    assert kinds(outcomes) == ["created"] * 100
    assert simulator.calls.by_operation == {"$batch": 1, "UpsertMultiple": 1}  # one for metadata
    assert len(simulator.tables[STAGING]) == 100


def test_a_table_without_bulk_operations_takes_a_batch(make: Make) -> None:
    with DataverseSimulator(changed_schema(STAGING, bulk=False)) as simulator:
        make(simulator).deliver_records([staging(n) for n in range(100)])
        assert simulator.calls.by_operation == {"$batch": 2}
        assert simulator.calls.parts["upsert"] == 100


def test_one_record_alone_brings_back_whether_it_was_new_and_its_id(
    simulator: DataverseSimulator, make: Make
) -> None:
    plugin = make(simulator)
    [created] = plugin.deliver_records([staging(1)])
    [updated] = plugin.deliver_records([staging(1, new_lastname="L")])
    [row] = simulator.tables[STAGING]
    assert created == Outcome.created(str(row["new_registrationstagingid"]))
    assert updated == Outcome.updated(created.external_id)


def test_among_many_what_was_delivered_before_is_updated_and_keeps_its_id(
    simulator: DataverseSimulator, make: Make
) -> None:
    known = Record(staging(1).fields, external_id="its-id")
    outcomes = make(simulator).deliver_records([known, staging(2)])
    key = f"new_registrationstagings(new_inviteeid='invitee-2',new_eventid='{EVENT}')"
    assert outcomes == [Outcome.updated("its-id"), Outcome.created(key)]


def test_exactly_the_bad_records_are_rejected(judging: DataverseSimulator, make: Make) -> None:
    records = [
        staging(n, new_firstname=f"Bad {n}" if n in (3, 50) else f"Ada {n}") for n in range(100)
    ]
    outcomes = make(judging).deliver_records(records)
    assert [n for n, outcome in enumerate(outcomes) if outcome.kind == "rejected"] == [3, 50]
    assert outcomes[3].reason == (
        "a plug-in of the environment refuses it (0x80040265): Nobody is called … 3"
    )
    assert len(simulator_rows(judging)) == 98


def simulator_rows(simulator: DataverseSimulator) -> list[dict[str, Any]]:
    return list(simulator.tables[STAGING])


def test_a_record_that_cannot_be_translated_is_not_sent(
    simulator: DataverseSimulator, make: Make
) -> None:
    records = [staging(1), staging(2, new_guests="many"), staging(3, new_firstname="x" * 51)]
    outcomes = make(simulator).deliver_records(records)
    assert kinds(outcomes) == ["created", "rejected", "rejected"]
    assert [outcome.field for outcome in outcomes] == [None, "new_guests", "new_firstname"]
    assert simulator.calls.by_operation["UpsertMultiple"] == 0  # one record is left: a PATCH
    assert names(simulator) == ["Ada 1"]


def test_a_field_at_fault_is_named_by_what_dataverse_says(make: Make) -> None:
    schema = changed_schema(
        STAGING, plug_in=lambda _: "The 'new_lastname' is not to be \"Lovelace\""
    )
    with DataverseSimulator(schema) as simulator:
        [found] = make(simulator).deliver_records([staging(1, new_lastname="Lovelace")])
        assert (found.kind, found.field) == ("rejected", "new_lastname")
        assert "Lovelace" not in found.reason


def test_two_records_with_one_key_go_one_after_the_other(
    judging: DataverseSimulator, make: Make
) -> None:
    records = [staging(1, new_lastname="first"), staging(2), staging("1", new_lastname="second")]
    outcomes = make(judging).deliver_records(records)
    assert [outcome.kind.value for outcome in outcomes][:2] == ["created", "created"]
    assert outcomes[2].kind in ("created", "updated")
    rows = {row["new_inviteeid"]: row["new_lastname"] for row in simulator_rows(judging)}
    assert rows == {"invitee-1": "second", "invitee-2": None}


def test_keys_that_differ_in_capitals_only_are_one_record(
    simulator: DataverseSimulator, make: Make
) -> None:
    outcomes = make(simulator).deliver_records([staging("a"), staging("A"), staging("b")])
    assert "rejected" not in kinds(outcomes)
    assert names(simulator) == ["Ada A", "Ada b"]


@pytest.mark.parametrize("many", [1, 3])
def test_the_id_may_be_the_key(judging: DataverseSimulator, make: Make, many: int) -> None:
    plugin = make(judging, key={"new_registrationstagingid": "id"})
    records = [staging(n, id=f"00000000-0000-0000-0000-{n:012}") for n in range(many)]
    for _ in range(2):
        assert "rejected" not in kinds(plugin.deliver_records(records))
    rows = simulator_rows(judging)
    assert sorted((row["new_registrationstagingid"], row["new_inviteeid"]) for row in rows) == [
        (f"00000000-0000-0000-0000-{n:012}", f"invitee-{n}") for n in range(many)
    ]


def test_more_records_than_a_chunk_are_several_calls(
    simulator: DataverseSimulator, make: Make
) -> None:
    plugin = make(simulator, chunk_size=40)
    assert plugin.batch_size == 40
    plugin.deliver_records([staging(n) for n in range(100)])
    assert simulator.calls.by_operation["UpsertMultiple"] == 3


def test_a_race_for_a_new_record_is_run_once_more(judging: DataverseSimulator, make: Make) -> None:
    plugin = make(judging)
    judging.fail_next(Fault.RACE)
    assert kinds(plugin.deliver_records([staging(n) for n in range(10)])) == ["created"] * 10
    judging.fail_next(Fault.RACE)
    assert kinds(plugin.deliver_records([staging(77)])) == ["created"]
    assert len(simulator_rows(judging)) == 11


def test_a_race_that_is_lost_twice_is_no_race(judging: DataverseSimulator, make: Make) -> None:
    plugin = make(judging)
    judging.fail_next(Fault.RACE, 2)
    [found] = plugin.deliver_records([staging(1)])
    assert found.kind == "rejected"
    assert "another record has the same values in an alternate key" in found.reason


def test_a_second_key_that_another_record_has_is_rejected_alone(make: Make) -> None:
    keys = (
        Key("new_inviteeevent", ("new_inviteeid", "new_eventid")),
        Key("new_mail", ("new_email",)),
    )
    with DataverseSimulator(changed_schema(STAGING, keys=keys)) as simulator:
        plugin = make(simulator)
        plugin.deliver_records([staging(0, new_email="taken@example.org")])
        records = [staging(n, new_email=f"{n}@example.org") for n in range(1, 10)]
        records[4] = staging(5, new_email="taken@example.org")
        outcomes = plugin.deliver_records(records)
        assert [n for n, one in enumerate(outcomes) if one.kind == "rejected"] == [4]
        assert "taken" not in outcomes[4].reason
        assert simulator.calls.by_operation == {
            "$batch": 2,  # metadata, and the one that settles each
            "upsert": 1,
            "UpsertMultiple": 1,
        }


def test_a_lookup_to_a_record_that_is_not_there_is_rejected_or_waits(
    judging: DataverseSimulator, make: Make
) -> None:
    contact = {"table": "contact", "key": "new_cventcontactid"}
    judging.add("contact", {"new_cventcontactid": "C-1", "lastname": "Lovelace"})
    records = [
        staging(1, new_contact="C-1"),
        staging(2, new_contact="C-2"),
        staging(3, new_contact=None),
    ]
    found = make(judging, lookups={"new_contact": contact}).deliver_records(records)
    assert kinds(found) == ["created", "rejected", "created"]
    assert found[1].field == "new_contact"
    assert "no such record in the table contact" in found[1].reason
    waiting = make(judging, lookups={"new_contact": {**contact, "missing": "retry"}})
    assert kinds(waiting.deliver_records(records[1:2])) == ["retry"]
    judging.add("contact", {"new_cventcontactid": "C-2", "lastname": "Byron"})
    assert kinds(waiting.deliver_records(records[1:2])) == ["created"]


def test_a_request_that_is_too_large_is_halved(make: Make, bulk: bool) -> None:
    schema = changed_schema(STAGING, bulk=bulk)
    with DataverseSimulator(schema, limits=Limits(message_bytes=20_000)) as simulator:
        records = [staging(n, new_answers="x" * 3000) for n in range(12)]
        assert kinds(make(simulator).deliver_records(records)) == ["created"] * 12
        assert len(simulator_rows(simulator)) == 12


def test_a_record_that_is_too_large_by_itself_is_rejected_alone(make: Make) -> None:
    with DataverseSimulator(limits=Limits(message_bytes=8_000)) as simulator:
        records = [staging(1), staging(2, new_answers="x" * 9000), staging(3)]
        found = make(simulator).deliver_records(records)
        assert kinds(found) == ["created", "rejected", "created"]
        assert "larger than Dataverse takes" in found[1].reason


@pytest.mark.parametrize("fault", [Fault.DROPPED_BEFORE, Fault.DROPPED_AFTER])
def test_a_lost_answer_is_ambiguous_and_the_same_again_leaves_one_record(
    judging: DataverseSimulator, make: Make, fault: Fault
) -> None:
    plugin = make(judging)
    plugin.deliver_records([staging(0)])
    judging.fail_next(fault)
    with pytest.raises(AmbiguousError):
        plugin.deliver_records([staging(n) for n in range(10)])
    plugin.deliver_records([staging(n) for n in range(10)])
    assert len(simulator_rows(judging)) == 10


def test_an_environment_that_cannot_work_now_is_tried_again(
    judging: DataverseSimulator, make: Make
) -> None:
    plugin = make(judging)
    for _ in range(2):  # while it reads about the table, and later
        judging.fail_next(Fault.UNAVAILABLE)
        with pytest.raises(RetryableError, match="503 in the place of Dataverse"):
            plugin.deliver_records([staging(1)])
        plugin.deliver_records([staging(1)])


@pytest.mark.parametrize("many", [1, 5])
def test_a_missing_privilege_pauses_the_target(
    judging: DataverseSimulator, make: Make, many: int
) -> None:
    plugin = make(judging)
    judging.denied.add("prvCreatenew_RegistrationStaging")
    with pytest.raises(CredentialsError, match=r"prvCreatenew_RegistrationStaging.*security role"):
        plugin.deliver_records([staging(n) for n in range(many)])


def test_a_privilege_that_one_record_alone_lacks_rejects_that_one(
    judging: DataverseSimulator, make: Make
) -> None:
    contact = {"table": "contact", "key": "new_cventcontactid"}
    judging.add("contact", {"new_cventcontactid": "C-1", "lastname": "Lovelace"})
    judging.denied.add("prvAppendToContact")
    plugin = make(judging, lookups={"new_contact": contact})
    found = plugin.deliver_records([staging(1, new_contact="C-1"), staging(2, new_contact=None)])
    assert kinds(found) == ["rejected", "created"]
    assert "prvAppendToContact" in found[0].reason


@pytest.mark.parametrize("status", [KeyStatus.PENDING, KeyStatus.FAILED])
def test_a_key_that_is_not_active_leaves_the_target_alone(make: Make, status: KeyStatus) -> None:
    keys = (Key("new_inviteeevent", ("new_inviteeid", "new_eventid"), status),)
    with DataverseSimulator(changed_schema(STAGING, keys=keys)) as simulator:
        with pytest.raises(RetryableError, match=f"new_inviteeevent .* is {status.value}"):
            make(simulator).deliver_records([staging(1)])
        assert simulator.calls.records_written == 0


def test_a_table_that_is_not_there_leaves_the_target_alone(
    simulator: DataverseSimulator, make: Make
) -> None:
    with pytest.raises(RetryableError, match="no table new_gone"):
        make(simulator, table="new_gone").deliver_records([staging(1)])


def test_no_records_are_no_outcomes(simulator: DataverseSimulator, make: Make) -> None:
    assert make(simulator).deliver_records([]) == []


def test_a_throttled_part_waits_and_the_others_are_delivered(make: Make) -> None:
    with DataverseSimulator(changed_schema(STAGING, bulk=False)) as simulator:
        plugin = make(simulator, chunk_size=40)
        plugin.deliver_records([staging(0)])
        simulator.fail_next(Fault.THROTTLED_PART)
        found = plugin.deliver_records([staging(n) for n in range(5)])
        assert kinds(found) == ["retry", "created", "created", "created", "created"]
        assert found[0].after == 1
        assert plugin.batch_size == 20
        with pytest.raises(QuotaExceededError):  # nobody sends before the time
            plugin.deliver_records([staging(9)])


def test_when_all_parts_are_throttled_no_attempt_is_burnt(make: Make) -> None:
    with DataverseSimulator(changed_schema(STAGING, bulk=False)) as simulator:
        plugin = make(simulator)
        plugin.deliver_records([staging(0)])
        simulator.fail_next(Fault.THROTTLED_PART, 5)
        with pytest.raises(QuotaExceededError):
            plugin.deliver_records([staging(n) for n in range(5)])


@pytest.mark.parametrize(("bad", "most"), [(0, 110), (100, 220)])
def test_ten_thousand_registrations_are_few_requests(make: Make, bad: int, most: int) -> None:
    schema = changed_schema(STAGING, plug_in=refuse_bad)
    with DataverseSimulator(schema) as simulator:
        plugin = make(simulator, concurrency=8)
        every = 10_000 // bad if bad else 20_000
        records = [
            staging(n, new_firstname=f"{'Bad' if n % every == every // 2 else 'Ada'} {n}")
            for n in range(10_000)
        ]
        batches = [records[start : start + 100] for start in range(0, 10_000, 100)]
        with ThreadPoolExecutor(8) as pool:
            outcomes = [one for batch in pool.map(plugin.deliver_records, batches) for one in batch]
        counts = Counter(kinds(outcomes))
        assert counts == Counter({"created": 10_000 - bad, "rejected": bad})
        wrong = [n for n, one in enumerate(outcomes) if one.kind == "rejected"]
        assert wrong == [n for n in range(10_000) if n % every == every // 2]
        assert simulator.calls.total <= most
        assert len(simulator_rows(simulator)) == 10_000 - bad


def test_threads_that_begin_together_ask_about_the_table_once(
    simulator: DataverseSimulator, make: Make
) -> None:
    plugin = make(simulator)
    start = threading.Barrier(4)

    def deliver(number: int) -> str:
        start.wait(10)
        return kinds(plugin.deliver_records([staging(number)]))[0]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(deliver, range(4))) == ["created"] * 4
    assert simulator.calls.by_operation == {"$batch": 1, "upsert": 4}
    assert simulator.calls.tokens == 1


def test_a_preview_is_what_would_be_sent_and_sends_nothing(tmp_path: Path) -> None:
    with DataverseSimulator() as simulator:
        plugin = make_plugin(simulator, tmp_path)
        record = staging(1, new_amountpaid="12.50", new_registrationstatus="Accepted")

        shown = plugin.preview(record)
        plugin.close()

    assert shown["@odata.id"].startswith("new_registrationstagings(new_inviteeid='invitee-1'")
    assert isinstance(shown["new_registrationstatus"], int)
    assert "new_inviteeid" not in shown
    assert simulator.tables["new_registrationstaging"] == []
