"""What reconciling found is enriched from the row that it was listed with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.integration.cvent.bench import (
    EVENT,
    Bench,
    operations,
    patches,
    registration,
    the_event,
)
from tests.simulated import set_shipped_environment

from regbridge import Attendee, Question, ReceiptKind, Record, Registration
from regbridge.config.loader import client_paths, load_client
from regbridge.message import read_envelope, read_revisions
from regbridge.registrations import from_revision
from regbridge.registry import build
from regbridge.testing import payloads
from regbridge_cvent.enrich import CventEnrich
from regbridge_cvent.simulator import Population

CONFIGS = Path(__file__).parents[3] / "configs"
LIST = "POST /attendees/filter"
QUESTIONS = {"member_id": Question("member_id", code="MEMBERID")}
UNPROMPTED = {"Credits"}
"""Fields of the shipped clients that a sync fills and the API tells nothing about."""


def listed(plugin: CventEnrich) -> dict[str, Attendee]:
    """Return whom the plugin lists, by id."""
    found: dict[str, Attendee] = {}
    page = None
    while page != "":
        answer = plugin.list_attendees(the_event(), None, page or "")
        found |= {attendee.invitee_stub: attendee for attendee in answer.attendees}
        page = answer.next_page
    return found


def reconciled(attendee: Attendee, number: int = 1, **about: Any) -> Registration:
    """Return the registration that the host makes of somebody who was listed."""
    about = {"event": the_event(QUESTIONS), "receipt_kind": ReceiptKind.RECONCILE, **about}
    return registration(number, fields=attendee.fields, invitee_stub=attendee.invitee_stub, **about)


def invitee(number: int) -> str:
    return str(payloads.registrant(number, EVENT)["inviteeStub"].lower())


@pytest.mark.parametrize(
    "parts",
    [
        ("answers",),
        ("contact",),
        ("event",),
        ("answers", "contact"),
        ("answers", "contact", "event"),
    ],
)
def test_the_patch_of_a_listed_attendee_is_that_of_a_look_up_and_takes_no_call(
    bench: Bench, parts: Sequence[str]
) -> None:
    simulator = bench.simulate(Population(40, guests_every=4, tests_every=7))
    found = listed(bench.plugin())
    plugin = bench.plugin(*parts)
    looked_up = patches(
        plugin, [reconciled(each, receipt_kind=ReceiptKind.WEBHOOK) for each in found.values()]
    )
    calls = len(simulator.calls)

    enriched = patches(plugin, [reconciled(each) for each in found.values()])

    assert enriched == looked_up
    assert len(enriched) > 40
    assert len(simulator.calls) == calls


def test_listing_and_enriching_ten_pages_of_attendees_takes_ten_calls(bench: Bench) -> None:
    simulator = bench.simulate(Population(200, guests_every=0))
    plugin = bench.plugin(page_size=20)
    found = list(listed(plugin).values())

    for start in range(0, 200, 50):
        batch = [reconciled(each, message_size=200) for each in found[start : start + 50]]
        assert all(patch["contact"] for patch in patches(plugin, batch))

    assert operations(simulator)[LIST] == 10
    assert len(simulator.calls) == 10 + 2  # the tier, and the questions


@pytest.mark.parametrize("part", ["guests", "orders", "sessions", "parent"])
def test_what_no_row_holds_is_looked_up_as_ever(bench: Bench, part: str) -> None:
    simulator = bench.simulate(Population(3, guests_every=1, snapshots_every=1))
    plugin = bench.plugin("contact", part)
    found = listed(plugin)[invitee(1)]
    before = operations(simulator)[LIST]

    one, other = (
        patches(plugin, [reconciled(found, receipt_kind=kind)])[0]
        for kind in (ReceiptKind.RECONCILE, ReceiptKind.WEBHOOK)
    )

    assert one == other
    assert operations(simulator)[LIST] == before + 2


def test_a_message_that_is_posted_with_an_attendee_in_it_is_not_believed(bench: Bench) -> None:
    bench.simulate()
    plugin = bench.plugin()
    forged = {"id": invitee(1), "status": "Accepted", "contact": {"company": "Forged"}}
    record = payloads.registrant(1) | {"attendee": forged}

    [patch] = patches(plugin, [registration(1, fields=record)])

    assert patch["contact"]["company"] == payloads.registrant(1)["company"]


@pytest.mark.parametrize("attendee", [None, "text", {}, {"id": None}, {"id": invitee(2)}])
def test_a_row_that_is_somebody_elses_or_none_is_not_used(bench: Bench, attendee: Any) -> None:
    bench.simulate()
    record = payloads.registrant(1) | {"attendee": attendee}

    [patch] = patches(
        bench.plugin(), [registration(1, fields=record, receipt_kind=ReceiptKind.RECONCILE)]
    )

    assert patch["attendee"]["id"] == invitee(1)
    assert patch["contact"]["email"] == payloads.registrant(1)["email"]


def test_a_row_with_the_id_in_upper_case_is_the_same_attendee_s(bench: Bench) -> None:
    simulator = bench.simulate()
    row = {"id": invitee(1).upper(), "contact": {"company": "Listed"}}
    record = payloads.registrant(1) | {"attendee": row}

    [patch] = patches(
        bench.plugin("contact"),
        [registration(1, fields=record, receipt_kind=ReceiptKind.RECONCILE)],
    )

    assert patch["contact"]["company"] == "Listed"
    assert operations(simulator)[LIST] == 0


def test_who_also_sent_a_message_is_looked_up_so_that_nothing_old_is_taken_for_new(
    bench: Bench,
) -> None:
    simulator = bench.simulate()
    plugin = bench.plugin()
    old = listed(plugin)
    contact = payloads.registrant(1)["contactStub"].lower()
    simulator.world.change_contact(contact, company="New Company")
    batch = [reconciled(old[invitee(1)]), registration(1), reconciled(old[invitee(2)])]

    first, second, other = patches(plugin, batch)

    assert first == second
    assert first["contact"]["company"] == "New Company"
    assert other["contact"]["email"] == payloads.registrant(2)["email"]


def test_who_is_not_shown_any_more_is_enriched_with_what_was_listed(bench: Bench) -> None:
    simulator = bench.simulate(Population(2, guests_every=0))
    plugin = bench.plugin()
    found = listed(plugin)
    simulator.world.remove(invitee(1))

    [patch] = patches(plugin, [reconciled(found[invitee(1)])])

    assert patch["attendee"]["status"] == "Accepted"


@pytest.mark.parametrize("path", client_paths(CONFIGS), ids=lambda path: path.stem)
def test_a_listed_registrant_is_mapped_as_one_of_a_manual_sync(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    bench.simulate(Population(24, guests_every=6))
    set_shipped_environment(monkeypatch, bench.url)
    plugin = bench.plugin()
    lister = listed(plugin)
    synced = [payloads.registrant(number) for number in range(1, 25)]
    found = [dict(lister[record["inviteeStub"].lower()].fields) for record in synced]

    one, other = (
        mapped(path, synced, ReceiptKind.WEBHOOK),
        mapped(path, found, ReceiptKind.RECONCILE),
    )

    assert one == other
    assert sum(isinstance(record, dict) for record in one) >= 20


def mapped(path: Path, records: Sequence[Any], kind: ReceiptKind) -> list[Any]:
    """Return what a shipped client makes of the records of a sync, enriched, for its targets."""
    file = load_client(CONFIGS, path)
    pipeline = build(file)
    envelope = read_envelope(payloads.encode(payloads.message("AttendeeManualSynced", records)))
    try:
        registrations = [
            replace(from_revision(revision, envelope, pipeline.client), receipt_kind=kind)
            for revision in read_revisions(envelope, {})
        ]
        enriched = pipeline.enrich(registrations)
        assert enriched.failures == []
        entries = [entry for entry in enriched.entries if isinstance(entry, Registration)]
        assert len(entries) == len(records)
        targets = pipeline.client.targets.values()
        return [told(pipeline.map(entry, target)) for entry in entries for target in targets]
    finally:
        pipeline.close()


def told(result: Any) -> Any:
    if not isinstance(result, Record):
        return result
    return {name: value for name, value in result.fields.items() if name not in UNPROMPTED}
