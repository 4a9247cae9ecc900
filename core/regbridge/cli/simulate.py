"""`regbridge simulate`: a vendor's simulator, which the vendor's plugin brings."""

from __future__ import annotations

import typer

from regbridge.cli.extensions import SIMULATORS, Extended


class Simulators(Extended):
    """A command for each vendor."""

    entries = SIMULATORS


simulate = typer.Typer(cls=Simulators, no_args_is_help=True, add_completion=False)


@simulate.callback()
def _simulate() -> None:
    """Run a vendor's simulator on this machine, to try a client without the vendor."""
