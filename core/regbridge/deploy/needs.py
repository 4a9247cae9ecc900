"""What a configuration needs of the machine: paths, limits, names of variables; no secret is read.

The secrets are often not there yet when a machine is being set up, so the files are read as far as
they go without them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from regbridge.config.database import DEFAULT_URL, sqlite_file
from regbridge.config.explain import explain
from regbridge.config.loader import client_paths, read_base, read_draft
from regbridge.config.place import Keys, located
from regbridge.config.schema import HostConfig
from regbridge.config.words import UrlPath
from regbridge.config.yaml_file import YamlFile
from regbridge.errors import ConfigError
from regbridge.models import Finding, Level

_PLAIN = ("address", "port", "body_limit", "trusted_proxy")
_PATH: TypeAdapter[str] = TypeAdapter(UrlPath)


@dataclass(frozen=True, slots=True)
class Needs:
    """What the files say.

    `proxies` are the addresses and networks whose word for the sender is believed. `ledger` is None
    for a ledger that is not a file.
    """

    folder: Path
    paths: tuple[str, ...]
    variables: tuple[str, ...]
    address: str
    port: int
    body_limit: int
    proxies: tuple[str, ...]
    identity_header: str | None
    has_passwords: bool
    ledger: Path | None


def read_needs(folder: Path) -> Needs:
    """Read a configuration folder. Raises `ConfigError` with what is wrong in what is read."""
    base = read_base(folder / "base.yaml")
    config = _host(base)
    host = _map(base.value.get("host"))
    console = _map(host.get("console"))
    paths, variables = _of_clients(folder)
    header = console.get("identity_header")
    return Needs(
        folder=folder,
        paths=paths,
        variables=tuple(dict.fromkeys([*variables, *_named(host)])),
        address=config.address,
        port=config.port,
        body_limit=int(config.body_limit),
        proxies=_texts(config.trusted_proxy),
        identity_header=header if isinstance(header, str) else None,
        has_passwords="password" in console or "look_password" in console,
        ledger=_ledger(host, folder),
    )


def _host(base: YamlFile) -> HostConfig:
    """Return the settings that hold no secret; the others have their defaults."""
    host = base.value.get("host", {})
    plain = {key: host[key] for key in _PLAIN if key in host} if isinstance(host, dict) else host
    try:
        return HostConfig.model_validate(plain)
    except ValidationError as error:
        findings = explain(error, HostConfig, ("host",))
        raise ConfigError(located(findings, base.origins)) from None


def _of_clients(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the paths of all endpoints, and the variables that the client files name."""
    paths: list[str] = []
    variables: list[str] = []
    findings: list[Finding] = []
    for file in client_paths(folder):
        draft = read_draft(folder, file)
        variables += _of_client(draft.values)
        for keys, path in _endpoint_paths(draft.values):
            findings += located(_wrong(keys, path), draft.origins)
            paths.append(path)
    if findings:
        raise ConfigError(findings)
    return tuple(dict.fromkeys(paths)), tuple(variables)


def _endpoint_paths(values: Mapping[str, Any]) -> Iterator[tuple[Keys, Any]]:
    for name, endpoint in _map(values.get("endpoints")).items():
        yield ("endpoints", name, "path"), _map(endpoint).get("path")


def _wrong(keys: Keys, path: Any) -> Iterator[Finding]:
    try:
        _PATH.validate_python(path)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        yield Finding(Level.ERROR, reason, path=keys)


def _of_client(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the variables where a client file may name one; a map may have a field `env`."""
    for endpoint in _map(values.get("endpoints")).values():
        yield from _named(_map(endpoint).get("tokens"))
    plugins = values.get("plugins")
    uses = plugins if isinstance(plugins, list) else []
    for use in (*uses, values.get("dedupe"), values.get("mapping")):
        yield from _named(_map(use).get("settings"))
    for target in _map(values.get("targets")).values():
        yield from _named(_map(target).get("settings"))


def _named(value: Any) -> Iterator[str]:
    """Yield the variables that `{env: NAME}` names, however deep."""
    match value:
        case {"env": str(name)} if len(value) == 1:
            yield name
        case dict():
            for inner in value.values():
                yield from _named(inner)
        case list():
            for inner in value:
                yield from _named(inner)


def _ledger(host: Mapping[str, Any], folder: Path) -> Path | None:
    url = host.get("database", DEFAULT_URL)
    return sqlite_file(url, folder) if isinstance(url, str) else None


def _texts(value: Any) -> tuple[str, ...]:
    """Return one address, several or none as texts."""
    if isinstance(value, (list, tuple)):
        return tuple(map(str, value))
    return (str(value),) if value else ()


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
