"""Fills in the templates; a value that nobody quoted is refused."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from regbridge.deploy.quoting import QUOTES, Quoted


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return a file's text. Raises `ValueError` for a value that cannot be written there."""
    return _templates().get_template(template).render(values)


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("regbridge.deploy"),
        autoescape=False,  # noqa: S701 - XML's escapes are wrong in the other files; see `_quoted`
        finalize=_quoted,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters |= QUOTES
    return templates


def _quoted(value: Any) -> Quoted:
    if not isinstance(value, Quoted):
        raise TypeError(f"a template writes a {type(value).__name__} that is not quoted")
    return value
