"""The contract of every plugin passes one that keeps it, and fails each way to break it."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
import structlog
from pydantic import BaseModel, ConfigDict, Field
from tests.contract.breaking import contract_tests, failing

from regbridge import (
    ConfigError,
    Drop,
    Outcome,
    Plugin,
    PluginContext,
    Record,
    Registration,
    Secret,
    Settings,
    TargetPlugin,
    hookimpl,
)
from regbridge.testing.contract import PluginContract, Recipe
from regbridge.testing.payloads import registrant
from regbridge.testing.registrations import registration_of
from regbridge.testing.rules.calls import call, method_of

TOKEN = "listed-token-161803"
log = structlog.get_logger()


class ListedSettings(Settings):
    """Who may come: a file's name, a size, and what opens the list."""

    size: int = Field(default=1, ge=1)
    token: Secret


class Listed(Plugin):
    """Drops everybody who is not on a list."""

    settings: ListedSettings
    settings_model: ClassVar[type[Settings]] = ListedSettings

    def __init__(self, settings: ListedSettings, context: PluginContext) -> None:
        super().__init__(settings, context)
        if settings.size == 13:
            raise ConfigError.of("no list has 13 places", "set another size")
        self.seen: list[int] = []

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        """Drop whoever is not on the list."""
        self.note(registration)
        return Drop("not on the list")

    def note(self, registration: Registration) -> None:
        """Keep in mind who came."""
        self.seen.append(registration.id)


def use(plugin: Plugin) -> None:
    """Ask a plugin about somebody, if it is a filter."""
    if method_of(plugin, "filter_registration"):
        call(plugin, "filter_registration", registration=registration_of(registrant(1)))


def recipe_of(plugin: type[Plugin] = Listed) -> Recipe:
    return Recipe(
        plugin,
        {"size": 2},
        wrong=[{"size": 0}, {"size": "many"}, {"size": 13}],
        secrets={"token": TOKEN},
        use=use,
    )


class TestListed(PluginContract):
    """A plugin that keeps the contract."""

    @pytest.fixture
    def recipe(self, tmp_path: Path) -> Recipe:
        return recipe_of()


class Undocumented(Plugin):
    settings_model = ListedSettings

    def __init__(self, settings: ListedSettings, context: PluginContext) -> None:
        super().__init__(settings, context)
        if settings.size == 13:
            raise ConfigError.of("no list has 13 places", "set another size")

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        return None


class Open(Listed):
    """Takes settings that nobody knows."""

    class Lenient(ListedSettings):
        """Takes everything."""

        model_config = ConfigDict(extra="ignore", frozen=False)

    settings_model = Lenient


class Foreign(Listed):
    """Has settings that are none of ours."""

    class Model(BaseModel):
        """Not derived from Settings."""

        model_config = ConfigDict(extra="forbid", frozen=True)
        size: int = Field(default=1, ge=1)
        token: Secret

    settings_model = Model  # type: ignore[assignment]


class Pushing(Listed):
    """Wants to be asked before all others."""

    @hookimpl(tryfirst=True)
    def filter_registration(self, registration: Registration) -> Drop | None:
        """Drop nobody, first."""
        return None


class Hookless(Plugin):
    """Does nothing."""

    settings_model = ListedSettings

    def __init__(self, settings: ListedSettings, context: PluginContext) -> None:
        super().__init__(settings, context)
        if settings.size == 13:
            raise ConfigError.of("no list has 13 places", "set another size")


class Parcel(TargetPlugin):
    """Delivers nothing, whatever its base says."""

    settings_model = ListedSettings

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        """Drop nobody."""
        return None


