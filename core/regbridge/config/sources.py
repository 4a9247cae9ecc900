"""The files that a client's configuration is made of, and what tells when one of them changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from regbridge.config.case_file import cases_path
from regbridge.config.loader import client_paths

Stamp = tuple[int, int, int] | None
"""What is another one after every change of a file; None while there is no such file."""

Stamps = Mapping[Path, Stamp]


def stamp(path: Path) -> Stamp:
    """Return the stamp of a file: when it was written, its size, and when it came to its place."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ctime_ns


def stamps(paths: Iterable[Path]) -> dict[Path, Stamp]:
    """Return the stamps of files."""
    return {path: stamp(path) for path in paths}


def own_files(folder: Path, path: Path) -> list[Path]:
    """Return the files that a client file stands in whatever it says: its base, itself, cases."""
    return [folder / "base.yaml", path, cases_path(path)]


def written_files(folder: Path) -> list[Path]:
    """Return the files of a configuration folder that people write, as far as they are there."""
    return [file for path in client_paths(folder) for file in own_files(folder, path)]


def named_files(values: Any, folder: Path, beside: Path) -> frozenset[Path]:
    """Return the files that values name, whether they are there or not.

    Those of secrets start at `folder`, those of plugins at `beside`, the client file's folder.
    """
    plugins = (plugin_file(use, beside) for use in _uses(values))
    return frozenset([*_secret_files(values, folder), *filter(None, plugins)])


def plugin_file(use: str, beside: Path) -> Path | None:
    """Return the file of a plugin that is named as `file.py` or `file.py:Class`; else None."""
    file, is_file, _ = f"{use}:".partition(".py:")
    return beside / f"{file}.py" if is_file else None


def digest(text: str, files: Iterable[Path]) -> str:
    """Return what tells a configuration from others, with what is in the files that it names.

    For comparing within one process: what is made of secrets is neither stored nor shown.
    """
    found = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for path in sorted(files):
        content = b""
        with suppress(OSError, ValueError):
            content = path.read_bytes()
        found.update(hashlib.sha256(content).digest())
    return found.hexdigest()


def _secret_files(values: Any, folder: Path) -> Iterator[Path]:
    match values:
        case {"file": str(path)} | {"dpapi": str(path)} if len(values) == 1:
            yield folder / path
        case dict():
            for value in values.values():
                yield from _secret_files(value, folder)
        case list():
            for value in values:
                yield from _secret_files(value, folder)


def _uses(values: Any) -> Iterator[str]:
    """Yield the names of all plugins that values use."""
    if not isinstance(values, dict):
        return
    plugins, targets = values.get("plugins"), values.get("targets")
    entries = [values.get("dedupe"), values.get("mapping")]
    entries += plugins if isinstance(plugins, list) else []
    entries += targets.values() if isinstance(targets, dict) else []
    for entry in entries:
        use = entry.get("use") if isinstance(entry, dict) else entry
        if isinstance(use, str):
            yield use
