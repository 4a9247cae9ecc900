"""What `check --online` finds out about a Cvent account before the first registration arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from regbridge import (
    CredentialsError,
    Event,
    Finding,
    Level,
    PluginContext,
    RegbridgeError,
)
from regbridge_cvent.catalogue import Catalogue
from regbridge_cvent.client import CventClient
from regbridge_cvent.filters import equals
from regbridge_cvent.questions import Names, remedy
from regbridge_cvent.refusals import NotFoundError
from regbridge_cvent.settings import CventSettings, Part

_OVER = {"cancelled", "deleted", "archived", "completed"}
Path = tuple[str | int, ...]


def check_account(
    client: CventClient, catalogue: Catalogue, settings: CventSettings, context: PluginContext
) -> list[Finding]:
    """Return findings about credentials, scopes, events and named questions.

    It takes one call for each scope and two for each event.
    """
    account = (*context.path, "settings", "account")
    try:
        limit = client.limit()
        next(iter(client.pages("GET", "/attendees", where=equals("id", _NOBODY))), None)
    except RegbridgeError as error:
        return [_error(f"Cvent's account cannot be used: {error}", account)]
    pace = f"{limit.per_second:g} calls a second"
    findings = [Finding(Level.OK, f"Cvent lets us in, {pace}", path=account)]
    for event in context.client.events.values():
        findings += _event(client, catalogue, settings, event)
    return findings


_NOBODY = "00000000-0000-0000-0000-000000000000"


def _event(
    client: CventClient, catalogue: Catalogue, settings: CventSettings, event: Event
) -> Iterator[Finding]:
    path: Path = ("events", event.name)
    if {Part.ANSWERS, Part.GUESTS, Part.EVENT} & set(settings.include):
        try:
            about = catalogue.event(event.id)
        except NotFoundError:
            remedy_ = "compare the id with `regbridge cvent events`"
            yield Finding(Level.ERROR, "Cvent has no such event", "", remedy_, (*path, "id"))
            return
        except RegbridgeError as error:
            yield _error(str(error), path)
            return
        yield from _about(about, path)
        yield from _questions(catalogue, event, path)
    yield from _scopes(client, settings, event, path)


def _about(about: dict[str, Any], path: Path) -> Iterator[Finding]:
    title = str(about.get("title") or "without a title")
    status = str(about.get("eventStatus") or about.get("status") or "")
    if status.casefold() in _OVER:
        message = f"the event {title} is {status.lower()}"
        yield Finding(Level.WARNING, message, remedy="remove it when it is over", path=path)
    elif about.get("testMode") is True:
        message = f"the event {title} is in test mode, so its registrations are tests"
        yield Finding(Level.WARNING, message, remedy="switch the test mode off", path=path)
    else:
        yield Finding(Level.OK, f"the event is {title}", path=path)


def _questions(catalogue: Catalogue, event: Event, path: Path) -> Iterator[Finding]:
    try:
        questions = list(catalogue.questions(event.id).values())
    except RegbridgeError as error:
        yield _error(f"the questions cannot be read: {error}", path)
        return
    for question in Names(event, questions).missing:
        message = f"the event has no question {question.code or question.text or question.id!r}"
        where = (*path, "questions", question.name)
        wrong = remedy(question, questions) or "list them with `regbridge cvent questions`"
        yield Finding(Level.ERROR, message, remedy=wrong, path=where)


def _scopes(
    client: CventClient, settings: CventSettings, event: Event, path: Path
) -> Iterator[Finding]:
    """Yield the parts that the client may not read."""
    of_event = equals("event.id", event.id)
    nobody = equals("attendee.id", _NOBODY)
    tries: dict[Part, Callable[[], Any]] = {
        Part.ORDERS: lambda: _first(client, "/events/{}/orders", event.id, where=nobody),
        Part.SESSIONS: lambda: _first(client, "/sessions/enrollment", where=of_event),
        Part.PARENT: lambda: _first(client, "/contacts", where=equals("id", _NOBODY)),
    }
    for part, attempt in tries.items():
        if part in settings.include:
            try:
                attempt()
            except CredentialsError as error:
                yield _error(f"the part {part} cannot be read: {error}", path)
            except RegbridgeError as error:
                yield Finding(
                    Level.WARNING, f"the part {part} was not answered: {error}", path=path
                )


def _first(client: CventClient, template: str, *ids: str, where: str) -> None:
    next(iter(client.pages("GET", template, *ids, where=where)), None)


def _error(message: str, path: Path) -> Finding:
    return Finding(Level.ERROR, message, remedy="see docs/reference/enrichment.md", path=path)
