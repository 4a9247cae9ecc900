"""A configuration folder that a deployment is written for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from regbridge.deploy.needs import Needs, read_needs
from regbridge.deploy.places import Places

WINDOWS = Places(
    r"C:\Program Files\regbridge\.venv\Scripts\regbridge.exe", r"D:\cvent & co\configs"
)
LINUX = Places("/opt/regbridge/bin/regbridge", "/var/lib/regbridge/configs")

Write = Callable[..., Path]

BASE = """
host:
  trusted_proxy: 127.0.0.1
  alerts: {webhook: {url: {env: ALERTS_URL}}}
"""
CLIENT = """
client: apap
endpoints:
  reg: {path: /cvent/apap/CventReg, tokens: [{env: APAP_TOKEN}, {env: APAP_TOKEN_OLD}]}
  inner: {path: /cvent/apap/CventReg/inner, tokens: [{file: secrets/token.txt}]}
plugins:
  - cvent-token
  - {use: cvent-enrich, settings: {account: {client_secret: {env: APAP_SECRET}}}}
targets:
  crm: {use: files, settings: {path: a.jsonl}, map: {env: firstName}}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration folder, whose client may be none."""

    def write(base: str = BASE, client: str = CLIENT) -> Path:
        (tmp_path / "configs/clients").mkdir(parents=True, exist_ok=True)
        (tmp_path / "configs/base.yaml").write_text(base, encoding="utf-8")
        if client:
            (tmp_path / "configs/clients/apap.yaml").write_text(client, encoding="utf-8")
        return tmp_path / "configs"

    return write


@pytest.fixture
def needs(write: Write) -> Needs:
    return read_needs(write())
