"""The Python API: every public name with its live signature and what it is for."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, get_args, get_origin

from docs.generate import signatures
from docs.generate.markdown import first_paragraph, python

MODULES = (
    "regbridge",
    "regbridge.http",
    "regbridge.rounds",
    "regbridge.dates",
    "regbridge.commands",
)
KIT = "regbridge.testing"
# What the contracts and `regbridge plugins --verify` are made of; a plugin derives from contracts.
NOT_PUBLIC = f"{KIT}.rules"


def write(_about: str) -> str:
    """Return every public module with its names."""
    seen: dict[int, str] = {}
    return "\n\n".join(_module(name, seen) for name in module_names())


def module_names() -> list[str]:
    """Return the public modules: what a plugin may import, and all of the kit."""
    kit = importlib.import_module(KIT)
    found = pkgutil.walk_packages(kit.__path__, f"{KIT}.")
    names = sorted(
        module.name
        for module in found
        if "._" not in module.name and not module.name.startswith(NOT_PUBLIC)
    )
    return [*MODULES, *(name for name in names if public_names(importlib.import_module(name)))]


def public_names(module: ModuleType) -> list[str]:
    """Return the names that a module offers: those of `__all__`, or all that it defines itself."""
    if (listed := getattr(module, "__all__", None)) is not None:
        return sorted(listed)
    own = _assigned(module)
    return sorted(
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (getattr(value, "__module__", None) == module.__name__ or name in own)
        and not isinstance(value, ModuleType)
    )


def _assigned(module: ModuleType) -> set[str]:
    """Return the constants of a module, which do not say where they are from."""
    source = inspect.getsource(module)
    lines = (line.partition(":")[0].partition("=")[0].strip() for line in source.splitlines())
    return {name for name in lines if name.isidentifier() and name.isupper()}


def _module(name: str, seen: dict[int, str]) -> str:
    module = importlib.import_module(name)
    parts = [f"## {name}", first_paragraph(module)]
    for public in public_names(module):
        parts += _name(name, public, getattr(module, public), seen)
    return "\n\n".join(part for part in parts if part)


def _name(module: str, name: str, value: Any, seen: dict[int, str]) -> Iterator[str]:
    yield f"### {name}"
    has_identity = inspect.isclass(value) or inspect.isroutine(value)
    if has_identity and (place := seen.get(id(value))):
        yield f"The same as in `{place}`."
        return
    if has_identity:
        seen[id(value)] = module
    yield python(_declaration(name, value))
    if has_identity:
        yield first_paragraph(value)


def _declaration(name: str, value: Any) -> str:
    if inspect.isclass(value):
        return signatures.of_class(value)
    if inspect.isfunction(value):
        return signatures.of_function(inspect.unwrap(value), name)
    if isinstance(value, str | int | float) and len(repr(value)) < 100:
        return f"{name} = {value!r}"
    return f"{name}: {_kind(value)}"


def _kind(value: Any) -> str:
    """Return the type of a value, the same on every system."""
    if get_origin(value) is Annotated:
        return f"Annotated[{_kind(get_args(value)[0])}, ...]"
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, Path):
        return "Path"
    if get_origin(value) is not None:
        return re.sub(r"\b\w+\.", "", str(value))
    return type(value).__name__
