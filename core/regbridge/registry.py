"""Plugin name → class → configured instance, with the contract checked on the way."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from importlib.machinery import SourceFileLoader
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from regbridge.config.loader import ClientFile
from regbridge.config.place import Keys, located
from regbridge.config.reconcile import ReconcileConfig
from regbridge.config.schema import ClientConfig
from regbridge.config.sources import plugin_file
from regbridge.deprecation import log_deprecated_keys
from regbridge.errors import ConfigError
from regbridge.limits import Limiters, OwnPlaces
from regbridge.making import checked_class, make, refused, require_plugin
from regbridge.message import normal_id
from regbridge.models import (
    BY_HAND,
    EMPTY,
    Client,
    Endpoint,
    Event,
    Finding,
    Level,
    Product,
    Question,
    Reconcile,
    Registration,
    Target,
)
from regbridge.nearest import did_you_mean
from regbridge.pipeline import NamedInstance, Pipeline
from regbridge.plugin import Plugin, PluginContext
from regbridge.tokens import name_of

GROUP = "regbridge.plugins"


def installed() -> Mapping[str, EntryPoint]:
    """Return the installed plugins' entry points by name, bundled or not."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP))}


def plugin_class(use: str, folder: Path) -> type[Plugin]:
    """Return the class that a `use:` names: an installed name, `module:Class`, `file.py:Class`.

    A file is looked for in `folder`. Raises `ConfigError` that says what is wrong with it.
    """
    try:
        found = _load(use, folder)
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:  # a module may raise anything when it is imported
        raise refused(
            f"the plugin {use!r} cannot be loaded: {type(error).__name__}: {error}",
            "install it, or correct the name",
        ) from error
    return require_plugin(found, use)


def build(
    client_file: ClientFile,
    limiters: Limiters | None = None,
    given: Mapping[str, type[Plugin]] = EMPTY,
) -> Pipeline:
    """Make a client's plugins and put them in the order of its file.

    `limiters` are those of the ledger; without them, this process limits itself alone. `given` are
    classes by names that need not be installed. Raises `ConfigError` with everything that is
    wrong, each with file and line.
    """
    log_deprecated_keys(client_file.path.name, client_file.values)
    client = to_client(client_file.config, client_file.values)
    limiters = limiters or Limiters(OwnPlaces())
    findings: list[Finding] = []
    plugins: list[NamedInstance] = []
    for use, settings, path, target in _uses(client_file.config, client):
        try:
            context = PluginContext(_name(use), client, client_file.folder, target, path, limiters)
            plugin = _instance(client_file, context, use, settings, given)
        except ConfigError as error:
            findings += [replace(f, path=f.path or path) for f in error.findings]
        else:
            name = target.name if target else _unique(_name(use), plugins)
            plugins.append(NamedInstance(name, plugin, target.name if target else ""))
    if not findings:
        try:
            pipeline = Pipeline(client, plugins, client_file.fingerprint, client_file.text)
        except ConfigError as error:
            findings += [replace(f, path=("plugins",)) for f in error.findings]
        else:
            findings += _missing_parts(pipeline)
            if not findings:
                return pipeline
    for named in plugins:
        with suppress(Exception):  # the findings matter more than a plugin that cannot close
            named.plugin.close()
    raise ConfigError(located(findings, client_file.origins))


def to_client(config: ClientConfig, values: Mapping[str, Any] = EMPTY) -> Client:
    """Return a client's configuration as plugins may see it.

    `values` are what it was read from; they tell where the tokens come from.
    """
    return Client(
        name=config.client,
        events={
            name: Event(
                name=name,
                id=normal_id(event.id),
                time_zone=event.time_zone or config.time_zone,
                questions={
                    key: Question(key, normal_id(question.id) or None, question.code, question.text)
                    for key, question in event.questions.items()
                },
                products={
                    key: Product(key, normal_id(product.id) or None, product.name)
                    for key, product in event.products.items()
                },
            )
            for name, event in config.events.items()
        },
        targets={
            name: Target(
                name=name,
                kinds=frozenset(target.kinds),
                keyed_on=target.keyed_on,
                time_zone=target.time_zone,
                after=target.after,
                map=target.map,
            )
            for name, target in config.targets.items()
        },
        endpoints={
            name: Endpoint(
                name=name,
                path=endpoint.path,
                tokens=tuple(token.get_secret_value() for token in endpoint.tokens),
                events=tuple(endpoint.events),
                silence_hours=endpoint.silence_hours,
                token_names=_token_names(values, name),
                allow_from=endpoint.allow_from,
            )
            for name, endpoint in config.endpoints.items()
        },
        kinds=config.kinds,
        time_zone=config.time_zone,
        reconcile=_reconcile(config.reconcile),
    )


def _token_names(values: Mapping[str, Any], endpoint: str) -> tuple[str, ...]:
    references = values.get("endpoints", {}).get(endpoint, {}).get("tokens", ())
    return tuple(name_of(reference) for reference in references)


