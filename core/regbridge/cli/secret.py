"""`regbridge secret`: put a secret where a setting finds it, past the shell's history."""

from __future__ import annotations

import binascii
import os
import re
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from regbridge.cli.options import CONFIGS, Configs
from regbridge.cli.printing import complain, say

FOLDER = "secrets"
"""Where files of secrets are made, beside base.yaml."""

_LONGEST = 100_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def _file_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise typer.BadParameter("letters (a-z), digits, dots, hyphens and underscores, up to 64")
    return name


_Name = Annotated[str, typer.Argument(help="A name of your own.", callback=_file_name)]
_Replaces = Annotated[
    bool, typer.Option("--replace", help="Put it in the place of one that is there.")
]

secret = typer.Typer(no_args_is_help=True, add_completion=False)


@secret.callback()
def _secret() -> None:
    """Put a secret where a setting finds it; it is typed at a prompt, or comes from a pipe."""


@secret.command()
def random() -> None:
    """Print a new random secret: for a token, a password or an encryption key."""
    typer.echo(secrets.token_urlsafe(32))


@secret.command()
def write(name: _Name, configs: Configs = CONFIGS, replace: _Replaces = False) -> None:
    """Write a secret to a file that this account alone can read."""
    path = _new_path(configs, name, replaces=replace)
    _write(path, _asked().encode())
    if os.name == "nt":
        say("Windows gives the file the rights of its folder; `regbridge secret protect` encrypts.")
    say(f"Wrote {path}; in YAML: {{file: {FOLDER}/{path.name}}}")


@secret.command()
def protect(
    name: _Name,
    configs: Configs = CONFIGS,
    account: Annotated[
        bool,
        typer.Option("--account", help="For the account that runs this, not for the machine."),
    ] = False,
    replace: _Replaces = False,
) -> None:
    """Write a secret to a file that Windows encrypts for this machine (DPAPI)."""
    from regbridge import dpapi

    path = _new_path(configs, f"{name}.dpapi", replaces=replace)
    try:
        dpapi.require()
        given = _asked().encode()
        protected = dpapi.protect(given, description=f"regbridge {name}", for_machine=not account)
    except dpapi.DpapiError as error:
        complain(str(error))
        raise typer.Exit(1) from None
    _write(path, binascii.b2a_base64(protected, newline=False))
    say(f"Wrote {path}; in YAML: {{dpapi: {FOLDER}/{path.name}}}")


@secret.command()
def keep(
    service: Annotated[str, typer.Argument(help="What it is for, such as regbridge.")],
    name: Annotated[str, typer.Argument(help="Its name there.")],
) -> None:
    """Put a secret into the keyring of the account that runs this, such as Windows' Credentials."""
    from regbridge import keyrings

    try:
        keyrings.keep(service, name, _asked())
    except keyrings.KeyringError as error:
        complain(str(error))
        raise typer.Exit(1) from None
    say(f"Kept; in YAML: {{keyring: {{service: {service}, name: {name}}}}}")


def _new_path(configs: Path, name: str, *, replaces: bool) -> Path:
    path = configs / FOLDER / name
    if not configs.is_dir():
        raise typer.BadParameter(f"there is no folder {configs}; name it with --configs")
    if path.exists() and not replaces:
        raise typer.BadParameter(f"{path} is there already; take another name, or add --replace")
    return path


def _asked() -> str:
    """Return what is typed twice at a prompt that shows nothing, or comes from a pipe."""
    if sys.stdin.isatty():
        return str(typer.prompt("The secret", hide_input=True, confirmation_prompt=True)).strip()
    try:
        # PowerShell's pipes may begin with a byte order mark.
        given = sys.stdin.buffer.read(_LONGEST + 1).decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise typer.BadParameter("what came through the pipe is not UTF-8") from None
    if not given or len(given) > _LONGEST:
        raise typer.BadParameter(f"a secret has between 1 and {_LONGEST} characters")
    return given


def _write(path: Path, content: bytes) -> None:
    """Write a file that nobody else can read, not even while it is being written."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    new.replace(path)
