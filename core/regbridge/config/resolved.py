"""A client's configuration as it holds, value by value, with where each comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from regbridge.config.loader import ClientFile
from regbridge.config.place import Keys, key_text, shown


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value; `origin` is its `file:line`. Secrets are references, as they are written."""

    keys: Keys
    value: Any
    origin: str

    @property
    def key(self) -> str:
        """The way to the value, as a reader writes it."""
        return key_text(self.keys)


def leaves(client_file: ClientFile) -> Iterator[Leaf]:
    """Yield every single value of a client."""
    for keys, value in _walk(client_file.values):
        path, line = client_file.origins[keys]
        yield Leaf(keys, value, f"{shown(path)}:{line}")


def _walk(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _walk(inner, (*keys, key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _walk(inner, (*keys, index))
    else:
        yield keys, value
