"""A plugin's class, checked against the contract, and the instance made of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from regbridge import hookspecs
from regbridge.config.explain import explain
from regbridge.errors import ConfigError
from regbridge.models import Finding, Level
from regbridge.nearest import did_you_mean
from regbridge.pipeline import hook_names
from regbridge.plugin import Plugin, PluginContext, TargetPlugin

AnyPlugin = TypeVar("AnyPlugin", bound=Plugin)

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_ORDERING = ("tryfirst", "trylast", "wrapper", "hookwrapper")


def require_plugin(found: Any, use: str) -> type[Plugin]:
    """Return what a `use:` names. Raises `ConfigError` when that is no plugin, or breaks a rule."""
    if not isinstance(found, type):
        raise refused(f"{use!r} is {type(found).__name__}, not a class", "name the class itself")
    if not issubclass(found, Plugin):
        raise refused(f"the class {use!r} is no plugin", "derive it from regbridge.Plugin")
    _check_hooks(found, use)
    return found


def checked_class(found: Any, use: str, *, is_target: bool) -> type[Plugin]:
    """Return a plugin's class, if it is one for the place where `use` names it.

    Raises `ConfigError`.
    """
    plugin = require_plugin(found, use)
    delivers = hasattr(plugin, "deliver_records")
    if is_target and not (issubclass(plugin, TargetPlugin) and delivers):
        raise refused(f"the plugin {use!r} delivers nothing", "name one that has deliver_records")
    if not is_target and delivers:
        raise refused(f"the plugin {use!r} is a target", "move it to the block targets:")
    return plugin


def make(
    found: type[AnyPlugin], settings: Mapping[str, Any], context: PluginContext, use: str
) -> AnyPlugin:
    """Return an instance with its settings checked; `use` is how it is named.

    Raises `ConfigError`; its findings are at the keys of `context.path`.
    """
    model = found.settings_model
    try:
        values = model.model_validate(settings, context={"folder": context.folder})
    except ValidationError as error:
        raise ConfigError(explain(error, model, (*context.path, "settings"))) from None
    try:
        return found(values, context)
    except ConfigError:
        raise
    except Exception as error:  # a bug in a plugin stops its client, not the host
        raise refused(
            f"the plugin {use!r} fails to start: {type(error).__name__}: {error}",
            "this is a bug in the plugin",
        ) from error


def refused(message: str, remedy: str) -> ConfigError:
    """Return the error of one finding."""
    return ConfigError([Finding(Level.ERROR, message, remedy=remedy)])


def _check_hooks(found: type[Plugin], use: str) -> None:
    """Refuse a hook that would never be called, or that would jump the order of the YAML."""
    hooks = hook_names()
    for name, method in inspect.getmembers(found, callable):
        options = getattr(method, "regbridge_impl", None)
        if options is None:
            if name in hooks:
                raise refused(f"{use}: {name} is not marked", "put @hookimpl above it")
            continue
        hook = options.get("specname") or name
        if hook not in hooks:
            raise refused(f"{use}: there is no hook {hook!r}", did_you_mean(hook, hooks))
        if any(options.get(option) for option in _ORDERING):
            raise refused(
                f"{use}: {hook} asks for a place of its own (tryfirst, trylast, wrapper)",
                "the order of the client's file is the call order; remove the option",
            )
        valid = inspect.signature(getattr(hookspecs, hook)).parameters
        for argument in _required(method):
            if argument not in valid:
                raise refused(
                    f"{use}: {hook} has no argument {argument!r}", did_you_mean(argument, valid)
                )


def _required(method: Callable[..., Any]) -> list[str]:
    """Return the arguments that a hook's method must be given."""
    parameters = inspect.signature(method).parameters.values()
    named = [one.name for one in parameters if one.kind in _NAMED and one.default is one.empty]
    return [name for name in named if name != "self"]
