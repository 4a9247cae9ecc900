"""What a person can do about something that is parked, by its reason."""

from __future__ import annotations

import re
from collections.abc import Sequence

_RETRY = "then `regbridge retry`"

_REMEDIES: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        (
            "the answer was lost|the ledger was restored",
            "look at the target: `regbridge ignore` it if the record is there, "
            "`regbridge retry` it if not",
        ),
        ("Stub is missing", "send a sync of the event from Cvent, and `regbridge ignore` this"),
        ("the record cannot be read", "send a sync of the event from Cvent"),
        ("the correction of .* does not fit", "`regbridge correct` the whole value instead"),
        ("this is a bug in it", f"repair the plugin (an installed one needs a restart), {_RETRY}"),
        ("given up after", f"repair what the reason says, {_RETRY}"),
        (
            "is required and has no value",
            "complete it at Cvent (that sends it again), `regbridge correct` it, "
            f"or change the map, {_RETRY}",
        ),
        (
            r"^the body is ",
            "`regbridge show --receipt NUMBER --body`; `regbridge ignore` it if it "
            "is not from Cvent",
        ),
    )
]

_ELSE = f"`regbridge correct` the value, change the map or repair the target, {_RETRY}"


def remedies() -> list[tuple[list[str], str]]:
    """Return what the known reasons say, with the remedy of each; the first that fits counts."""
    return [
        (pattern.pattern.strip("^ ").replace(".*", "…").split("|"), remedy)
        for pattern, remedy in _REMEDIES
    ]


def remedy_of(reason: str) -> str:
    """Return what to do about a parked registration or receipt with this reason."""
    return next((remedy for pattern, remedy in _REMEDIES if pattern.search(reason)), _ELSE)
