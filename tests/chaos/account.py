"""The account at the end: everything that was acknowledged, in the ledger and at the targets."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec
from sqlalchemy import func, select
from tests.chaos.messages import Messages, Revision
from tests.chaos.sender import Cvent
from tests.chaos.site import Targets
from tests.simulated import STAGING

from regbridge.store.bodies import read_bodies
from regbridge.store.engine import Store
from regbridge.store.tables import deliveries, receipts, registrations
from regbridge.testing.payloads import registrant
from regbridge.worker.deliver import _LOST

Rows = Sequence[Any]


def pending(store: Store) -> int:
    """Return how many registrations are on their way, and receipts that are not split yet."""
    waiting = select(func.count()).where(registrations.c.state == "pending")
    unsplit = select(func.count()).where(receipts.c.state == "pending")
    return store.read(lambda c: (c.scalar(waiting) or 0) + (c.scalar(unsplit) or 0))


def assert_accounted_for(
    store: Store, messages: Messages, cvent: Cvent, targets: Targets
) -> Counter[str]:
    """Compare what was sent with what came of it; return how many there are of what."""
    states = _assert_stored(store, messages, cvent)
    _assert_dataverse_has_the_newest(targets, messages)
    staged = _assert_protech_got_each_once(store, targets, messages)
    if store.embedded:
        check = store.read(lambda c: c.exec_driver_sql("PRAGMA integrity_check").scalar())
        assert check == "ok", check
    return Counter(
        {
            "acknowledged messages": cvent.acknowledged.total(),
            "lost answers": cvent.lost,
            **{f"registrations {state}": count for state, count in sorted(states.items())},
            **staged,
        }
    )


def _assert_stored(store: Store, messages: Messages, cvent: Cvent) -> Counter[str]:
    """Each message that was acknowledged is whole, and each of its records has its end."""
    found = _rows(store, select(receipts))
    _assert_arrived(found, store, cvent)
    whole = [row for row in found if not row.digest]
    sizes = messages.sizes
    halves = [row.id for row in whole if not _is_whole(row, sizes[row.message_stub])]
    assert not halves, f"receipts that are not whole: {halves}"
    counted = select(registrations.c.state, func.count()).group_by(registrations.c.state)
    states = Counter({row[0]: row[1] for row in _rows(store, counted)})
    records = sum(row.record_count for row in whole)
    assert states.total() == records, f"{records} records became {states.total()} registrations"
    assert states.keys() <= {"delivered", "superseded", "duplicate", "unchanged", "parked"}, states
    once = {row.message_stub for row in whole}
    again = states.total() - sum(sizes[stub] for stub in once)
    assert states["duplicate"] == again, f"{states['duplicate']} duplicates, {again} came again"
    return states


def _assert_arrived(found: Rows, store: Store, cvent: Cvent) -> None:
    """The ledger has each message as often as it was acknowledged, or its answer was lost."""
    bodies = store.read(lambda c: read_bodies(c, [row.id for row in found if row.digest]))
    arrivals: Counter[str] = Counter()
    for row in found:
        arrivals[bodies[row.id].decode() if row.digest else row.message_stub] += row.arrivals
    missing = cvent.acknowledged - arrivals
    assert not missing, f"acknowledged, and not in the ledger: {missing}"
    # A host that died before it could answer may have stored what was sent again.
    more = (arrivals - cvent.acknowledged).total()
    assert more <= cvent.lost, f"{more} more than acknowledged, and {cvent.lost} answers were lost"


def _is_whole(row: Any, size: int) -> bool:
    return bool(row.state == "split" and row.record_count == row.split_count == size)


def _assert_dataverse_has_the_newest(targets: Targets, messages: Messages) -> None:
    """No update is lost there, and none was overtaken by an older one."""
    rows = targets.dataverse.tables[STAGING]
    found = {str(row["new_inviteeid"]).lower(): row["new_name"] for row in rows}
    assert len(rows) == len(found), f"{len(rows)} rows of {len(found)} registrants in Dataverse"
    expected = {invitee(number): newest.text for number, newest in messages.newest().items()}
    wrong = {
        who: (found.get(who), expected.get(who))
        for who in expected.keys() | found.keys()
        if found.get(who) != expected.get(who)
    }
    assert not wrong, f"Dataverse has the first, the second was the newest: {wrong}"


def _assert_protech_got_each_once(
    store: Store, targets: Targets, messages: Messages
) -> dict[str, int]:
    """What arrived there is what the ledger says: delivered, or perhaps delivered."""
    staged: Mapping[str, list[str]] = defaultdict(list)
    for record in targets.protech.staging.records:
        person, text = record.parameters["szPerID"], record.parameters["szJobTitle"]
        staged[person.lower()].append(text)
    told = _told(_rows(store, select(deliveries).where(deliveries.c.target == "protech")))
    for number, revisions in messages.revisions.items():
        who = invitee(number)
        mine = {text: counts for (one, text), counts in told.items() if one == who}
        _assert_staged_as_told(who, staged[who], mine)
        _assert_in_order(staged[who], revisions)
        newest = max(revisions).text
        is_lost = mine[newest][1] > 0
        has_newest = staged[who][-1:] == [newest]
        assert is_lost or has_newest, f"{who}: {newest} is not the last of {staged[who]}"
    return {
        "records at Protech": sum(map(len, staged.values())),
        "of them surely": sum(sure for sure, _ in told.values()),
        "perhaps at Protech": sum(perhaps for _, perhaps in told.values()),
    }


def _told(rows: Rows) -> dict[tuple[str, str], tuple[int, int]]:
    """Return how often each text was delivered by what the ledger tells: surely, and perhaps."""
    told: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in rows:
        fields = msgspec.json.decode(row.record)
        key = fields["szPerID"].lower(), fields["szJobTitle"]
        sure, perhaps = told[key]
        if row.state == "parked":
            assert row.reason.endswith(_LOST), row.reason
            assert row.reached, f"delivery {row.id} is parked as lost, and cannot have arrived"
        is_sure = row.state == "delivered"
        is_open = row.reached and row.state in ("parked", "superseded")
        told[key] = (sure + is_sure, perhaps + is_open)
    return told


def _assert_staged_as_told(
    who: str, staged: Sequence[str], told: Mapping[str, tuple[int, int]]
) -> None:
    arrived = Counter(staged)
    for text in arrived.keys() | told.keys():
        sure, perhaps = told.get(text, (0, 0))
        says = f"the ledger says {sure}, and perhaps {perhaps} more"
        assert sure <= arrived[text] <= sure + perhaps, f"{who} {text}: {arrived[text]}; {says}"


def _assert_in_order(staged: Sequence[str], revisions: Sequence[Revision]) -> None:
    """No record came after one that is surely newer; a text may be that of several revisions."""
    times: dict[str, list[Revision]] = defaultdict(list)
    for revision in revisions:
        times[revision.text].append(revision)
    for text, following in pairwise(staged):
        assert min(times[text]) <= max(times[following]), f"{following} came after {text}"


def invitee(number: int) -> str:
    """Return the stub of a registrant as the ledger writes it."""
    return str(registrant(number)["inviteeStub"]).lower()


def _rows(store: Store, statement: Any) -> Rows:
    return store.read(lambda connection: connection.execute(statement).all())
