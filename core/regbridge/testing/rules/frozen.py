"""What values look like at one moment, so that a later look tells whether somebody changed them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

from regbridge.models import Record, Registration, Target

Value = TypeVar("Value", Registration, Record, Target)


def frozen(value: Any) -> Any:
    """Return a copy of a value in plain containers, which nobody else holds."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: frozen(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {name: frozen(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [frozen(each) for each in value]
    return copy.copy(value)


def fresh(value: Value) -> Value:
    """Return a registration, a record or a target of its own, with its mappings as hooks get them.

    What one call changes in it is not there in the next one.
    """
    match value:
        case Registration():
            patches = {name: _proxy(patch) for name, patch in value.enriched.items()}
            return replace(value, fields=_proxy(value.fields), enriched=MappingProxyType(patches))
        case Record():
            return replace(value, fields=_proxy(value.fields))
        case Target():
            return replace(value, map=frozen(value.map))
    return value


def _proxy(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(frozen(value))


def differences(before: Any, after: Any, at: str = "") -> list[str]:
    """Return where two looks differ, without the values."""
    if isinstance(before, dict) and isinstance(after, dict):
        names = [*before, *(name for name in after if name not in before)]
        pairs = [(f"{at}.{name}", before.get(name), after.get(name)) for name in names]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(f"{at}[{i}]", *both) for i, both in enumerate(zip(before, after, strict=True))]
    else:
        return [] if _same(before, after) else [at.removeprefix(".") or "the value"]
    return [each for where, old, new in pairs for each in differences(old, new, where)]


def _same(before: Any, after: Any) -> bool:
    return type(before) is type(after) and bool(before == after)
