"""The URL of the ledger's database, whose password is never in YAML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

from pydantic import BeforeValidator, SecretStr, ValidationInfo, WithJsonSchema

from regbridge.secret import REFERENCE_SCHEMA, WAYS, resolve

DEFAULT_URL = "sqlite:///regbridge.db"

_SQLITE_FILE = re.compile(r"(sqlite(?:\+\w+)?:///)(?!:memory:|file:)([^?]+)(.*)", re.DOTALL)


def absolute_url(url: str, folder: Path) -> str:
    """Return a URL with a relative SQLite path made absolute from `folder`."""
    if not (found := _SQLITE_FILE.fullmatch(url)):
        return url
    scheme, path, query = found.groups()
    return f"{scheme}{(folder / path).absolute().as_posix()}{query}"


def sqlite_file(url: str, folder: Path) -> Path | None:
    """Return the file of an SQLite URL; None for another database, or for one in memory."""
    found = _SQLITE_FILE.fullmatch(absolute_url(url, folder))
    return Path(found[2]) if found else None


def _read(value: Any, context: ValidationInfo) -> str:
    if not isinstance(value, str):
        return resolve(value, context)
    try:
        parts = urlsplit(value)
        secret = parts.password or "password" in parse_qs(parts.query)
    except ValueError:
        raise ValueError("this is not a URL such as sqlite:///regbridge.db") from None
    if secret:
        raise ValueError(f"a URL with a password is a secret; write database: with {WAYS}")
    return value


DatabaseUrl = Annotated[
    SecretStr,
    BeforeValidator(_read),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, REFERENCE_SCHEMA]}),
]
