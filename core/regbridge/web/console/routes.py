"""Puts the console's pages into the application."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import falcon

from regbridge.web.console.audit import Audit
from regbridge.web.console.configuration import Configuration
from regbridge.web.console.desk import ROOT, Desk, show_errors
from regbridge.web.console.login import Enter, Login, Logout
from regbridge.web.console.messages import MessageList
from regbridge.web.console.one_message import IgnoreMessage, OneMessage, RetryMessage
from regbridge.web.console.overview import Overview
from regbridge.web.console.parked import Causes, Parked, Unread
from regbridge.web.console.playground import Send, Simulate
from regbridge.web.console.preview import PreviewPage
from regbridge.web.console.registration import RegistrationPage
from regbridge.web.console.registration_deeds import Correct, Ignore, Retry
from regbridge.web.console.registrations import EXPORT, LIST, Export, Registrations
from regbridge.web.console.syncs import Syncs

if TYPE_CHECKING:  # falcon 4.0 takes no type arguments when it runs
    App = falcon.App[falcon.Request, falcon.Response]

_STATIC = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

_HIGHEST = 2**63 - 1


def add_console(app: App, desk: Desk) -> None:
    """Add all pages below `/console`."""
    app.add_route(ROOT, Overview(desk))
    app.add_route(f"{ROOT}/login", Login(desk))
    app.add_route(f"{ROOT}/logout", Logout(desk))
    app.add_route(f"{ROOT}/enter", Enter(desk))
    app.add_route(ROOT + LIST, Registrations(desk))
    app.add_route(ROOT + EXPORT, Export(desk))
    app.add_route(f"{ROOT}/static/{{name}}", Static())
    if desk.playground:
        app.add_route(f"{ROOT}/simulate", Simulate(desk))
        app.add_route(f"{ROOT}/simulate/send", Send(desk))
    app.add_route(f"{ROOT}/syncs", Syncs(desk))
    app.add_route(f"{ROOT}/messages", MessageList(desk))
    app.add_route(f"{ROOT}/messages/{{number}}", OneMessage(desk))
    app.add_route(f"{ROOT}/messages/{{number}}/retry", RetryMessage(desk))
    app.add_route(f"{ROOT}/messages/{{number}}/ignore", IgnoreMessage(desk))
    app.add_route(f"{ROOT}/configuration", Configuration(desk))
    app.add_route(f"{ROOT}/audit", Audit(desk))
    one = f"{ROOT}/registrations/{{number:int(min=1, max={_HIGHEST})}}"
    app.add_route(one, RegistrationPage(desk))
    app.add_route(f"{one}/retry", Retry(desk))
    app.add_route(f"{one}/correct", Correct(desk))
    app.add_route(f"{one}/ignore", Ignore(desk))
    app.add_route(f"{one}/preview", PreviewPage(desk))
    app.add_route(f"{ROOT}/parked", Parked(desk))
    app.add_route(f"{ROOT}/parked/causes", Causes(desk))
    app.add_route(f"{ROOT}/parked/receipts", Unread(desk))
    app.add_sink(_Unknown(desk), prefix=ROOT + "(/|$)")


class Static:
    """The style sheet, the script, the icon."""

    def __init__(self) -> None:
        folder = files("regbridge.web.console") / "static"
        self._files = {name: (folder / name).read_bytes() for name in _STATIC}

    def on_get(self, _req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Answer with a file."""
        if name not in self._files:
            raise falcon.HTTPNotFound
        resp.content_type = _STATIC[name]
        resp.cache_control = ["public", "max-age=3600"]
        resp.set_header("X-Content-Type-Options", "nosniff")
        resp.data = self._files[name]


class _Unknown:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:  # noqa: ARG002
        show_errors(self._desk, req)
        self._desk.admit(req)
        raise falcon.HTTPNotFound(description="There is no such page.")
