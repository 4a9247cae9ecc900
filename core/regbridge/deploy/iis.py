"""The files for IIS: it terminates TLS, starts the process and passes on what is its."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

from regbridge.deploy.answers import FILE, IisAnswers, to_remember
from regbridge.deploy.fitting import DEFAULT_IDENTITY, require_different_names, require_fit
from regbridge.deploy.needs import Needs
from regbridge.deploy.places import Places, for_one_user, ledger_there
from regbridge.deploy.plan import Document, Plan
from regbridge.deploy.quoting import windows_argument
from regbridge.deploy.rendering import render
from regbridge.deploy.variables import kept_variables
from regbridge.errors import ConfigError
from regbridge.models import Finding, Level

_WEB_CONFIG = "site/web.config"
_INSIDE = ("api", "console", "health/ready", "metrics")
_LARGEST = 2**32 - 1


def plan_iis(needs: Needs, places: Places, site: IisAnswers, folder: Path) -> Plan:
    """Return the files for a folder, which keep what is known there. Raises `ConfigError`."""
    require_fit(needs, "127.0.0.1")  # HttpPlatformHandler connects from there
    require_different_names(needs)
    if needs.body_limit > _LARGEST:
        remedy = f"{_LARGEST} bytes are the most"
        raise ConfigError.of("IIS takes no limit as large as host.body_limit", remedy)
    values = _values(needs, places, site, folder)
    documents = {
        _WEB_CONFIG: _windows(render("iis/web.config", values), private=True),
        FILE: to_remember(site),
    }
    documents |= {
        f"{name}.ps1": _windows(render(template, values))
        for name, template in (
            ("install", "iis/install.ps1"),
            ("uninstall", "iis/uninstall.ps1"),
            ("regbridge", "regbridge.ps1"),
        )
    }
    return Plan(documents, (*_notices(needs), *for_one_user(places)), _steps(folder, site.name))


def _values(needs: Needs, places: Places, site: IisAnswers, folder: Path) -> dict[str, object]:
    logs = PureWindowsPath(places.configs) / "logs"
    inside_paths = _INSIDE if site.inside else ()
    return {
        "name": site.name,
        "server_name": site.server_name,
        "port": site.port,
        "program": places.program,
        "configs": places.configs,
        "arguments": _arguments(places, logs),
        "start_log": str(logs / "start"),
        "variables": kept_variables(folder / _WEB_CONFIG, needs.variables),
        "variables_file": _WEB_CONFIG.replace("/", "\\"),
        "body_limit": needs.body_limit,
        "refused_headers": _refused(needs),
        "paths": [*(path.strip("/") for path in needs.paths), "health/live", *inside_paths],
        "inside": [network.with_netmask for network in site.inside],
        "inside_paths": inside_paths,
        "ledger": ledger_there(needs, PureWindowsPath(places.configs)),
    }


def _arguments(places: Places, logs: PureWindowsPath) -> str:
    configs, log = windows_argument(places.configs), windows_argument(str(logs / "regbridge.log"))
    return (
        f"serve --configs {configs} --address 127.0.0.1 --port %HTTP_PLATFORM_PORT% "
        f"--log-file {log}"
    )


def _refused(needs: Needs) -> list[str]:
    headers = {DEFAULT_IDENTITY.lower(): DEFAULT_IDENTITY}
    if needs.identity_header:
        headers.setdefault(needs.identity_header.lower(), needs.identity_header)
    return list(headers.values())


def _notices(needs: Needs) -> list[Finding]:
    if not needs.identity_header:
        return []
    message = "IIS cannot name who is logged in, so it refuses every request with this header"
    where = f"{needs.folder / 'base.yaml'}: host.console.identity_header"
    remedy = "" if needs.has_passwords else "set host.console.password, or nobody gets in"
    return [Finding(Level.WARNING, message, where=where, remedy=remedy)]


def _windows(text: str, *, private: bool = False) -> Document:
    return Document(text, windows=True, private=private)


def _steps(folder: Path, name: str) -> tuple[str, ...]:
    return (
        "Install HttpPlatformHandler 1.2 or newer, and the certificate into the machine's store.",
        f"In an administrator's PowerShell: powershell -ExecutionPolicy RemoteSigned -File "
        f"{folder / 'install.ps1'}",
        f"Enter the secrets: regbridge deploy secrets {folder / _WEB_CONFIG}",
        f"Then start it again: Restart-WebAppPool -Name {name}",
        f"Look whether all is well: {folder / 'regbridge.ps1'} check --online",
    )
