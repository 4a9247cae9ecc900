"""`regbridge status`: what the ledger holds, in numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from regbridge.cli.ledger import NOTHING_YET, open_ledger
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import print_json, print_table, say
from regbridge.cli.proofs import print_proofs
from regbridge.cli.timings import print_timings, timings_json
from regbridge.reconcile.report import proofs
from regbridge.remedies import remedy_of
from regbridge.store import report
from regbridge.store.clock import moment
from regbridge.store.engine import Store
from regbridge.store.limits import calls_since
from regbridge.store.pauses import Cause
from regbridge.store.tables import State
from regbridge.store.timings import KEPT_DAYS
from regbridge.timing_report import stage_times

Rows = list[dict[str, Any]]

_LISTS: Mapping[str, Callable[..., Sequence[Any]]] = {
    "receipts": report.count_receipts,
    "registrations": report.count_registrations,
    "deliveries": report.count_deliveries,
    "reasons": report.count_reasons,
    "pauses": report.all_pauses,
    "parked_receipts": report.parked_receipts,
    "calls": lambda connection: calls_since(connection, f"{datetime.now(UTC):%Y-%m-%d}"),
}
_TIMES = ("since", "until", "received_at")


def status(
    configs: Configs = CONFIGS,
    timings: Annotated[
        bool, typer.Option("--timings", help="Show how long each stage took instead.")
    ] = False,
    days: Annotated[
        int, typer.Option(min=1, max=KEPT_DAYS, help="Timings of so many days, today's included.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Count what was received and delivered, by client, endpoint, target and state."""
    with open_ledger(configs) as store:
        if timings:
            _show_timings(store, days, as_json)
            return
        figures = _figures(store)
    if as_json:
        print_json(figures)
    elif store is None:
        say(NOTHING_YET)
    else:
        _print(figures)


def _show_timings(store: Store | None, days: int, as_json: bool) -> None:
    times = stage_times(store, days, datetime.now(UTC).date()) if store else []
    if as_json:
        print_json({"days": days, "timings": timings_json(times)})
    elif store is None:
        say(NOTHING_YET)
    else:
        print_timings(times, days)


def _figures(store: Store | None) -> dict[str, Any]:
    if store is None:
        return {**{name: [] for name in _LISTS}, "proofs": [], "pending_since": None}
    return {
        **{
            name: [_PLAIN.get(name, _plain)(row) for row in store.read(query)]
            for name, query in _LISTS.items()
        },
        "proofs": store.read(proofs),
        "pending_since": moment(store.read(report.pending_since)),
    }


def _plain(row: Any) -> dict[str, Any]:
    return {key: moment(value) if key in _TIMES else value for key, value in row._mapping.items()}


def _with_remedy(row: Any) -> dict[str, Any]:
    """Return a reason why something is parked with what to do about it."""
    plain = _plain(row)
    if plain.get("state", State.PARKED) == State.PARKED:
        plain["remedy"] = remedy_of(plain["reason"])
    return plain


_PLAIN: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "reasons": _with_remedy,
    "parked_receipts": _with_remedy,
}


def _print(figures: Mapping[str, Any]) -> None:
    _print_states("Registrations", figures["registrations"], "endpoint")
    _print_states("Deliveries", figures["deliveries"], "target")
    parked = [row for row in figures["reasons"] if row["state"] == State.PARKED]
    _print_list("Why registrations are parked, and what to do", parked)
    filtered = [row for row in figures["reasons"] if row["state"] != State.PARKED]
    _print_list("Why registrations are filtered", filtered)
    print_proofs(figures["proofs"])
    _print_list("Paused", [_named(row) for row in figures["pauses"]])
    _print_list("Calls to vendors today (GMT)", figures["calls"])
    _print_list("Parked receipts (messages that cannot be read)", figures["parked_receipts"])
    unsplit = sum(row["receipts"] for row in figures["receipts"] if row["state"] == State.PENDING)
    if unsplit:
        say(f"Receipts that wait to be split: {unsplit}")
    if not figures["receipts"]:
        say("Nothing received yet.")
    elif figures["pending_since"]:
        say(f"The oldest pending registration arrived at {figures['pending_since']}.")
    elif not unsplit:
        say("Nothing is pending.")


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
