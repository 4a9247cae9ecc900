"""Who did or saw what in the console."""

from __future__ import annotations

from typing import Any

import falcon

from regbridge.store.audit import noted
from regbridge.web.console.desk import Page, place
from regbridge.web.console.messages import number_of
from regbridge.web.console.visitor import Visitor

LIMIT = 100


class Audit(Page):
    """What was noted, the newest first; for who may act."""

    def look(
        self, req: falcon.Request, resp: falcon.Response, visitor: Visitor, **_places: Any
    ) -> None:
        """Show a page of it."""
        if not visitor.may_act:
            raise falcon.HTTPForbidden(description="The audit is for those who may act.")
        before = number_of(req.get_param("before"))
        rows = self.desk.store.read(lambda c: noted(c, before, LIMIT + 1))
        older = place("/audit", before=rows[LIMIT - 1].id) if len(rows) > LIMIT else ""
        self.desk.show(
            req,
            resp,
            "audit",
            visitor,
            title="Audit",
            rows=rows[:LIMIT],
            before=before,
            older=older,
        )
