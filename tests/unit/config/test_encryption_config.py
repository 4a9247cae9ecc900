"""The keys of `host.encryption` are keys, and each is there once."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from regbridge.config.encryption import key_bytes
from regbridge.config.loader import load_host
from regbridge.errors import ConfigError

KEY = bytes(range(200, 232))


def keys(folder: Path, monkeypatch: pytest.MonkeyPatch, *texts: str, **more: Any) -> list[bytes]:
    for number, text in enumerate(texts):
        monkeypatch.setenv(f"KEY_{number}", text)
    given = ", ".join(f"{{env: KEY_{number}}}" for number in range(len(texts)))
    yaml = f"host:\n  encryption:\n    keys: [{given}]\n"
    (folder / "base.yaml").write_text(yaml, encoding="utf-8")
    config = load_host(folder).config.encryption
    assert config is not None
    return [key_bytes(key) for key in config.keys]


def findings(folder: Path, monkeypatch: pytest.MonkeyPatch, *texts: str) -> str:
    with pytest.raises(ConfigError) as caught:
        keys(folder, monkeypatch, *texts)
    return str(caught.value)


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("has_padding", [True, False])
def test_a_key_may_be_written_in_each_base64(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encode: Any, has_padding: bool
) -> None:
    text = encode(KEY).decode()
    assert keys(tmp_path, monkeypatch, text if has_padding else text.rstrip("=")) == [KEY]


@pytest.mark.parametrize("text", ["opensesame", "A" * 42, "A" * 44, "ä" * 43, "=", "!" * 43])
def test_a_text_that_is_no_key_is_refused_without_being_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    found = findings(tmp_path, monkeypatch, text)
    assert "base.yaml:3: host.encryption.keys[0]: an encryption key is 32 random bytes" in found
    assert "`regbridge secret random`" in found
    assert len(text) < 2 or text not in found


def test_a_key_that_stands_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = base64.b64encode(KEY).decode()
    found = findings(tmp_path, monkeypatch, text, base64.urlsafe_b64encode(KEY).decode())
    assert "a key stands twice in keys; remove one" in found
    assert text not in found


def test_no_key_at_all_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "host.encryption.keys" in findings(tmp_path, monkeypatch)
