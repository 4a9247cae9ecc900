"""Which token takes the place of which, where it is put, and when the old one can go."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from regbridge.errors import ConfigError
from regbridge.rotation import (
    DAY,
    LENGTH,
    find_tokens,
    judge,
    new_token,
    next_reference,
    write_token,
)

NOW = 1_800_000_000_000
HOUR = 3_600_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text("plugins: [cvent-token]\n", encoding="utf-8")
    return tmp_path


def client(folder: Path, tokens: str, name: str = "apap") -> None:
    text = f"client: {name}\nendpoints:\n  CventReg:\n    path: /{name}\n    tokens: {tokens}\n"
    (folder / f"clients/{name}.yaml").write_text(text, encoding="utf-8")


def test_a_token_is_long_of_letters_and_digits_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(50)}

    assert len(tokens) == 50
    assert all(len(token) == LENGTH and token.isascii() and token.isalnum() for token in tokens)


def test_the_tokens_of_an_endpoint_are_found_without_any_secret(folder: Path) -> None:
    client(folder, "[{env: NOBODY_HAS_THIS}, {file: secrets/a.txt}]")

    found = find_tokens(folder, "apap", "CventReg")

    assert found.names == ["env NOBODY_HAS_THIS", "file secrets/a.txt"]
    assert found.where.endswith("clients/apap.yaml:5: endpoints.CventReg.tokens")


@pytest.mark.parametrize(
    ("name", "endpoint", "tokens", "says"),
    [
        ("apac", "CventReg", "[{env: A}]", "no client 'apac'; did you mean 'apap'?"),
        ("apap", "CventRag", "[{env: A}]", "no endpoint 'CventRag'; did you mean 'CventReg'?"),
        ("apap", "CventReg", "[]", "names no tokens"),
        ("apap", "CventReg", "{env: A}", "names no tokens"),
        ("apap", "CventReg", "[{env: 5}, literal]", "names no tokens"),
    ],
)
def test_what_is_not_there_is_said_so(
    folder: Path, name: str, endpoint: str, tokens: str, says: str
) -> None:
    client(folder, tokens)

    with pytest.raises(ConfigError) as refused:
        find_tokens(folder, name, endpoint)

    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"env": "APAP_TOKEN"}, {"env": "APAP_TOKEN_2"}),
        ({"env": "APAP_TOKEN_2"}, {"env": "APAP_TOKEN_3"}),
        ({"env": "TOKEN_2027"}, {"env": "TOKEN_2027_2"}),
        ({"env": "_2"}, {"env": "_2_2"}),
        ({"file": "secrets/apap.txt"}, {"file": "secrets/apap-2.txt"}),
        ({"file": "secrets/apap-2.txt"}, {"file": "secrets/apap-3.txt"}),
        ({"file": "/etc/regbridge/token"}, {"file": "/etc/regbridge/token-2"}),
        ({"file": "secrets\\apap.txt"}, {"file": "secrets\\apap-2.txt"}),
        ({"file": "C:\\keys\\a.b\\apap"}, {"file": "C:\\keys\\a.b\\apap-2"}),
        ({"dpapi": "secrets/apap"}, {"env": "SECRETS_APAP_TOKEN_2"}),
        ({"keyring": {"service": "regbridge", "name": "a"}}, {"env": "REGBRIDGE_A_TOKEN_2"}),
    ],
)
def test_the_new_one_is_put_beside_the_old_one(
    folder: Path, old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert next_reference(folder, old) == new


def test_no_variable_is_proposed_that_somebody_uses(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client(folder, "[{env: TOKEN}]")
    client(folder, "[{env: TOKEN_2}]", name="other")
    monkeypatch.setenv("TOKEN_3", "set already")

    assert next_reference(folder, {"env": "TOKEN"}) == {"env": "TOKEN_4"}


def test_a_token_is_written_for_its_owner_alone(folder: Path) -> None:
    (folder / "old.txt").write_text("old", encoding="utf-8")

    path = write_token(folder, {"file": "old-2.txt"}, {"file": "old.txt"}, "new")

    assert path.read_text(encoding="utf-8") == "new\n"
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such owner")
def test_what_an_administrator_writes_belongs_to_the_owner_of_the_old_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "old.txt").write_text("old", encoding="utf-8")
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", lambda _handle, *owner: given.append(owner))

    write_token(folder, {"file": "old-2.txt"}, {"file": "old.txt"}, "new")

    known = (folder / "old.txt").stat()
    assert given == [(known.st_uid, known.st_gid)]


def test_a_file_that_is_there_is_never_overwritten(folder: Path) -> None:
    (folder / "old-2.txt").write_text("somebody's", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"a rotation was begun.*name it in `tokens`"):
        write_token(folder, {"file": "old-2.txt"}, {"file": "old.txt"}, "new")

    assert (folder / "old-2.txt").read_text(encoding="utf-8") == "somebody's"


def use(since: int, first: int | None = None, last: int | None = None) -> Any:
    """Return a token's row; times are hours before now."""

    def at(hours: int | None) -> int | None:
        return None if hours is None else NOW - hours * HOUR

    return SimpleNamespace(since=at(since), first_used_at=at(first), last_used_at=at(last))


@pytest.mark.parametrize(
    ("uses", "is_done", "says"),
    [
        ({}, False, "does not take env NEW and env OLD yet"),
        ({"OLD": use(99, 90, 1)}, False, "does not take env NEW yet"),
        ({"NEW": use(9), "OLD": use(99, 90, 1)}, False, "Nobody has used env NEW yet"),
        ({"NEW": use(9, 8, 0), "OLD": use(99, 90, 1)}, False, "env OLD was used after it"),
        ({"NEW": use(9, 8, 0), "OLD": use(99, 90, 9)}, True, "take env OLD out"),
        ({"NEW": use(9, 8, 0), "OLD": use(99, 90, 8)}, True, "take env OLD out"),
        ({"NEW": use(9, 8, 0), "OLD": use(99)}, True, "take env OLD out"),
        ({"NEW": use(99, 90, 0), "OLD": use(999, 900, 25)}, True, "take env OLD out"),
        ({"NEW": use(99, 90, 26), "OLD": use(999, 900, 25)}, False, "env OLD was used after it"),
        ({"NEW": use(9, 8, 0), "OLD": use(9, None, None)}, True, "take env OLD out"),
    ],
)
def test_what_is_next_is_said_from_what_was_used_when(
    uses: dict[str, Any], is_done: bool, says: str
) -> None:
    rows = {f"env {name}": row for name, row in uses.items()}

    verdict = judge(["env NEW", "env OLD"], rows, NOW)

    assert (verdict.is_done, says in verdict.text) == (is_done, True), verdict.text


def test_the_new_one_is_the_later_one_in_whatever_order_they_are_written() -> None:
    rows = {"env NEW": use(9, 8, 0), "env OLD": use(99, 90, 9)}

    assert judge(["env OLD", "env NEW"], rows, NOW) == judge(["env NEW", "env OLD"], rows, NOW)


def test_one_token_alone_is_no_rotation() -> None:
    assert judge(["env A"], {}, NOW).is_done
    assert DAY == 24 * HOUR
