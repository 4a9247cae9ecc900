"""What an account holds that a client file names: events, questions, custom fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from regbridge import ConfigError, Finding, Level, RejectedError
from regbridge_cvent.client import CventClient
from regbridge_cvent.filters import equals
from regbridge_cvent.questions import read_question

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CHOICES = {"SingleChoice", "MultiChoice"}
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """An event of the account."""

    id: str
    code: str
    title: str
    start: str
    status: str


@dataclass(frozen=True, slots=True)
class FoundQuestion:
    """A registration question, or a contact custom field (`what` says which)."""

    what: str
    id: str
    code: str
    type: str
    text: str
    choices: tuple[str, ...] = field(default=())


def list_events(client: CventClient) -> Iterator[FoundEvent]:
    """Yield the account's events, a call for each two hundred."""
    yield from map(_event, client.rows("GET", "/events"))


def find_event(client: CventClient, named: str) -> FoundEvent:
    """Return an event by its id or its code; raises `ConfigError` when there is none."""
    if _GUID.fullmatch(named):
        return _event(client.get("/events/{}", named.lower()))
    try:
        found = list(client.rows("GET", "/events", where=equals("code", named)))
    except RejectedError:
        found = []
    if len(found) == 1:
        return _event(found[0])
    message = f"Cvent has {len(found)} events with the code {named!r}"
    raise ConfigError(
        [Finding(Level.ERROR, message, remedy="list them with `regbridge cvent events`")]
    )


def list_questions(client: CventClient, event: str) -> Iterator[FoundQuestion]:
    """Yield the registration questions of an event, with the choices of those that have some."""
    for row in client.rows("GET", "/event-questions", where=equals("event.id", event)):
        question = read_question(row)
        choices: tuple[str, ...] = ()
        if question.type in _CHOICES:
            found = client.rows("GET", "/event-questions/{}/choices", question.id)
            choices = tuple(str(choice.get("text") or "") for choice in found)
        yield FoundQuestion(
            "question", question.id, question.code, question.type, question.text, choices
        )


def list_contact_fields(client: CventClient) -> Iterator[FoundQuestion]:
    """Yield the account's custom fields of contacts."""
    for row in client.rows("GET", "/custom-fields", where=equals("category", "Contact")):
        yield FoundQuestion(
            "contact field",
            str(row.get("id") or ""),
            str(row.get("code") or ""),
            str(row.get("type") or ""),
            str(row.get("name") or ""),
        )


def yaml_block(event: FoundEvent, questions: Sequence[FoundQuestion]) -> str:
    """Return the lines of `events:` that name an event's questions, ready to paste."""
    name = _name(event.title or event.code)
    lines = ["events:", f"  {name}:", f"    id: {event.id}", "    questions:"]
    taken: set[str] = set()
    for question in questions:
        if question.what != "question":
            continue
        key = unique = _name(question.code or question.text)
        number = 2
        while unique in taken:
            unique, number = f"{key}_{number}", number + 1
        taken.add(unique)
        lines.append(f"      {unique}: {_reference(question)}{_comment(question.text)}")
    return "\n".join(lines if taken else lines[:-1]) + "\n"


def _reference(question: FoundQuestion) -> str:
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", question.code)
    if question.code:
        return f"{{code: {question.code}}}" if plain else f"{{code: {_quoted(question.code)}}}"
    return question.id


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _comment(text: str) -> str:
    line = " ".join(text.split())
    return f"  # {line[:80]}" if line else ""


def _name(text: str) -> str:
    """Return a name as client files have them."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:_LONGEST_NAME].strip("_")
    return name if name[:1].isalpha() else f"q_{name}".rstrip("_")


def _event(row: Any) -> FoundEvent:
    found = row if isinstance(row, dict) else {}
    return FoundEvent(
        id=str(found.get("id") or ""),
        code=str(found.get("code") or ""),
        title=str(found.get("title") or ""),
        start=str(found.get("start") or ""),
        status=str(found.get("eventStatus") or found.get("status") or ""),
    )
