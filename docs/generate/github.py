"""What the repository's page reads otherwise than the site's Markdown does."""

from __future__ import annotations

import re

_ITEM = re.compile(r"(\d+\.|[*-]) +(?=\S)")
_CODE = re.compile(r"`[^`]+`")


def slug(heading: str, separator: str) -> str:
    """Return the anchor of a heading as the repository's page makes it."""
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return plain.replace(" ", separator)


def adapted(markdown: str) -> str:
    """Return Markdown in which lists and tables come out as they do on the repository's page.

    There what belongs to an item is indented as far as the item's text, here by four spaces; and a
    list needs a blank line before it here.
    """
    lines: list[str] = []
    width = 0
    fenced = False
    for line in markdown.splitlines():
        item = None if fenced else _ITEM.match(line)
        if item:
            if not width and lines and lines[-1].strip():
                lines.append("")
            width = item.end()
        elif line.strip() and not line.startswith(" ") and not fenced:
            width = 0
        belongs = width and not item and line.startswith(" " * min(width, 2))
        lines.append(" " * max(0, 4 - width) + line if belongs else _cells(line))
        if line.lstrip().startswith("```"):
            fenced = not fenced
    return "\n".join(lines) + "\n"


def _cells(line: str) -> str:
    """Return a line of a table whose code has no backslash before a bar."""
    if not line.startswith("|"):
        return line
    return _CODE.sub(lambda found: found[0].replace("\\|", "|"), line)
