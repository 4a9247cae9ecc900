"""Secrets in settings: only by reference, and never in a text."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked
from pydantic import ValidationError

from regbridge import Settings, dpapi, keyrings
from regbridge.config.explain import explain
from regbridge.secret import Secret


class Door(Settings):
    token: Secret


def door(reference: Any, folder: Path | None = None) -> str:
    context = {"folder": folder} if folder else None
    return Door.model_validate({"token": reference}, context=context).token.get_secret_value()


def problem(reference: Any, folder: Path) -> str:
    with pytest.raises(ValidationError) as caught:
        door(reference, folder)
    (finding,) = explain(caught.value, Door)
    return str(finding)


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR_TOKEN", "hunter2 ")
    assert door({"env": "DOOR_TOKEN"}) == "hunter2 "


def test_a_secret_comes_from_a_file_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "token.txt").write_text("hüter2\r\n", encoding="utf-8")
    assert door({"file": "token.txt"}, tmp_path) == "hüter2"
    assert door({"file": str(tmp_path / "token.txt")}) == "hüter2"


@pytest.mark.parametrize(
    "literal",
    [
        "hunter2",
        "",
        17,
        None,
        ["hunter2"],
        {},
        {"env": 5},
        {"env": "A", "file": "b"},
        {"value": "hunter2"},
        {"env": "A", "default": "hunter2"},
        {"dpapi": {"path": "a"}},
        {"keyring": "hunter2"},
        {"keyring": {"service": "a"}},
        {"keyring": {"service": "a", "name": "b", "password": "hunter2"}},
        {"keyring": {"service": "a", "name": "b"}, "env": "A"},
    ],
)
def test_a_literal_secret_is_refused_and_never_shown(literal: Any, tmp_path: Path) -> None:
    text = problem(literal, tmp_path)
    assert "a secret is written as {env: NAME}, {file: PATH}, {dpapi: PATH} or {keyring" in text
    assert "hunter2" not in text


@pytest.mark.parametrize("value", [None, ""])
def test_an_unset_variable_is_named(
    value: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOOR_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("DOOR_TOKEN", value)
    assert "the environment variable DOOR_TOKEN is not set" in problem(
        {"env": "DOOR_TOKEN"}, tmp_path
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b" \n")
    (tmp_path / "binary").write_bytes(b"\xffhunter2")
    (tmp_path / "folder").mkdir()
    assert "none cannot be read (FileNotFoundError)" in problem({"file": "none"}, tmp_path)
    assert "is empty" in problem({"file": "empty"}, tmp_path)
    assert "folder cannot be read" in problem({"file": "folder"}, tmp_path)
    text = problem({"file": "binary"}, tmp_path)
    assert "binary cannot be read (UnicodeDecodeError)" in text
    assert "hunter2" not in text


def test_a_secret_is_not_in_the_text_of_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR_TOKEN", "hunter2")
    settings = Door.model_validate({"token": {"env": "DOOR_TOKEN"}})
    assert "hunter2" not in f"{settings} {settings!r} {settings.model_dump_json()}"


def test_a_names_schema_is_the_reference_and_not_the_secret() -> None:
    schema = Door.model_json_schema()["properties"]["token"]
    assert [choice["required"] for choice in schema["oneOf"]] == [
        [way] for way in ("env", "file", "dpapi", "keyring")
    ]


def test_a_file_with_a_byte_order_mark_is_the_same_secret(tmp_path: Path) -> None:
    """Windows Notepad and PowerShell write one."""
    (tmp_path / "token.txt").write_bytes(b"\xef\xbb\xbfhunter2\r\n")
    assert door({"file": "token.txt"}, tmp_path) == "hunter2"
    (tmp_path / "nul").write_bytes(b"\xef\xbb\xbf")
    assert "is empty" in problem({"file": "nul"}, tmp_path)


@pytest.mark.parametrize("name", ["A\0B", "A=B"])
def test_a_name_that_no_variable_can_have_is_a_finding(name: str, tmp_path: Path) -> None:
    assert problem({"env": name}, tmp_path)
    assert problem({"file": "a\0b"}, tmp_path)


class Place(KeyringBackend):
    """A keyring of the package's own kind."""

    priority = 1

    def __init__(self) -> None:
        self.kept = {("regbridge", "mail"): "hunter2"}

    def get_password(self, service: str, username: str) -> str | None:
        if service == "locked":
            raise KeyringLocked("hunter2")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def place() -> Iterator[Place]:
    before, found = keyring.get_keyring(), Place()
    keyring.set_keyring(found)
    yield found
    keyring.set_keyring(before)


def kept(service: str, name: str) -> dict[str, dict[str, str]]:
    return {"keyring": {"service": service, "name": name}}


def test_a_secret_comes_from_the_keyring(place: Place) -> None:
    assert door(kept("regbridge", "mail")) == "hunter2"
    keyrings.keep("regbridge", "mail", "hunter3")
    assert door(kept("regbridge", "mail")) == "hunter3"


def test_a_secret_that_is_not_in_the_keyring_is_named_with_what_puts_it_there(
    place: Place, tmp_path: Path
) -> None:
    text = problem(kept("regbridge", "token"), tmp_path)
    assert "no 'token' of the service 'regbridge'; `regbridge secret keep regbridge token`" in text


def test_a_keyring_that_fails_shows_nothing_of_what_it_says(place: Place, tmp_path: Path) -> None:
    text = problem(kept("locked", "token"), tmp_path)
    assert "this account's keyring cannot be used (KeyringLocked)" in text
    assert "hunter2" not in text


def test_a_keyring_that_is_not_installed_is_named_with_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    text = problem(kept("regbridge", "token"), tmp_path)
    assert 'install it with pip install "regbridge[keyring]"' in text
    with pytest.raises(keyrings.KeyringError, match="not installed"):
        keyrings.keep("regbridge", "token", "hunter2")


def test_a_secret_comes_from_a_file_that_windows_decrypts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dpapi, "unprotect", lambda protected: protected[::-1])
    (tmp_path / "token.dpapi").write_text("MnJldG51aA==\r\n", encoding="utf-8")

    assert door({"dpapi": "token.dpapi"}, tmp_path) == "hunter2"


def test_a_file_that_windows_does_not_decrypt_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_protected: bytes) -> bytes:
        raise dpapi.DpapiError("Key not valid for use in specified state. (Windows error 13)")

    monkeypatch.setattr(dpapi, "unprotect", refuse)
    (tmp_path / "token.dpapi").write_text("MnJldG51aA==", encoding="utf-8")
    (tmp_path / "plain").write_text("hunter2!", encoding="utf-8")

    text = problem({"dpapi": "token.dpapi"}, tmp_path)
    assert "token.dpapi cannot be decrypted: Key not valid" in text
    assert "on the machine where `regbridge secret protect` made it" in text
    text = problem({"dpapi": "plain"}, tmp_path)
    assert "plain is no file that `regbridge secret protect` made" in text
    assert "hunter2" not in text
    monkeypatch.setattr(dpapi, "unprotect", lambda _protected: b"\xff")
    assert "it is no text" in problem({"dpapi": "token.dpapi"}, tmp_path)
    assert "none cannot be read" in problem({"dpapi": "none"}, tmp_path)
