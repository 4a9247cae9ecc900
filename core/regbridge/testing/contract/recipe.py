"""What every plugin must be, whatever its hooks, as tests that a plugin's author inherits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from regbridge.errors import ConfigError
from regbridge.models import EMPTY, Client
from regbridge.plugin import Plugin
from regbridge.testing.building import build_plugin
from regbridge.testing.contract.kept import assert_kept
from regbridge.testing.rules import classes, instances, quiet
from regbridge.testing.rules.texts import indiscreet


def _nothing(_plugin: Plugin) -> None:
    """Use a plugin for nothing."""


@dataclass(frozen=True)
class Recipe:
    """How the plugin under test is made: `settings` as they stand in a client's file.

    `secrets` are plain texts, each by the keys to its setting (`{"account.password": "..."}`), as
    in `regbridge.testing.building`. `wrong` are settings that the plugin has to refuse, each of
    which is laid over the right ones and their secrets. `map` is what stands under a target's
    `map:`. `use` works with a plugin as the host does, as far as it can without a network.
    """

    plugin_class: type[Plugin]
    settings: Mapping[str, Any] = field(default_factory=dict)
    wrong: Sequence[Mapping[str, Any]] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    map: Mapping[str, Any] | None = None
    client: Client | None = None
    folder: Path = field(default_factory=Path)
    use: Callable[[Plugin], object] = _nothing

    def make(self, changed: Mapping[str, Any] = EMPTY) -> Plugin:
        """Return a plugin, as the host makes it. Raises `ConfigError` for settings it refuses."""
        kept = {key: text for key, text in self.secrets.items() if key.split(".")[0] not in changed}
        return build_plugin(
            self.plugin_class,
            {**self.settings, **changed},
            client=self.client,
            folder=self.folder,
            secrets=kept,
            map=self.map,
        )


class PluginContract:
    """The contract of every plugin. Derive a class whose fixture `recipe` returns a `Recipe`."""

    @pytest.fixture
    def recipe(self) -> Recipe:
        """Return how the plugin under test is made."""
        raise NotImplementedError("override the fixture `recipe`")

    def test_the_plugin_says_what_it_is_for(self, recipe: Recipe) -> None:
        """`regbridge plugins` shows the class's docstring, and people read those of its hooks."""
        assert_kept(classes.a_plugin_says_what_it_is_for(recipe.plugin_class))

    def test_settings_refuse_unknown_keys_and_changes(self, recipe: Recipe) -> None:
        """A key that is misspelled would be ignored, and another thread would see a change."""
        assert_kept(classes.settings_are_closed(recipe.plugin_class))

    def test_its_hooks_are_marked_and_in_the_order_of_the_file(self, recipe: Recipe) -> None:
        """What is not marked is never called; `tryfirst` and its like would jump the order."""
        assert_kept(classes.hooks_are_marked(recipe.plugin_class))

    def test_it_has_a_hook(self, recipe: Recipe) -> None:
        """A plugin without one does nothing."""
        assert_kept(classes.a_plugin_has_a_hook(recipe.plugin_class))

    def test_it_is_a_target_exactly_if_it_delivers(self, recipe: Recipe) -> None:
        """The host looks for `batch_size` and the like at a `TargetPlugin`."""
        assert_kept(classes.a_target_delivers(recipe.plugin_class))

    def test_it_reads_back_with_both_parts(self, recipe: Recipe) -> None:
        """`list_delivered` is of no use without `as_delivered`, which it is compared with."""
        assert_kept(classes.a_list_can_be_compared(recipe.plugin_class))

    def test_its_batches_have_at_least_one(self, recipe: Recipe) -> None:
        """The host cuts its work into batches of that size."""
        plugin = recipe.make()
        assert_kept(instances.batches_have_one(plugin))
        instances.let_go(plugin)

    def test_an_unknown_setting_is_refused(self, recipe: Recipe) -> None:
        """Whoever misspells a key is told so when the client starts."""
        with pytest.raises(ConfigError):
            recipe.make({"no-such-setting": 1})

    def test_wrong_settings_are_refused_with_what_to_do(self, recipe: Recipe) -> None:
        """Each finding says something; anything but a `ConfigError` is called a bug."""
        for wrong in recipe.wrong:
            with pytest.raises(ConfigError) as caught:
                recipe.make(wrong)
            texts = [str(finding) for finding in caught.value.findings]
            assert all(text.strip() for text in texts)
            assert "this is a bug in the plugin" not in str(caught.value)
            assert not indiscreet(texts, list(recipe.secrets.values()))

    def test_it_opens_no_connection_when_it_is_made(self, recipe: Recipe) -> None:
        """A client has to start, and to take messages, while everything outside is down."""
        assert_kept(instances.making_opens_no_connection(recipe.make))

    def test_it_prints_nothing(self, recipe: Recipe) -> None:
        """What is printed is lost in a service, and spoils the JSON of a command."""
        assert_kept(quiet.nothing_is_printed(instances.heard_of(recipe.make, recipe.use)))

    def test_it_shows_no_secret(self, recipe: Recipe) -> None:
        """Neither what it looks like nor what it logs holds one."""
        secrets = list(recipe.secrets.values())
        assert_kept(instances.no_secret_is_shown(recipe.make, recipe.use, secrets))

    def test_two_of_it_do_not_share_what_they_keep(self, recipe: Recipe) -> None:
        """Two clients use the same plugin, each with its own settings."""
        assert_kept(instances.instances_share_nothing(recipe.make, recipe.use))

    def test_it_can_be_closed_before_and_after_use(self, recipe: Recipe) -> None:
        """A client stops; its plugins are closed once, whatever they did before."""
        assert_kept(instances.closing_works(recipe.make, recipe.use))
