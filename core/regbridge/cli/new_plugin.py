"""`regbridge new-plugin`: a package of a plugin, complete and tested."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regbridge.cli.printing import say
from regbridge.kit.names import read_name, taken
from regbridge.kit.variant import Variant
from regbridge.kit.words import Word, in_order, read_words
from regbridge.kit.writing import write_package


def new_plugin(
    name: Annotated[str, typer.Argument(help="What client files call the plugin.")],
    hooks: Annotated[
        str, typer.Option(help=f"What it does, with commas between: {', '.join(Word)}.")
    ],
    folder: Annotated[
        Path, typer.Option(file_okay=False, help="Where the package's folder is made.")
    ] = Path(),
) -> None:
    """Write a package of a plugin, with simulator, samples and tests that pass."""
    variant = Variant(read_name(name), read_words(hooks))
    for other in taken(list(variant.parts)):
        typer.echo(f"warning: there is a plugin {other} already; one hides the other", err=True)
    home, paths = write_package(variant, folder)
    say(f"Wrote {home}: {len(paths)} files for {', '.join(in_order(variant.words))}")
    _say_what_next(home)


def _say_what_next(home: Path) -> None:
    say("")
    say("What next:")
    say(f'1. python -m pip install -e "{home}[test]"')
    say(f"2. python -m pytest {home}")
    say(f"3. Read {home / 'README.md'}, and put the real service in the place of the made-up one.")
