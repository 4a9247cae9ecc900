"""Groups of commands, regbridge's own and plugins', imported only when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from regbridge.cli.docstrings import docstring
from regbridge.errors import ConfigError

COMMANDS = "regbridge.commands"
"""The entry points of plugins' commands: a `typer.Typer` for each name."""

SIMULATORS = "regbridge.simulators"
"""The entry points of `regbridge simulate`: a function for each vendor, as typer takes them."""


class Extended(TyperGroup):
    """A group with the commands of an entry point group besides its own."""

    own: ClassVar[Mapping[str, str]] = {}
    """Where its own commands are, `module:function`, in the order of the help."""

    entries: ClassVar[str]
    """The entry point group of plugins' commands."""

    def __init__(self, **settings: Any) -> None:
        self._own = {name: EntryPoint(name, place, "") for name, place in self.own.items()}
        super().__init__(**settings | {"commands": _Imported(self._own)})

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - as typer calls it
        """Return the names of all commands, plugins' last."""
        return [*self._own, *sorted(self._brought().keys() - self._own.keys())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, its own before a plugin's; None when there is none."""
        if own := super().get_command(ctx, cmd_name):
            return own
        entry = self._brought().get(cmd_name)
        return entry and _command(entry)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help; a command is imported for it only when its source says nothing."""
        entries = self._brought() | self._own
        names = self.list_commands(ctx)
        lines = {name: _line(entries[name]) or self.get_command(ctx, name) for name in names}
        listed = TyperGroup(name=self.name, help=self.help, params=self.params, commands=lines)
        listed.format_help(ctx, formatter)

    def _brought(self) -> dict[str, EntryPoint]:
        return {entry.name: entry for entry in entry_points(group=self.entries)}


class _Imported(Mapping[str, Any]):
    """Commands by name, each imported when it is looked up."""

    def __init__(self, entries: Mapping[str, EntryPoint]) -> None:
        self._entries = entries

    def __getitem__(self, name: str) -> Any:
        return _named(name, _typed(self._entries[name].load()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def _line(entry: EntryPoint) -> TyperCommand | None:
    """Return what stands for a command in the help, or None when its source says nothing."""
    try:
        text = docstring(entry.module, entry.attr)
    except Exception:  # the package around a module may raise anything when it is imported
        return None
    return TyperCommand(entry.name, help=text) if text else None


def _command(entry: EntryPoint) -> Any:
    try:
        found = _typed(entry.load())
    except Exception as error:  # a module may raise anything when it is imported
        found = _typed(_refusing(entry.name, error), _ANYTHING)
    return _named(entry.name, found)


_ANYTHING = {"allow_extra_args": True, "ignore_unknown_options": True}


def _named(name: str, commands: typer.Typer) -> Any:
    command = typer.main.get_command(commands)
    command.name = name
    return command


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
        raise ConfigError.of(message, "install it again")

    return refuse
