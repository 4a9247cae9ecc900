"""A plugin that a test builds is the one that the host would build, or is refused as there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from regbridge import (
    Client,
    ConfigError,
    Drop,
    KeyedOn,
    Outcome,
    Plugin,
    PluginContext,
    Record,
    Registration,
    Secret,
    Settings,
    Target,
    TargetPlugin,
    hookimpl,
)
from regbridge.limits import Limiters, OwnPlaces, RateLimit
from regbridge.testing.building import build_plugin


class Account(Settings):
    password: Secret
    user: str = "anna"


class CrmSettings(Settings):
    url: str
    token: Secret | None = None
    account: Account | None = None
    keys: tuple[Secret, ...] = ()


class Crm(TargetPlugin):
    settings_model = CrmSettings
    settings: CrmSettings

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        return [Outcome.created("1") for _ in records]


class Filter(Plugin):
    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        return None


def findings_of(plugin_class: type[Plugin], **options: Any) -> list[tuple[object, str]]:
    with pytest.raises(ConfigError) as raised:
        build_plugin(plugin_class, **options)
    return [(finding.path, finding.message) for finding in raised.value.findings]


def test_settings_and_secrets_arrive_as_from_a_clients_file() -> None:
    plugin = build_plugin(
        Crm,
        {"url": "http://crm", "account": {"user": "bert"}},
        secrets={"token": " a token ", "account.password": "ö"},
    )
    assert plugin.settings.token is not None
    assert plugin.settings.account is not None
    assert plugin.settings.url == "http://crm"
    assert plugin.settings.token.get_secret_value() == " a token "
    assert plugin.settings.account.user == "bert"
    assert plugin.settings.account.password.get_secret_value() == "ö"
    assert "a token" not in repr(plugin.settings)


def test_secrets_of_a_list_arrive_in_their_places() -> None:
    secrets = {"keys.1": "new", "keys.0": "newest"}
    plugin = build_plugin(Crm, {"url": "x", "keys": []}, secrets=secrets)
    assert [key.get_secret_value() for key in plugin.settings.keys] == ["newest", "new"]


def test_the_mapping_and_the_environment_stay_as_they_were() -> None:
    settings = {"url": "http://crm", "account": {"user": "bert"}}
    before = dict(os.environ)
    build_plugin(Crm, settings, secrets={"account.password": "secret"})
    assert settings == {"url": "http://crm", "account": {"user": "bert"}}
    assert dict(os.environ) == before


def test_a_target_and_its_context_are_there(tmp_path: Path) -> None:
    plugin = build_plugin(Crm, {"url": "x"}, name="crm", map={"email": "email"}, folder=tmp_path)
    target = Target("target", map={"email": "email"})
    assert plugin.context.target == target
    assert plugin.context.client.targets == {"target": target}
    assert (plugin.context.name, plugin.context.folder) == ("crm", tmp_path)
    assert plugin.context.path == ("targets", "target")


def test_a_target_of_ones_own_and_a_client_are_kept() -> None:
    target = Target("staging", keyed_on=KeyedOn.CONTACT)
    client = Client("apap", time_zone="Europe/Vienna")
    plugin = build_plugin(Crm, {"url": "x"}, target=target, client=client)
    assert plugin.context.target is target
    assert plugin.context.client is client
    named = build_plugin(Crm, {"url": "x"}, target="staging").context.target
    assert named is not None
    assert named.name == "staging"


def test_a_plugin_that_delivers_nothing_has_no_target() -> None:
    context = build_plugin(Filter).context
    assert (context.target, context.path, context.name) == (None, ("plugins", 0), "Filter")


def test_limiters_work_and_are_shared_where_they_are_given() -> None:
    limiters = Limiters(OwnPlaces())
    first, second = (build_plugin(Filter, limiters=limiters).context for _ in range(2))
    own = build_plugin(Filter).context
    assert first.limiters.limiter("account") is second.limiters.limiter("account")
    assert own.limiters.limiter("account") is not first.limiters.limiter("account")
    with own.limiters.limiter("account").call(RateLimit(per_second=10, burst=10)):
        pass


def test_settings_are_refused_as_the_host_refuses_them() -> None:
    at = ("targets", "target", "settings")
    assert findings_of(Crm, settings={"url": "x", "tokn": 1}) == [
        ((*at, "tokn"), "unknown key 'tokn'")
    ]
    [(path, message)] = findings_of(Crm, settings={"url": "x", "token": "a literal"})
    assert path == (*at, "token")
    assert "never as the secret itself" in message
    assert "a literal" not in message


def test_an_empty_secret_is_refused() -> None:
    [(path, message)] = findings_of(Crm, settings={"url": "x"}, secrets={"token": ""})
    assert path == ("targets", "target", "settings", "token")
    assert "is empty" in message


class Forgetful(TargetPlugin):
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        return []


class Hasty(Plugin):
    @hookimpl(tryfirst=True)
    def filter_registration(self, registration: Registration) -> Drop | None:
        return None


class Idle(TargetPlugin):
    pass


class Broken(Plugin):
    def __init__(self, settings: Settings, context: PluginContext) -> None:
        raise RuntimeError("no reason")


class Picky(Plugin):
    def __init__(self, settings: Settings, context: PluginContext) -> None:
        raise ConfigError.of("this will not do", "do otherwise")


@pytest.mark.parametrize(
    ("plugin_class", "message"),
    [
        (Forgetful, "Forgetful: deliver_records is not marked"),
        (Hasty, "Hasty: filter_registration asks for a place of its own"),
        (Idle, "the plugin 'Idle' delivers nothing"),
        (Broken, "the plugin 'Broken' fails to start: RuntimeError: no reason"),
        (Picky, "this will not do"),
    ],
)
def test_a_plugin_that_the_host_refuses_is_refused(
    plugin_class: type[Plugin], message: str
) -> None:
    [(_, found)] = findings_of(plugin_class)
    assert found.startswith(message)
