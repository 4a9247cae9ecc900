"""The machine and what is installed on it."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import struct
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, requires, version
from re import match
from typing import Any

from regbridge.installed import installed_plugins
from regbridge.models import Finding, Level

_TEMPORARY = 1_000_000_000
"""A large message lies in a temporary file while it arrives, and a hundred MB are allowed."""


def examine_machine() -> list[Finding]:
    """Say what runs regbridge, and whether a large message has room while it arrives."""
    facts = machine_facts()
    text = f"regbridge {facts['regbridge']}, Python {facts['python']}, {facts['system']}"
    return [Finding(Level.OK, text), _temporary()]


def examine_plugins() -> list[Finding]:
    """Say which plugins cannot be loaded."""
    plugins = installed_plugins()
    broken = [
        Finding(
            Level.ERROR,
            f"the plugin {plugin.name} of {plugin.distribution} cannot be loaded: {plugin.error}",
            remedy="repair or remove that package",
        )
        for plugin in plugins
        if plugin.error
    ]
    others = sorted({f"{p.distribution} {p.version}" for p in plugins})
    return [*broken, Finding(Level.OK, f"{len(plugins)} plugins of {', '.join(others)}")]


def machine_facts() -> dict[str, Any]:
    """Return versions and facts of the operating system; no name of the machine or of a user."""
    return {
        "regbridge": version("regbridge"),
        "python": platform.python_version(),
        "bits": struct.calcsize("P") * 8,
        "implementation": platform.python_implementation(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "sqlite": sqlite3.sqlite_version,
        "encoding": sys.getfilesystemencoding(),
        "packages": _packages(),
        "plugins": [
            {"name": p.name, "of": p.distribution, "version": p.version, "error": bool(p.error)}
            for p in installed_plugins()
        ],
    }


def _packages() -> dict[str, str | None]:
    """Return the versions of what regbridge requires; None for what is not installed."""
    found: dict[str, str | None] = {}
    for requirement in requires("regbridge") or ():
        name = match(r"[\w.-]+", requirement)
        if name is None or "extra ==" in requirement:
            continue
        try:
            found[name[0]] = version(name[0])
        except PackageNotFoundError:
            found[name[0]] = None
    return found


def _temporary() -> Finding:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    text = f"the folder of temporary files has {free / 1e6:,.0f} MB free"
    if free >= _TEMPORARY:
        return Finding(Level.OK, text)
    remedy = "make room: a large message lies there while it arrives"
    return Finding(Level.WARNING, text, remedy=remedy)
