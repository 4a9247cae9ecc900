"""Lets people in and out: with a password, with a one-time link."""

from __future__ import annotations

from urllib.parse import urlsplit

import falcon

from regbridge.store.audit import note
from regbridge.web.console.access import COOKIE
from regbridge.web.console.desk import ROOT, Desk, place, read_form, show_errors


class Login:
    """Asks for the password."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the form."""
        show_errors(self._desk, req)
        self._require_login()
        self._show(req, resp, "")

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Let in who knows the password; who does not waits longer each time."""
        show_errors(self._desk, req)
        self._require_login()
        address = req.remote_addr
        if wait := self._desk.access.attempts.wait(address):
            resp.status = falcon.HTTP_429
            resp.set_header("Retry-After", str(round(wait) + 1))
            self._show(req, resp, f"Too many attempts; try again in {round(wait) + 1} seconds.")
            return
        cookie = self._desk.access.login(read_form(req).get("password", ""), address)
        self._note("logged in" if cookie else "login refused", address)
        if cookie is None:
            resp.status = falcon.HTTP_403
            self._show(req, resp, "This password lets nobody in.")
            return
        self._desk.set_cookie(req, resp, cookie)
        resp.status = falcon.HTTP_303
        resp.location = own_path(req.get_param("to"))

    def _require_login(self) -> None:
        if not self._desk.access.has_login:
            raise falcon.HTTPNotFound(description="This console knows no password.")

    def _show(self, req: falcon.Request, resp: falcon.Response, wrong: str) -> None:
        to = own_path(req.get_param("to"))
        self._desk.show(req, resp, "login", None, title="Log in", wrong=wrong, to=to)

    def _note(self, what: str, address: str) -> None:
        now = self._desk.clock()
        self._desk.store.write(lambda c: note(c, now, "", address, what))


class Enter:
    """Lets in the bearer of a one-time link."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Take the link; it works once."""
        show_errors(self._desk, req)
        cookie = self._desk.access.enter(req.get_param("link") or "")
        if cookie is None:
            raise falcon.HTTPForbidden(description="This link was used, or is too old.")
        self._desk.set_cookie(req, resp, cookie)
        resp.status = falcon.HTTP_303
        resp.location = ROOT


class Logout:
    """Ends the session; whoever may look may leave."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Forget the cookie."""
        show_errors(self._desk, req)
        visitor = self._desk.admit(req)
        if not self._desk.access.is_own_form(visitor, read_form(req).get("token", "")):
            raise falcon.HTTPForbidden(description="This form is of another page.")
        resp.unset_cookie(COOKIE, path=ROOT)
        resp.status = falcon.HTTP_303
        resp.location = place("/login")


def own_path(to: str | None) -> str:
    """Return where to go after the login: a path of the console, whatever the address says."""
    parts = urlsplit(to or "")
    is_own = not parts.scheme and not parts.netloc and f"{parts.path}/".startswith(f"{ROOT}/")
    return to if to and is_own and "\\" not in to and not to.startswith("//") else ROOT
