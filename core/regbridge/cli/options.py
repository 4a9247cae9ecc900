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

HostUrl = Annotated[
    str | None,
    typer.Option(
        "--host", metavar="URL", help="Ask this running host through its API, not the ledger here."
    ),
]

TokenEnv = Annotated[
    str,
    typer.Option(
        "--token-env", help="With --host: the environment variable that holds a token of its API."
    ),
]

TOKEN_ENV = "REGBRIDGE_API_TOKEN"  # noqa: S105 - the name of a variable, not a token
"""The default of `TokenEnv`."""
