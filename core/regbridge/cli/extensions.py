"""The commands that plugins bring, imported only when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup

from regbridge.errors import ConfigError
from regbridge.models import Finding, Level

COMMANDS = "regbridge.commands"
"""The entry points of plugins' commands: a `typer.Typer` for each name."""

SIMULATORS = "regbridge.simulators"
"""The entry points of `regbridge simulate`: a function for each vendor, as typer takes them."""


class _Extended(TyperGroup):
    """A group with the commands of an entry point group besides its own."""

    entries: str

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, plugins' last."""
        own = super().list_commands(ctx)
        return [*own, *sorted(set(entry_points(group=self.entries).names) - set(own))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, its own before a plugin's; None when there is none."""
        own = super().get_command(ctx, cmd_name)
        found = entry_points(group=self.entries, name=cmd_name)
        return own or next((_command(entry) for entry in found), None)


class Extended(_Extended):
    """`regbridge` itself."""

    entries = COMMANDS


class Simulators(_Extended):
    """`regbridge simulate`."""

    entries = SIMULATORS


simulate = typer.Typer(cls=Simulators, no_args_is_help=True)


@simulate.callback()
def _simulate() -> None:
    """Run a vendor's simulator on this machine, to try a client without the vendor."""


def _command(entry: EntryPoint) -> Any:
    try:
        found = _typed(entry.load())
    except Exception as error:  # a module may raise anything when it is imported
        found = _typed(_refusing(entry.name, error), _ANYTHING)
    command = typer.main.get_command(found)
    command.name = entry.name
    return command


_ANYTHING = {"allow_extra_args": True, "ignore_unknown_options": True}


def _typed(loaded: Any, settings: dict[str, Any] | None = None) -> typer.Typer:
    """Return commands as they are, or a single function as the only command."""
    if isinstance(loaded, typer.Typer):
        return loaded
    only = typer.Typer(add_completion=False)
    only.command(context_settings=settings)(loaded)
    return only


def _refusing(name: str, error: Exception) -> Callable[[], None]:
    """Return what runs in the place of a command that cannot be loaded; the help lists it still."""
    message = f"the command {name} cannot be loaded: {type(error).__name__}: {error}"

    def refuse() -> None:
        """Cannot be loaded; run it to see why."""
        raise ConfigError([Finding(Level.ERROR, message, remedy="install it again")])

    return refuse
