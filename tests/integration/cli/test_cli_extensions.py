"""Plugins bring commands of their own, which are imported only when they are asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest

from regbridge.cli import extensions

MODULE = '''
import typer

app = typer.Typer(help="Ask the vendor.")


@app.command()
def usage(number: int = 1) -> None:
    """Show what is used up."""
    typer.echo(f"used {number}")


@app.command()
def other() -> None:
    """Do something else."""


def simulate(port: int = 0) -> None:
    """Run the vendor's simulator."""
    typer.echo(f"port {port}")
'''

DESCRIBED = '''
import typer

app = typer.Typer()


@app.callback()
def about() -> None:
    """Ask the other vendor.

    The help does not list this.
    """
'''


@pytest.fixture(autouse=True)
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed plugin with commands, and one whose commands cannot be imported."""
    (tmp_path / "vendor_commands.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "described_commands.py").write_text(DESCRIBED, encoding="utf-8")
    (tmp_path / "torn_commands.py").write_text("def (", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    found = EntryPoints(
        [
            EntryPoint("vendor", "vendor_commands:app", extensions.COMMANDS),
            EntryPoint("described", "described_commands:app", extensions.COMMANDS),
            EntryPoint("torn", "torn_commands:app", extensions.COMMANDS),
            EntryPoint("broken", "no_such_module:app", extensions.COMMANDS),
            EntryPoint("vendor", "vendor_commands:simulate", extensions.SIMULATORS),
        ]
    )
    monkeypatch.setattr(extensions, "entry_points", lambda **which: found.select(**which))
    for module in ("vendor_commands", "described_commands"):
        monkeypatch.delitem(sys.modules, module, raising=False)


Run = Callable[..., Any]


def test_a_plugins_command_runs_with_its_options(run: Run) -> None:
    result = run("vendor", "usage", "--number", "7")

    assert (result.status, result.out) == (0, "used 7\n")


def test_a_simulator_runs_under_simulate(run: Run) -> None:
    result = run("simulate", "vendor", "--port", "9")

    assert (result.status, result.out) == (0, "port 9\n")


def test_the_help_lists_what_plugins_bring(run: Run) -> None:
    assert "Ask the vendor" in run("--help").out
    assert run("--help").out.count("Cannot be loaded") == 2
    assert "vendor" in run("simulate", "--help").out
    assert "Show what is used up" in run("vendor", "--help").out


def test_the_help_reads_what_a_callback_says_and_imports_nothing(run: Run) -> None:
    shown = run("--help").out

    assert "Ask the other vendor." in shown
    assert "The help does not list this" not in shown
    assert "described_commands" not in sys.modules


def test_what_is_not_asked_for_is_not_imported(run: Run) -> None:
    run("plugins")

    assert "vendor_commands" not in sys.modules


def test_a_command_that_cannot_be_imported_is_told_so_and_hides_no_other(run: Run) -> None:
    result = run("broken", "usage", "--number", "1")

    assert result.status == 1
    assert "the command broken cannot be loaded: ModuleNotFoundError" in result.err
    assert run("vendor", "usage").status == 0
