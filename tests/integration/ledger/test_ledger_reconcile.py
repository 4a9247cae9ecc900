"""What is missing, stale, cancelled, deleted, gone or changed is found, named and mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.integration.ledger.conftest import Ledger
from tests.integration.ledger.reconcile_places import (
    EVENT,
    REPORT,
    RULES,
    Places,
    account,
    finished,
    found,
    on_sqlite,
)

from regbridge import QuotaExceededError, RejectedError, RetryableError
from regbridge.models import ReceiptKind
from regbridge.reconcile.plan import begin_one
from regbridge.reconcile.report import plain_differences, proofs
from regbridge.store.clock import from_ms
from regbridge.store.forget import forget
from regbridge.store.passes import mark_shown, reopen_pass
from regbridge.store.purge import Old, purge_differences
from regbridge.testing.payloads import live


@pytest.fixture
def places(bare_ledger: Ledger) -> Places:
    return Places(bare_ledger)


def test_who_registered_before_the_webhook_was_linked_is_brought_in(places: Places) -> None:
    for number, company in enumerate(["A", "B", "C", "D", "E"], start=1):
        places.account.put(number, company)

    places.wait(10)

    assert places.companies() == ["A", "B", "C", "D", "E"]
    assert {kind for kind, _, _ in found(places)} == {"missing here"}
    assert all(sent for _, _, sent in found(places))
    assert [row.kind for row in places.ledger.receipts()] == [ReceiptKind.RECONCILE]
    assert account(places)["at_cvent"] == account(places)["here"] == 5
    assert account(places)["targets"]["crm"]["there"] == 5


def test_a_pass_that_only_reports_sends_nothing(places: Places) -> None:
    places.configure(REPORT)
    places.account.put(1, "A")

    places.wait(10)

    assert places.table.calls == []
    assert [(kind, sent) for kind, _, sent in found(places)] == [("missing here", False)]
    assert account(places)["here"] == 0


def test_what_arrived_is_no_difference(places: Places) -> None:
    for number in (1, 2, 3):
        places.tell(places.account.put(number, "A"))

    places.wait(10)

    assert found(places) == []
    assert len(places.ledger.receipts()) == 3


def test_a_change_that_no_webhook_told_is_sent(places: Places) -> None:
    places.tell(places.account.put(1, "old"))
    places.wait(10)
    places.account.put(1, "new")

    places.wait()

    assert places.companies() == ["new"]
    assert [kind for kind, _, _ in found(places)] == ["stale"]
    assert places.ledger.states() == ["delivered", "delivered"]


def test_a_webhook_that_comes_late_does_not_undo_what_was_mended(places: Places) -> None:
    places.account.put(1, "first")
    late = dict(places.account.people[1].fields)
    time = from_ms(places.ledger.clock.now)
    places.ledger.advance(60)
    places.account.put(1, "second")
    places.wait(10)

    places.ledger.receive(
        live("InviteeOrGuestAccepted", late, time=f"{time:%Y-%m-%dT%H:%M:%S.000Z}")
    )
    places.run(5)

    assert places.companies() == ["second"]
    assert places.ledger.states() == ["delivered", "superseded"]


def test_a_webhook_of_a_later_change_overtakes_what_reconciling_sends(places: Places) -> None:
    places.account.put(1, "first")
    places.wait(10)
    places.tell(places.account.put(1, "second"))
    places.run(5)

    assert places.companies() == ["second"]


def test_a_cancellation_that_no_webhook_told_is_sent_as_one(places: Places) -> None:
    places.tell(places.account.put(1, "A"))
    places.wait(10)
    places.account.put(1, "A", status="Cancelled")

    places.wait()

    assert [kind for kind, _, _ in found(places)] == ["cancelled at Cvent"]
    assert [row["status"] for row in places.table.rows.values()] == ["Cancelled"]
    assert places.ledger.receipts()[-1].event_type == "InviteeOrGuestCancelled"


def test_a_status_that_differs_is_found_even_if_no_time_says_so(places: Places) -> None:
    record = places.account.put(1, "A", status="Cancelled")
    places.ledger.advance(60)
    places.tell({**record, "inviteeStatus": "Accepted"})

    places.wait(10)

    assert [kind for kind, _, _ in found(places)] == ["cancelled at Cvent"]
    assert [row["status"] for row in places.table.rows.values()] == ["Cancelled"]


def test_a_deleted_guest_is_sent_as_a_cancellation(places: Places) -> None:
    places.tell(places.account.put(1, "A", is_guest=True))
    places.wait(10)
    places.account.remove_guest(1)

    places.wait()

    assert [kind for kind, _, _ in found(places)] == ["deleted guest"]
    assert [row["status"] for row in places.table.rows.values()] == ["Cancelled"]


def test_who_is_gone_at_cvent_is_named_and_not_touched(places: Places) -> None:
    places.tell(places.account.put(1, "A"))
    places.wait(10)
    del places.account.people[1]

    places.wait(24 * 60)

    assert [(kind, sent) for kind, _, sent in found(places)] == [("gone at Cvent", False)]
    assert places.companies() == ["A"]
    assert account(places)["at_cvent"] == 0


@on_sqlite
def test_who_was_cancelled_here_is_not_missed_at_cvent(places: Places) -> None:
    places.tell(places.account.put(1, "A", status="Cancelled"))
    places.wait(10)
    del places.account.people[1]

    places.wait(24 * 60)

    assert found(places) == []


@on_sqlite
def test_who_was_forgotten_is_not_missed_at_cvent(places: Places) -> None:
    places.tell(places.account.put(1, "A"), "InviteeOrGuestAccepted")
    places.wait(10)
    del places.account.people[1]
    [registration] = places.ledger.registrations()
    places.ledger.store.write(
        lambda c: forget(c, {registration.registrant_id: set()}, "anna", "by letter", 0)
    )

    places.wait(24 * 60)

    assert found(places) == []


@on_sqlite
def test_who_is_on_two_pages_is_found_once(places: Places) -> None:
    for number in (1, 2, 3):
        places.account.put(number, f"C{number}")
    places.account.script.extend([None, RetryableError("away")])
    places.wait(10)
    shown = places.account.people
    places.account.put(4, "a moment ago")
    places.account.people = {4: shown.pop(4), **shown}  # and so the second is on the next page

    places.run(80)

    assert [page for _, page in places.account.calls] == ["", "2", "2"]
    assert [kind for kind, _, _ in found(places)] == ["missing here"] * 3
    assert len(places.ledger.registrations()) == 3


def test_who_arrived_while_a_pass_read_is_not_gone(
    places: Places, killed: type[BaseException]
) -> None:
    for number in range(1, 4):
        places.account.put(number, f"C{number}")
    places.account.script.extend([None, killed()])
    places.ledger.advance(600)
    places.ledger.run_killed()
    later = places.account.put(4, "D")
    del places.account.people[4]  # the list that Cvent goes on with was made before
    places.tell(later)
    places.ledger.advance(61)

    places.run()

    assert [kind for kind, _, _ in found(places)] == ["missing here"] * 3
    assert places.companies() == ["C1", "C2", "C3", "D"]


def test_who_never_registered_is_not_expected(places: Places) -> None:
    for number, status in enumerate(["No Response", "Declined", "Cancelled", "Visited"], start=1):
        places.account.put(number, "A", status=status)

    places.wait(10)

    assert found(places) == []
    assert account(places)["at_cvent"] == 0
    assert account(places)["others_at_cvent"] == 4


def test_what_changed_a_moment_ago_is_left_to_the_next_pass(places: Places) -> None:
    places.wait(10)
    places.ledger.advance(3480)
    places.account.put(1, "A")
    places.ledger.advance(60)
    places.run(30)
    assert found(places) == []

    places.wait()

    assert places.companies() == ["A"]


def test_what_is_filtered_is_here(places: Places) -> None:
    places.tell(places.account.put(1, "FILTERED"))

    places.wait(10)

    assert found(places) == []
    assert account(places)["here"] == 1
    assert account(places)["states"] == {"filtered": 1}


def test_what_is_parked_is_counted_as_parked(places: Places) -> None:
    places.tell(places.account.put(1, "REFUSE"))

    places.wait(10)

    assert found(places) == []
    assert account(places)["targets"]["crm"]["states"] == {"parked": 1}


def test_a_row_that_somebody_deleted_is_delivered_again(places: Places) -> None:
    places.tell(places.account.put(1, "A"))
    places.tell(places.account.put(2, "B"))
    places.wait(10)
    places.table.rows.pop(places.account.people[1].invitee_stub)

    places.wait(24 * 60)

    assert places.companies() == ["A", "B"]
    assert [(kind, sent) for kind, _, sent in found(places)] == [("missing there", True)]
    assert places.ledger.happenings() == ["sent again"]
    assert account(places)["targets"]["crm"]["there"] == 2


def test_what_a_newer_change_has_overtaken_since_is_not_sent_again(places: Places) -> None:
    places.configure(REPORT)
    places.tell(places.account.put(1, "A"))
    places.wait(10)
    places.table.rows.clear()
    places.wait(24 * 60)
    assert [kind for kind, _, _ in found(places)] == ["missing there"]
    places.tell(places.account.put(1, "B"))
    places.ledger.run()

    row = finished(places)[-1]
    now = places.ledger.clock.now
    places.ledger.store.write(lambda c: reopen_pass(c, row, now, overwrites=False))
    places.run()

    assert places.ledger.states() == ["delivered", "delivered"]
    assert places.companies() == ["B"]
    assert "sent again" not in places.ledger.happenings()


def test_a_row_deleted_after_an_unchanged_delivery_is_delivered_again(places: Places) -> None:
    record = places.account.put(1, "A")
    places.tell(record)
    places.ledger.advance(1)
    places.ledger.run()
    places.tell(record)
    places.wait(10)
    assert places.ledger.states() == ["delivered", "unchanged"]
    places.table.rows.clear()

    places.wait(24 * 60)

    assert places.companies() == ["A"]


def test_what_somebody_changed_at_the_target_is_reported_and_kept(places: Places) -> None:
    places.tell(places.account.put(1, "A"))
    places.wait(10)
    places.table.rows[places.account.people[1].invitee_stub]["company"] = "by hand"

    places.wait(24 * 60)

    rows = places.ledger.store.read(lambda c: plain_differences(c, "apap", EVENT.id))
    assert [(row["kind"], row["sent_at"]) for row in rows] == [("changed there", None)]
    assert rows[0]["changes"] == {"company": ["A", "by hand"]}
    assert places.companies() == ["by hand"]
    assert account(places)["targets"]["crm"]["there"] == 1


def test_what_somebody_changed_is_overwritten_if_the_client_says_so(places: Places) -> None:
    places.configure(replace(RULES, overwrite=True))
    places.tell(places.account.put(1, "A"))
    places.wait(10)
    places.table.rows[places.account.people[1].invitee_stub]["company"] = "by hand"

    places.wait(24 * 60)

    assert places.companies() == ["A"]


def test_a_row_that_nobody_delivered_is_named(places: Places) -> None:
    places.table.rows["somebody else"] = {"company": "X"}

    places.wait(10)

    assert [kind for kind, _, _ in found(places)] == ["extra there"]
    assert account(places)["targets"]["crm"]["extra"] == 1


def test_an_emptied_target_is_not_filled_by_itself(places: Places) -> None:
    for number in range(1, 31):
        places.tell(places.account.put(number, "A"))
    places.wait(10)
    places.table.rows.clear()

    places.wait(24 * 60)

    assert places.companies() == []
    assert found(places).count(("missing there", found(places)[0][1], False)) >= 1
    assert len(found(places)) == 30
    assert account(places)["targets"]["crm"]["there"] == 0


def test_a_target_that_is_not_to_be_restored_is_left_alone_by_the_schedule(places: Places) -> None:
    places.table.restores = False
    places.tell(places.account.put(1, "A"))
    places.wait(10)
    places.table.rows.clear()

    places.wait(24 * 60)

    assert places.companies() == []
    assert [(kind, sent) for kind, _, sent in found(places)] == [("missing there", False)]


def test_a_target_that_cannot_be_read_is_counted_by_what_was_delivered(bare_ledger: Ledger) -> None:
    places = Places(bare_ledger, reads_back=False)
    places.account.put(1, "A")

    places.wait(10)

    target = account(places)["targets"]["crm"]
    assert (target["can_be_read"], target["there"]) == (False, 1)
    assert "rows" not in target


def test_an_event_is_paged_fully_once_a_day_and_by_its_changes_in_between(places: Places) -> None:
    places.account.put(1, "A")
    places.wait(10)
    first = places.account.people[1].modified_at
    assert first is not None
    for _ in range(25):
        places.wait()

    since = [each.since for each in finished(places)]
    assert since[0] is None
    assert [place for place, each in enumerate(since) if each is None] == [0, 24]
    assert len(places.account.calls) == len(since)
    assert places.account.calls[1][0] is not None
    assert places.account.calls[1][0] <= first - timedelta(minutes=10)


def test_a_new_event_is_paged_fully_at_once(places: Places) -> None:
    places.run(1)

    assert [row.since for row in finished(places)] == [None]


def test_without_a_schedule_nothing_is_asked(places: Places) -> None:
    places.configure(replace(RULES, every_minutes=None))
    places.account.put(1, "A")

    places.wait()

    assert places.account.calls == []


def test_a_page_that_is_no_longer_known_lets_the_pass_begin_again(places: Places) -> None:
    for number in range(1, 6):
        places.account.put(number, f"C{number}")
    places.ledger.advance(600)
    places.account.script.extend([None, RejectedError("no such page")])

    places.run(80)

    assert [page for _, page in places.account.calls] == ["", "2", "", "2", "4"]
    assert len(places.companies()) == 5
    assert len(found(places)) == 5


@pytest.mark.parametrize("fault", [RetryableError("away"), RetryableError("busy", retry_after=30)])
def test_a_pass_goes_on_where_it_was_when_cvent_answers_again(
    places: Places, fault: Exception
) -> None:
    for number in range(1, 6):
        places.account.put(number, f"C{number}")
    places.ledger.advance(600)
    places.account.script.extend([None, fault, fault])

    for _ in range(3):
        places.run()
        places.ledger.advance(125)

    assert [page for _, page in places.account.calls] == ["", "2", "2", "2", "4"]
    assert len(places.companies()) == 5


def test_a_used_up_quota_is_waited_for(places: Places) -> None:
    places.account.put(1, "A")
    until = from_ms(places.ledger.clock.now + 7_200_000)
    places.account.script.append(QuotaExceededError("used up", until=until))
    places.wait(10)
    assert len(places.account.calls) == 1
    [running] = places.ledger.store.read(proofs)
    assert running["problem"] == "used up"

    places.wait(109)
    assert len(places.account.calls) == 1
    places.wait(1)

    assert places.companies() == ["A"]


def test_the_budget_of_calls_is_kept_until_midnight(places: Places) -> None:
    places.configure(replace(RULES, calls_per_day=2))
    for number in range(1, 8):
        places.account.put(number, f"C{number}")
    places.wait(10)
    assert len(places.account.calls) == 2
    [running] = places.ledger.store.read(proofs)
    assert "calls_per_day" in running["problem"]

    places.wait(24 * 60)

    assert [page for _, page in places.account.calls] == ["", "2", "4", "6"]
    assert len(places.companies()) == 7


def test_a_message_that_is_not_split_yet_is_not_missing(places: Places) -> None:
    places.tell(places.account.put(1, "A"))
    places.ledger.advance(600)
    places.reconcile_now()
    places.ledger.lane("reconcile")()

    assert places.account.calls == []


def test_messages_that_keep_coming_do_not_hold_up_a_pass(places: Places) -> None:
    places.tell(places.account.put(1, "A"))
    places.ledger.advance(600)
    places.reconcile_now()
    places.ledger.lane("reconcile")()
    places.ledger.lane("split", "")()

    places.ledger.advance(2)
    places.tell(places.account.put(2, "B"))
    places.ledger.advance(1)
    places.ledger.lane("reconcile")()

    assert len(places.account.calls) == 1


def ask(places: Places, who: str, *, full: bool = True) -> None:
    """Begin the pass that a person asks for, and let the worker take it to its end."""
    places.ledger.advance(600)
    ledger, client = places.ledger, places.ledger.pipelines["apap"].client
    ledger.store.write(lambda c: begin_one(c, client, EVENT, who, ledger.clock.now, full=full))
    places.run()


def test_who_did_not_see_what_they_asked_for_is_shown_that_when_they_ask_again(
    places: Places,
) -> None:
    places.configure(replace(RULES, every_minutes=None))
    places.account.put(1, "A")
    ask(places, "ada")

    ask(places, "ada")
    ask(places, "ada", full=False)

    assert len(finished(places)) == 1
    ask(places, "ben")
    assert len(finished(places)) == 2


def test_who_has_seen_what_they_asked_for_has_it_compared_anew(places: Places) -> None:
    places.configure(replace(RULES, every_minutes=None))
    ask(places, "ada")
    places.ledger.store.write(lambda c: mark_shown(c, "apap", EVENT.id))

    ask(places, "ada", full=False)
    ask(places, "ada")

    assert [row.since is None for row in finished(places)] == [True, False, True]


def test_what_was_found_long_ago_is_not_shown_as_new(places: Places) -> None:
    places.configure(replace(RULES, every_minutes=None))
    ask(places, "ada")
    places.ledger.advance(3600)

    ask(places, "ada")

    assert len(finished(places)) == 2


def test_a_killed_pass_goes_on_at_its_page(places: Places, killed: type[BaseException]) -> None:
    for number in range(1, 8):
        places.account.put(number, f"C{number}")
    places.ledger.advance(600)
    places.account.script.extend([None, killed()])
    places.ledger.run_killed()
    assert [page for _, page in places.account.calls] == ["", "2"]
    places.ledger.advance(61)

    places.run()

    assert [page for _, page in places.account.calls] == ["", "2", "2", "4", "6"]
    assert len(places.companies()) == 7
    assert len([row for row in places.ledger.receipts() if row.kind == "reconcile"]) == 1


def test_what_somebody_only_looked_at_is_sent_by_the_next_scheduled_pass(places: Places) -> None:
    places.wait(10)
    places.configure(REPORT)
    places.account.put(1, "A")
    places.wait()
    assert places.companies() == []
    places.configure(RULES)

    places.wait()

    assert places.companies() == ["A"]


def test_a_client_whose_event_is_gone_from_its_file_says_so(places: Places) -> None:
    places.account.put(1, "A")
    places.ledger.advance(600)
    places.account.script.append(RetryableError("away"))
    places.run(1)
    places.ledger.add_client(
        places.account, targets={"crm": places.table}, events={"other": replace(EVENT, id="x")}
    )

    places.run(80)

    [running] = [row for row in places.ledger.store.read(proofs) if not row["finished_at"]]
    assert "no longer names the event conference" in running["problem"]


def test_who_is_forgotten_is_not_brought_back(places: Places) -> None:
    places.configure(REPORT)
    places.tell(places.account.put(1, "A"))
    places.wait(10)
    places.account.put(1, "B")
    places.wait()
    assert [kind for kind, _, _ in found(places)] == ["stale"]
    [registration] = places.ledger.registrations()

    places.ledger.store.write(
        lambda c: forget(c, {registration.registrant_id: set()}, "anna", "by letter", 0)
    )
    assert found(places) == []
    places.configure(RULES)
    places.wait(24 * 60)

    assert [kind for kind, _, _ in found(places) if kind != "extra there"] == []
    assert len(places.ledger.receipts()) == 1
    assert account(places)["forgotten"] == 1


def test_what_was_found_long_ago_is_purged(places: Places) -> None:
    places.configure(REPORT)
    places.account.put(1, "A")
    places.wait(10)
    now = places.ledger.clock.now

    places.ledger.store.write(lambda c: purge_differences(c, Old(now - 86_400_000)))
    assert len(found(places)) == 1
    places.ledger.store.write(lambda c: purge_differences(c, Old(now + 1, client="other")))
    assert len(found(places)) == 1
    places.ledger.store.write(lambda c: purge_differences(c, Old(now + 1, client="apap")))

    assert found(places) == []


def test_what_a_pass_sends_goes_the_way_of_a_sync_behind_single_messages(places: Places) -> None:
    places.account.page_size = 50
    for number in range(1, 121):
        places.account.put(number, f"C{number}")
    places.wait(10)

    [receipt] = [row for row in places.ledger.receipts() if row.kind == ReceiptKind.RECONCILE]
    assert receipt.record_count == 120
    assert {row.bulk for row in places.ledger.registrations()} == {True}
    assert len(places.companies()) == 120


def test_a_substitution_that_no_webhook_told_names_both_people(places: Places) -> None:
    places.tell(places.account.put(1, "A"))
    places.wait(10)
    places.account.put(1, "B")
    newcomer = replace(
        places.account.people[1],
        contact_stub="another person",
        fields={**places.account.people[1].fields, "contactStub": "another person"},
    )
    places.account.people[1] = newcomer

    places.wait()

    last = places.ledger.registrations()[-1]
    first = places.ledger.registrations()[0]
    assert (last.contact_stub, last.previous_contact_stub) == ("another person", first.contact_stub)


def test_a_target_that_cannot_be_read_now_is_read_later(places: Places) -> None:
    places.tell(places.account.put(1, "A"))
    places.table.listing_fails = RetryableError("away")
    places.wait(10)
    [running] = places.ledger.store.read(proofs)
    assert (running["problem"], running["step"]) == ("away", "targets")
    places.table.listing_fails = None

    places.run(80)

    assert account(places)["targets"]["crm"]["rows"] == 1


def test_of_two_registrants_with_one_record_the_last_written_is_compared(places: Places) -> None:
    """At a target that keeps one record for each person, two registrations share it."""
    places.table.key = "company"
    places.tell(places.account.put(1, "same", status="Waitlisted"))
    places.ledger.advance(60)
    late = places.message(places.account.put(2, "same"))
    places.ledger.advance(60)
    places.tell(places.account.put(3, "other"))
    places.ledger.advance(60)
    places.tell(places.account.put(1, "same", status="Pending Approval"))
    places.ledger.run()
    places.ledger.advance(60)
    places.ledger.receive(late)

    places.wait(10)

    assert found(places) == []
    assert {row["status"] for row in places.table.rows.values()} == {"Accepted"}


def test_who_interrupts_a_pass_lets_the_next_one_go_on_at_once(places: Places) -> None:
    for number in range(1, 6):
        places.account.put(number, f"C{number}")
    places.ledger.advance(600)
    places.account.script.extend([None, KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        places.ledger.run()

    places.ledger.run()

    assert [page for _, page in places.account.calls] == ["", "2", "2", "4"]
