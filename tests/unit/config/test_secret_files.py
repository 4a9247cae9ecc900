"""Secret files that everybody can read are warned of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from regbridge.checks import check_folder
from regbridge.config.secret_files import open_to_others
from regbridge.models import Level

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights in another way")

BASE = "host:\n  console:\n    password: {file: secrets/console}\nplugins: [cvent-token]\n"
CLIENT = """client: apap
endpoints:
  reg:
    path: /reg
    tokens:
      - env: APAP_TOKEN
      - file: secrets/token
targets:
  crm: {use: files, settings: {path: a.jsonl}, map: {A: firstName}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("APAP_TOKEN", "a long enough token")
    (tmp_path / "clients").mkdir()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "clients/apap.yaml").write_text(CLIENT, encoding="utf-8")
    for name in ("console", "token"):
        (tmp_path / "secrets" / name).write_text("a long password", encoding="utf-8")
        (tmp_path / "secrets" / name).chmod(0o640)
    return tmp_path


def test_files_that_their_owner_and_group_read_are_as_they_should_be(folder: Path) -> None:
    base, [client] = check_folder(folder)
    assert (base, client.findings) == ([], ())


@pytest.mark.parametrize("mode", [0o644, 0o642])
def test_check_warns_of_files_that_everybody_can_read_or_write(folder: Path, mode: int) -> None:
    for name in ("console", "token"):
        (folder / "secrets" / name).chmod(mode)

    base, [client] = check_folder(folder)

    [console], [token] = base, client.findings
    assert console.level is token.level is Level.WARNING
    assert "base.yaml:3: host.console.password" in console.where
    assert "apap.yaml:7: endpoints.reg.tokens[1]" in token.where
    assert token.remedy == f"run chmod o-rwx {folder / 'secrets/token'}"
    assert client.is_ok


def test_what_is_no_file_or_no_reference_is_passed_over(folder: Path) -> None:
    (folder / "secrets/token").chmod(0o644)
    values = {"a": {"file": "none"}, "b": {"file": "secrets/token", "env": "X"}, "c": {"file": 1}}

    assert list(open_to_others(values, folder)) == []
