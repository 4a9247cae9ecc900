"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Configs = Annotated[
    Path,
    typer.Option(
        "--configs", "-c", envvar="REGBRIDGE_CONFIGS", help="The folder that base.yaml is in."
    ),
]

CONFIGS = Path("configs")
"""The default of `Configs`."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