def _reconcile(config: ReconcileConfig | None) -> Reconcile:
    if config is None:
        return BY_HAND
    values = config.model_dump()
    statuses = frozenset(status.casefold() for status in values.pop("statuses"))
    return Reconcile(statuses=statuses, **values)


def _uses(
    config: ClientConfig, client: Client
) -> Iterable[tuple[str, dict[str, Any], Keys, Target | None]]:
    """Yield every use of a plugin in call order: rules, then dedupe and mapping, then targets."""
    for number, plugin in enumerate(config.plugins):
        yield plugin.use, plugin.settings, ("plugins", number), None
    for key in ("dedupe", "mapping"):
        plugin = getattr(config, key)
        yield plugin.use, plugin.settings, (key,), None
    for name, target in config.targets.items():
        yield target.use, target.settings, ("targets", name), client.targets[name]


def _instance(
    client_file: ClientFile,
    context: PluginContext,
    use: str,
    settings: dict[str, Any],
    given: Mapping[str, type[Plugin]],
) -> Plugin:
    try:
        found = given.get(use) or plugin_class(use, client_file.path.parent)
        found = checked_class(found, use, is_target=context.target is not None)
    except ConfigError as error:
        named = (*context.path, "use")
        at = named if named in client_file.origins else context.path
        raise ConfigError([replace(finding, path=at) for finding in error.findings]) from error
    return make(found, settings, context, use)


def _load(use: str, folder: Path) -> Any:
    entries = installed()
    if use in entries:
        return entries[use].load()
    if file := plugin_file(use, folder):
        return _class_in(_load_file(file), use.partition(".py:")[2])
    module, colon, name = use.partition(":")
    if colon:
        return _class_in(importlib.import_module(module), name)
    raise refused(f"no plugin {use!r}", did_you_mean(use, entries))


def _load_file(path: Path) -> Any:
    if not path.is_file():
        raise refused(f"there is no file {path.name} beside the client's file", "correct the name")
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    name = f"regbridge_local_{path.stem}_{digest}"
    spec = importlib.util.spec_from_loader(name, _Anew(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pydantic look there for the names in a class's annotations.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class _Anew(SourceFileLoader):
    """Reads a module's text each time: a compiled one may be that of an edit a second before."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        raise OSError(f"{path} is not compared with a compiled one")


def _class_in(module: Any, name: str) -> Any:
    if name:
        if not hasattr(module, name):
            classes = [key for key, value in vars(module).items() if isinstance(value, type)]
            raise refused(f"there is no {name!r} in it", did_you_mean(name, classes))
        return getattr(module, name)
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Plugin)
        and value.__module__ == module.__name__
    ]
    if len(own) != 1:
        raise refused(f"the file defines {len(own)} plugins", "write file.py:Class")
    return own[0]


def _missing_parts(pipeline: Pipeline) -> Iterable[Finding]:
    """Yield what every client needs and this one lacks."""
    if not pipeline.implements("authenticate_request"):
        yield Finding(
            Level.ERROR,
            "no plugin authenticates requests",
            remedy="add cvent-token to plugins",
            path=("plugins",),
        )
    else:
        yield from _misfitting_tokens(pipeline)
    if pipeline.client.reconcile.every_minutes and not pipeline.implements("list_attendees"):
        yield Finding(
            Level.ERROR,
            "no plugin says whom Cvent has, so nothing can be reconciled",
            remedy="add cvent-enrich to plugins, or remove reconcile:",
            path=("reconcile",),
        )
    for name, target in pipeline.client.targets.items():
        probe = Registration(0, pipeline.client.name, "", min(target.kinds), "", {})
        if not pipeline.maps(probe, target):
            yield Finding(
                Level.ERROR,
                "no plugin maps anything to this target",
                remedy="give it a map: block, or add a plugin that maps to it",
                path=("targets", name),
            )
        if name in pipeline.enrichers():
            yield Finding(
                Level.ERROR,
                f"the target {name} is named like a plugin that enriches, and pauses go by name",
                remedy="rename the target",
                path=("targets", name),
            )


def _misfitting_tokens(pipeline: Pipeline) -> Iterable[Finding]:
    """Yield the endpoints that nobody could get into, and the tokens that nobody looks at."""
    by_tokens = {plugin.needs_tokens for plugin in pipeline.authenticators()}
    for name, endpoint in pipeline.client.endpoints.items():
        if not endpoint.tokens and False not in by_tokens:
            yield Finding(
                Level.ERROR,
                "the endpoint has no tokens, so nobody could get in",
                remedy="give it tokens:, or add cvent-oauth to plugins",
                path=("endpoints", name),
            )
        elif endpoint.tokens and True not in by_tokens:
            yield Finding(
                Level.ERROR,
                "no plugin looks at the tokens of this endpoint",
                remedy="add cvent-token to plugins, or remove tokens:",
                path=("endpoints", name, "tokens"),
            )


def _name(use: str) -> str:
    return use.rpartition(":")[2] if ":" in use else use.removesuffix(".py").rpartition("/")[2]


def _unique(name: str, plugins: Iterable[NamedInstance]) -> str:
    taken = {named.name for named in plugins}
    number = 2
    unique = name
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    return unique
