"""Calls a plugin's hooks as the host does, and tells what it may raise from a bug."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from regbridge.errors import RegbridgeError
from regbridge.plugin import Plugin


@dataclass(frozen=True, slots=True)
class Said:
    """What a hook said: its answer, or the error that it raised."""

    answer: Any = None
    error: Exception | None = None

    @property
    def texts(self) -> list[str]:
        """What is stored, shown or logged of it."""
        texts = [str(self.error)] if self.error else []
        if isinstance(self.error, RegbridgeError):
            texts.append(self.error.detail)
        reason = getattr(self.answer, "reason", None)
        return [*texts, reason] if isinstance(reason, str) else texts


def method_of(plugin: Plugin, hook: str) -> Callable[..., Any] | None:
    """Return the method by which a plugin implements a hook, None if it does not."""
    for name, method in inspect.getmembers(plugin, callable):
        options = getattr(method, "regbridge_impl", None)
        if options is not None and (options.get("specname") or name) == hook:
            return method
    return None


def call(plugin: Plugin, hook: str, **values: Any) -> Any:
    """Return what a plugin's hook answers; it is given the arguments that it takes.

    Raises as the plugin does, and `LookupError` for a hook that it does not have.
    """
    method = method_of(plugin, hook)
    if method is None:
        raise LookupError(f"the plugin has no {hook} with @hookimpl above it")
    taken = inspect.signature(method).parameters
    return method(**{name: value for name, value in values.items() if name in taken})


def ask(plugin: Plugin, hook: str, **values: Any) -> Said:
    """Return what a plugin's hook says, whatever that is."""
    try:
        return Said(call(plugin, hook, **values))
    except Exception as error:  # what may be raised is for the rules to say
        return Said(error=error)


def fault(error: Exception) -> str:
    """Return the name of an error and where it was raised, without what it says."""
    last = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    if last is None:
        return type(error).__name__
    code = last.tb_frame.f_code
    file = code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"{type(error).__name__} ({file}:{last.tb_lineno}, in {code.co_name})"
