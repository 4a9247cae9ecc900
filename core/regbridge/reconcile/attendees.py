"""The first step: a page of an event's attendees is compared with the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from regbridge.errors import RejectedError
from regbridge.models import Attendee, AttendeePage, Kind
from regbridge.reconcile.compare import (
    SENT,
    Asked,
    Known,
    compare,
    is_live,
    modified_ms,
    ordering_ms,
    status_of,
)
from regbridge.reconcile.records import event_type, name_in, record_of, status_in
from regbridge.reconcile.step import Bench, require
from regbridge.store.clock import from_ms, to_ms
from regbridge.store.compared import (
    NewestRevision,
    drop_unseen,
    keep_attendees,
    newest_revisions,
    waits_to_be_split,
)
from regbridge.store.differences import Difference, Found, add_differences, known_subjects
from regbridge.store.leases import Lease
from regbridge.store.passes import Step, calls_on, count_call, put_down

BY_SCHEDULE = "schedule"
"""Who made a pass that the worker began by itself."""

_SPLITTING_MS = 600_000
"""So long a pass waits at most for messages that are not registrations yet."""

_LOOK_AGAIN_MS = 500
_BATCH = 500


def compare_page(bench: Bench, row: Any, lease: Lease) -> None:
    """Ask Cvent for a page, and write down what is wrong about whom it shows.

    Raises what `list_attendees` raises. A page is one call; it is counted before it is made.
    """
    if reason := _must_wait(bench, row):
        bench.put_down(row, lease, reason)
        return
    event = bench.client.events_by_id.get(row.event_stub)
    if event is None:
        raise RejectedError(f"the client file no longer names the event {row.event}")
    asked_at = bench.clock()
    day = f"{from_ms(asked_at):%Y-%m-%d}"
    bench.store.write_hastily(lambda c: count_call(c, row.client, day))
    since = None if row.since is None else from_ms(row.since)
    page = bench.pipeline.attendees(event, since, row.page)
    now = lease.at(bench.clock())
    bench.store.write(lambda c: _take(c, bench, row, now, page, asked_at))


def _must_wait(bench: Bench, row: Any) -> dict[str, Any]:
    """Return when to go on and why not now; nothing to go on at once.

    Messages that come while it waits are not waited for, or a busy event would never be compared.
    """
    now = bench.clock()
    since = row.waiting_since or now
    waits = bench.store.read(lambda c: waits_to_be_split(c, row.client, since))
    if waits and now - row.began_at < _SPLITTING_MS:
        problem = "waits for messages that are not registrations yet"
        return {"due_at": now + _LOOK_AGAIN_MS, "waiting_since": since, "problem": problem}
    if row.made_by != BY_SCHEDULE:
        return {}
    most = bench.client.reconcile.calls_per_day
    if bench.store.read(lambda c: calls_on(c, row.client, f"{from_ms(now):%Y-%m-%d}")) < most:
        return {}
    tomorrow = datetime.combine(from_ms(now).date(), datetime.min.time(), UTC) + timedelta(days=1)
    problem = f"the {most} calls of calls_per_day are used up for today"
    return {"due_at": to_ms(tomorrow), "problem": problem}


def _take(
    connection: Any, bench: Bench, row: Any, lease: Lease, page: AttendeePage, asked_at: int
) -> None:
    """Compare a page and put the pass down; all in the caller's transaction."""
    rules = bench.client.reconcile
    fresh_after = asked_at - round(rules.grace_minutes * 60_000)
    asked = Asked(asked_at, fresh_after, rules.statuses)
    by_subject = {_subject(row, each): each for each in page.attendees if each.invitee_stub}
    known = newest_revisions(connection, row.client, by_subject)
    before = known_subjects(connection, row.id, by_subject)
    found = [
        difference
        for subject, attendee in by_subject.items()
        if subject not in before
        for difference in _found(subject, attendee, known.get(subject), asked)
    ]
    keep_attendees(connection, [_kept(row, s, each) for s, each in by_subject.items()])
    add_differences(connection, row.id, found, lease.now)
    newest = max([row.newest or 0, *map(modified_ms, by_subject.values())])
    values: dict[str, Any] = {
        "attendees": row.attendees + len(page.attendees),
        "calls": row.calls + 1,
        "newest": newest or None,
        "page": page.next_page,
        "total": row.total if page.total is None else page.total,
        "waiting_since": None,
    }
    if not page.next_page:
        values["step"] = Step.FEED if row.fixes else Step.TARGETS
        if row.since is None:
            gone = _gone(connection, row)
            add_differences(connection, row.id, gone, lease.now)
    require(put_down(connection, row.id, lease, values))


