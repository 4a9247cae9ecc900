"""Every installed plugin keeps the contract of the hook specifications."""

from __future__ import annotations

import inspect
from importlib.metadata import distribution
from pathlib import Path

import pytest

from regbridge import Plugin, TargetPlugin, hookspecs
from regbridge.config.json_schema import client_schema
from regbridge.pipeline import hook_names
from regbridge.plugin import Settings
from regbridge.registry import GROUP, installed, plugin_class

PLUGINS = sorted(installed())


def implemented(plugin: type[Plugin]) -> list[str]:
    return [name for name in hook_names() if hasattr(plugin, name)]


@pytest.fixture(params=PLUGINS)
def plugin(request: pytest.FixtureRequest, tmp_path: Path) -> type[Plugin]:
    """A plugin that passed the checks of the registry."""
    return plugin_class(request.param, tmp_path)


def test_the_distribution_brings_its_plugins_by_the_entry_points_that_everybody_uses() -> None:
    own = {entry.name for entry in distribution("regbridge").entry_points.select(group=GROUP)}
    assert own
    assert own <= set(PLUGINS)


def test_a_plugin_implements_a_hook(plugin: type[Plugin]) -> None:
    assert implemented(plugin)


def test_a_plugin_that_delivers_is_a_target_and_no_other_is(plugin: type[Plugin]) -> None:
    assert issubclass(plugin, TargetPlugin) == ("deliver_records" in implemented(plugin))


def test_a_plugin_says_what_it_is_for(plugin: type[Plugin]) -> None:
    assert plugin.__doc__
    assert plugin.__doc__ != Plugin.__doc__
    for hook in implemented(plugin):
        assert getattr(plugin, hook).__doc__, hook


def test_the_settings_of_a_plugin_refuse_unknown_keys_and_changes(plugin: type[Plugin]) -> None:
    model = plugin.settings_model
    assert issubclass(model, Settings)
    assert model.model_config["extra"] == "forbid"
    assert model.model_config["frozen"]
    assert model is Settings or model.__doc__


def test_a_plugin_has_batches_of_at_least_one(plugin: type[Plugin]) -> None:
    assert plugin.batch_size >= 1
    if issubclass(plugin, TargetPlugin):
        assert plugin.concurrency >= 1


def test_the_schema_of_a_client_file_knows_every_plugin(tmp_path: Path) -> None:
    schema = client_schema({name: plugin_class(name, tmp_path) for name in PLUGINS})
    assert all(name in str(schema) for name in PLUGINS)


@pytest.mark.parametrize("hook", hook_names())
def test_a_hook_is_explained_in_a_few_words_with_an_example(hook: str) -> None:
    text = inspect.getdoc(getattr(hookspecs, hook)) or ""
    _, colon, example = text.partition("Example:")
    assert colon
    assert any(f"`{name}`" in example for name in (*PLUGINS, "cvent-enrich"))
    assert 25 <= len(text.split()) <= 90


def test_every_hook_has_a_bundled_plugin_that_shows_it(tmp_path: Path) -> None:
    shown = {hook for name in PLUGINS for hook in implemented(plugin_class(name, tmp_path))}
    assert set(hook_names()) - shown <= {"enrich_registrations"}
