"""Writes a new package into a folder of its own, and overwrites nothing."""

from __future__ import annotations

from pathlib import Path

from regbridge.errors import ConfigError
from regbridge.kit.contents import contents
from regbridge.kit.variant import Variant


def write_package(variant: Variant, folder: Path) -> tuple[Path, list[Path]]:
    """Write a package below a folder; return its own folder and its files.

    Raises `ConfigError` when there is something in its place.
    """
    home = folder / variant.names.package
    if home.exists():
        raise ConfigError.of(
            "the folder is there already", "choose another name or another --folder", str(home)
        )
    texts = list(contents(variant))
    paths = [home / path for path, _ in texts]
    for path, (_, text) in zip(paths, texts, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return home, paths
