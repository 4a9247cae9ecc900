"""A client's file laid over `base.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from regbridge.config.place import Keys, Origins


def merge(base: Any, over: Any) -> Any:
    """Return `over` laid over `base`: mappings merge, everything else replaces."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return base | {
        key: merge(base[key], value) if key in base else value for key, value in over.items()
    }


def merge_origins(merged: Any, base: Origins, over: Origins) -> Origins:
    """Return where each merged value stands: in `over` if it has the key, else in `base`."""
    return {keys: over.get(keys) or base[keys] for keys in _all_keys(merged)}


def _all_keys(value: Any, keys: Keys = ()) -> Iterator[Keys]:
    yield keys
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield from _all_keys(item, (*keys, key))
