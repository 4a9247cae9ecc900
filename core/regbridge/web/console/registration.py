"""One registration: its registrant's story, its records, and what can be done about it."""

from __future__ import annotations

import json
import re
import shlex
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import falcon
import msgspec

from regbridge.changes import Change, as_shown, changes, fields_of
from regbridge.corrections import LONGEST_FIELD
from regbridge.models import ReceiptKind
from regbridge.remedies import remedy_of
from regbridge.store.operate import AGAIN, CORRECTABLE
from regbridge.store.tables import State
from regbridge.store.told import Told, tell
from regbridge.timeline import linked, timeline
from regbridge.web.console.desk import Page
from regbridge.web.console.visitor import Visitor

_LONGEST_RECORD = 200_000
_SUGGESTED = 500

_SOURCE = re.compile(r"\(from (\w+(?:\.\w+)*)\)$")
"""How a reason names the field that a value was to come from."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The record of a registration at one target, and what differs from the one before."""

    delivery: Any
    fields: Sequence[tuple[str, str]]
    before: int | None
    changes: Sequence[Change]


class RegistrationPage(Page):
    """The registrant's story, as far as the ledger knows it."""

    def look(
        self, req: falcon.Request, resp: falcon.Response, visitor: Visitor, **places: Any
    ) -> None:
        """Show it, and note who saw it."""
        number: int = places["number"]
        told = self.desk.store.read(lambda c: tell(c, number))
        if told is None:
            raise falcon.HTTPNotFound(description=f"There is no registration {number}.")
        self.desk.note(visitor, "looked at", about=f"registration {number}")
        row = told.row
        pipeline = self.desk.clients.running.get(row.client)
        client = pipeline.client if pipeline else None
        event = client.events_by_id.get(row.event_stub) if client else None
        received = _decoded(row.payload)
        self.desk.show(
            req,
            resp,
            "registration",
            visitor,
            title=f"Registration {number}",
            row=row,
            told=told,
            linked=linked,
            value_of=lambda text: as_shown(_decoded(text)),
            event=event.name if event else row.event_stub,
            remedy=remedy_of(row.reason) if row.state == State.PARKED else "",
            can=_can(told, is_running=client is not None),
            newest=_newest(told),
            steps=timeline(told.revisions, told.deliveries, told.happenings),
            sent=list(_sent(told)),
            record=_pretty(row.payload),
            changes=changes(_decoded(told.before.payload), received) if told.before else [],
            names=_names(received),
            fault=_fault(told),
            targets=sorted({*(client.targets if client else ()), *_targets(told)}),
            curl=_curl(row, client.endpoints if client else {}, req.forwarded_prefix),
        )


def _can(told: Told, *, is_running: bool) -> Mapping[str, bool]:
    """Return what can be done about a registration, by the names of the actions."""
    row = told.row
    is_kept = row.purged_at is None
    return {
        "retry": is_kept and row.state in AGAIN,
        "ignore": row.state == State.PARKED,
        "correct": is_kept and row.state in CORRECTABLE and _newest(told) is None,
        "preview": is_kept and is_running,
    }


def _newest(told: Told) -> int | None:
    """Return the registration that has taken the place of this one, if any."""
    admitted = [row.id for row in told.revisions if row.admitted]
    behind = [row.id for row in told.revisions].index(told.row.id)
    newer = {row.id for row in told.revisions[behind + 1 :]}
    return admitted[-1] if admitted and admitted[-1] in newer else None


def _targets(told: Told) -> list[str]:
    return [each.target for each in told.deliveries if each.registration_id == told.row.id]


def _fault(told: Told) -> tuple[str, str]:
    """Return what probably has to be corrected: a target ("" for what Cvent sent), and a field."""
    if told.row.state != State.PARKED:
        return "", ""
    if found := _SOURCE.search(told.row.reason):
        return "", found[1]
    for each in told.deliveries:
        is_own = each.registration_id == told.row.id and each.state == State.PARKED
        if is_own and each.field and each.field in _decoded(each.record):
            return each.target, each.field
    return "", ""


def _sent(told: Told) -> Iterator[Sent]:
    """Yield the records of the registration, each compared with the last one before it."""
    ids = [row.id for row in told.revisions]
    older = set(ids[: ids.index(told.row.id)])
    for delivery in told.deliveries:
        if delivery.registration_id != told.row.id:
            continue
        record = _decoded(delivery.record)
        before = [
            each
            for each in told.deliveries
            if each.target == delivery.target and each.registration_id in older and each.record
        ]
        last = max(before, key=lambda each: ids.index(each.registration_id), default=None)
        differs = changes(_decoded(last.record), record) if last and delivery.record else []
        number = last.registration_id if last and delivery.record else None
        yield Sent(delivery, list(fields_of(record)) if record else [], number, differs)


def _decoded(text: bytes | str | None) -> Any:
    """Return what JSON says; nothing for what cannot be read, which the page shows as it is."""
    try:
        return json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}


def _pretty(payload: bytes | None) -> str:
    """Return a record as it came, on several lines."""
    if not payload:
        return ""
    if len(payload) > _LONGEST_RECORD:
        return "This record is too large to be shown here; its message has it."
    try:
        return msgspec.json.format(payload, indent=2).decode("utf-8", "backslashreplace")
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return payload.decode("utf-8", "backslashreplace")


def _names(record: Any) -> list[str]:
    """Return the fields that a correction may name, as suggestions: none within a list."""
    names = (name for name, _ in fields_of(record) if "[" not in name)
    fit = [name for name in names if name.isprintable() and 0 < len(name) <= LONGEST_FIELD]
    return fit[:_SUGGESTED]


def _curl(row: Any, endpoints: Mapping[str, Any], prefix: str) -> str:
    """Return the command that posts a record again, in a message of its own.

    With the messageStub that it came with it would be a duplicate. "" when there is nothing to post
    or nowhere to post it to.
    """
    record = _decoded(row.payload)
    if not record or row.endpoint not in endpoints or row.receipt_kind != ReceiptKind.WEBHOOK:
        return ""
    message = {
        "eventType": row.event_type,
        "messageTime": row.message_time_text,
        "messageStub": str(uuid.uuid4()),
        "message": [record],
    }
    # In ASCII, so that every shell and every clipboard takes it as it is.
    body = json.dumps(message).replace("\x7f", "\\u007f")
    url = shlex.quote(prefix + endpoints[row.endpoint].path)
    headers = "-H \"Authorization: $TOKEN\" -H 'Content-Type: application/json'"
    return f"curl -X POST {url} {headers} --data-binary {shlex.quote(body)}"
