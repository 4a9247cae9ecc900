"""Finds the files of secrets that more people can read than have to."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from regbridge.config.place import Keys
from regbridge.models import Finding, Level

_OTHERS = stat.S_IROTH | stat.S_IWOTH


def open_to_others(values: Any, folder: Path) -> Iterator[Finding]:
    """Yield a warning for each file that `{file: PATH}` names and everybody can read or write.

    Takes the values as the YAML gives them. Windows keeps rights in another way, and is not asked.
    """
    if os.name == "nt":
        return
    for keys, name in _references(values):
        path = folder / name
        try:
            is_open = path.stat().st_mode & _OTHERS
        except (OSError, ValueError):
            continue  # a file that cannot be read is an error already
        if is_open:
            message = f"everybody on this machine can read the secret file {path}"
            yield Finding(Level.WARNING, message, remedy=f"run chmod o-rwx {path}", path=keys)


def _references(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    match value:
        case {"file": str(name)} if len(value) == 1:
            yield keys, name
        case dict():
            for key, inner in value.items():
                yield from _references(inner, (*keys, key))
        case list():
            for index, inner in enumerate(value):
                yield from _references(inner, (*keys, index))
