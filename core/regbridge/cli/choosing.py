"""The options by which a command says which registrations it means."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from regbridge.config.loader import client_paths, read_draft
from regbridge.errors import ConfigError
from regbridge.message import normal_id
from regbridge.nearest import did_you_mean
from regbridge.store.engine import Store
from regbridge.store.report import NO_LIMIT, find_registrations

Client = Annotated[str, typer.Option(help="Of this client.")]
Target = Annotated[str, typer.Option(help="At this target.")]
Event = Annotated[
    list[str] | None,
    typer.Option(help="Of this event, by its name or its eventStub; may be repeated."),
]
Registrant = Annotated[
    str, typer.Option(help="Of this person: a confirmation number, e-mail, full name or id.")
]
Registration = Annotated[
    list[int] | None, typer.Option(help="A registration's number; may be repeated.")
]
Receipt = Annotated[list[int] | None, typer.Option(help="A receipt's number; may be repeated.")]
Reason = Annotated[str, typer.Option(help="Whose reason contains this text.")]
Because = Annotated[str, typer.Option("--because", help="Why; it is kept with the registration.")]
By = Annotated[str, typer.Option("--by", help="Who decides it; you, when left out.")]


def decider(by: str) -> str:
    """Return who gives a command: the name that was given, or that of the account."""
    try:
        return by or getpass.getuser()
    except (OSError, KeyError, ImportError):  # no account has a name here
        raise typer.BadParameter("say who decides it with --by") from None


def require_reason(because: str) -> None:
    """Refuse a command that does not say why."""
    if not because.strip():
        raise typer.BadParameter("say why with --because")


def registrations_of(
    store: Store, registrant: str, numbers: Sequence[int] | None, client: str
) -> list[int] | None:
    """Return the registrations that a person and numbers name; None if nobody is found."""
    ids = list(numbers or ())
    if registrant:
        found = store.read(lambda c: find_registrations(c, registrant, client, NO_LIMIT))
        if not found:
            return None
        ids += [row.id for row in found]
    return ids


def event_stubs(configs: Path, events: Sequence[str] | None) -> list[str]:
    """Return the eventStubs of events that are named as the client files name them.

    A GUID stands for itself. Raises `ConfigError` for a name that no file has.
    """
    if not events:
        return []
    known: dict[str, set[str]] = {}
    for path in client_paths(configs):
        named = read_draft(configs, path).values.get("events")
        for name, event in named.items() if isinstance(named, dict) else ():
            stub = event.get("id") if isinstance(event, dict) else None
            known.setdefault(str(name), set()).add(normal_id(str(stub or "")))
    return [stub for event in events for stub in _stubs(event, known)]


def _stubs(event: str, known: dict[str, set[str]]) -> list[str]:
    if event in known:
        return sorted(known[event])
    if event.count("-") == 4 or normal_id(event) in set().union(*known.values()):
        return [normal_id(event)]
    raise ConfigError.of(f"no client file names an event {event!r}", did_you_mean(event, known))
