"""How a test of a contract asserts that rules are kept."""

from __future__ import annotations

from collections.abc import Sequence

from regbridge.testing.rules.broken import Broken


def assert_kept(*found: Sequence[Broken]) -> None:
    """Assert that nothing is broken; the failure says what is, and what to do."""
    broken = [each for some in found for each in some]
    assert not broken, "\n".join(str(each) for each in broken)
