"""`regbridge ignore`: settle what is parked, because a person says so."""

from __future__ import annotations

import typer

from regbridge.cli import choosing
from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import print_json, say
from regbridge.store.choice import Choice
from regbridge.store.engine import Store
from regbridge.store.operate import ignore_receipts, ignore_registrations
from regbridge.store.shared_clock import SharedClock


def ignore(
    because: choosing.Because = "",
    configs: Configs = CONFIGS,
    client: choosing.Client = "",
    target: choosing.Target = "",
    event: choosing.Event = None,
    registrant: choosing.Registrant = "",
    registration: choosing.Registration = None,
    receipt: choosing.Receipt = None,
    reason: choosing.Reason = "",
    by: choosing.By = "",
    as_json: AsJson = False,
) -> None:
    """Set parked registrations or receipts to filtered: they need no delivery and no person.

    `retry --state filtered` takes it back.
    """
    choosing.require_reason(because)
    if not any((target, event, registrant, registration, receipt, reason)):
        raise typer.BadParameter(
            "choose by --target, --event, --registrant, --registration, --receipt or --reason"
        )
    events = choosing.event_stubs(configs, event)
    done = {"registrations": 0, "receipts": 0}
    with open_ledger(configs) as store:
        ids = choosing.registrations_of(store, registrant, registration, client) if store else None
        if store and ids is not None:
            numbers = tuple(receipt or ())
            choice = Choice(
                client, target, tuple(ids), numbers, reason=reason, events=tuple(events)
            )
            done = _ignore(store, choice, choosing.decider(by), because.strip())
    if as_json:
        print_json(done)
    elif store is None:
        say(NOTHING_YET)
    else:
        say(f"Ignored: registrations {done['registrations']}, receipts {done['receipts']}.")
    raise typer.Exit(0 if any(done.values()) else 1)


def _ignore(store: Store, choice: Choice, by: str, because: str) -> dict[str, int]:
    """Ignore what is meant: numbers of receipts mean receipts, all else registrations."""
    now = SharedClock(store)()
    done = {"registrations": 0, "receipts": 0}
    if choice.receipts:
        done["receipts"] = store.write(lambda c: ignore_receipts(c, choice, by, because, now))
    if choice.ids or choice.target or choice.events or (choice.reason and not choice.receipts):
        done["registrations"] = store.write(
            lambda c: ignore_registrations(c, choice, by, because, now)
        )
    return done
