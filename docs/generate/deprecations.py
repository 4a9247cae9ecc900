"""What still works and will not always: the registry of deprecations."""

from __future__ import annotations

from docs.generate.markdown import code, table

from regbridge.deprecation import DEPRECATIONS


def write(_about: str) -> str:
    """Return the table of deprecations, or that there are none."""
    if not DEPRECATIONS:
        return "At the moment nothing is deprecated."
    rows = [
        (code(each.name), each.since, each.instead, each.ends)
        for each in sorted(DEPRECATIONS, key=lambda each: (each.ends, each.name))
    ]
    return table(["deprecated", "since", "use instead", "gone in"], rows)