def _found(
    subject: str, attendee: Attendee, newest: NewestRevision | None, asked: Asked
) -> Iterable[Found]:
    known = _known(newest, attendee.contact_stub) if newest else None
    difference = compare(attendee, known, asked)
    if difference not in SENT or not isinstance(difference, Difference):
        return
    contact = newest.contact_stub if newest else ""
    before = contact if contact != attendee.contact_stub else ""
    yield Found(
        kind=difference,
        subject=subject,
        name=name_in(attendee) or (newest.name if newest else ""),
        text=_explained(difference, attendee, known),
        registration=newest.registration if newest else None,
        event_type=event_type(attendee, difference),
        record=record_of(attendee, ordering_ms(attendee, known), before),
    )


def _known(newest: NewestRevision, contact: str = "") -> Known:
    return Known(
        ordered_at=newest.ordered_at,
        received_at=newest.received_at,
        contact_stub=newest.contact_stub,
        status=status_in(newest.event_type, newest.payload),
        forgotten=bool({"", contact} & set(newest.tombstones)),
    )


def _explained(difference: Difference, attendee: Attendee, known: Known | None) -> str:
    status = attendee.status or "no status"
    if known is None:
        return f"{status} at Cvent, and nothing about them has arrived"
    was = known.status or "an unknown status"
    if difference is Difference.DELETED_GUEST:
        return f"deleted at Cvent, {was} here"
    if status_of(attendee) != (known.status or "").casefold() and known.status:
        return f"{status} at Cvent, {was} here"
    return f"changed at Cvent at {_moment(attendee)}, after all that has arrived"


def _moment(attendee: Attendee) -> str:
    return f"{attendee.modified_at:%Y-%m-%d %H:%M} UTC" if attendee.modified_at else "some time"


def _gone(connection: Any, row: Any) -> list[Found]:
    """Return who is live here, arrived before the pass began, and is not at Cvent any more."""
    subjects: Sequence[str] = drop_unseen(connection, row)
    known: dict[str, NewestRevision] = {}
    for start in range(0, len(subjects), _BATCH):
        batch = subjects[start : start + _BATCH]
        known |= newest_revisions(connection, row.client, batch)
    return [
        Found(
            kind=Difference.GONE,
            subject=subject,
            name=newest.name,
            text="Cvent shows them no more; if they were deleted there, remove them at the CRM",
            registration=newest.registration,
        )
        for subject, newest in known.items()
        if _is_live_here(newest) and newest.received_at < row.began_at
    ]


def _is_live_here(newest: NewestRevision) -> bool:
    known = _known(newest)
    return not newest.tombstones and is_live(known.status)


def _subject(row: Any, attendee: Attendee) -> str:
    return f"{Kind.REGISTRATION}:{row.event_stub}:{attendee.invitee_stub}"


def _kept(row: Any, subject: str, attendee: Attendee) -> dict[str, Any]:
    return {
        "client": row.client,
        "event_stub": row.event_stub,
        "invitee_stub": attendee.invitee_stub,
        "subject": subject,
        "status": status_of(attendee),
        "is_deleted": attendee.is_deleted,
        "seen_in": row.id,
    }
