"""How it is printed what hosts run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regbridge.cli.printing import print_table, say
from regbridge.standings import STANDS, remarks


def print_standings(found: Mapping[str, Any]) -> None:
    """Print a line for each client, then what somebody should know; nothing if no host is there.

    A host of an older version tells none of it.
    """
    if not found.get("hosts"):
        return
    several = len(found["hosts"]) > 1
    columns = ("client", "configuration", "since", "stands", *(["at"] if several else []))
    rows = (
        (
            each["client"],
            each["configuration"],
            each["since"],
            STANDS.get(each["standing"], each["standing"]),
            *([each["host"]] if several else []),
        )
        for each in found["clients"]
    )
    print_table("What runs", columns, rows)
    for text, findings in remarks(found):
        say(f"{text}{':' if findings else ''}")
        for finding in findings:
            say(f"  {finding}")
