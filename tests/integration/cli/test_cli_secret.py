"""`regbridge secret` puts secrets where settings find them, and shows none."""

from __future__ import annotations

import base64
import io
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regbridge import dpapi, keyrings

Run = Callable[..., Any]
SECRET = "correct horse battery"


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Lets something come through a pipe."""
    return lambda given: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))


@pytest.fixture
def made(configs: Path) -> Path:
    return configs / "secrets"


@pytest.mark.parametrize("given", [SECRET, f"{SECRET}\n", f"\ufeff{SECRET}\r\n"])
def test_a_secret_from_a_pipe_is_in_a_file_that_its_owner_alone_reads(
    run: Run, made: Path, pipe: Callable[[bytes], None], given: str
) -> None:
    pipe(given.encode())

    ran = run("secret", "write", "mail")

    assert ran.status == 0
    assert "in YAML: {file: secrets/mail}" in ran.out
    assert SECRET not in ran.out + ran.err
    assert (made / "mail").read_text(encoding="utf-8") == SECRET
    if os.name != "nt":
        assert stat.S_IMODE((made / "mail").stat().st_mode) == 0o600
        assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_secret_is_asked_for_twice_at_a_prompt(
    run: Run, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked: list[dict[str, Any]] = []

    def prompt(_text: str, **options: Any) -> str:
        asked.append(options)
        return SECRET

    monkeypatch.setattr("typer.prompt", prompt)

    assert run("secret", "write", "mail").status == 0

    assert asked == [{"hide_input": True, "confirmation_prompt": True}]
    assert (made / "mail").read_text(encoding="utf-8") == SECRET


def test_a_secret_is_replaced_only_by_who_says_so(
    run: Run, made: Path, pipe: Callable[[bytes], None]
) -> None:
    pipe(b"first")
    run("secret", "write", "mail")
    pipe(b"second")

    ran = run("secret", "write", "mail")

    assert ran.status == 2
    assert "is there already" in ran.err
    assert (made / "mail").read_bytes() == b"first"
    assert run("secret", "write", "mail", "--replace").status == 0
    assert [file.read_bytes() for file in made.iterdir()] == [b"second"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (b"", "between 1 and"),
        (b"\n", "between 1 and"),
        (b"a" * 200_000, "between 1 and"),
        (b"\xff\xfea\0", "not UTF-8"),
    ],
)
def test_what_is_no_secret_is_refused_and_not_written(
    run: Run, made: Path, pipe: Callable[[bytes], None], given: bytes, error: str
) -> None:
    pipe(given)

    ran = run("secret", "write", "mail")

    assert ran.status == 2
    assert error in ran.err
    assert not made.exists()


@pytest.mark.parametrize("name", ["../mail", "a/b", "", ".x", "a" * 70])
def test_a_name_that_leads_elsewhere_is_refused(run: Run, made: Path, name: str) -> None:
    assert run("secret", "write", name).status == 2
    assert not made.exists()


def test_a_folder_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    ran = run("secret", "write", "mail", "--configs", str(tmp_path / "none"))
    assert ran.status == 2
    assert "none" in ran.err


def test_a_random_secret_is_a_key_and_another_one_each_time(run: Run) -> None:
    found = {run("secret", "random").out.strip() for _ in range(3)}
    assert [len(base64.urlsafe_b64decode(f"{text}=")) for text in found] == [32, 32, 32]


@pytest.mark.parametrize("options", [[], ["--account"]])
def test_what_windows_protects_is_written_with_the_line_for_the_yaml(
    run: Run,
    made: Path,
    pipe: Callable[[bytes], None],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
) -> None:
    asked: list[Any] = []

    def protect(secret: bytes, **how: Any) -> bytes:
        asked.append(how)
        return secret[::-1]

    monkeypatch.setattr(dpapi, "require", lambda: None)
    monkeypatch.setattr(dpapi, "protect", protect)
    pipe(SECRET.encode())

    ran = run("secret", "protect", "mail", *options)

    assert ran.status == 0
    assert "in YAML: {dpapi: secrets/mail.dpapi}" in ran.out
    assert asked == [{"description": "regbridge mail", "for_machine": not options}]
    assert base64.b64decode((made / "mail.dpapi").read_bytes()) == SECRET.encode()[::-1]


@pytest.mark.skipif(sys.platform == "win32", reason="there it works")
def test_without_windows_nothing_is_asked_for_and_nothing_written(run: Run, made: Path) -> None:
    ran = run("secret", "protect", "mail")

    assert ran.status == 1
    assert "DPAPI is a part of Windows" in ran.err
    assert not made.exists()


def test_a_secret_is_kept_in_the_keyring(
    run: Run, pipe: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[tuple[str, ...]] = []
    monkeypatch.setattr(keyrings, "keep", lambda *what: kept.append(what))
    pipe(SECRET.encode())

    ran = run("secret", "keep", "regbridge", "mail")

    assert kept == [("regbridge", "mail", SECRET)]
    assert "in YAML: {keyring: {service: regbridge, name: mail}}" in ran.out
    assert SECRET not in ran.out + ran.err


def test_a_keyring_that_cannot_be_used_is_an_error(
    run: Run, pipe: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    pipe(SECRET.encode())

    ran = run("secret", "keep", "regbridge", "mail")

    assert ran.status == 1
    assert 'pip install "regbridge[keyring]"' in ran.err


def test_what_was_written_is_what_a_setting_reads(
    run: Run, client: Path, pipe: Callable[[bytes], None]
) -> None:
    pipe(b"another-token")
    run("secret", "write", "cvent")
    text = client.read_text(encoding="utf-8").replace(
        "env: ACME_CVENT_TOKEN", "file: secrets/cvent"
    )
    client.write_text(text, encoding="utf-8")

    assert run("check").status == 0
