"""What the class of every plugin must be."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from regbridge.errors import ConfigError
from regbridge.making import checked_class
from regbridge.pipeline import hook_names
from regbridge.plugin import Plugin, Settings, TargetPlugin
from regbridge.testing.rules.broken import rule

_BASES = (Plugin, TargetPlugin, Settings, object)


@rule("write a docstring whose first line says what it is for")
def a_plugin_says_what_it_is_for(plugin: type[Plugin]) -> Iterator[str]:
    """Its class, its hooks and its settings model have docstrings of their own."""
    if not _says(plugin):
        yield f"the class {plugin.__name__} has no docstring"
    for hook, method in _methods(plugin):
        if not (inspect.getdoc(method) or "").strip():
            yield f"the hook {hook} has no docstring"
    if plugin.settings_model is not Settings and not _says(plugin.settings_model):
        yield f"the settings model {plugin.settings_model.__name__} has no docstring"


@rule("derive the settings model from regbridge.Settings, and leave its model_config as it is")
def settings_are_closed(plugin: type[Plugin]) -> Iterator[str]:
    """The settings model is a `Settings`, refuses unknown keys and cannot be changed."""
    model = plugin.settings_model
    if not (isinstance(model, type) and issubclass(model, Settings)):
        yield "settings_model is not derived from regbridge.Settings"
        return
    if model.model_config.get("extra") != "forbid":
        yield f"{model.__name__} takes unknown keys"
    if not model.model_config.get("frozen"):
        yield f"{model.__name__} can be changed"


@rule("correct the hook as it says")
def hooks_are_marked(plugin: type[Plugin]) -> Iterator[str]:
    """Each hook has `@hookimpl`, exists, takes arguments that exist, and no place of its own."""
    delivers = hasattr(plugin, "deliver_records")
    try:
        checked_class(plugin, plugin.__name__, is_target=delivers)
    except ConfigError as error:
        yield from (str(finding) for finding in error.findings)


@rule("add a method with @hookimpl, under the name of a hook")
def a_plugin_has_a_hook(plugin: type[Plugin]) -> Iterator[str]:
    """At least one of the hooks is there."""
    if not list(_methods(plugin)):
        yield f"{plugin.__name__} has no hook"


@rule("derive what delivers from regbridge.TargetPlugin, and everything else from regbridge.Plugin")
def a_target_delivers(plugin: type[Plugin]) -> Iterator[str]:
    """`deliver_records` and `TargetPlugin` go together."""
    delivers = any(hook == "deliver_records" for hook, _ in _methods(plugin))
    if delivers and not issubclass(plugin, TargetPlugin):
        yield f"{plugin.__name__} delivers and is no TargetPlugin"
    if issubclass(plugin, TargetPlugin) and not delivers:
        yield f"{plugin.__name__} is a TargetPlugin and delivers nothing"


@rule("write both list_delivered and as_delivered, or neither")
def a_list_can_be_compared(plugin: type[Plugin]) -> Iterator[str]:
    """A target that lists what it has says how a record that was delivered is listed."""
    lists = any(hook == "list_delivered" for hook, _ in _methods(plugin))
    compares = getattr(plugin, "as_delivered", None) not in (None, TargetPlugin.as_delivered)
    if lists and not compares:
        yield "it has list_delivered and no as_delivered"
    if compares and not lists:
        yield "it has as_delivered and no list_delivered"


def _says(cls: type) -> bool:
    """Say whether a class has a docstring that is not one of regbridge's bases."""
    own = [base.__doc__ for base in cls.__mro__ if base not in _BASES and base.__doc__]
    inherited = {base.__doc__ for base in _BASES}
    return any(text and text.strip() and text not in inherited for text in own[:1])


def _methods(plugin: type[Plugin]) -> Iterator[tuple[str, object]]:
    for name, method in inspect.getmembers(plugin, callable):
        options = getattr(method, "regbridge_impl", None)
        if options is not None and (hook := options.get("specname") or name) in hook_names():
            yield hook, method
