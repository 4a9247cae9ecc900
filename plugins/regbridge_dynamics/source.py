"""Where a column of a key gets its value: from a field of the record, or from a hash of several."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HASH_LENGTH = 64
"""Characters of a hash."""


@dataclass(frozen=True, slots=True)
class Source:
    """A key's column, and the fields of the record that feed it."""

    column: str
    fields: tuple[str, ...]
    is_hash: bool = False

    def value(self, record: Mapping[str, Any]) -> Any:
        """Return the column's plain value.

        None when a field has none: a key with a hole in it would fit other records too. Raises
        `ValueError` for a list or an object in a hash.
        """
        values = [record.get(field) for field in self.fields]
        if any(value is None or value == "" for value in values):
            return None
        return key_hash(values) if self.is_hash else values[0]


def key_hash(values: Sequence[Any]) -> str:
    """Return 64 hexadecimal digits that stand for some values; capitals make no difference.

    Dataverse compares keys without regard to capitals, and so does whoever writes an address
    twice; spaces around a value do not count either. Raises `ValueError` for a list or an object.
    """
    for value in values:
        if isinstance(value, list | Mapping):
            raise ValueError("a list or an object cannot be a part of a hash")
    texts = [_normal(value) for value in values]
    return hashlib.sha256(json.dumps(texts, ensure_ascii=True).encode("ascii")).hexdigest()


def _normal(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return unicodedata.normalize("NFC", text.strip().casefold())
