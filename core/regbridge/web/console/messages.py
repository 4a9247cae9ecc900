"""The messages that came, the newest first."""

from __future__ import annotations

from typing import Any

import falcon

from regbridge.models import ReceiptKind
from regbridge.store.messages import Meant, page_of_messages
from regbridge.store.tables import State
from regbridge.web.console.desk import Desk, Page, place
from regbridge.web.console.visitor import Visitor

LIMIT = 50
STATES = (State.PENDING, State.SPLIT, State.PARKED, State.FILTERED)
"""What a message can be."""

_HIGHEST = 2**62


class MessageList(Page):
    """The list of messages, filtered, paged by number."""

    def look(
        self, req: falcon.Request, resp: falcon.Response, visitor: Visitor, **_places: Any
    ) -> None:
        """Show a page of it."""
        asked = {
            name: req.get_param(name) or "" for name in ("client", "state", "kind", "event_type")
        }
        before = number_of(req.get_param("before"))
        meant = Meant(asked["client"], asked["state"], asked["kind"], asked["event_type"])
        page = self.desk.store.read(lambda c: page_of_messages(c, meant, before, LIMIT))
        chosen = {name: value for name, value in asked.items() if value}
        self.desk.show(
            req,
            resp,
            "messages",
            visitor,
            title="Messages",
            asked=asked,
            before=before,
            page=page,
            clients=names(self.desk, asked["client"]),
            states=STATES,
            kinds=list(ReceiptKind),
            older=place("/messages", **chosen, before=page.older) if page.older else "",
            newest=place("/messages", **chosen),
        )


def names(desk: Desk, chosen: str = "") -> list[str]:
    """Return the names of the clients, and the one that is chosen, whoever it is."""
    known = {*desk.clients.running, *(refused.name for refused in desk.clients.refused)}
    return sorted(known | ({chosen} if chosen else set()))


def number_of(text: str | None) -> int:
    """Return the number that a part of an address says, 0 for none.

    Raises `falcon.HTTPNotFound` for one that no row can have.
    """
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < _HIGHEST):
        raise falcon.HTTPNotFound(description="There is no such number.")
    return int(text)
