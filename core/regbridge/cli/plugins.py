"""`regbridge plugins`: what is installed, bundled or not, and whether it keeps the rules."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from regbridge.cli.logs import LogLevel, LogSettings, set_up_logging
from regbridge.cli.options import CONFIGS, AsJson, Configs
from regbridge.cli.printing import complain, how_many, print_json, print_table, say
from regbridge.installed import InstalledPlugin, installed_plugins
from regbridge.models import Finding, Level
from regbridge.verification import Verified, VerifiedClient, verify_folder


def plugins(
    clients: Annotated[
        list[str] | None, typer.Argument(help="With --verify: clients; all if left out.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Try the plugins that client files name, offline.")
    ] = False,
    configs: Configs = CONFIGS,
    as_json: AsJson = False,
) -> None:
    """List the installed plugins, or try those of client files on the rules for plugins."""
    if verify:
        set_up_logging(LogSettings(LogLevel.ERROR))
        base, verified = verify_folder(configs, clients or ())
        _report(base, verified, as_json)
        is_ok = all(client.is_ok for client in verified)
        raise typer.Exit(0 if is_ok and not _errors(base) else 1)
    if clients:
        complain("clients are named together with --verify")
        raise typer.Exit(2)
    found = installed_plugins()
    if as_json:
        print_json([asdict(plugin) for plugin in found])
    else:
        _print(found)
    raise typer.Exit(1 if any(plugin.error for plugin in found) else 0)


def _print(found: list[InstalledPlugin]) -> None:
    print_table(
        "Installed plugins",
        ("name", "hooks", "from", "class", "what it does"),
        (
            (
                plugin.name,
                ", ".join(plugin.hooks),
                f"{plugin.distribution} {plugin.version}",
                plugin.path,
                plugin.error or plugin.purpose,
            )
            for plugin in found
        ),
    )
    for plugin in found:
        if plugin.error:
            complain(plugin.error)


def _errors(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level is Level.ERROR]


def _report(base: list[Finding], verified: list[VerifiedClient], as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "findings": [_finding(finding) for finding in base],
                "clients": [_client(client) for client in verified],
            }
        )
        return
    for finding in _errors(base):
        say(f"{finding.level}: {finding}")
    for client in verified:
        _print_client(client)
    if not verified and not base:
        say("No client yet; run `regbridge new-client NAME`.")
    elif any(client.plugins for client in verified):
        say("Nothing was sent. What needs the network: `regbridge check --online`, and the tests")
        say("that a plugin's author derives from regbridge.testing.contract.")


def _print_client(client: VerifiedClient) -> None:
    if client.is_refused:
        say(f"{client.name}: its plugins cannot be tried, because {client.file} is refused")
    for finding in client.findings:
        say(f"{finding.level}: {finding}")
    print_table(
        client.name,
        ("plugin", "class", "hooks", "registrations", "records", "result"),
        (
            (
                plugin.name,
                plugin.path,
                ", ".join(plugin.hooks),
                plugin.registrations,
                plugin.records,
                _result(plugin),
            )
            for plugin in client.plugins
        ),
        right=("registrations", "records"),
    )
    for plugin in client.plugins:
        for broken in plugin.broken:
            say(f"error: {client.name}: {plugin.name}: {broken}")


def _result(plugin: Verified) -> str:
    result = how_many(len(plugin.broken), "faults") if plugin.broken else "OK"
    return f"{result}; previews need its target" if plugin.asks else result


def _client(client: VerifiedClient) -> dict[str, Any]:
    return {
        "client": client.name,
        "file": client.file,
        "ok": client.is_ok,
        "findings": [_finding(finding) for finding in client.findings],
        "plugins": [
            {
                "plugin": plugin.name,
                "class": plugin.path,
                "hooks": plugin.hooks,
                "registrations": plugin.registrations,
                "records": plugin.records,
                "asks_its_target": plugin.asks,
                "broken": [asdict(broken) for broken in plugin.broken],
            }
            for plugin in client.plugins
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "level": finding.level.value,
        "where": finding.where,
        "message": finding.message,
        "remedy": finding.remedy,
    }
