"""The first page: how everything stands."""

from __future__ import annotations

from typing import Any

import falcon

from regbridge.web.console.desk import Page
from regbridge.web.console.visitor import Visitor


class Overview(Page):
    """How everything stands."""

    def look(
        self, req: falcon.Request, resp: falcon.Response, visitor: Visitor, **_places: Any
    ) -> None:
        """Show it."""
        self.desk.show(req, resp, "overview", visitor, title="Overview")
