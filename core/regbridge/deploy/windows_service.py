"""The files for a Windows service without IIS, which WinSW runs."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

from regbridge.deploy.answers import FILE, Answers, to_remember
from regbridge.deploy.fitting import is_loopback, require_different_names, require_names
from regbridge.deploy.needs import Needs
from regbridge.deploy.places import Places, for_one_user, ledger_there
from regbridge.deploy.plan import Document, Plan
from regbridge.deploy.quoting import windows_argument
from regbridge.deploy.rendering import render
from regbridge.deploy.variables import kept_variables
from regbridge.models import Finding, Level


def plan_windows_service(needs: Needs, places: Places, answers: Answers, folder: Path) -> Plan:
    """Return the files for a folder, which keep what is known there. Raises `ConfigError`."""
    name = answers.name
    require_names(needs)
    require_different_names(needs)
    values = {
        "name": name,
        "port": needs.port,
        "program": places.program,
        "configs": places.configs,
        "arguments": f"serve --configs {windows_argument(places.configs)}",
        "logs": str(PureWindowsPath(places.configs) / "logs"),
        "variables": kept_variables(folder / f"{name}.xml", needs.variables),
        "variables_file": f"{name}.xml",
        "proxies": _proxies(needs),
        "ledger": ledger_there(needs, PureWindowsPath(places.configs)),
    }
    documents = {
        file: Document(render(template, values), windows=True, private=file.endswith(".xml"))
        for file, template in (
            (f"{name}.xml", "windows-service/service.xml"),
            ("install.ps1", "windows-service/install.ps1"),
            ("uninstall.ps1", "windows-service/uninstall.ps1"),
            ("regbridge.ps1", "regbridge.ps1"),
        )
    }
    findings = (*_notices(needs), *for_one_user(places))
    return Plan({**documents, FILE: to_remember(answers)}, findings, _steps(folder, name))


def _proxies(needs: Needs) -> list[str]:
    """Return who may connect from another machine."""
    return [] if is_loopback(needs.address) else list(needs.proxies)


def _notices(needs: Needs) -> list[Finding]:
    where = f"{needs.folder / 'base.yaml'}: host"
    if needs.port == 0:
        remedy = "set `port`, so that the proxy knows where to find it"
        return [Finding(Level.WARNING, "the port is another one at each start", where, remedy)]
    if not needs.proxies:
        message = "no proxy is named that terminates TLS, and regbridge itself speaks plain HTTP"
        remedy = "set `trusted_proxy` to its address; Cvent sends to https alone"
        return [Finding(Level.WARNING, message, where, remedy)]
    return []


def _steps(folder: Path, name: str) -> tuple[str, ...]:
    return (
        f"Put the program of WinSW (x64) into the folder, under the name {name}.exe.",
        f"In an administrator's PowerShell: powershell -ExecutionPolicy RemoteSigned -File "
        f"{folder / 'install.ps1'}",
        f"Enter the secrets: regbridge deploy secrets {folder / f'{name}.xml'}",
        f"Then start it again: Restart-Service {name}",
        f"Look whether all is well: {folder / 'regbridge.ps1'} check --online",
    )
