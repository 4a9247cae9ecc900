"""What holds for every command: help, version, exit status, harmless output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.cli import Regbridge
from regbridge.cli.printing import harmless, how_many

COMMANDS = sorted(Regbridge.own)


def test_the_version_is_printed(run: Callable[..., Any]) -> None:
    ran = run("--version")
    assert ran.status == 0
    assert ran.out.startswith("regbridge 0.")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Callable[..., Any], command: str) -> None:
    ran = run(command, "--help")
    assert ran.status == 0
    assert "Usage: regbridge" in ran.out


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option_is_a_usage_error(run: Callable[..., Any], command: str) -> None:
    ran = run(command, "--bogus")
    assert ran.status == 2
    assert "--bogus" in ran.err
    assert ran.out == ""


def test_an_unknown_command_is_a_usage_error(run: Callable[..., Any]) -> None:
    assert run("serv").status == 2


@pytest.mark.parametrize("command", ["serve", "work", "check", "status", "retry --all", "upgrade"])
def test_a_missing_configuration_says_what_to_do(run: Callable[..., Any], command: str) -> None:
    ran = run(*command.split())
    assert ran.status == 1
    assert "configs/base.yaml:1: there is no such file" in ran.out + ran.err
    assert "regbridge new-client NAME" in ran.out + ran.err


def test_the_configuration_folder_can_stand_in_the_environment(
    run: Callable[..., Any], configs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGBRIDGE_CONFIGS", str(configs.rename(configs.with_name("elsewhere"))))
    assert run("check").status == 0


@given(st.text())
def test_no_text_of_a_registrant_steers_the_terminal(text: str) -> None:
    assert harmless(text).isprintable()


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"), include_characters=" ")))
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text or not text.isprintable()


def test_numbers_of_things_are_english() -> None:
    assert [how_many(n, "cases") for n in (0, 1, 2)] == ["0 cases", "1 case", "2 cases"]


def test_a_bug_is_shown_with_its_place_and_without_the_values(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    person = "mary.jones@example.org"

    def fail(_configs: Path) -> None:
        raise ValueError(f"no member {person!r}")

    monkeypatch.setattr("regbridge.cli.ledger.load_host", fail)

    ran = run("status")

    assert ran.status == 1
    assert ran.err.endswith("ValueError: no member '\u2026'\n")
    assert "in fail" in ran.err
    assert person not in ran.err
