"""`regbridge forget`: remove all that the ledger has about one person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from regbridge.cli import choosing
from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import complain, print_json, print_table, say
from regbridge.errors import RejectedError
from regbridge.store.engine import Store
from regbridge.store.forget import forget as forget_in_ledger
from regbridge.store.forget import mentions
from regbridge.store.report import NO_LIMIT, deliveries_of, find_registrations
from regbridge.store.search import search_form
from regbridge.store.shared_clock import SharedClock


def forget(
    text: Annotated[
        str, typer.Argument(help="An e-mail address, confirmation number or inviteeStub.")
    ],
    because: choosing.Because = "",
    by: choosing.By = "",
    client: choosing.Client = "",
    previews: Annotated[
        bool, typer.Option("--preview", help="Show what would be removed; remove nothing.")
    ] = False,
    configs: Configs = CONFIGS,
    as_json: AsJson = False,
) -> None:
    """Remove all that is kept about one person, and take nothing in again that arrives late.

    What targets have stays there: it is listed, to be deleted there.
    """
    if not previews:
        choosing.require_reason(because)
    with open_ledger(configs) as store:
        if store is None:
            complain(NOTHING_YET)
            raise typer.Exit(1)
        found = find_person(store, text.strip(), client)
        figures = _figures(store, text.strip(), found)
        if found and not previews:
            _forget(store, found, choosing.decider(by), because.strip())
    if as_json:
        print_json(figures)
    else:
        _print(figures, previews)
    raise typer.Exit(0 if found else 1)


def find_person(store: Store, text: str, client: str) -> Sequence[Any]:
    """Return the registrations of the person that a text names, not those of who came instead.

    Raises `typer.BadParameter` for a text that may mean several people.
    """
    rows = store.read(lambda c: find_registrations(c, text, client, limit=NO_LIMIT))
    if any(row.search_name == search_form(text) for row in rows):
        raise typer.BadParameter(
            "a name may be several people's; give the e-mail address, the confirmation number or "
            "the inviteeStub (`regbridge show` has them)"
        )
    named = [row for row in rows if row.email == text.lower()]
    people = {(row.registrant_id, row.contact_stub) for row in named or rows}
    if not named and len(people) > len({registrant for registrant, _ in people}):
        raise typer.BadParameter(
            "this registration was handed from one person to another; give the e-mail address of "
            "the one who is meant"
        )
    return [row for row in rows if (row.registrant_id, row.contact_stub) in people]


def _forget(store: Store, found: Sequence[Any], by: str, because: str) -> None:
    of: dict[int, set[str]] = {}
    for row in found:
        if row.registrant_id is not None:
            of.setdefault(row.registrant_id, set()).add(row.contact_stub)
    # Without a contact it cannot be told who is who: the whole registrant is meant.
    contacts = {key: stubs if all(stubs) else set() for key, stubs in of.items()}
    nobodys = [row.id for row in found if row.registrant_id is None]
    now = SharedClock(store)()
    store.overwrite_deleted()
    try:
        store.write(lambda c: forget_in_ledger(c, contacts, by, because, now, nobodys))
    except RejectedError as error:
        complain(str(error))
        raise typer.Exit(1) from None
    store.truncate_log()


def _figures(store: Store, text: str, found: Sequence[Any]) -> dict[str, Any]:
    ids = [row.id for row in found]
    others = store.read(lambda c: mentions(c, text)) if found and "@" in text else {}
    there = store.read(lambda c: deliveries_of(c, ids))
    return {
        "registrations": [
            {"registration": row.id, "event": row.event_stub, "state": row.state} for row in found
        ],
        "targets": [
            {"target": row.target, "registration": row.registration_id, "id": row.external_id}
            for row in there
            if row.reached
        ],
        "mentioned_in": [each for each in others.get("registrations", ()) if each not in ids],
        "parked_receipts": list(others.get("receipts", ())),
    }


def _print(figures: dict[str, Any], previews: bool) -> None:
    registrations = figures["registrations"]
    if not registrations:
        complain("nobody found; give the whole address, confirmation number or inviteeStub")
        return
    done = "Would be forgotten" if previews else "Forgotten"
    say(f"{done}: registrations {', '.join(str(each['registration']) for each in registrations)}.")
    rows = [(each["target"], each["registration"], each["id"]) for each in figures["targets"]]
    print_table("Targets that have them: delete them there", ("target", "registration", "id"), rows)
    for name, key in (("registrations", "mentioned_in"), ("parked receipts", "parked_receipts")):
        if figures[key]:
            numbers = ", ".join(map(str, figures[key]))
            say(f"The address is also in other people's {name}; look at them: {numbers}.")
