"""One message: its facts, what became of its records, its body, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import falcon
import msgspec

from regbridge.store.bodies import read_bodies
from regbridge.store.deeds import Doer, ignore_unread, read_again
from regbridge.store.messages import Outcome, outcomes_of, size_of
from regbridge.store.received import find_receipt, receipt_history
from regbridge.store.tables import State
from regbridge.web.console.desk import Action, Page, place
from regbridge.web.console.fault import find_fault, text_of
from regbridge.web.console.messages import number_of
from regbridge.web.console.registration_deeds import required_reason
from regbridge.web.console.visitor import Visitor

SHOWN_BYTES = 200_000
_SET_ASIDE = (State.PARKED, State.FILTERED)


class OneMessage(Page):
    """A message. Its body is shown when somebody asks for it, or when it cannot be read."""

    def look(
        self, req: falcon.Request, resp: falcon.Response, visitor: Visitor, **places: Any
    ) -> None:
        """Show it; that a body was seen is in the audit."""
        number = number_of(places["number"])
        row, size, outcome, happenings = self.desk.store.read(lambda c: _read(c, number))
        if row is None:
            raise falcon.HTTPNotFound(description=f"There is no message {number}.")
        shows_body = row.state == State.PARKED or req.get_param("body") == "yes"
        body = b""
        if shows_body:
            body = self.desk.store.read(lambda c: read_bodies(c, [number])).get(number, b"")
            self.desk.note(visitor, "looked at", about=f"receipt {number}")
        self.desk.show(
            req,
            resp,
            "message",
            visitor,
            title=f"Message {number}",
            row=row,
            size=size,
            states=outcome.states,
            happenings=happenings,
            shows_body=shows_body,
            body=_shown(body),
            is_cut=len(body) > SHOWN_BYTES,
            fault=find_fault(body, row.reason) if row.state == State.PARKED else None,
            can_retry=row.state in _SET_ASIDE,
            can_ignore=row.state == State.PARKED,
        )


class RetryMessage(Action):
    """Reads a message again that could not be read, or was ignored."""

    def act(self, visitor: Visitor, fields: Mapping[str, str], **places: Any) -> str:  # noqa: ARG002
        """Put it back."""
        number = number_of(places["number"])
        doer = Doer(visitor.name, visitor.address, self.desk.clock())
        _require_one(self.desk.store.write(lambda c: read_again(c, doer, [number], _SET_ASIDE)))
        self.desk.wake("split", "")
        return place(f"/messages/{number}", done="retried", n=f"Message {number}")


class IgnoreMessage(Action):
    """Settles a message that cannot be read, because somebody says that it does not matter."""

    def act(self, visitor: Visitor, fields: Mapping[str, str], **places: Any) -> str:
        """Set it to filtered, with the reason that the form gives."""
        number, reason = number_of(places["number"]), required_reason(fields)
        doer = Doer(visitor.name, visitor.address, self.desk.clock())
        _require_one(self.desk.store.write(lambda c: ignore_unread(c, doer, [number], reason)))
        return place(f"/messages/{number}", done="ignored", n=f"Message {number}")


def _require_one(count: int) -> None:
    if not count:
        raise falcon.HTTPConflict(
            description="Nothing was done: the message is not set aside now; look at it again."
        )


def _read(connection: Any, number: int) -> tuple[Any, int, Outcome, Any]:
    return (
        find_receipt(connection, number),
        size_of(connection, number),
        outcomes_of(connection, [number]).get(number, Outcome()),
        receipt_history(connection, number),
    )


def _shown(body: bytes) -> str:
    """Return a body as it is shown: laid out where it is JSON, cut where it is long."""
    if len(body) <= SHOWN_BYTES:
        try:
            laid_out = msgspec.json.format(body.removeprefix(b"\xef\xbb\xbf"), indent=2)
            msgspec.json.decode(laid_out, type=msgspec.Raw)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            laid_out = body
        body = laid_out
    return text_of(body[:SHOWN_BYTES])
