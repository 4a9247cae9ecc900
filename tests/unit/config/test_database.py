"""The URL of the database: where a relative file is, and that no password is in YAML."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from regbridge.config.database import absolute_url
from regbridge.config.schema import HostConfig


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///x.db", "x.db"),
        ("sqlite+pysqlite:///data/x.db", "data/x.db"),
        ("sqlite:///x.db?timeout=5", "x.db?timeout=5"),
    ],
)
def test_a_relative_sqlite_file_starts_at_the_folder(tmp_path: Path, url: str, path: str) -> None:
    scheme = url.partition("///")[0]
    assert absolute_url(url, tmp_path) == f"{scheme}:///{(tmp_path / path).as_posix()}".replace(
        "::", ":"
    )


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "postgresql://db/regbridge"])
def test_a_url_without_a_relative_file_stays_as_it_is(tmp_path: Path, url: str) -> None:
    assert absolute_url(url, tmp_path) == url


def test_an_absolute_sqlite_file_stays_where_it_is(tmp_path: Path) -> None:
    url = f"sqlite:///{(tmp_path / 'x.db').as_posix()}"
    assert absolute_url(url, tmp_path / "elsewhere") == url


def test_a_url_with_a_password_comes_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE", "postgresql://me:opensesame@db/regbridge")
    config = HostConfig.model_validate({"database": {"env": "DATABASE"}})
    assert config.database.get_secret_value() == "postgresql://me:opensesame@db/regbridge"
    assert "opensesame" not in repr(config)


@pytest.mark.parametrize(
    "url", ["postgresql://me:opensesame@db/x", "postgresql://db/x?password=opensesame"]
)
def test_a_password_in_the_file_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="a URL with a password is a secret"):
        HostConfig.model_validate({"database": url})
