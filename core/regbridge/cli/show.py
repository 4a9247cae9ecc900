"""`regbridge show`: did this person's registration arrive?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, TOKEN_ENV, AsJson, Configs, HostUrl, TokenEnv
from regbridge.cli.printing import complain, print_json, say
from regbridge.cli.remote import open_host
from regbridge.models import ReceiptKind
from regbridge.story import Story, receipt_story, registrant_stories


def show(
    text: Annotated[
        str, typer.Argument(help="A confirmation number, e-mail address, full name, or id.")
    ] = "",
    configs: Configs = CONFIGS,
    client: Annotated[str, typer.Option(help="Of this client only.")] = "",
    receipt: Annotated[
        int | None, typer.Option(help="Show a receipt instead, by its number.")
    ] = None,
    body: Annotated[bool, typer.Option("--body", help="Also show what Cvent sent.")] = False,
    host: HostUrl = None,
    token_env: TokenEnv = TOKEN_ENV,
    as_json: AsJson = False,
) -> None:
    """Show all that happened to a registrant: received, dropped, delivered, with the reasons."""
    if (receipt is None) == (not text.strip()):
        raise typer.BadParameter("name a registrant, or give --receipt NUMBER")
    asked = _Asked(text, client, receipt, body)
    stories = _told_here(configs, asked) if host is None else _told_by(host, token_env, asked)
    if as_json:
        print_json(stories)
    for line in () if as_json else _lines(stories):
        say(line)
    if not stories:
        complain(_hint(receipt))
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Asked:
    text: str
    client: str
    receipt: int | None
    body: bool


def _told_here(configs: Path, asked: _Asked) -> list[Story]:
    with open_ledger(configs) as store:
        if store is None:
            complain(NOTHING_YET)
            raise typer.Exit(1)
        if asked.receipt is None:
            return registrant_stories(store, asked.text, asked.client, body=asked.body)
        story = receipt_story(store, asked.receipt, body=asked.body)
    return [story] if story else []


def _told_by(host: str, token_env: str, asked: _Asked) -> list[Story]:
    with open_host(host, token_env) as there:
        if asked.receipt is None:
            return there.registrant_stories(asked.text, asked.client, body=asked.body)
        story = there.receipt_story(asked.receipt, body=asked.body)
    return [story] if story else []


def _hint(receipt: int | None) -> str:
    if receipt is not None:
        return f"there is no receipt {receipt}; `regbridge status` lists the parked ones"
    return (
        "nobody found; give the whole confirmation number, e-mail address or name as Cvent has it, "
        "and look at `regbridge status` for messages that could not be read"
    )


def _lines(stories: list[Story]) -> Iterator[str]:
    for number, story in enumerate(stories):
        if number:
            yield ""
        yield from _receipt_lines(story) if "size" in story else _registrant_lines(story)


def _registrant_lines(story: Story) -> Iterator[str]:
    who = [story["name"], story["confirmation"], story["email"]]
    yield "  ".join(text for text in who if text) or story["subject"] or "nobody is named"
    yield f"client {story['client']}, event {story['event'] or 'none'}"
    for revision in story["registrations"]:
        yield ""
        yield from _revision_lines(revision)


def _revision_lines(revision: Mapping[str, Any]) -> Iterator[str]:
    yield f"registration {revision['registration']}: {_state(revision)}"
    came = _came(revision["receipt_kind"], revision["received_at"], revision["endpoint"])
    yield (
        f"  {came}: {revision['event_type']} "
        f"of {revision['message_time'] or 'no time'}, receipt {revision['receipt']}"
    )
    if revision["name"]:
        yield f"  for {revision['name']} {revision['email']}".rstrip()
    for delivery in revision["deliveries"]:
        yield from _delivery_lines(delivery)
    yield from _history_lines(revision["history"])
    if "received" in revision:
        by = (
            "sent by Cvent"
            if revision["receipt_kind"] == ReceiptKind.WEBHOOK
            else "as Cvent has it"
        )
        yield f"  {by}: {json.dumps(revision['received'], ensure_ascii=False)}"


def _delivery_lines(delivery: Mapping[str, Any]) -> Iterator[str]:
    yield f"  target {delivery['target']}: {_state(delivery)}"
    facts = {
        "at": delivery["settled_at"],
        "outcome": delivery["outcome"],
        "id there": delivery["external_id"],
        "attempts": delivery["attempts"],
        "configuration": delivery["configuration"],
        "batch": delivery.get("batch"),
    }
    yield "    " + ", ".join(f"{name} {fact}" for name, fact in facts.items() if fact)
    for name, value in delivery["record"].items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"    {name}: {text}"


def _receipt_lines(story: Story) -> Iterator[str]:
    yield f"receipt {story['receipt']}: {_state(story)}"
    yield f"  {_came(story['kind'], story['received_at'], story['endpoint'])} by {story['client']}"
    if story["arrivals"] > 1:
        yield f"  the same bytes arrived {story['arrivals']} times"
    if story["event_type"]:
        yield f"  {story['event_type']} of {story['message_time'] or 'no time'}"
        yield f"  messageStub {story['message_stub']}, records {story['records']}"
    for group in story["registrations"]:
        yield f"  registrations {group['count']}: {_state(group)}"
    yield from _history_lines(story["history"])
    yield f"  size {story['size']} bytes"
    if "body" in story:
        yield from story["body"].splitlines()


def _came(kind: str, at: str, endpoint: str) -> str:
    if kind == ReceiptKind.RECONCILE:
        return f"found by reconciling {at}"
    return f"received {at} at {endpoint}"


def _history_lines(happenings: list[Story]) -> Iterator[str]:
    for each in happenings:
        at = f" at {each['target']}" if each["target"] else ""
        yield f"  {each['at']} {each['happening']}{at}: {each['text']}".rstrip(": ")


def _state(of: Mapping[str, Any]) -> str:
    """Return a state with its reason, where there is one, and the field at fault."""
    field = f" (field {of['field']})" if of.get("field") else ""
    return f"{of['state']}{field}" + (f": {of['reason']}" if of["reason"] else "")
