"""What is deprecated says so where it is used, and goes in the version that was promised."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from regbridge import Level, deprecation
from regbridge.checks import check_folder
from regbridge.config.loader import load_client, load_host
from regbridge.deprecation import (
    DEPRECATIONS,
    Deprecation,
    deprecated,
    deprecated_keys,
    overdue,
    version_of,
    warn_deprecated,
)
from regbridge.registry import build

OLD_CALL = Deprecation("regbridge.old()", "use regbridge.new()", since="0.3", ends="0.5")
OLD_KEY = Deprecation(
    "the key targets.*.settings.path",
    "use another",
    "0.3",
    "1.0",
    ("targets", "*", "settings", "path"),
)
OLD_HOST = Deprecation("the key host.threads", "leave it out", "0.3", "1.0", ("host", "threads"))


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecation, "DEPRECATIONS", (OLD_CALL, OLD_KEY, OLD_HOST))
    monkeypatch.setattr(deprecation, "_logged", set())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("A_TOKEN", "a-token-of-sixteen")
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text(
        "host: {threads: 8}\nplugins: [cvent-token]\n", encoding="utf-8"
    )
    (tmp_path / "clients/apap.yaml").write_text(
        "client: apap\n"
        "endpoints: {reg: {path: /reg, tokens: [{env: A_TOKEN}]}}\n"
        "targets: {crm: {use: files, settings: {path: a.jsonl}, map: {A: email}}}\n",
        encoding="utf-8",
    )
    return tmp_path


def test_nothing_outlives_the_version_in_which_it_ends() -> None:
    left = overdue(version("regbridge"), DEPRECATIONS)
    assert left == [], "remove these, as docs/reference/compatibility.md has promised"


@pytest.mark.parametrize("at", ["0.5", "0.5.0", "0.5.0rc1", "0.6", "1.0"])
def test_a_deprecation_is_overdue_from_its_version_on(at: str) -> None:
    assert overdue(at, [OLD_CALL]) == [OLD_CALL]


@pytest.mark.parametrize("at", ["0.3.0", "0.4", "0.4.12"])
def test_a_deprecation_is_not_overdue_before(at: str) -> None:
    assert overdue(at, [OLD_CALL]) == []


def test_a_deprecation_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        Deprecation("x", "y", since="0.5", ends="0.5")


def test_what_is_no_version_is_refused() -> None:
    with pytest.raises(ValueError, match="no version"):
        version_of("soon")


def test_a_deprecated_function_warns_who_calls_it_and_works_as_before() -> None:
    @deprecated(OLD_CALL)
    def old(number: int) -> int:
        return number + 1

    with pytest.warns(
        DeprecationWarning, match=r"ends in regbridge 0\.5; use regbridge\.new"
    ) as seen:
        assert old(1) == 2
    assert [Path(each.filename).name for each in seen] == [Path(__file__).name]


def test_a_warning_inside_a_function_is_about_its_caller() -> None:
    def old() -> None:
        warn_deprecated(OLD_CALL)

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        old()
    assert seen[0].lineno == old.__code__.co_firstlineno + 5


@pytest.mark.usefixtures("made_up")
def test_a_deprecated_key_is_a_warning_of_check_with_its_place(folder: Path) -> None:
    base, [client] = check_folder(folder)
    [host_finding] = base
    [finding] = client.findings
    assert client.is_ok
    assert finding.level is Level.WARNING
    assert "apap.yaml:3: targets.crm.settings.path" in finding.where
    assert "ends in regbridge 1.0" in finding.message
    assert finding.remedy == "use another"
    assert host_finding.where.endswith("base.yaml:1: host.threads")


@pytest.mark.usefixtures("made_up")
def test_a_deprecated_key_is_logged_once_for_each_start(folder: Path) -> None:
    with capture_logs() as lines:
        for _ in range(2):
            load_host(folder)
            build(load_client(folder, folder / "clients/apap.yaml")).close()
    said = [(line["file"], line["key"]) for line in lines if line["event"] == "deprecated key"]
    assert said == [("base.yaml", "host.threads"), ("apap.yaml", "targets.crm.settings.path")]


@pytest.mark.usefixtures("made_up")
def test_a_key_that_is_not_used_warns_nobody() -> None:
    assert [*deprecated_keys({"targets": {"crm": {"settings": {"url": "x"}}}, "host": None})] == []


def test_a_key_in_a_list_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    old = Deprecation("plugins.*.old", "x", "0.3", "1.0", ("plugins", "*", "old"))
    monkeypatch.setattr(deprecation, "DEPRECATIONS", (old,))
    [finding] = deprecated_keys({"plugins": ["a", {"use": "b", "old": 1}]})
    assert finding.path == ("plugins", 1, "old")
