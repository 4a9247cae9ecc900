"""Builds one plugin as the host does: its settings checked, its secrets read, a context around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from regbridge.config.place import Keys
from regbridge.limits import Limiters, OwnPlaces
from regbridge.making import checked_class, make
from regbridge.models import EMPTY, Client, Target
from regbridge.plugin import Plugin, PluginContext, TargetPlugin
from regbridge.testing.environ import environment

AnyPlugin = TypeVar("AnyPlugin", bound=Plugin)


def build_plugin(
    plugin_class: type[AnyPlugin],
    settings: Mapping[str, Any] = EMPTY,
    *,
    target: Target | str | None = None,
    name: str = "",
    client: Client | None = None,
    folder: Path | None = None,
    secrets: Mapping[str, str] = EMPTY,
    map: Mapping[str, Any] | None = None,  # noqa: A002 - as in the client's file
    limiters: Limiters | None = None,
) -> AnyPlugin:
    """Return a plugin made as the host makes it from a client's file; close it as the host does.

    `settings` is what stands under `settings:`. `secrets` are plain texts, each by the keys to its
    setting (`{"token": "…"}`, `{"account.password": "…"}`, in a list `{"keys.0": "…"}`), for tests
    alone. A plugin that delivers
    gets a `target`, by default one with the name "target"; `map` is what stands under its `map:`.
    `folder` is where relative paths start, the working folder by default. Plugins that are given
    the same `limiters` share them, as those of one ledger do.

    Raises `ConfigError` with the findings that the host would have.

    Example:
        plugin = build_plugin(Crm, {"url": server.url}, secrets={"token": "a token"})
    """
    name = name or plugin_class.__name__
    delivers = issubclass(plugin_class, TargetPlugin)
    place = _target(target, map) if delivers else None
    checked_class(plugin_class, name, is_target=delivers)
    client = client or Client("trial", targets={place.name: place} if place else EMPTY)
    folder = folder or Path.cwd()
    path: Keys = ("targets", place.name) if place else ("plugins", 0)
    context = PluginContext(name, client, folder, place, path, limiters or Limiters(OwnPlaces()))
    values, variables = _kept(settings, secrets)
    with environment(variables):
        return make(plugin_class, values, context, name)


def _target(target: Target | str | None, map_: Mapping[str, Any] | None) -> Target:
    found = target if isinstance(target, Target) else Target(target or "target")
    return found if map_ is None else replace(found, map=map_)


def _kept(
    settings: Mapping[str, Any], secrets: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return settings that name their secrets as variables, and the variables."""
    values = deepcopy(dict(settings))
    variables: dict[str, str] = {}
    for number, (keys, secret) in enumerate(secrets.items()):
        name = f"REGBRIDGE_TESTING_{number}"
        variables[name] = secret
        values = _with(values, keys.split("."), {"env": name})
    return values, variables


def _with(around: Any, keys: Sequence[str], value: Any) -> Any:
    """Return mappings and lists with a value below some keys; a number is a place in a list."""
    if not keys:
        return value
    first, *rest = keys
    if not first.isdigit():
        inner = dict(around or {})
        return {**inner, first: _with(inner.get(first), rest, value)}
    items, place = list(around or ()), int(first)
    items += [None] * (place + 1 - len(items))
    items[place] = _with(items[place], rest, value)
    return items
