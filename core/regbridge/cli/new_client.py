"""`regbridge new-client`: the first files of a client."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from regbridge.cli.options import CONFIGS, Configs
from regbridge.cli.printing import say
from regbridge.cli.schema import FILE, schema_text
from regbridge.cli.starter import CASES, CLIENT
from regbridge.config.words import Name, UrlPath
from regbridge.errors import ConfigError
from regbridge.models import Finding, Level
from regbridge.shipped import CONFIGS as SHIPPED
from regbridge.shipped import shipped


def new_client(
    name: Annotated[str, typer.Argument(help="The client's name.")],
    configs: Configs = CONFIGS,
    path: Annotated[
        str, typer.Option(help="The path of its endpoint, /cvent/NAME/CventReg if left out.")
    ] = "",
) -> None:
    """Write the first files of a client, which pass `regbridge check`."""
    _require(Name, name, "NAME")
    if name.endswith(".cases"):
        raise typer.BadParameter("a name that ends in .cases is taken by case files")
    path = path or f"/cvent/{name}/CventReg"
    _require(UrlPath, path, "--path")
    client, cases = (configs / "clients" / f"{name}{end}" for end in (".yaml", ".cases.yaml"))
    _require_absent(client, cases)
    token = re.sub(r"\W", "_", f"{name}_cvent_token".upper())
    texts = {"NAME": name, "PATH": path, "TOKEN": token}
    _write_base(configs)
    _write(client, _filled(CLIENT, texts))
    _write(cases, CASES)
    _say_what_next(client, token, path)


def _require(kind: Any, text: str, hint: str) -> None:
    try:
        TypeAdapter(kind).validate_python(text)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise typer.BadParameter(reason, param_hint=hint) from None


def _require_absent(*paths: Path) -> None:
    findings = [
        Finding(Level.ERROR, "the file is there already", str(path), "choose another name")
        for path in paths
        if path.exists()
    ]
    if findings:
        raise ConfigError(findings)


def _write_base(configs: Path) -> None:
    """Write what every client starts with, and the schema for editors, where they are missing."""
    (configs / "clients").mkdir(parents=True, exist_ok=True)
    base = configs / "base.yaml"
    if not base.exists():
        shutil.copyfile(shipped(SHIPPED) / base.name, base)
        say(f"Wrote {base}")
    if not (configs / FILE).exists():
        _write(configs / FILE, schema_text())


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
    say(f"Wrote {path}")


def _filled(text: str, values: dict[str, str]) -> str:
    return re.sub(r"<(\w+)>", lambda match: values[match[1]], text)


def _say_what_next(client: Path, token: str, path: str) -> None:
    say("")
    say("What next:")
    say(f"1. Put the token that Cvent will send into the environment variable {token}.")
    say(f"2. Edit {client}: its events, its targets and their map.")
    say("3. Run `regbridge check`, then `regbridge serve`.")
    say(f"4. Give Cvent the URL of this machine that ends in {path}, and the token.")
