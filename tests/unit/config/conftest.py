"""A configuration folder to write files into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from regbridge.config.loader import ClientFile, load_client
from regbridge.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty configuration folder, which is the working folder too."""
    (tmp_path / "clients").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("APAP_TOKEN", "hunter2hunter2")
    return tmp_path


@pytest.fixture
def minimal() -> str:
    """The least that a client file says."""
    return (
        "client: apap\n"
        "endpoints:\n"
        "  CventReg: {path: /cvent/apap/CventReg, tokens: [{env: APAP_TOKEN}]}\n"
        "targets:\n"
        "  staging: {use: files}\n"
    )


@pytest.fixture
def load(folder: Path) -> Callable[..., ClientFile]:
    """Writes base.yaml and clients/apap.yaml and loads them."""

    def load(client: str, base: str = "{}\n") -> ClientFile:
        (folder / "base.yaml").write_text(base, encoding="utf-8")
        path = folder / "clients" / "apap.yaml"
        path.write_text(client, encoding="utf-8")
        return load_client(folder, path)

    return load


@pytest.fixture
def problems(load: Callable[..., ClientFile]) -> Callable[..., list[str]]:
    """Does the same with files that are wrong, and returns the findings in words."""

    def problems(client: str, base: str = "{}\n") -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(client, base)
        return [str(finding) for finding in caught.value.findings]

    return problems
