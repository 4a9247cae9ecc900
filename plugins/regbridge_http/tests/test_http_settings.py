"""What the settings of a receiver may say."""

from __future__ import annotations

from typing import Any

import pytest

from regbridge import ConfigError
from regbridge.testing.building import build_plugin
from regbridge_http.deliver import Http
from regbridge_http.signing import new_secret

URL = "https://hooks.example.org/registrations"


def made(**settings: Any) -> Http:
    return build_plugin(Http, {"url": URL, **settings})


def complaint(**settings: Any) -> str:
    """Return what the person who edits the file is told."""
    with pytest.raises(ConfigError) as caught:
        made(**settings)
    return "\n".join(f"{'.'.join(map(str, each.path))}: {each}" for each in caught.value.findings)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"url": "hooks.example.org/x"}, "settings.url: an address such as https://"),
        ({"url": "ftp://hooks.example.org/x"}, "settings.url: an address such as https://"),
        ({"url": "http://hooks.example.org/x"}, "settings.url: plain http"),
        ({"url": "HTTP://hooks.example.org/x"}, "settings.url: plain http"),
        ({"url": "https://me:pw@hooks.example.org/x"}, "settings.url: the address may hold no"),
        ({"url": "https://hooks.example.org/#x"}, "settings.url: the address may hold no"),
        ({"url": "https://hooks.example.org/x y"}, "settings.url: the address may hold no"),
        ({"url": "https://hooks.example.org/ü"}, "settings.url: the address may hold no"),
        ({"secrets": [new_secret()]}, "settings.secrets.0: a secret is written as {env: NAME}"),
        ({"headers": {"X-Api-Key": "abc"}}, "settings.headers: X-Api-Key holds a secret"),
        ({"headers": {"Authorization": "Bearer a"}}, "settings.headers: Authorization holds"),
        ({"headers": {"Content-Type": "text/plain"}}, "Content-Type is set by regbridge"),
        ({"headers": {"Webhook-Id": "1"}}, "Webhook-Id is set by regbridge"),
        ({"headers": {"host": "other"}}, "host is set by regbridge"),
        ({"headers": {"X Y": "1"}}, "'X Y' is no name of a header"),
        ({"headers": {"X": "a\r\nEvil: 1"}}, "the value of X has a character"),
        ({"headers": {"X": "é"}}, "the value of X has a character"),
        ({"headers": {"X": "1", "x": "2"}}, "a header is there twice"),
        ({"type": "registration changed"}, "settings.type"),
        ({"type": "registration."}, "settings.type"),
        ({"id_from": "a..b"}, "settings.id_from"),
        ({"statuses": {42: "retry"}}, "settings.statuses"),
        ({"statuses": {400: "retri"}}, "settings.statuses"),
        ({"on_ambiguous": "retri"}, "did you mean 'retry'"),
        ({"concurrency": 0}, "settings.concurrency"),
        ({"timeout_seconds": 0}, "settings.timeout_seconds"),
        ({"calls_per_second": 0}, "settings.calls_per_second"),
        ({"batch": 10}, "unknown key 'batch'"),
    ],
)
def test_a_mistake_is_told_at_its_place(settings: dict[str, Any], told: str) -> None:
    assert told in complaint(**settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_plain_http_is_for_this_machine_alone(host: str) -> None:
    assert made(url=f"http://{host}:8097/hooks").settings.url.startswith("http://")


def test_a_url_with_a_secret_is_a_reference_that_no_text_shows() -> None:
    url = f"{URL}?sp=%2Ftriggers&sig=very-secret-2718"
    plugin = build_plugin(Http, {}, secrets={"url": url, "headers.X-Api-Key": "a-secret-key-31"})
    assert plugin.settings.url == url
    assert plugin.settings.headers == {"X-Api-Key": "a-secret-key-31"}
    assert not any(part in repr(plugin.settings) for part in ("very-secret", "a-secret-key"))


def test_a_secret_that_is_none_of_the_scheme_is_refused_without_quoting_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "a-password-of-ours-161803")
    told = complaint(secrets=[{"env": "HOOK_SECRET"}])
    assert "`regbridge http secret` prints one" in told
    assert "161803" not in told


def test_several_secrets_are_keys_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEW", new_secret())
    monkeypatch.setenv("OLD", new_secret())
    keys = made(secrets=[{"env": "NEW"}, {"env": "OLD"}]).settings.keys()
    assert len(set(keys)) == 2
    assert [len(key) for key in keys] == [32, 32]


def test_a_target_says_what_it_promises() -> None:
    assert made().idempotent
    assert not made(on_ambiguous="park").idempotent
    assert made(concurrency=7).concurrency == 7
    assert made().batch_size == 1
