"""Renders the console's pages from their templates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from regbridge.store.clock import from_ms

LONGEST = 200
"""So many characters of a text are shown in a list."""


class Renderer:
    """The templates of the console. Whatever they are given is shown as text."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("regbridge.web.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"plain": plain, "short": short, "time": time, "count": count}

    def page(self, template: str, values: Mapping[str, Any]) -> str:
        """Return the HTML of a page."""
        return self._templates.get_template(f"{template}.html").render(values)


def plain(value: Any) -> str:
    """Return a text without control characters, those that turn the direction among them."""
    return "".join(
        sign if sign.isprintable() or sign == "\n" else sign.encode("unicode_escape").decode()
        for sign in str("" if value is None else value)
    )


def short(value: Any) -> str:
    """Return a text as a list shows it: on one line, cut where it is long."""
    text = " ".join(plain(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}\u2026"


def time(ms: int | None) -> str:
    """Return a time of the ledger as people read it, in UTC; "" for none."""
    return "" if ms is None else written(from_ms(ms))


def written(moment: datetime) -> str:
    """Return a moment as people read it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def count(number: int) -> str:
    """Return a number with its thousands apart."""
    return f"{number:,}"
