"""`regbridge status`: what the ledger holds, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, TOKEN_ENV, AsJson, Configs, HostUrl, TokenEnv
from regbridge.cli.printing import print_json, print_table, say
from regbridge.cli.proofs import print_proofs
from regbridge.cli.remote import open_host
from regbridge.cli.standings import print_standings
from regbridge.cli.timings import print_timings
from regbridge.status import figures, no_figures
from regbridge.store.engine import Store
from regbridge.store.pauses import Cause
from regbridge.store.shared_clock import SharedClock
from regbridge.store.tables import State
from regbridge.store.timings import KEPT_DAYS
from regbridge.timing_report import plain_times, stage_times

Rows = list[dict[str, Any]]


def status(
    configs: Configs = CONFIGS,
    timings: Annotated[
        bool, typer.Option("--timings", help="Show how long each stage took instead.")
    ] = False,
    days: Annotated[
        int, typer.Option(min=1, max=KEPT_DAYS, help="Timings of so many days, today's included.")
    ] = 1,
    host: HostUrl = None,
    token_env: TokenEnv = TOKEN_ENV,
    as_json: AsJson = False,
) -> None:
    """Count what was received and delivered, by client, endpoint, target and state."""
    if host is not None:
        with open_host(host, token_env) as there:
            found = _timings(there.timings(days), days) if timings else there.figures()
        has_ledger = True
    else:
        with open_ledger(configs) as store:
            has_ledger = store is not None
            found = _timings_here(store, days) if timings else _figures_here(store)
    if as_json:
        print_json(found)
    elif not has_ledger:
        say(NOTHING_YET)
    elif timings:
        print_timings(found["timings"], days)
    else:
        _print(found)


def _figures_here(store: Store | None) -> dict[str, Any]:
    return figures(store, SharedClock(store)()) if store else no_figures()


def _timings_here(store: Store | None, days: int) -> dict[str, Any]:
    return _timings(plain_times(stage_times(store, days, _today())) if store else [], days)


def _timings(times: Rows, days: int) -> dict[str, Any]:
    return {"days": days, "timings": times}


def _today() -> date:
    return datetime.now(UTC).date()


def _print(found: Mapping[str, Any]) -> None:
    print_standings(found)
    _print_states("Registrations", found["registrations"], "endpoint")
    _print_states("Deliveries", found["deliveries"], "target")
    parked = [row for row in found["reasons"] if row["state"] == State.PARKED]
    _print_list("Why registrations are parked, and what to do", parked)
    filtered = [row for row in found["reasons"] if row["state"] != State.PARKED]
    _print_list("Why registrations are filtered", filtered)
    print_proofs(found["proofs"])
    _print_list("Paused", [_named(row) for row in found["pauses"]])
    _print_list("Encryption: values by their keys", found.get("encryption", []))
    _print_list("Calls to vendors today (GMT)", found["calls"])
    _print_list("Tokens of endpoints that take several", _rotated(found.get("tokens", ())))
    _print_list("Refused in the last days", [_refused(row) for row in found.get("refused", ())])
    _print_list("Parked receipts (messages that cannot be read)", found["parked_receipts"])
    unsplit = sum(row["receipts"] for row in found["receipts"] if row["state"] == State.PENDING)
    if unsplit:
        say(f"Receipts that wait to be split: {unsplit}")
    if not found["receipts"]:
        say("Nothing received yet.")
    elif found["pending_since"]:
        say(f"The oldest pending registration arrived at {found['pending_since']}.")
    elif not unsplit:
        say("Nothing is pending.")


def _rotated(tokens: Iterable[dict[str, Any]]) -> Rows:
    """Return the tokens of the endpoints at which one is replaced by another."""
    tokens = list(tokens)
    doors = Counter((row["client"], row["endpoint"]) for row in tokens)
    return [row for row in tokens if doors[row["client"], row["endpoint"]] > 1]


def _refused(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return who was refused as people read it."""
    shown = {name: value for name, value in row.items() if name != "by_cvent"}
    return {
        **shown,
        "address": row["address"] or "many addresses",
        "perhaps Cvent": "yes" if row["by_cvent"] else "",
    }


def _named(pause: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pause as people read it: that of the worker has no names."""
    whose = {} if pause["client"] else {"client": "all", "upstream": "the worker"}
    for_ever = {"until": "`regbridge resume`"} if pause["cause"] == Cause.OPERATOR else {}
    return {**pause, **whose, **for_ever}


def _print_states(title: str, rows: Rows, by: str) -> None:
    """Print counts with a column for each state that occurs."""
    states = [state.value for state in State if any(row["state"] == state for row in rows)]
    lines = {(row["client"], row[by]): dict.fromkeys(states, 0) for row in rows}
    for row in rows:
        lines[row["client"], row[by]][row["state"]] += row["count"]
    print_table(
        title,
        ("client", by, *states, "all"),
        ((*key, *counts.values(), sum(counts.values())) for key, counts in lines.items()),
        right=(*states, "all"),
    )


def _print_list(title: str, rows: Rows) -> None:
    columns: Iterable[str] = rows[0] if rows else ()
    print_table(title, tuple(columns), (tuple(row.values()) for row in rows))
