"""What is parked, by its causes, and what can be done about all of a cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import falcon

from regbridge.remedies import remedy_of
from regbridge.store.deeds import Doer, ignore_cause, ignore_unread, read_again, retry_cause
from regbridge.store.parked import MOST, causes, unread_receipts
from regbridge.timeline import linked
from regbridge.web.console.desk import Action, Page, place
from regbridge.web.console.registration_deeds import required_reason
from regbridge.web.console.visitor import Visitor

_IN_LINK = 200
"""So many characters of a reason go into a link: those that have it contain these."""

_CHOSEN = "receipt-"
_DONE = {"retry": "retried", "ignore": "ignored"}


class Parked(Page):
    """Why things are parked, and what to do."""

    def look(
        self, req: falcon.Request, resp: falcon.Response, visitor: Visitor, **_places: Any
    ) -> None:
        """Show it."""
        (found, total), unread = self.desk.store.read(lambda c: (causes(c), unread_receipts(c)))
        self.desk.show(
            req,
            resp,
            "parked",
            visitor,
            title="Parked",
            causes=found,
            total=total,
            more=total - sum(cause.count for cause in found),
            unread=unread,
            most=MOST,
            linked=linked,
            remedy_of=remedy_of,
            link=_link,
        )


class Causes(Action):
    """Retries, or ignores, all that is parked for one cause."""

    def act(self, visitor: Visitor, fields: Mapping[str, str], **_places: Any) -> str:
        """Do it to those that are parked for it at this moment."""
        doer = Doer(visitor.name, visitor.address, self.desk.clock())
        client, key = fields.get("client", ""), fields.get("cause", "")
        does = _wanted(fields)
        if does == "retry":
            count = self.desk.store.write(lambda c: retry_cause(c, doer, client, key))
        else:
            reason = required_reason(fields)
            count = self.desk.store.write(lambda c: ignore_cause(c, doer, client, key, reason))
        _require_some(count)
        self.desk.wake("prepare", client)
        return place("/parked", done=_DONE[does], n=f"{count:,}")


class Unread(Action):
    """Reads parked receipts again, or ignores them."""

    def act(self, visitor: Visitor, fields: Mapping[str, str], **_places: Any) -> str:
        """Do it to those that were chosen."""
        doer = Doer(visitor.name, visitor.address, self.desk.clock())
        does, ids = _wanted(fields), _chosen(fields)
        if does == "retry":
            count = self.desk.store.write(lambda c: read_again(c, doer, ids))
        else:
            reason = required_reason(fields)
            count = self.desk.store.write(lambda c: ignore_unread(c, doer, ids, reason))
        _require_some(count)
        self.desk.wake("split", "")
        return place("/parked", done=_DONE[does], n=f"{count:,}")


def _wanted(fields: Mapping[str, str]) -> str:
    does = fields.get("do", "")
    if does not in _DONE:
        raise falcon.HTTPBadRequest(description="Say whether to retry or to ignore.")
    return does


def _chosen(fields: Mapping[str, str]) -> list[int]:
    """Return the receipts whose boxes are ticked."""
    numbers = [name.removeprefix(_CHOSEN) for name in fields if name.startswith(_CHOSEN)]
    return [int(each) for each in numbers if each.isascii() and each.isdigit() and len(each) < 19]


def _require_some(count: int) -> None:
    if not count:
        raise falcon.HTTPConflict(
            description="Nothing was done: nothing of what was chosen is parked now; look at the "
            "page of what is parked again."
        )


def _link(client: str, reason: str) -> str:
    """Return the address of the list of what is parked for a reason."""
    return place("/registrations", state="parked", client=client, reason=reason[:_IN_LINK])
