"""Which hosts there are and what they run, as plain values and as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from regbridge.store.clock import moment
from regbridge.store.hosts import Standing, clients_there, hosts_there

Plain = dict[str, Any]

STANDS: Mapping[str, str] = {
    Standing.RUNS: "runs",
    Standing.REFUSED: "runs as before, its change is refused",
    Standing.STOPPED: "does not start",
    Standing.GONE: "runs until a restart, it has no file",
}
"""How people read a standing."""

_TIMES = ("started_at", "since", "changed_at")


def standings(connection: Any, now: int) -> dict[str, list[Plain]]:
    """Return the hosts that are there at a time (ms), and each client at each of them."""
    return {
        "hosts": [_plain(row) for row in hosts_there(connection, now)],
        "clients": [_plain(row) for row in clients_there(connection, now)],
    }


def no_standings() -> dict[str, list[Plain]]:
    """Return the standings of a ledger that is not there yet."""
    return {"hosts": [], "clients": []}


def remarks(found: Mapping[str, Sequence[Plain]]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield what somebody should know about a client or a host, each with its findings."""
    is_one = len(found["hosts"]) == 1
    for row in found["clients"]:
        if row["standing"] != Standing.RUNS:
            at = "" if is_one else f" at {row['host']}"
            yield f"client {row['client']}{at}: {_about_client(row)}", row["findings"]
    for row in found["hosts"]:
        if row["changed_at"]:
            at = "" if is_one else f" of {row['host']}"
            yield f"the host: block{at}, or a secret of it, {_about_block(row)}", row["findings"]


def _about_client(row: Plain) -> str:
    goes_on = f"the configuration of {row['since']} goes on until a restart"
    match row["standing"]:
        case Standing.REFUSED:
            return f"the file changed at {row['changed_at']} and is refused; {goes_on}"
        case Standing.GONE:
            return f"no file defines it since {row['changed_at']}; {goes_on}"
    return "the file is wrong, so the client does not run"


def _about_block(row: Plain) -> str:
    text = f"changed at {row['changed_at']}; the change holds after a restart"
    return f"{text}, which would fail" if row["findings"] else text


def _plain(row: Any) -> Plain:
    found = {key: moment(value) if key in _TIMES else value for key, value in row._mapping.items()}
    return found | {"findings": row.findings.splitlines()}
