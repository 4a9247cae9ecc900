"""Each reason for which something is parked has a remedy of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from regbridge.remedies import remedy_of

STATES = Path(__file__).parents[2] / "docs" / "reference" / "states.md"


def listed(heading: str) -> list[str]:
    """Return the reasons of a table of the reference."""
    section = STATES.read_text(encoding="utf-8").partition(heading)[2].partition("\n#")[0]
    return [
        row for row in re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE) if row != "parked"
    ]


ELSE = remedy_of("the target's own words")


@pytest.mark.parametrize("reason", listed("### Reasons of parked"))
def test_a_reason_of_the_reference_has_a_remedy(reason: str) -> None:
    if "characters" not in reason:  # a value that does not fit is what the last remedy is for
        assert remedy_of(reason) != ELSE


@pytest.mark.parametrize("reason", listed("| reason of a parked receipt"))
def test_a_message_that_cannot_be_read_has_a_remedy(reason: str) -> None:
    assert "--receipt" in remedy_of(reason)


def test_what_a_target_says_can_be_corrected() -> None:
    assert "`regbridge correct`" in ELSE
