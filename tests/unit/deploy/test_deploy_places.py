"""Where things are on the machine that the files are for."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from tests.unit.deploy.conftest import Write

from regbridge import ConfigError
from regbridge.deploy.fitting import is_loopback
from regbridge.deploy.needs import Needs, read_needs
from regbridge.deploy.places import (
    Places,
    _given_or_here,
    for_one_user,
    ledger_there,
    linux_places,
)


@pytest.mark.parametrize(("platform", "name"), [("linux", "regbridge"), ("win32", "regbridge.exe")])
def test_without_places_they_are_those_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, name: str
) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda kind: str(tmp_path / kind))
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="say with --program"):
        _given_or_here("", "", Path("configs"), is_there=True)
    program = tmp_path / "scripts" / name
    program.parent.mkdir()
    program.touch()
    places = _given_or_here("", "", Path("configs"), is_there=True)
    assert (places.program, places.configs) == (str(program), str(tmp_path / "configs"))


def test_a_python_that_the_service_does_not_see_is_told(tmp_path: Path) -> None:
    program = tmp_path / "bin/regbridge"
    (tmp_path / "pyvenv.cfg").write_text("home = /run/user/7/bin\nversion = 3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="/run/user/7/bin, the Python of"):
        linux_places(str(program), "/srv/configs", Path())
    (tmp_path / "pyvenv.cfg").write_text("home = C:\\users\\anna\\python\n", encoding="utf-8")
    [finding] = for_one_user(Places(str(program), ""))
    assert "C:\\users\\anna\\python is in a person's own folder" in finding.message


def test_a_ledger_beside_the_configuration_is_beside_it_there(needs: Needs) -> None:
    there = ledger_there(needs, PureWindowsPath("D:\\configs"))
    assert there == "D:\\configs\\regbridge.db"
    assert ledger_there(needs, PurePosixPath("/srv/configs")) == "/srv/configs/regbridge.db"


@pytest.mark.parametrize(
    ("database", "there"),
    [("sqlite:////srv/a.db", "/srv/a.db"), ("postgresql+psycopg://u@db/x", "")],
)
def test_a_ledger_elsewhere_stays_there(write: Write, database: str, there: str) -> None:
    needs = read_needs(write(f"host: {{database: '{database}'}}"))
    assert ledger_there(needs, PurePosixPath("/srv/configs")) == there


@pytest.mark.parametrize(
    ("address", "alone"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("db", False)],
)
def test_who_reaches_an_address(address: str, alone: bool) -> None:
    assert is_loopback(address) is alone
