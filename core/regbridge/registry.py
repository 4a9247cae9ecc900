"""Plugin name → class → configured instance, with the contract checked on the way."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from importlib.machinery import SourceFileLoader
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from regbridge import hookspecs
from regbridge.config.explain import explain
from regbridge.config.loader import ClientFile
from regbridge.config.place import Keys, located
from regbridge.config.reconcile import ReconcileConfig
from regbridge.config.schema import ClientConfig
from regbridge.config.sources import plugin_file
from regbridge.deprecation import log_deprecated_keys
from regbridge.errors import ConfigError
from regbridge.limits import Limiters, OwnPlaces
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
from regbridge.pipeline import NamedInstance, Pipeline, hook_names
from regbridge.plugin import Plugin, PluginContext, TargetPlugin
from regbridge.tokens import name_of

GROUP = "regbridge.plugins"
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_ORDERING = ("tryfirst", "trylast", "wrapper", "hookwrapper")


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
        raise _refuse(
            f"the plugin {use!r} cannot be loaded: {type(error).__name__}: {error}",
            "install it, or correct the name",
        ) from error
    if not isinstance(found, type):
        raise _refuse(f"{use!r} is {type(found).__name__}, not a class", "name the class itself")
    if not issubclass(found, Plugin):
        raise _refuse(f"the class {use!r} is no plugin", "derive it from regbridge.Plugin")
    _check_hooks(found, use)
    return found


def build(client_file: ClientFile, limiters: Limiters | None = None) -> Pipeline:
    """Make a client's plugins and put them in the order of its file.

    `limiters` are those of the ledger; without them, this process limits itself alone. Raises
    `ConfigError` with everything that is wrong, each with file and line.
    """
    log_deprecated_keys(client_file.path.name, client_file.values)
    client = to_client(client_file.config, client_file.values)
    limiters = limiters or Limiters(OwnPlaces())
    findings: list[Finding] = []
    plugins: list[NamedInstance] = []
    for use, settings, path, target in _uses(client_file.config, client):
        try:
            context = PluginContext(_name(use), client, client_file.folder, target, path, limiters)
            plugin = _instance(client_file, context, use, settings)
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
    client_file: ClientFile, context: PluginContext, use: str, settings: dict[str, Any]
) -> Plugin:
    try:
        found = _fitting_class(use, client_file.path.parent, is_target=context.target is not None)
    except ConfigError as error:
        named = (*context.path, "use")
        at = named if named in client_file.origins else context.path
        raise ConfigError([replace(finding, path=at) for finding in error.findings]) from error
    try:
        values = found.settings_model.model_validate(
            settings, context={"folder": client_file.folder}
        )
    except ValidationError as error:
        raise ConfigError(
            explain(error, found.settings_model, (*context.path, "settings"))
        ) from None
    try:
        return found(values, context)
    except ConfigError:
        raise
    except Exception as error:  # a bug in a plugin stops its client, not the host
        raise _refuse(
            f"the plugin {use!r} fails to start: {type(error).__name__}: {error}",
            "this is a bug in the plugin",
        ) from error


def _fitting_class(use: str, folder: Path, *, is_target: bool) -> type[Plugin]:
    """Return the class that a `use:` names, if it is one for the place where it is named."""
    found = plugin_class(use, folder)
    delivers = hasattr(found, "deliver_records")
    if is_target and not (issubclass(found, TargetPlugin) and delivers):
        raise _refuse(f"the plugin {use!r} delivers nothing", "name one that has deliver_records")
    if not is_target and delivers:
        raise _refuse(f"the plugin {use!r} is a target", "move it to the block targets:")
    return found


def _load(use: str, folder: Path) -> Any:
    entries = installed()
    if use in entries:
        return entries[use].load()
    if file := plugin_file(use, folder):
        return _class_in(_load_file(file), use.partition(".py:")[2])
    module, colon, name = use.partition(":")
    if colon:
        return _class_in(importlib.import_module(module), name)
    raise _refuse(f"no plugin {use!r}", did_you_mean(use, entries))


def _load_file(path: Path) -> Any:
    if not path.is_file():
        raise _refuse(f"there is no file {path.name} beside the client's file", "correct the name")
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
            raise _refuse(f"there is no {name!r} in it", did_you_mean(name, classes))
        return getattr(module, name)
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Plugin)
        and value.__module__ == module.__name__
    ]
    if len(own) != 1:
        raise _refuse(f"the file defines {len(own)} plugins", "write file.py:Class")
    return own[0]


def _check_hooks(found: type[Plugin], use: str) -> None:
    """Refuse a hook that would never be called, or that would jump the order of the YAML."""
    hooks = hook_names()
    for name, method in inspect.getmembers(found, callable):
        options = getattr(method, "regbridge_impl", None)
        if options is None:
            if name in hooks:
                raise _refuse(f"{use}: {name} is not marked", "put @hookimpl above it")
            continue
        hook = options.get("specname") or name
        if hook not in hooks:
            raise _refuse(f"{use}: there is no hook {hook!r}", did_you_mean(hook, hooks))
        if any(options.get(option) for option in _ORDERING):
            raise _refuse(
                f"{use}: {hook} asks for a place of its own (tryfirst, trylast, wrapper)",
                "the order of the client's file is the call order; remove the option",
            )
        valid = inspect.signature(getattr(hookspecs, hook)).parameters
        for argument in _required(method):
            if argument not in valid:
                raise _refuse(
                    f"{use}: {hook} has no argument {argument!r}", did_you_mean(argument, valid)
                )


def _required(method: Callable[..., Any]) -> list[str]:
    """Return the arguments that a hook's method must be given."""
    parameters = inspect.signature(method).parameters.values()
    named = [one.name for one in parameters if one.kind in _NAMED and one.default is one.empty]
    return [name for name in named if name != "self"]


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


def _refuse(message: str, remedy: str) -> ConfigError:
    return ConfigError([Finding(Level.ERROR, message, remedy=remedy)])
