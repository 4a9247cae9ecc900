"""What the console's pages share: who may come in, how a page is shown, what is noted."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode

import falcon

from regbridge.store.audit import note
from regbridge.store.engine import Store
from regbridge.web.console.access import COOKIE, Access
from regbridge.web.console.render import Renderer
from regbridge.web.console.visitor import Visitor

if TYPE_CHECKING:
    from regbridge.clients import Clients
    from regbridge.web.console.counts import Counts
    from regbridge.web.console.playground import Playground

ROOT = "/console"

PAGES = (
    ("", "Overview"),
    ("/registrations", "Registrations"),
    ("/parked", "Parked"),
    ("/syncs", "Syncs"),
    ("/messages", "Messages"),
    ("/configuration", "Configuration"),
    ("/audit", "Audit"),
)
"""The pages that every page leads to, by their paths below `ROOT`."""

_LARGEST_FORM = 64_000
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SAID = {
    "retried": "{} will be tried again.",
    "ignored": "{} ignored.",
    "corrected": "The value is corrected, and the registration is tried again.",
}


@dataclass(frozen=True)
class Desk:
    """The console of one host. `clock` gives ms; `wake` lets the worker look for work.

    `facts` are what every page may show of the host: its version, its folder. `playground` is that
    of the demo, `counts` are counted in the background.
    """

    store: Store
    clients: Clients
    access: Access
    clock: Callable[[], int]
    wake: Callable[[str, str], None] = lambda _step, _client: None
    facts: Mapping[str, Any] = field(default_factory=dict)
    playground: Playground | None = None
    renderer: Renderer = field(default_factory=Renderer)
    counts: Counts | None = None

    def admit(self, request: falcon.Request) -> Visitor:
        """Return who makes a request; a stranger is sent to the login, or told that there is none.

        Raises `falcon.HTTPFound` or `falcon.HTTPForbidden`.
        """
        visitor = self.access.visitor(request)
        if visitor is not None:
            return visitor
        if not self.access.has_login:
            raise falcon.HTTPForbidden(
                description="You are not among the people who may use this console; "
                "host.console in base.yaml names them."
            )
        back = quote(request.relative_uri, safe="")
        raise falcon.HTTPFound(f"{ROOT}/login?to={back}")

    def admit_action(self, request: falcon.Request) -> tuple[Visitor, Mapping[str, str]]:
        """Return who acts, and the fields of the form. Raises `falcon.HTTPForbidden`."""
        visitor = self.admit(request)
        if not visitor.may_act:
            raise falcon.HTTPForbidden(description="You may look here, and not act.")
        fields = read_form(request)
        if not self.access.is_own_form(visitor, fields.get("token", "")):
            raise falcon.HTTPForbidden(
                description="This form is too old, or of another page; open the page again."
            )
        return visitor, fields

    def show(
        self,
        request: falcon.Request,
        response: falcon.Response,
        template: str,
        visitor: Visitor | None,
        **values: Any,
    ) -> None:
        """Answer with a page."""
        said = _SAID.get(request.get_param("done") or "", "")
        about = {
            "root": ROOT,
            "pages": (*PAGES, *([("/simulate", "Simulate")] if self.playground else [])),
            "visitor": visitor,
            "has_login": self.access.has_login,
            "token": self.access.form_token(visitor) if visitor else "",
            "said": said.format(request.get_param("n") or "") if said else "",
            "path": request.path,
            "facts": self.facts,
        }
        response.content_type = falcon.MEDIA_HTML
        response.text = self.renderer.page(template, about | values)
        response.set_headers(_HEADERS)

    def refuse(
        self, request: falcon.Request, response: falcon.Response, status: int, text: str
    ) -> None:
        """Answer with a page that says what is wrong."""
        response.status = HTTPStatus(status)
        visitor = self.access.visitor(request)
        title = HTTPStatus(status).phrase
        self.show(request, response, "error", visitor, title=title, text=text)

    def note(self, visitor: Visitor, what: str, about: str = "", text: str = "") -> None:
        """Write down what a visitor did or saw."""
        now = self.clock()
        self.store.write(lambda c: note(c, now, visitor.name, visitor.address, what, about, text))

    def set_cookie(self, request: falcon.Request, response: falcon.Response, cookie: str) -> None:
        """Give a session to who has logged in."""
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=self.access.cookie_seconds,
            path=ROOT,
            secure=request.scheme == "https",
            http_only=True,
            same_site="Lax",
        )


class Page(ABC):
    """A page of the console; derive, and answer in `look`."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def on_get(self, req: falcon.Request, resp: falcon.Response, **places: Any) -> None:
        """Show the page to who may look."""
        show_errors(self.desk, req)
        self.look(req, resp, self.desk.admit(req), **places)

    @abstractmethod
    def look(
        self, req: falcon.Request, resp: falcon.Response, visitor: Visitor, **places: Any
    ) -> None:
        """Answer a visitor who looks. `places` are the fields of the path."""


class Action(ABC):
    """What the forms of a page ask for; derive, and answer in `act`."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def on_post(self, req: falcon.Request, resp: falcon.Response, **places: Any) -> None:
        """Do what a form asks for, if its sender may act; then show what came of it."""
        show_errors(self.desk, req)
        visitor, fields = self.desk.admit_action(req)
        resp.status = falcon.HTTP_303
        resp.location = self.act(visitor, fields, **places)

    @abstractmethod
    def act(self, visitor: Visitor, fields: Mapping[str, str], **places: Any) -> str:
        """Do it, note it in the audit, and return the path of the page to go to.

        Raises `falcon.HTTPBadRequest` for fields that make no sense.
        """


def show_errors(desk: Desk, request: falcon.Request) -> None:
    """Let errors of a request be answered by a page."""
    request.context.refuse = functools.partial(desk.refuse, request)


def read_form(request: falcon.Request) -> dict[str, str]:
    """Return the fields of a form, the last of each name. Raises `falcon.HTTPContentTooLarge`."""
    length = request.content_length or 0
    if length > _LARGEST_FORM:
        raise falcon.HTTPContentTooLarge(description="This form is too large.")
    body = request.bounded_stream.read()
    try:
        found = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=200)
    except (UnicodeDecodeError, ValueError):
        raise falcon.HTTPBadRequest(description="This is not a form.") from None
    return {name: values[-1] for name, values in found.items()}


def place(path: str = "", **query: Any) -> str:
    """Return the address of a page, by its path below `/console`."""
    return f"{ROOT}{path}" + (f"?{urlencode(query)}" if query else "")
