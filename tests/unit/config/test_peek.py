"""A plugin's settings can be read from a client file that is not finished yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from regbridge import ConfigError, Secret, Settings
from regbridge.config.peek import uses

UNFINISHED = """
client: apap
plugns: []
events:
  gala: {id: E-1}
  broken: 7
plugins:
  - cvent-token
  - use: vendor
    settings: {password: {env: VENDOR_PASSWORD}}
targets:
  crm: {use: vendor, settings: {password: {env: VENDOR_PASSWORD}, region: eu}, mapp: 1}
"""


class Account(Settings):
    """An account."""

    password: Secret
    region: str = "us"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VENDOR_PASSWORD", "opensesame")
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text("time_zone: UTC\n", encoding="utf-8")
    write(tmp_path, UNFINISHED)
    return tmp_path


def write(folder: Path, text: str, name: str = "apap") -> None:
    (folder / "clients" / f"{name}.yaml").write_text(text, encoding="utf-8")


def regions(folder: Path, client: str = "") -> list[tuple[str, str]]:
    found = uses(folder, "vendor", Account, client)
    return [(use.client, use.settings.region) for use in found]  # type: ignore[attr-defined]


def test_every_use_is_found_whatever_else_is_wrong(folder: Path) -> None:
    assert regions(folder) == [("apap", "us"), ("apap", "eu")]


def test_events_are_there_by_name_as_far_as_they_can_be_read(folder: Path) -> None:
    assert next(uses(folder, "vendor", Account)).events == {"gala": "E-1"}


def test_one_client_may_be_asked_for(folder: Path) -> None:
    write(folder, "client: other\nplugins: [{use: vendor, settings: {password: {env: X}}}]", "b")

    assert regions(folder, "apap") == [("apap", "us"), ("apap", "eu")]
    with pytest.raises(ConfigError, match="the environment variable X is not set"):
        regions(folder, "other")


def test_settings_that_base_yaml_gives_count_as_well(folder: Path) -> None:
    settings = "{password: {env: VENDOR_PASSWORD}, region: base}"
    base = f"plugins:\n  - {{use: vendor, settings: {settings}}}\n"
    (folder / "base.yaml").write_text(base, encoding="utf-8")
    write(folder, "client: apap\n")

    assert regions(folder) == [("apap", "base")]


def test_wrong_settings_are_explained_with_their_lines_and_without_the_secret(folder: Path) -> None:
    wrong = "\n    use: vendor\n    settings:\n      password: opensesame\n      regoin: eu\n"
    write(folder, f"client: apap\ntargets:\n  staging:{wrong}")

    with pytest.raises(ConfigError) as caught:
        regions(folder)

    assert [str(finding).partition("clients/")[2] for finding in caught.value.findings] == [
        "apap.yaml:6: targets.staging.settings.password: a secret is written as "
        "{env: NAME}, {file: PATH}, {dpapi: PATH} or {keyring: {service: SERVICE, name: NAME}}, "
        "never as the secret itself",
        "apap.yaml:7: targets.staging.settings.regoin: unknown key 'regoin'; "
        "did you mean 'region'?",
    ]


@pytest.mark.parametrize("text", ["client: apap\nplugins: 3\ntargets: [x]\nevents: x\n", "{}\n"])
def test_a_file_without_any_use_has_none(folder: Path, text: str) -> None:
    write(folder, text)

    assert regions(folder) == []


def test_a_file_that_is_no_yaml_is_refused(folder: Path) -> None:
    write(folder, "client: [\n")

    with pytest.raises(ConfigError, match=r"apap\.yaml"):
        regions(folder)
