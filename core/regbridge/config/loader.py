"""The configuration of the host and of each client, from the folder of `base.yaml`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from regbridge.config.cross_check import cross_check
from regbridge.config.database import absolute_url
from regbridge.config.explain import explain
from regbridge.config.merge import merge, merge_origins
from regbridge.config.model import Model
from regbridge.config.place import Keys, Origins, located, place, where
from regbridge.config.schema import ClientConfig, HostConfig
from regbridge.config.yaml_file import YamlFile, read_yaml
from regbridge.deprecation import log_deprecated_keys
from regbridge.errors import ConfigError
from regbridge.models import Finding, Level
from regbridge.nearest import did_you_mean

AnyModel = TypeVar("AnyModel", bound=Model)

_BASE_KEYS = {"host"} | (set(ClientConfig.model_fields) - {"client"})


@dataclass(frozen=True, slots=True)
class HostFile:
    """The `host:` block. `folder` is the folder of `base.yaml`, where relative paths start."""

    folder: Path
    config: HostConfig
    database_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientFile:
    """A client's configuration; `values` is the merged mapping, with secrets as references."""

    path: Path
    folder: Path
    config: ClientConfig
    values: Mapping[str, Any] = field(repr=False)
    origins: Origins = field(repr=False)

    def where(self, path: Keys) -> str:
        """Return `file:line: key` of a value, or of the innermost key around it that exists."""
        return where(self.origins, path)

    @property
    def text(self) -> str:
        """The merged mapping as JSON in which equal configurations are equal texts."""
        return json.dumps(self.values, sort_keys=True, separators=(",", ":"))

    @property
    def fingerprint(self) -> str:
        """What tells this configuration from others; comments and secrets do not change it."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Draft:
    """A client file over `base.yaml` as it is written, whatever is wrong with it."""

    path: Path
    folder: Path
    values: Mapping[str, Any] = field(repr=False)
    origins: Origins = field(repr=False)
    own: YamlFile

    def checked(self) -> ClientFile:
        """Return it as a configuration. Raises `ConfigError` with all that is wrong at once."""
        config, findings = _validate(ClientConfig, self.values, self.folder)
        findings += cross_check(self.values)
        if "host" in self.own.value:
            findings.append(_error("host", "host: is for base.yaml alone", "move it there"))
        if config is None or findings:
            raise ConfigError(located(findings, {**self.own.origins, **self.origins}))
        return ClientFile(self.path, self.folder, config, self.values, self.origins)


def load_host(folder: Path) -> HostFile:
    """Read the `host:` block of `base.yaml`. Raises `ConfigError`."""
    base = read_base(folder / "base.yaml")
    config, findings = _validate(HostConfig, base.value.get("host", {}), folder, ("host",))
    if config is None:
        raise ConfigError(located(findings, base.origins))
    log_deprecated_keys("base.yaml", {"host": base.value.get("host", {})})
    url = absolute_url(config.database.get_secret_value(), folder)
    return HostFile(folder, config, url)


def read_base(path: Path) -> YamlFile:
    """Read `base.yaml` unchecked, but for the names at its top. Raises `ConfigError`."""
    if not path.exists():
        remedy = "name its folder with --configs, or run `regbridge new-client NAME`"
        raise ConfigError([Finding(Level.ERROR, "there is no such file", place(path, 1), remedy)])
    base = read_yaml(path)
    findings = [
        _error(key, "a client is named in its own file, not in base.yaml", "remove it")
        if key == "client"
        else _error(key, f"unknown key {key!r}", did_you_mean(key, _BASE_KEYS))
        for key in base.value
        if key not in _BASE_KEYS
    ]
    if findings:
        raise ConfigError(located(findings, base.origins))
    return base


def host_values(folder: Path) -> Mapping[str, Any]:
    """Return the `host:` block as it is written, with secrets as references.

    Raises `ConfigError` when it cannot be used, so that no secret is in the place of a reference.
    """
    load_host(folder)
    values: Mapping[str, Any] = read_base(folder / "base.yaml").value.get("host") or {}
    return values


def client_paths(folder: Path) -> list[Path]:
    """Return the client files of a configuration folder."""
    files = (folder / "clients").glob("*.yaml")
    return sorted(path for path in files if not path.name.endswith(".cases.yaml"))


def read_draft(folder: Path, path: Path) -> Draft:
    """Read a client file over `base.yaml`, unchecked. Raises `ConfigError` if it is no YAML."""
    base, base_findings = _attempt(read_base, folder / "base.yaml")
    own, own_findings = _attempt(read_yaml, path)
    if base is None or own is None:
        raise ConfigError([*base_findings, *own_findings])
    values = merge(base.value, own.value)
    values.pop("host", None)
    return Draft(path, folder, values, merge_origins(values, base.origins, own.origins), own)


def load_client(folder: Path, path: Path) -> ClientFile:
    """Read a client file over `base.yaml`. Raises `ConfigError` with all that is wrong at once."""
    return read_draft(folder, path).checked()


def claimed(folder: Path, path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the name and the endpoint paths of a client whose file does not load.

    As far as they can be read: the name of the file, and no paths, when nothing can.
    """
    base, _ = _attempt(read_base, folder / "base.yaml")
    own, _ = _attempt(read_yaml, path)
    if own is None:
        return path.stem, ()
    values = merge(base.value, own.value) if base else own.value
    name = values.get("client")
    return name if isinstance(name, str) else path.stem, tuple(_endpoint_paths(values))


def _attempt(
    read: Callable[[Path], YamlFile], path: Path
) -> tuple[YamlFile | None, tuple[Finding, ...]]:
    try:
        return read(path), ()
    except ConfigError as error:
        return None, error.findings


def _validate(
    model: type[AnyModel], values: Any, folder: Path, at: Keys = ()
) -> tuple[AnyModel | None, list[Finding]]:
    try:
        return model.model_validate(values, context={"folder": folder}), []
    except ValidationError as error:
        return None, explain(error, model, at)


def _endpoint_paths(values: Mapping[str, Any]) -> Iterator[str]:
    endpoints = values.get("endpoints")
    for endpoint in endpoints.values() if isinstance(endpoints, dict) else ():
        if isinstance(endpoint, dict) and isinstance(endpoint.get("path"), str):
            yield endpoint["path"]


def _error(key: str, message: str, remedy: str) -> Finding:
    return Finding(Level.ERROR, message, remedy=remedy, path=(key,))
