"""`regbridge deploy`: what an administrator needs to run regbridge for good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regbridge.cli.options import CONFIGS, Configs
from regbridge.cli.printing import say, warn
from regbridge.errors import ConfigError

if TYPE_CHECKING:
    from regbridge.deploy.answers import AnyAnswers
    from regbridge.deploy.plan import Plan

deploy = typer.Typer(no_args_is_help=True, add_completion=False)

_Folder = Annotated[
    Path, typer.Argument(help="Where the files are written, and the answers remembered.")
]
_ServerName = Annotated[
    str | None, typer.Option(help="The name that Cvent posts to, such as hooks.example.org.")
]
_Port = Annotated[int | None, typer.Option(help="The port of https, 443 if left out.")]
_Name = Annotated[
    str | None,
    typer.Option(help="What service, site and account are called, regbridge if left out."),
]
_Inside = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NETWORK",
        help="Who reaches the console and the API, such as 10.0.0.0/8; may be repeated.",
    ),
]
_Program = Annotated[
    str | None, typer.Option(help="Where regbridge is on that machine, if this is another one.")
]
_ConfigsThere = Annotated[
    str | None,
    typer.Option(help="Where the folder of base.yaml is there, if this is another machine."),
]


@deploy.callback()
def _deploy() -> None:
    """Write what an administrator needs to run regbridge for good: IIS, a service, nginx."""


@deploy.command()
def iis(
    folder: _Folder,
    configs: Configs = CONFIGS,
    server_name: _ServerName = None,
    port: _Port = None,
    inside: _Inside = None,
    name: _Name = None,
    program: _Program = None,
    configs_there: _ConfigsThere = None,
) -> None:
    """Write web.config and the scripts that make the site, for IIS with HttpPlatformHandler."""
    from regbridge.deploy.answers import IisAnswers
    from regbridge.deploy.iis import plan_iis
    from regbridge.deploy.needs import read_needs
    from regbridge.deploy.places import windows_places

    answers = _answers(
        IisAnswers,
        folder,
        server_name=server_name,
        port=port,
        inside=inside,
        name=name,
        program=program,
        configs_there=configs_there,
    )
    places = windows_places(answers.program, answers.configs_there, configs)
    _write(folder, plan_iis(read_needs(configs), places, answers, folder))


@deploy.command("windows-service")
def windows_service(
    folder: _Folder,
    configs: Configs = CONFIGS,
    name: _Name = None,
    program: _Program = None,
    configs_there: _ConfigsThere = None,
) -> None:
    """Write what makes regbridge a Windows service without IIS, which WinSW runs."""
    from regbridge.deploy.answers import Answers
    from regbridge.deploy.needs import read_needs
    from regbridge.deploy.places import windows_places
    from regbridge.deploy.windows_service import plan_windows_service

    answers = _answers(Answers, folder, name=name, program=program, configs_there=configs_there)
    places = windows_places(answers.program, answers.configs_there, configs)
    _write(folder, plan_windows_service(read_needs(configs), places, answers, folder))


@deploy.command()
def systemd(
    folder: _Folder,
    configs: Configs = CONFIGS,
    server_name: _ServerName = None,
    port: _Port = None,
    certificate: Annotated[
        str | None, typer.Option(help="The certificate with its chain; certbot's if left out.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="Its key; certbot's if left out.")] = None,
    inside: _Inside = None,
    writable: Annotated[
        list[str] | None,
        typer.Option(metavar="FOLDER", help="What targets write to elsewhere; may be repeated."),
    ] = None,
    ipv6: Annotated[
        bool | None, typer.Option("--ipv6/--no-ipv6", help="Whether nginx listens with IPv6 too.")
    ] = None,
    name: _Name = None,
    program: _Program = None,
    configs_there: _ConfigsThere = None,
) -> None:
    """Write a hardened systemd unit, a site for nginx, and the scripts that install both."""
    from regbridge.deploy.answers import NginxAnswers
    from regbridge.deploy.needs import read_needs
    from regbridge.deploy.places import linux_places
    from regbridge.deploy.systemd import plan_systemd

    answers = _answers(
        NginxAnswers,
        folder,
        server_name=server_name,
        port=port,
        certificate=certificate,
        key=key,
        inside=inside,
        writable=writable,
        ipv6=ipv6,
        name=name,
        program=program,
        configs_there=configs_there,
    )
    places = linux_places(answers.program, answers.configs_there, configs)
    _write(folder, plan_systemd(read_needs(configs), places, answers, folder))


@deploy.command()
def secrets(
    file: Annotated[
        Path, typer.Argument(help="The web.config, the service's XML file, or the .env file.")
    ],
    names: Annotated[
        list[str] | None,
        typer.Argument(help="The variables to ask for; those without a value if left out."),
    ] = None,
) -> None:
    """Ask for the values of variables, without showing them, and write them as the file wants."""
    from regbridge.deploy.variables import read_variables, with_values

    known = read_variables(file)
    asked = names or [name for name, value in known.items() if not value]
    if unknown := [name for name in asked if name not in known]:
        remedy = "name it in a client file, and run `regbridge deploy` again"
        raise ConfigError.of(f"the file has no variable {unknown[0]}", remedy, str(file))
    values = {name: value for name in asked if (value := _ask(name))}
    text = with_values(file, values)
    if values:
        file.write_text(text, encoding="utf-8")  # in its place, so that its rights stay
    say(f"Wrote {', '.join(values) or 'nothing'}.")


def _ask(name: str) -> str:
    """Return what somebody enters; nothing leaves the variable as it is."""
    prompt: Callable[..., str] = typer.prompt
    return prompt(name, default="", show_default=False, hide_input=True)


def _answers(model: type[AnyAnswers], folder: Path, **given: Any) -> AnyAnswers:
    """Return the answers, given now or before; the first that is wrong is a usage error."""
    from pydantic import ValidationError

    from regbridge.deploy.answers import answered

    try:
        return answered(model, folder, given)
    except ValidationError as error:
        first = error.errors()[0]
        hint = f"--{str(first['loc'][0]).replace('_', '-')}"
        reason = first["msg"].removeprefix("Value error, ")
        if first["type"] == "missing":
            reason = "this has to be said the first time"
        raise typer.BadParameter(reason, param_hint=hint) from None


def _write(folder: Path, plan: Plan) -> None:
    for path in plan.write(folder):
        say(f"Wrote {path}")
    for finding in plan.findings:
        warn(str(finding))
    say("")
    say("What next:")
    for number, step in enumerate(plan.steps, start=1):
        say(f"{number}. {step}")