class Halved(TargetPlugin):
    """Says how records are listed, and lists none."""

    settings_model = ListedSettings

    def __init__(self, settings: ListedSettings, context: PluginContext) -> None:
        super().__init__(settings, context)
        if settings.size == 13:
            raise ConfigError.of("no list has 13 places", "set another size")

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Take each record."""
        return [Outcome.created()] * len(records)

    def as_delivered(self, record: Record) -> Any:
        """Return nothing of use."""
        return None


class Batchless(Listed):
    """Takes batches of none."""

    batch_size = 0


class Lax(Listed):
    """Takes every setting, and finds out later."""

    class Anything(Settings):
        """Says nothing about sizes."""

        size: Any = 1
        token: Secret

    settings_model = Anything

    def __init__(self, settings: Settings, context: PluginContext) -> None:
        Plugin.__init__(self, settings, context)
        self.seen = []


class Clumsy(Listed):
    """Refuses wrong settings with an error that is called a bug."""

    def __init__(self, settings: ListedSettings, context: PluginContext) -> None:
        if settings.size == 13:
            raise ValueError("13")
        super().__init__(settings, context)


class Blabbing(Listed):
    """Quotes the token when it refuses a setting."""

    def __init__(self, settings: ListedSettings, context: PluginContext) -> None:
        if settings.size == 13:
            raise ConfigError.of(f"no list of {settings.token.get_secret_value()} has 13 places")
        super().__init__(settings, context)


class Eager(Listed):
    """Looks whether somebody is there before anybody came."""

    def __init__(self, settings: ListedSettings, context: PluginContext) -> None:
        super().__init__(settings, context)
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", 9), timeout=0.1).close()


class Printing(Listed):
    """Prints what it does."""

    def note(self, registration: Registration) -> None:
        print("somebody came")  # noqa: T201 - that is what is wrong with it


class Logging(Listed):
    """Logs its token."""

    def note(self, registration: Registration) -> None:
        log.info("asked", token=self.settings.token.get_secret_value())


class Showing(Listed):
    """Shows its token to whoever looks at it."""

    def __repr__(self) -> str:
        return f"Showing({self.settings.token.get_secret_value()})"


class Common(Listed):
    """Keeps what it saw where all of its kind see it."""

    everybody: ClassVar[list[int]] = []

    def note(self, registration: Registration) -> None:
        self.everybody.append(registration.id)


class Joint(Listed):
    """Keeps what it saw in a list that the module has."""

    def __init__(self, settings: ListedSettings, context: PluginContext) -> None:
        super().__init__(settings, context)
        self.seen = SEEN


SEEN: list[int] = []


class Sticky(Listed):
    """Cannot be closed before it was used."""

    def close(self) -> None:
        self.seen.pop()


class Lingering(Listed):
    """Cannot be closed once it was used."""

    def close(self) -> None:
        if self.seen:
            raise RuntimeError("somebody is still there")


WRONG = "test_wrong_settings_are_refused_with_what_to_do"
CLOSING = "test_it_can_be_closed_before_and_after_use"
SHARED = "test_two_of_it_do_not_share_what_they_keep"
SECRET = "test_it_shows_no_secret"

BROKEN: dict[type[Plugin], str] = {
    Undocumented: "test_the_plugin_says_what_it_is_for",
    Open: "test_settings_refuse_unknown_keys_and_changes",
    Foreign: "test_settings_refuse_unknown_keys_and_changes",
    Pushing: "test_its_hooks_are_marked_and_in_the_order_of_the_file",
    Hookless: "test_it_has_a_hook",
    Parcel: "test_it_is_a_target_exactly_if_it_delivers",
    Halved: "test_it_reads_back_with_both_parts",
    Batchless: "test_its_batches_have_at_least_one",
    Lax: WRONG,
    Clumsy: WRONG,
    Blabbing: WRONG,
    Eager: "test_it_opens_no_connection_when_it_is_made",
    Printing: "test_it_prints_nothing",
    Logging: SECRET,
    Showing: SECRET,
    Common: SHARED,
    Joint: SHARED,
    Sticky: CLOSING,
    Lingering: CLOSING,
}
TOO: dict[type[Plugin], set[str]] = {Open: {"test_an_unknown_setting_is_refused"}}
"""What else a plugin fails by the same fault."""

REFUSED = {Pushing, Parcel}
"""The host makes no such plugin at all, so that every test fails that makes one."""


@pytest.mark.parametrize("plugin", BROKEN, ids=lambda plugin: plugin.__name__)
def test_a_broken_plugin_fails_just_the_test_that_looks_for_it(plugin: type[Plugin]) -> None:
    found = failing(PluginContract, lambda: recipe_of(plugin))
    if plugin in REFUSED:
        assert BROKEN[plugin] in found
    else:
        assert found == {BROKEN[plugin]} | TOO.get(plugin, set())


def test_every_test_of_plugins_is_failed_by_some_broken_plugin() -> None:
    assert set(contract_tests(PluginContract)) == {*BROKEN.values(), *TOO[Open]}


def test_a_class_without_a_recipe_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="override the fixture"):
        PluginContract.recipe.__wrapped__(PluginContract())  # type: ignore[attr-defined]
