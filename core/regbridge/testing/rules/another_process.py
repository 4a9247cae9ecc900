"""Lets a plugin's own code see `hash` as another process would have it."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from regbridge.plugin import Plugin

_SALT = 0x5EED


@contextmanager
def as_in_another_process(plugin: Plugin) -> Iterator[None]:
    """Give `hash` of a text another value while the block runs, where the plugin's module asks.

    Python salts it with each start, so that nothing that is kept may be made of it. Sets and dicts
    do not ask by that name, and go on.
    """
    module = type(plugin).__module__
    before = builtins.hash

    def salted(value: Any) -> int:
        caller = sys._getframe(1)
        own = caller.f_globals.get("__name__") == module and caller.f_code.co_name != "__hash__"
        return before(value) ^ _SALT if own else before(value)

    builtins.hash = salted
    try:
        yield
    finally:
        builtins.hash = before
