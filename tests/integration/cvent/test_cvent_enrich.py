"""`cvent-enrich` fetches what the webhook leaves out from a strict simulator over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.integration.cvent.bench import (
    EVENT,
    UNHURRIED,
    Bench,
    Serve,
    operations,
    patches,
    registration,
    the_event,
)
from tests.integration.cvent.openapi import Recorder

from regbridge import (
    CredentialsError,
    Event,
    Finding,
    Kind,
    Level,
    Product,
    Question,
    QuotaExceededError,
    Registration,
    RejectedError,
    RetryableError,
    Target,
)
from regbridge.testing import payloads
from regbridge_cvent.enrich import CventEnrich
from regbridge_cvent.simulator import (
    FREE,
    SCOPES,
    STANDARD,
    Behaviour,
    CventSimulator,
    EmptyLastPage,
    Population,
    Tier,
)

OTHER_EVENT = "1C4C4410-1D46-43CD-A903-E8CF9DE6ADE5"
EVERYTHING = ("answers", "contact", "guests", "orders", "sessions", "event", "parent")


def of_other_event(number: int, **about: Any) -> Registration:
    invitee = payloads.registrant(number, OTHER_EVENT)["inviteeStub"].lower()
    return registration(number, event_stub=OTHER_EVENT.lower(), invitee_stub=invitee, **about)


# --- what is fetched ---


def test_the_attendee_of_a_registration_is_found_with_contact_and_answers(bench: Bench) -> None:
    simulator = bench.simulate()
    attendee = simulator.world.attendee(payloads.registrant(2)["inviteeStub"].lower())
    event = the_event({"member": Question("member", code="MEMBERID")})

    [patch] = patches(bench.plugin(event=event), [registration(2, event=event)])

    record = payloads.registrant(2)
    assert patch["attendee"]["confirmationNumber"] == record["confirmationNumber"]
    assert patch["contact"]["email"] == record["email"]
    assert patch["contact"]["workAddress"]["city"] == record["workCity"]
    assert patch["contact"]["customFields"]["Member number"] == "M-000002"
    assert patch["testRecord"] is False
    assert "member" in patch["answers"]
    assert attendee["answers"]


def test_answers_stand_under_the_names_of_the_yaml_whichever_way_they_are_named(
    bench: Bench,
) -> None:
    simulator = bench.simulate()
    invitee = payloads.registrant(1)["inviteeStub"].lower()
    questions = bench.plugin()._catalogue.questions(EVENT.lower()).values()
    by_code, by_text, by_id = [each for each in questions if each.code][:3]
    for question in (by_code, by_text, by_id):
        simulator.world.answer(invitee, question.code, f"to {question.code}")
    event = the_event(
        {
            "one": Question("one", code=by_code.code.lower()),
            "two": Question("two", text=by_text.text),
            "three": Question("three", id=by_id.id.upper()),
        }
    )

    [patch] = patches(bench.plugin(event=event), [registration(event=event)])

    answers = {name: patch["answers"][name] for name in ("one", "two", "three")}
    assert answers == {
        "one": f"to {by_code.code}",
        "two": f"to {by_text.code}",
        "three": f"to {by_id.code}",
    }


def test_an_answer_has_one_text_several_or_none(bench: Bench) -> None:
    simulator = bench.simulate()
    invitee = payloads.registrant(1)["inviteeStub"].lower()
    codes = [q.code for q in bench.plugin()._catalogue.questions(EVENT.lower()).values() if q.code][
        :3
    ]
    simulator.world.answer(invitee, codes[0], "one")
    simulator.world.answer(invitee, codes[1], "one", "two")
    simulator.world.answer(invitee, codes[2])
    event = the_event({f"q{n}": Question(f"q{n}", code=code) for n, code in enumerate(codes)})

    [patch] = patches(bench.plugin(event=event), [registration(event=event)])

    assert [patch["answers"][f"q{n}"] for n in range(3)] == ["one", ["one", "two"], None]


def test_a_name_that_nobody_answered_is_null_and_other_questions_have_their_code(
    bench: Bench,
) -> None:
    simulator = bench.simulate()
    code = next(
        q.code for q in bench.plugin()._catalogue.questions(EVENT.lower()).values() if q.code
    )
    simulator.world.answer(payloads.registrant(1)["inviteeStub"].lower(), code, "x")
    event = the_event({"nothing": Question("nothing", code="NO-SUCH-CODE")})

    [patch] = patches(bench.plugin(event=event), [registration(event=event)])

    assert patch["answers"]["nothing"] is None
    assert patch["answers"][code] == "x"


def test_guests_come_with_their_primary_and_deleted_ones_do_not(bench: Bench) -> None:
    simulator = bench.simulate(Population(4, guests_every=0))
    invitee = payloads.registrant(1)["inviteeStub"].lower()
    guests = [
        simulator.world.add(payloads.registrant(n, EVENT, guest=True), guest_of=invitee)
        for n in (900, 901)
    ]
    simulator.world.remove(guests[1])

    found = patches(bench.plugin("guests"), [registration(1), registration(2)])

    assert [guest["id"] for guest in found[0]["guests"]] == [guests[0]]
    assert found[0]["guests"][0]["contact"]["email"] == payloads.registrant(900)["email"]
    assert found[1]["guests"] == []


def test_a_guest_who_is_found_by_two_filters_comes_once(bench: Bench) -> None:
    simulator = bench.simulate(Population(180, guests_every=0))
    invitee = payloads.registrant(1)["inviteeStub"].lower()
    guest = simulator.world.add(payloads.registrant(900, EVENT, guest=True), guest_of=invitee)
    many = [registration(number) for number in range(1, 181)]  # more than one filter holds

    found = patches(bench.plugin("guests"), [*many, registration(900, invitee_stub=guest)])

    assert operations(simulator)["POST /attendees/filter"] == 2
    assert [each["id"] for each in found[0]["guests"]] == [guest]
    assert found[-1]["attendee"]["id"] == guest


def test_orders_have_their_items_and_products_the_names_of_the_yaml(bench: Bench) -> None:
    bench.simulate(Population(2, items=2))
    [plain] = patches(bench.plugin("orders"), [registration(1)])
    first, second = plain["orders"][0]["items"]
    event = the_event(
        products={
            "by_name": Product("by_name", title=first["name"]),
            "by_id": Product("by_id", id=second["product"]["id"].upper()),
            "never": Product("never", title="Never ordered"),
        }
    )

    [patch] = patches(bench.plugin("orders", event=event), [registration(1, event=event)])

    assert patch["orders"][0]["items"] == [first, second]
    assert first in patch["products"]["by_name"]
    assert second in patch["products"]["by_id"]
    assert patch["products"]["never"] == []


def test_sessions_the_event_and_the_parent_of_a_contact_snapshot(bench: Bench) -> None:
    bench.simulate(Population(3, snapshots_every=1))

    [patch] = patches(bench.plugin(*EVERYTHING), [registration(1)])

    assert patch["event"]["timezone"]
    assert patch["event"]["id"] == EVENT.lower()
    assert patch["contact"]["parentId"]
    assert all("enrolment" in session for session in patch["sessions"])


def test_what_the_parts_do_not_name_is_neither_fetched_nor_there(bench: Bench) -> None:
    simulator = bench.simulate()

    [patch] = patches(bench.plugin("contact"), [registration(1)])

    assert set(patch) == {"testRecord", "attendee", "contact"}
    assert not any("orders" in name or "events" in name for name in operations(simulator))


def test_a_test_registration_says_so(bench: Bench) -> None:
    bench.simulate(Population(2, tests_every=1))

    assert patches(bench.plugin(), [registration(1)])[0]["testRecord"] is True


def test_messages_about_no_attendee_are_left_alone(bench: Bench) -> None:
    simulator = bench.simulate()
    others = [
        registration(1, kind=Kind.ABANDONED),
        registration(2, invitee_stub=""),
    ]

    assert patches(bench.plugin(), others) == [None, None]
    assert len(simulator.calls) == 0


def test_two_revisions_of_one_registrant_are_asked_for_once(bench: Bench) -> None:
    simulator = bench.simulate()

    found = patches(bench.plugin("contact"), [registration(1), registration(1)])

    assert found[0] == found[1]
    assert operations(simulator)["POST /attendees/filter"] == 1


# --- who is not there, and who cannot be asked for ---


def test_a_registration_that_cvent_does_not_show_yet_is_tried_again_alone(bench: Bench) -> None:
    simulator = bench.simulate(visibility_delay=45.0)
    bench.clock.sleep(3600)
    late = simulator.world.add(payloads.registrant(77, EVENT))
    plugin = bench.plugin("contact")

    first = patches(plugin, [registration(1), registration(77)])
    assert first[0]["contact"]
    assert isinstance(first[1], RetryableError)
    assert first[1].retry_after == 20.0
    assert "does not show this registration yet" in str(first[1])

    bench.clock.sleep(46)
    assert patches(plugin, [registration(77)])[0]["attendee"]["id"] == late


@pytest.mark.parametrize("stub", ["it's", "a-new-kind-of-id:7", 'say "x"'])
def test_ids_in_another_form_than_todays_are_asked_for_all_the_same(
    bench: Bench, stub: str
) -> None:
    bench.simulate()

    [found] = patches(bench.plugin("contact"), [registration(1, invitee_stub=stub)])

    assert isinstance(found, RetryableError)


@pytest.mark.parametrize("stub", ["a\nb", "back\\slash"])
def test_an_id_that_no_filter_can_hold_spoils_nobody_elses_registration(
    bench: Bench, stub: str
) -> None:
    bench.simulate()

    found = patches(bench.plugin("contact"), [registration(1), registration(2, invitee_stub=stub)])

    assert found[0]["contact"]
    assert isinstance(found[1], RejectedError)


def test_an_event_that_cvent_does_not_have_is_refused_with_its_registrations_alone(
    bench: Bench,
) -> None:
    bench.simulate()
    other = registration(3, event_stub="11111111-2222-4333-8444-555555555555", event=None)

    found = patches(bench.plugin("orders"), [registration(1), other])

    assert found[0]["orders"]
    assert isinstance(found[1], RejectedError | RetryableError)


def test_what_cvent_refuses_about_one_event_spoils_no_other_event(bench: Bench) -> None:
    simulator = bench.simulate(Population(3, events=(EVENT, OTHER_EVENT)))
    events = simulator.world.tables.events
    events.remove(events[OTHER_EVENT.lower()])

    found = patches(bench.plugin("event"), [registration(1), of_other_event(1), registration(2)])

    assert found[0]["event"]["id"] == found[2]["event"]["id"] == EVENT.lower()
    assert isinstance(found[1], RejectedError)


def test_a_registration_of_a_deleted_guest_is_enriched_and_says_so(bench: Bench) -> None:
    simulator = bench.simulate(Population(2, guests_every=0))
    invitee = payloads.registrant(1)["inviteeStub"].lower()
    guest = simulator.world.add(payloads.registrant(900, EVENT, guest=True), guest_of=invitee)
    simulator.world.remove(guest)

    primary, gone = patches(
        bench.plugin("guests"), [registration(1), registration(900, invitee_stub=guest)]
    )

    assert primary["guests"] == []
    assert gone["attendee"]["deletedGuest"] is True


def test_an_id_is_asked_for_as_it_is_spelled(bench: Bench, recorded: Recorder) -> None:
    """GUIDs come in lower case from the host; whatever else an id may become is opaque."""
    bench.simulate()

    patches(bench.plugin("contact"), [registration(1, invitee_stub="MixedCase-7")])

    assert any(b"'MixedCase-7'" in body for _, _, _, body in recorded.requests)


# --- how many calls ---


def sync(size: int, **about: Any) -> list[Registration]:
    return [registration(n, message_size=size, **about) for n in range(1, size + 1)]


def in_batches(
    plugin: CventEnrich, registrations: list[Registration], size: int = 200
) -> list[Any]:
    return [
        patch
        for start in range(0, len(registrations), size)
        for patch in patches(plugin, registrations[start : start + size])
    ]


def test_answers_and_contact_take_a_call_for_each_two_hundred(bench: Bench) -> None:
    simulator = bench.simulate(Population(1000, guests_every=0))

    found = in_batches(bench.plugin(), sync(1000))

    assert len(found) == 1000
    assert all(patch["contact"] for patch in found)
    assert len(simulator.calls) <= 5 + 3  # and the tier, and the questions


def test_a_sync_of_most_of_an_event_pages_it_once_for_all_batches(bench: Bench) -> None:
    simulator = bench.simulate(Population(1000, guests_every=10, items=2))
    plugin = bench.plugin("answers", "contact", "guests", "orders")

    found = in_batches(plugin, sync(1000))

    assert sum(len(patch["guests"]) for patch in found) == 100
    assert all(len(patch["orders"][0]["items"]) >= 2 for patch in found)
    assert operations(simulator)["GET /events/{id}/orders"] <= 6
    assert len(simulator.calls) <= 26


def test_paging_and_filters_bring_the_same(bench: Bench) -> None:
    bench.simulate(Population(420, guests_every=5, items=2))
    parts = ("answers", "contact", "guests", "orders", "sessions")

    paged = in_batches(bench.plugin(*parts), sync(420))
    filtered = [patches(bench.plugin(*parts), [one])[0] for one in sync(420)[::60]]

    for one, other in zip(paged[::60], filtered, strict=True):
        assert normal(one) == normal(other)


def normal(patch: dict[str, Any]) -> dict[str, Any]:
    """Return a patch without an order in its lists."""
    return {
        key: sorted(value, key=str) if isinstance(value, list) else value
        for key, value in patch.items()
    }


def test_a_snapshot_never_serves_a_registration_that_arrived_after_it_was_begun(
    bench: Bench,
) -> None:
    simulator = bench.simulate(Population(400, guests_every=4, items=2))
    plugin = bench.plugin("contact", "guests", "orders")
    in_batches(plugin, sync(400))
    bench.clock.sleep(30)
    invitee = payloads.registrant(1)["inviteeStub"].lower()
    contact = simulator.world.attendee(invitee)["contact"]["id"]
    simulator.world.change_contact(contact, company="New Company")

    [patch] = patches(plugin, [registration(1, received_at=bench.clock.now)])

    assert patch["contact"]["company"] == "New Company"


def test_a_snapshot_is_not_asked_for_who_is_not_in_it(bench: Bench) -> None:
    simulator = bench.simulate(Population(400, guests_every=4), visibility_delay=60)
    bench.clock.sleep(100)
    simulator.world.add(payloads.registrant(888, EVENT))
    plugin = bench.plugin("contact", "guests", "orders")
    before = in_batches(plugin, [*sync(400), registration(888, message_size=401)])
    assert isinstance(before[-1], RetryableError)
    bench.clock.sleep(61)

    [after] = patches(plugin, [registration(888, message_size=401)])

    assert after["attendee"]


def test_a_sync_of_a_small_part_of_a_large_event_does_not_page_it(bench: Bench) -> None:
    simulator = bench.simulate(Population(5000, guests_every=0, items=2))

    in_batches(bench.plugin("contact", "orders"), sync(400))

    pages = operations(simulator)["POST /attendees/filter"]
    assert pages <= 2 + 1 + 2


def test_a_small_part_of_a_large_event_is_not_paged_when_nobody_knows_how_large_it_is(
    bench: Bench,
) -> None:
    simulator = bench.simulate(Population(5000, guests_every=0, items=2), has_total=False)

    in_batches(bench.plugin("contact", "orders"), sync(400))

    assert operations(simulator)["POST /attendees/filter"] <= 2 + 4
    assert operations(simulator)["GET /events/{id}/orders"] <= 6


def test_two_events_that_are_synced_at_once_are_paged_once_each(bench: Bench) -> None:
    simulator = bench.simulate(
        Population(600, guests_every=0, items=2, events=(EVENT, OTHER_EVENT))
    )
    plugin = bench.plugin("contact", "orders")
    others = [of_other_event(n, message_size=600) for n in range(1, 601)]

    for start in range(0, 600, 200):
        for registrations in (sync(600), others):
            found = patches(plugin, registrations[start : start + 200])
            assert all(patch["orders"] for patch in found)

    assert operations(simulator)["POST /attendees/filter"] <= 2 * (3 + 1)
    assert operations(simulator)["GET /events/{id}/orders"] <= 2 * (3 + 1)


def test_what_a_sync_left_behind_does_not_have_its_event_paged_again(bench: Bench) -> None:
    simulator = bench.simulate(Population(600, guests_every=0, items=2), visibility_delay=3000)
    bench.clock.sleep(3001)
    late = [simulator.world.add(payloads.registrant(n, EVENT)) for n in range(701, 741)]
    plugin = bench.plugin("contact", "orders")
    registrations = sync(640)[:600] + [registration(n, message_size=640) for n in range(701, 741)]
    first = in_batches(plugin, registrations)
    assert len([entry for entry in first if isinstance(entry, RetryableError)]) == len(late)
    bench.clock.sleep(2000)  # the snapshot is gone, and they are still not shown
    before = len(simulator.calls)

    patches(plugin, registrations[600:])

    assert len(simulator.calls) == before + 1


def test_paging_works_without_totals_and_with_an_empty_last_page(bench: Bench) -> None:
    bench.simulate(
        Population(400, guests_every=0, items=2),
        has_total=False,
        empty_last_page=EmptyLastPage.ALWAYS,
    )

    found = in_batches(bench.plugin("contact", "orders"), sync(400))

    assert len([patch for patch in found if patch["orders"]]) == 400


def test_filters_stay_within_the_lengths_of_the_settings(bench: Bench) -> None:
    bench.simulate(Population(300, guests_every=0), filter_limit=2_000, url_limit=1_200)

    found = in_batches(
        bench.plugin("orders", filter_length=1_900, url_length=800),
        [registration(n) for n in range(1, 101)],
    )

    assert len([patch for patch in found if patch["orders"]]) == 100


# --- limits, quota, faults ---


@pytest.mark.parametrize("tier", [FREE, STANDARD])
def test_no_second_has_more_calls_than_the_tier_allows_with_several_threads(
    bench: Bench, tier: Tier
) -> None:
    simulator = bench.simulate(Population(40), tier=tier)
    plugins = [bench.plugin("contact"), bench.plugin("contact")]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: patches(plugins[n % 2], [registration(n + 1)]), range(16)))

    assert not simulator.calls.was_refused
    assert simulator.calls.most_in_a_second <= tier.rate


def test_a_quota_that_is_used_up_is_an_error_until_midnight_gmt_and_loses_nothing(
    bench: Bench,
) -> None:
    simulator = bench.simulate(Population(3), tier=Tier("tiny", 4, 100, 100))
    plugin = bench.plugin("contact")
    answered = 0
    with pytest.raises(QuotaExceededError) as caught:
        for _ in range(10):
            patches(plugin, [registration(1)])
            answered += 1
    made = len(simulator.calls)

    assert caught.value.until == datetime(2026, 11, 25, tzinfo=UTC)
    assert answered == 3  # the tier was asked for once
    with pytest.raises(QuotaExceededError):
        patches(
            bench.plugin("contact", account=bench.account(calls_per_second=5, burst=5)),
            [registration(2)],
        )
    assert len(simulator.calls) == made  # the account is blocked: nobody even tries
    bench.clock.now = datetime(2026, 11, 25, 0, 0, 1, tzinfo=UTC)
    assert patches(plugin, [registration(1)])[0]["contact"]


def test_throttling_is_waited_out_as_documented(bench: Bench) -> None:
    simulator = bench.simulate(Population(3), tier=Tier("slow", None, 2, 1))
    plugin = bench.plugin("contact", account=bench.account(calls_per_second=50, burst=50))

    for number in (1, 2, 3):
        assert patches(plugin, [registration(number)])[0]["contact"]

    assert simulator.calls.was_refused
    assert 2.5 in bench.slept


def test_faults_of_the_gateway_and_lost_connections_are_tried_again(bench: Bench) -> None:
    bench.simulate(Population(40), fault_rate=0.3, seed=5)
    plugin = bench.plugin("contact")

    for number in range(1, 31):
        assert patches(plugin, [registration(number)])[0]["contact"]

    assert set(bench.slept) <= {2.5, 4.5, 8.5, 16.5} | {s for s in bench.slept if s < 1.1}


def test_after_five_attempts_the_host_is_left_to_decide(bench: Bench) -> None:
    bench.simulate(Population(1), fault_rate=1.0)
    plugin = bench.plugin("contact", account=bench.account(calls_per_second=9, burst=9))

    with pytest.raises(RetryableError):
        patches(plugin, [registration(1)])

    assert [s for s in bench.slept if s > 1.1] == [2.5, 4.5, 8.5, 16.5]


def test_a_token_is_renewed_before_its_end_and_once_when_it_is_taken_for_bad(bench: Bench) -> None:
    simulator = bench.simulate()
    plugin = bench.plugin("contact")
    patches(plugin, [registration(1)])
    patches(plugin, [registration(2)])
    assert len(simulator.calls.tokens) == 1

    bench.clock.sleep(3600)
    patches(plugin, [registration(3)])
    assert len(simulator.calls.tokens) == 2

    simulator.tokens.revoke()
    assert patches(plugin, [registration(4)])[0]["contact"]
    assert len(simulator.calls.tokens) == 3


def test_wrong_credentials_are_no_fault_of_the_registration(bench: Bench, tmp_path: Path) -> None:
    bench.simulate()
    account = bench.account()
    (tmp_path / "secret").write_text("wrong-secret-value", encoding="utf-8")

    with pytest.raises(CredentialsError) as caught:
        patches(bench.plugin(account=account), [registration(1)])

    assert "client_secret" in str(caught.value)
    assert "wrong-secret-value" not in str(caught.value) + caught.value.detail


def test_a_client_with_many_scopes_is_asked_only_for_those_that_are_needed(
    bench: Bench, serve: Serve
) -> None:
    bench.simulate()
    many = (*SCOPES, *(f"event/other-{number}:read" for number in range(60)))
    bench.simulator = CventSimulator(
        Population(2), Behaviour(UNHURRIED), clock=bench.clock, scopes=many
    )
    bench.url = serve(bench.simulator)

    assert patches(bench.plugin(*EVERYTHING), [registration(1)])[0]["contact"]


def test_a_scope_that_is_missing_is_named(bench: Bench, serve: Serve) -> None:
    bench.simulate()
    bench.simulator = CventSimulator(
        Population(2),
        Behaviour(UNHURRIED),
        clock=bench.clock,
        scopes=("event/attendees:read", "event/events:read"),
    )
    bench.url = serve(bench.simulator)

    with pytest.raises(CredentialsError, match=r"/orders.* the scope event/orders:read"):
        patches(bench.plugin("orders"), [registration(1)])


# --- check --online ---


def found(plugin: CventEnrich) -> list[Finding]:
    return list(plugin.check_connection(Target("one")) or ())


def test_an_account_with_all_it_needs_is_ok(bench: Bench) -> None:
    simulator = bench.simulate()
    code = next(
        q.code for q in bench.plugin()._catalogue.questions(EVENT.lower()).values() if q.code
    )
    event = the_event({"member": Question("member", code=code)})
    plugin = bench.plugin(*EVERYTHING, event=event)

    assert {finding.level for finding in found(plugin)} <= {Level.OK, Level.WARNING}
    assert plugin.check_connection(Target("two")) is None
    assert len(simulator.calls) < 15


def test_a_question_that_the_event_does_not_have_is_found_with_the_nearest(bench: Bench) -> None:
    bench.simulate()
    code = next(
        q.code for q in bench.plugin()._catalogue.questions(EVENT.lower()).values() if q.code
    )
    event = the_event({"member": Question("member", code=f"{code}X")})

    errors = [f for f in found(bench.plugin(event=event)) if f.level is Level.ERROR]

    assert [finding.path for finding in errors] == [("events", "conference", "questions", "member")]
    assert f"did you mean '{code}'" in str(errors[0])


def test_an_event_that_does_not_exist_is_found(bench: Bench) -> None:
    bench.simulate()
    event = Event("gone", "11111111-2222-4333-8444-555555555555")

    errors = [f for f in found(bench.plugin(event=event)) if f.level is Level.ERROR]

    assert [finding.path for finding in errors] == [("events", "gone", "id")]


def test_credentials_that_are_refused_are_a_finding(bench: Bench, tmp_path: Path) -> None:
    bench.simulate()
    account = bench.account()
    (tmp_path / "id").write_text("somebody-else", encoding="utf-8")

    [finding] = found(bench.plugin(account=account))

    assert finding.level is Level.ERROR
    assert finding.path == ("plugins", 1, "settings", "account")


def test_threads_that_begin_together_ask_for_the_tier_once_and_keep_its_pace(
    bench: Bench,
) -> None:
    simulator = bench.simulate(Population(40), tier=Tier("test", 10_000, 20, 20))
    plugin = bench.plugin("contact")
    begun = bench.clock_seconds()

    with ThreadPoolExecutor(8) as pool:
        numbers = range(1, 41, 5)
        batches = [[registration(n + k) for k in range(5)] for n in numbers]
        entries = list(pool.map(plugin.enrich_registrations, batches))

    assert all(isinstance(entry, dict) for batch in entries for entry in batch)
    operations = simulator.calls.operations
    assert operations["GET /usage/tier"] == 1
    # By the pace of the question itself, one call a second, this would have taken seven seconds.
    assert bench.clock_seconds() - begun < 2
