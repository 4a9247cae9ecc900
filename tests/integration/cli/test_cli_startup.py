"""What a command loads: the help loads no command, a host loads no library that it does not use."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import typer

from regbridge.cli import Regbridge, app
from regbridge.cli.extensions import COMMANDS

HELP = """
from regbridge.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
"""
HOST = """
import pathlib
import sys
import regbridge.cli.serve
from regbridge.host import Address, Host
host = Host(pathlib.Path(sys.argv[1]), address=Address("127.0.0.1", 0))
host.start()
assert host.stop()
"""
LOADED = """
import sys
print(*sys.modules, file=sys.stderr)
"""


def loaded(code: str, *arguments: str) -> set[str]:
    """Return the names of the modules that a Python has loaded when it has run code."""
    ended = subprocess.run(
        [sys.executable, "-c", code + LOADED, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        check=True,
        text=True,
    )
    return set(ended.stderr.splitlines()[-1].split())


def libraries(modules: set[str]) -> set[str]:
    """Return what is neither Python's own nor regbridge's, by the outermost names."""
    outermost = {name.partition(".")[0] for name in modules}
    return {name for name in outermost - sys.stdlib_module_names if "regbridge" not in name}


def test_the_help_loads_only_what_typer_needs_to_draw_it() -> None:
    needed = libraries(loaded("import typer.rich_utils"))
    assert {"typer", "rich"} <= needed
    assert libraries(loaded(HELP)) - needed == set()


def test_the_help_loads_no_command() -> None:
    own = {place.partition(":")[0] for place in Regbridge.own.values()}
    brought = {entry.module for entry in entry_points(group=COMMANDS)}
    assert "regbridge_cvent.commands" in brought
    assert loaded(HELP) & (own | brought) == set()


def test_a_host_loads_no_library_that_none_of_its_plugins_needs(configs: Path) -> None:
    unneeded = {"cryptography", "jwt", "lxml", "msal", "psycopg", "requests"}
    first = libraries(loaded(HOST, str(configs)))
    assert {"falcon", "alembic"} <= first
    assert first & unneeded == set()

    again = libraries(loaded(HOST, str(configs)))  # its tables are there
    assert again & (unneeded | {"alembic"}) == set()


@pytest.mark.parametrize("words", [(), ("simulate",)])
def test_the_help_says_of_a_command_what_the_command_says_of_itself(
    run: Callable[..., Any], words: tuple[str, ...]
) -> None:
    group: Any = typer.main.get_command(app)
    for word in words:
        group = group.get_command(None, word)
    commands = {name: group.get_command(None, name) for name in group.list_commands(None)}
    said = [(name, command.help.partition("\n\n")[0]) for name, command in commands.items()]
    shown = re.findall(r"^│ ([a-z-]+) +(\S.*?) +│$", run(*words, "--help").out, re.MULTILINE)
    assert [(name, text) for name, text in shown if not name.startswith("-")] == said
